// Apollo's link to Portico: questions by HTTP under their hashes, subscriptions by one websocket.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache, Observable } from "@apollo/client";
import { SetContextLink } from "@apollo/client/link/context";
import { PersistedQueryLink } from "@apollo/client/link/persisted-queries";
import { relayStylePagination } from "@apollo/client/utilities";
import { OperationTypeNode, print } from "graphql";
import { createClient as createSocket } from "graphql-ws";
import generated from "./__generated__/possibleTypes";

export interface Server {
  /** Where it is: `http://127.0.0.1:8080/graphql`. */
  url: string;
  /** The access token of whoever is signed in; asked for with every request, so that it may be renewed. */
  token(): string;
}

// as `defaultOptions` below, for the types
declare module "@apollo/client" {
  namespace ApolloClient {
    namespace DeclareDefaultOptions {
      interface WatchQuery {
        errorPolicy: "all";
      }
      interface Mutate {
        errorPolicy: "all";
      }
    }
  }
}

export function createClient(server: Server): ApolloClient {
  const authorization = new SetContextLink(({ headers }) => ({
    headers: { ...headers, authorization: `Bearer ${server.token()}` },
  }));
  // The server remembers documents by their SHA-256: only the first who asks has to send the text.
  const hashes = new PersistedQueryLink({ sha256 });
  const http = ApolloLink.from([authorization, hashes, new HttpLink({ uri: server.url })]);
  return new ApolloClient({
    link: ApolloLink.split(({ operationType }) => operationType === OperationTypeNode.SUBSCRIPTION, subscriptions(server), http),
    cache: createCache(),
    defaultOptions: {
      // What somebody may not see is null, with an error beside it: by default Apollo would throw all the rest away.
      watchQuery: { errorPolicy: "all" },
      mutate: { errorPolicy: "all" },
    },
  });
}

function createCache(): InMemoryCache {
  return new InMemoryCache({
    possibleTypes: generated.possibleTypes,
    // `__typename` and `id` identify every record, which is what Apollo expects anyway
    typePolicies: {
      Query: {
        fields: {
          // pages of the same filter and order are one list
          deals: relayStylePagination(["filter", "orderBy"]),
          // what the cache holds need not be asked for again by its id
          deal: { read: (deal, { args, toReference }) => deal ?? toReference({ __typename: "Deal", id: args?.id }) },
        },
      },
      // one event has nothing to do with the next
      Subscription: { fields: { recordEvents: { merge: false } } },
    },
  });
}

function subscriptions({ url, token }: Server): ApolloLink {
  const socket = createSocket({
    url: url.replace(/^http/, "ws"),
    // asked for again at every reconnect
    connectionParams: () => ({ authorization: `Bearer ${token()}` }),
    // whatever the reason: a server that restarts, a train in a tunnel
    shouldRetry: () => true,
    retryAttempts: Infinity,
    retryWait: (retries) => new Promise((go) => setTimeout(go, Math.min(100 * 2 ** retries, 30_000) * (0.5 + Math.random()))),
  });
  return new ApolloLink(
    ({ query, variables }) =>
      new Observable((sink) => {
        // The socket's client subscribes again by itself with the same payload: keeping `after` at the last event seen is all
        // it takes to miss nothing and to hear nothing twice.
        const payload = { query: print(query), variables: { ...variables } };
        return socket.subscribe<Record<string, { cursor?: string } | null>>(payload, {
          next(answer) {
            const [event] = Object.values(answer.data ?? {});
            if (event?.cursor) payload.variables.after = event.cursor;
            sink.next(answer as ApolloLink.Result);
          },
          error: (error) => sink.error(error),
          complete: () => sink.complete(),
        });
      }),
  );
}

async function sha256(text: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return Array.from(new Uint8Array(hash), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
