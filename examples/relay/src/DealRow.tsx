import { useState } from "react";
import { graphql, useMutation, useRefetchableFragment } from "react-relay";
import type { DealRow_deal$key } from "./__generated__/DealRow_deal.graphql";
import type { DealRowMutation } from "./__generated__/DealRowMutation.graphql";
import type { DealRowQuery } from "./__generated__/DealRowQuery.graphql";

/** One deal, and how likely it is won. */
export function DealRow({ deal: key }: { deal: DealRow_deal$key }) {
  // Every type has a global id, so Relay can ask for this one row again by `node(id:)`.
  const [deal, refetch] = useRefetchableFragment<DealRowQuery, DealRow_deal$key>(
    graphql`
      fragment DealRow_deal on Deal @refetchable(queryName: "DealRowQuery") @throwOnFieldError {
        id
        version
        name
        status
        probability
        # @semanticNonNull: typed as never null here
        stage {
          name
        }
        # not everybody may see it: caught, so that the rest of the row is shown all the same
        value @catch(to: RESULT) {
          amount
          currency
        }
      }
    `,
    key,
  );
  const { change, problem } = useChange();
  const value = deal.value.ok ? deal.value.value : null;
  return (
    <li aria-label={deal.name ?? deal.id}>
      <b>{deal.name}</b> {deal.stage.name}, {deal.status.toLowerCase()}, {Number(deal.probability)} %,{" "}
      {value ? `${value.amount} ${value.currency}` : "value hidden"}{" "}
      <button onClick={() => change(deal, String(Math.min(Number(deal.probability) + 5, 100)))}>Likelier</button>
      <button onClick={() => refetch({}, { fetchPolicy: "network-only" })}>Refresh</button>
      {problem && <p role="alert">{problem}</p>}
    </li>
  );
}

/** Changes the probability: shown at once, and taken back if the server says no. */
function useChange() {
  const [problem, setProblem] = useState<string | null>(null);
  const [commit] = useMutation<DealRowMutation>(graphql`
    mutation DealRowMutation($input: DealUpdateInput!) @raw_response_type {
      dealUpdate(input: $input) {
        deal {
          id
          version
          probability
        }
        userErrors {
          __typename
          message
          # somebody else was faster: Relay puts the deal as it is now into the store, and the row shows it
          ... on ConflictError {
            current {
              ...DealRow_deal @alias
            }
          }
        }
      }
    }
  `);
  const change = ({ id, version }: { id: string; version: number }, probability: string) => {
    setProblem(null);
    commit({
      // the version that was on the screen: refused when it is another by now
      variables: { input: { id, expectedVersion: version, probability } },
      optimisticResponse: { dealUpdate: { deal: { id, version, probability }, userErrors: [] } },
      onCompleted({ dealUpdate }, errors) {
        const [error] = dealUpdate?.userErrors ?? [];
        if (error?.__typename === "ConflictError") setProblem("Somebody else has changed it meanwhile.");
        else if (error) setProblem(error.message);
        else if (errors?.length) setProblem(errors.map(({ message }) => message).join(" "));
      },
      onError: (error) => setProblem(error.message),
    });
  };
  return { change, problem };
}
