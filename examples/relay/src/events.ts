import { useMemo, useRef, useState } from "react";
import { graphql, useSubscription } from "react-relay";
import type { eventsSubscription } from "./__generated__/eventsSubscription.graphql";

interface News {
  cursor: string;
  text: string;
}

/**
 * Follows all deals. Changed ones are updated wherever they are shown, since Relay knows them by their ids; new ones are
 * put on top of the list. What came while the connection was broken comes first when it is back (see environment.ts).
 */
export function useDealEvents(of: { since: string | null; connection: string; reset(): void }): News[] {
  const [news, setNews] = useState<News[]>([]);
  const reset = useRef(of.reset);
  reset.current = of.reset;
  useSubscription<eventsSubscription>(
    useMemo(
      () => ({
        subscription: graphql`
          subscription eventsSubscription($after: EventCursor, $connections: [ID!]!) {
            recordEvents(types: ["Deal"], after: $after) {
              __typename
              ... on Event {
                cursor
              }
              ... on RecordCreated {
                record @prependNode(connections: $connections, edgeTypeName: "DealEdge") {
                  ...DealRow_deal @alias
                }
              }
              ... on RecordUpdated {
                changedFields
                record {
                  ...DealRow_deal @alias
                  ... on Deal {
                    name
                  }
                }
              }
            }
          }
        `,
        variables: { after: of.since, connections: [of.connection] },
        onNext(answer) {
          const event = answer?.recordEvents;
          if (event?.__typename === "StreamReset") reset.current();
          if (event?.__typename === "RecordUpdated") {
            const { cursor = "", changedFields = [], record } = event;
            const text = `${record?.name}: ${changedFields.join(", ")}`;
            setNews((news) => [...news, { cursor, text }]);
          }
        },
      }),
      [of.since, of.connection],
    ),
  );
  return news;
}
