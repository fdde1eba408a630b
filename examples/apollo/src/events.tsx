import { skipToken, useSubscription } from "@apollo/client/react";
import { useState } from "react";
import { graphql } from "./__generated__";
import type { DealEventsSubscription, DealEventsSubscriptionVariables } from "./__generated__/graphql";

interface News {
  cursor: string;
  text: string;
}

const EVENTS = graphql(`
  subscription DealEvents($after: EventCursor) {
    recordEvents(types: ["Deal"], after: $after) {
      ... on Event {
        cursor
      }
      ... on RecordCreated {
        record {
          ...Deal
        }
      }
      ... on RecordUpdated {
        changedFields
        record {
          ...Deal
        }
      }
    }
  }
`);

/**
 * Follows all deals. Changed ones are updated wherever they are shown, since the cache knows them by their ids; new ones are
 * put on top of the list. What came while the connection was broken comes first when it is back (see client.ts).
 */
export function useDealEvents(since: string | null | undefined, reset: () => void): News[] {
  const [news, setNews] = useState<News[]>([]);
  const options: useSubscription.Options<DealEventsSubscription, DealEventsSubscriptionVariables> = {
    variables: { after: since },
    errorPolicy: "all",
    onData({ client, data: { data } }) {
      const event = data?.recordEvents;
      // away for so long that the server has forgotten: begin anew
      if (event?.__typename === "StreamReset") reset();
      if (event?.__typename === "RecordCreated" && event.record?.__typename === "Deal") {
        const node = { __ref: client.cache.identify(event.record) };
        client.cache.modify({
          fields: {
            deals: (list) => ({ ...list, edges: [{ __typename: "DealEdge", cursor: "", node }, ...list.edges] }),
          },
        });
      }
      if (event?.__typename === "RecordUpdated" && event.record?.__typename === "Deal") {
        const { cursor, changedFields, record } = event;
        const text = `${record.name}: ${changedFields.join(", ")}`;
        setNews((news) => [...news, { cursor, text }]);
      }
    },
  };
  useSubscription(EVENTS, since ? options : skipToken);
  return news;
}
