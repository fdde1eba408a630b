// urql's link to Portico: questions by HTTP, each subscription as one event stream.
import { Client, fetchExchange, subscriptionExchange } from "@urql/core";
import { cacheExchange } from "@urql/exchange-graphcache";
import { relayPagination } from "@urql/exchange-graphcache/extras";
import { createClient as createStreams } from "graphql-sse";
import schema from "./__generated__/schema.json";
import { DEALS, type Change, type Deals, type Events } from "./documents";

export interface Server {
  /** Where it is: `http://127.0.0.1:8080/graphql`. */
  url: string;
  /** The access token of whoever is signed in; asked for with every request, so that it may be renewed. */
  token(): string;
}

export function createClient(server: Server): Client {
  return new Client({
    url: server.url,
    fetchOptions: () => ({ headers: { authorization: `Bearer ${server.token()}` } }),
    exchanges: [cache(), fetchExchange, subscriptions(server)],
  });
}

function cache() {
  return cacheExchange({
    schema: schema as never,
    // parts of a record, which have no id of their own
    keys: { Money: () => null, Viewer: () => null },
    resolvers: {
      // pages of the same filter and order are one list
      Query: { deals: relayPagination() },
    },
    // shown until the server has answered
    optimistic: {
      dealUpdate({ input }) {
        const { id, probability } = (input ?? {}) as Change["variables"]["input"];
        return { __typename: "DealUpdatePayload", deal: { __typename: "Deal", id, probability }, userErrors: [] };
      },
    },
    updates: {
      Subscription: {
        // A changed deal is found by its id wherever it is shown; only a new one has to be put on top of the list.
        recordEvents(data, _args, cache) {
          const { recordEvents: event } = data as unknown as Events;
          if (event?.__typename !== "RecordCreated" || !event.record) return;
          const edge = { __typename: "DealEdge", cursor: "", node: event.record };
          cache.updateQuery<Deals>({ query: DEALS }, (data) => {
            data?.deals?.edges.unshift(edge);
            return data;
          });
        },
      },
    },
  });
}

function subscriptions({ url, token }: Server) {
  const streams = createStreams({
    url,
    // asked for again at every reconnect
    headers: () => ({ authorization: `Bearer ${token()}` }),
    // whatever the reason: a server that restarts, a train in a tunnel
    retryAttempts: Infinity,
    retry: (retries) => new Promise((go) => setTimeout(go, Math.min(100 * 2 ** retries, 30_000) * (0.5 + Math.random()))),
  });
  return subscriptionExchange({
    forwardSubscription: ({ query = "", variables }) => ({
      subscribe(sink) {
        // The streams' client asks again by itself with the same payload: keeping `after` at the last event seen is all it
        // takes to miss nothing and to hear nothing twice. (A browser's EventSource does the same with `Last-Event-ID`.)
        const payload = { query, variables: { ...variables } };
        const unsubscribe = streams.subscribe<Record<string, { cursor?: string } | null>>(payload, {
          next(answer) {
            const [event] = Object.values(answer.data ?? {});
            if (event?.cursor) payload.variables.after = event.cursor;
            sink.next(answer as never);
          },
          error: (error) => sink.error(error),
          complete: () => sink.complete(),
        });
        return { unsubscribe };
      },
    }),
  });
}
