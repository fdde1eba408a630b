// Relay's link to Portico: questions by HTTP, subscriptions by one websocket.
import { createClient } from "graphql-ws";
import { Environment, Network, Observable, RecordSource, Store, type FetchFunction, type SubscribeFunction } from "relay-runtime";

export interface Server {
  /** Where it is: `http://127.0.0.1:8080/graphql`. */
  url: string;
  /** The access token of whoever is signed in; asked for with every request, so that it may be renewed. */
  token(): string;
}

export function createEnvironment(server: Server): Environment {
  return new Environment({
    network: Network.create(fetchFrom(server), subscribeTo(server)),
    store: new Store(new RecordSource()),
  });
}

function fetchFrom({ url, token }: Server): FetchFunction {
  return async (request, variables) => {
    const response = await fetch(url, {
      method: "POST",
      headers: {
        accept: "application/graphql-response+json",
        authorization: `Bearer ${token()}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ query: request.text, variables }),
    });
    return response.json();
  };
}

function subscribeTo({ url, token }: Server): SubscribeFunction {
  const socket = createClient({
    url: url.replace(/^http/, "ws"),
    // asked for again at every reconnect
    connectionParams: () => ({ authorization: `Bearer ${token()}` }),
    // whatever the reason: a server that restarts, a train in a tunnel
    shouldRetry: () => true,
    retryAttempts: Infinity,
    retryWait: (retries) => new Promise((go) => setTimeout(go, Math.min(100 * 2 ** retries, 30_000) * (0.5 + Math.random()))),
  });
  return (request, variables) =>
    Observable.create<any>((sink) => {
      // The client subscribes again by itself with the same payload: keeping `after` at the last event seen is all it takes
      // to miss nothing and to hear nothing twice.
      const payload = { query: request.text ?? "", variables: { ...variables } };
      return socket.subscribe<Record<string, unknown>>(payload, {
        next(answer) {
          const [event] = Object.values(answer.data ?? {}) as ({ cursor?: string } | null)[];
          if (event?.cursor) payload.variables.after = event.cursor;
          sink.next(answer);
        },
        error: (error) => sink.error(error instanceof Error ? error : new Error(JSON.stringify(error))),
        complete: () => sink.complete(),
      });
    });
}
