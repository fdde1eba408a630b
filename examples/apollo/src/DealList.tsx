import { NetworkStatus } from "@apollo/client";
import { useQuery } from "@apollo/client/react";
import { useRef } from "react";
import { graphql } from "./__generated__";
import { DealRow } from "./DealRow";
import { useDealEvents } from "./events";

const DEALS = graphql(`
  query Deals($after: String) {
    viewer {
      # of the same moment as the list: a subscription after it misses nothing
      eventCursor
    }
    deals(first: 10, after: $after, filter: { status: { eq: OPEN } }, orderBy: [{ field: NAME }]) {
      edges {
        cursor
        node {
          ...Deal
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`);

/** The open deals by name, page after page, kept up to date. */
export function DealList() {
  const { data, error, fetchMore, networkStatus, refetch } = useQuery(DEALS, { notifyOnNetworkStatusChange: true });
  const since = useRef(data?.viewer?.eventCursor);
  since.current ??= data?.viewer?.eventCursor; // that of the first page: later ones are told of already
  const news = useDealEvents(since.current, () => void refetch());
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
        <button
          disabled={networkStatus === NetworkStatus.fetchMore}
          onClick={() => fetchMore({ variables: { after: endCursor } })}
        >
          More
        </button>
      )}
      <ol aria-label="News">
        {news.map(({ cursor, text }) => (
          <li key={cursor}>{text}</li>
        ))}
      </ol>
    </>
  );
}
