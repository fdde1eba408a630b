import { useRef, useState } from "react";
import { useQuery, useSubscription } from "urql";
import { DealRow } from "./DealRow";
import { DEALS, EVENTS, type Events } from "./documents";

/** The open deals by name, page after page, kept up to date. */
export function DealList() {
  const [after, setAfter] = useState<string | null>(null);
  const [{ data, error, fetching }, refetch] = useQuery({ query: DEALS, variables: { after } });
  const since = useRef(data?.viewer?.eventCursor);
  since.current ??= data?.viewer?.eventCursor; // that of the first page: later ones are told of already
  const news = useNews(since.current, () => refetch({ requestPolicy: "network-only" }));
  const deals = data?.deals;
  if (!deals) return error ? <p role="alert">{error.message}</p> : <>Loading …</>;
  const { endCursor, hasNextPage } = deals.pageInfo;
  return (
    <>
      <ul aria-label="Deals">
        {deals.edges.map(({ node }) => (
          <DealRow key={node.id} deal={node} />
        ))}
      </ul>
      {hasNextPage && (
        <button disabled={fetching} onClick={() => setAfter(endCursor)}>
          More
        </button>
      )}
      <ol aria-label="News">
        {news.map(({ cursor, changedFields, record }) => (
          <li key={cursor}>
            {record?.name}: {changedFields?.join(", ")}
          </li>
        ))}
      </ol>
    </>
  );
}

/**
 * Follows all deals. What came while the connection was broken comes first when it is back (see client.ts); what it means for
 * the list is the cache's business.
 */
function useNews(since: string | null | undefined, reset: () => void): NonNullable<Events["recordEvents"]>[] {
  const subscription = { query: EVENTS, variables: { after: since ?? "" }, pause: !since };
  const [{ data }] = useSubscription<Events, NonNullable<Events["recordEvents"]>[], { after: string }>(
    subscription,
    (news = [], { recordEvents: event }) => {
      // away for so long that the server has forgotten: begin anew
      if (event?.__typename === "StreamReset") reset();
      return event?.__typename === "RecordUpdated" ? [...news, event] : news;
    },
  );
  return data ?? [];
}
