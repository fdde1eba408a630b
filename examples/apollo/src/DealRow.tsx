import { useApolloClient, useMutation } from "@apollo/client/react";
import { useState } from "react";
import { graphql } from "./__generated__";
import type { DealFragment } from "./__generated__/graphql";

graphql(`
  fragment Deal on Deal {
    id
    version
    name
    status
    probability
    stage {
      id
      name
    }
    # not everybody may see it: null then
    value {
      amount
      currency
    }
  }
`);

const CHANGE = graphql(`
  mutation ChangeDeal($input: DealUpdateInput!) {
    dealUpdate(input: $input) {
      deal {
        id
        version
        probability
      }
      userErrors {
        message
        # somebody else was faster: the cache takes the deal as it is now, and the row shows it
        ... on ConflictError {
          current {
            ...Deal
          }
        }
      }
    }
  }
`);

const AGAIN = graphql(`
  query Again($id: ID!) {
    node(id: $id) {
      ...Deal
    }
  }
`);

/** One deal, and how likely it is won. */
export function DealRow({ deal }: { deal: DealFragment }) {
  const client = useApolloClient();
  const { change, problem } = useChange();
  return (
    <li aria-label={deal.name ?? deal.id}>
      <b>{deal.name}</b> {deal.stage?.name}, {deal.status.toLowerCase()}, {Number(deal.probability)} %,{" "}
      {deal.value ? `${deal.value.amount} ${deal.value.currency}` : "value hidden"}{" "}
      <button onClick={() => change(deal, String(Math.min(Number(deal.probability) + 5, 100)))}>Likelier</button>
      <button onClick={() => client.query({ query: AGAIN, variables: { id: deal.id }, fetchPolicy: "network-only" })}>
        Refresh
      </button>
      {problem && <p role="alert">{problem}</p>}
    </li>
  );
}

/** Changes the probability: shown at once, and taken back if the server says no. */
function useChange() {
  const [problem, setProblem] = useState<string | null>(null);
  const [commit] = useMutation(CHANGE);
  const change = async ({ id, version }: DealFragment, probability: string) => {
    setProblem(null);
    const { data, error } = await commit({
      // the version that was on the screen: refused when it is another by now
      variables: { input: { id, expectedVersion: version, probability } },
      optimisticResponse: {
        dealUpdate: {
          __typename: "DealUpdatePayload",
          deal: { __typename: "Deal", id, version, probability },
          userErrors: [],
        },
      },
    });
    const [mistake] = data?.dealUpdate?.userErrors ?? [];
    if (mistake?.__typename === "ConflictError") setProblem("Somebody else has changed it meanwhile.");
    else if (mistake ?? error) setProblem((mistake ?? error)!.message);
  };
  return { change, problem };
}
