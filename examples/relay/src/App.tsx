import { Suspense, useState } from "react";
import { graphql, RelayEnvironmentProvider, useLazyLoadQuery } from "react-relay";
import type { AppQuery } from "./__generated__/AppQuery.graphql";
import { DealList } from "./DealList";
import { createEnvironment, type Server } from "./environment";

export function App(server: Server) {
  const [environment] = useState(() => createEnvironment(server));
  return (
    <RelayEnvironmentProvider environment={environment}>
      <Suspense fallback="Loading …">
        <Deals />
      </Suspense>
    </RelayEnvironmentProvider>
  );
}

/** One question for the whole page: what its parts need stands in their fragments. */
function Deals() {
  const data = useLazyLoadQuery<AppQuery>(
    graphql`
      query AppQuery @throwOnFieldError {
        viewer {
          # of the same moment as the list: a subscription after it misses nothing
          eventCursor
        }
        ...DealList_query
      }
    `,
    {},
  );
  return <DealList query={data} since={data.viewer?.eventCursor ?? null} />;
}
