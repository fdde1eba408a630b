import { graphql, usePaginationFragment } from "react-relay";
import type { DealList_query$key } from "./__generated__/DealList_query.graphql";
import type { DealListPageQuery } from "./__generated__/DealListPageQuery.graphql";
import { DealRow } from "./DealRow";
import { useDealEvents } from "./events";

/** The open deals by name, page after page, kept up to date. */
export function DealList({ query, since }: { query: DealList_query$key; since: string | null }) {
  // Without `@throwOnFieldError` every field might be null. With it, what the schema calls `@semanticNonNull` is not.
  const { data, hasNext, isLoadingNext, loadNext, refetch } = usePaginationFragment<DealListPageQuery, DealList_query$key>(
    graphql`
      fragment DealList_query on Query
      @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" })
      @refetchable(queryName: "DealListPageQuery")
      @throwOnFieldError {
        deals(first: $count, after: $cursor, filter: { status: { eq: OPEN } }, orderBy: [{ field: NAME }])
          @connection(key: "DealList_deals", filters: []) {
          __id
          edges {
            node {
              id
              ...DealRow_deal
            }
          }
        }
      }
    `,
    query,
  );
  const news = useDealEvents({
    since,
    connection: data.deals.__id,
    // away for so long that the server has forgotten: begin anew
    reset: () => refetch({}, { fetchPolicy: "network-only" }),
  });
  return (
    <>
      <ul aria-label="Deals">
        {data.deals.edges.map(({ node }) => (
          <DealRow key={node.id} deal={node} />
        ))}
      </ul>
      {hasNext && (
        <button disabled={isLoadingNext} onClick={() => loadNext(10)}>
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
