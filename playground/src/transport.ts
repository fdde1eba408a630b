// Carries what the editor runs: queries and mutations over HTTP, subscriptions over a websocket or SSE.
import type { Fetcher, FetcherParams } from "@graphiql/toolkit";
import { getOperationAST, parse, type DocumentNode } from "graphql";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createSocketClient } from "graphql-ws";
import { endpoint, type Operation, type Result } from "./api";
import { noteAnswer, noteEvent, noteStream } from "./activity";
import { asFault, authorized, state, token } from "./session";
import { store } from "./store";

export type Transport = "websocket" | "sse";

const STORED = "portico:transport";
/** Close code of the server for a credential that is missing, expired or revoked. */
const FORBIDDEN = 4403;

export const transport = store<{ choice: Transport }>({ choice: localStorage.getItem(STORED) === "sse" ? "sse" : "websocket" });

export function chooseTransport(choice: Transport): void {
  localStorage.setItem(STORED, choice);
  transport.set({ choice });
}

interface Sink {
  next(result: Result): void;
  error(error: unknown): void;
  complete(): void;
}

/** A new one per identity, so that the editor reads the schema again as that person. */
export function editorFetcher(): Fetcher {
  return (params, options) => {
    const headers = lowercased(options?.headers);
    if (!isSubscription(params, options?.documentAST)) return once(params, headers);
    return { subscribe: (sink: Sink) => ({ unsubscribe: stream(params, headers, sink) }) } as never;
  };
}

async function once(params: FetcherParams, headers: Record<string, string>): Promise<never> {
  const introspecting = params.operationName === "IntrospectionQuery";
  try {
    const answer = await authorized(operationOf(params), headers);
    if (!introspecting) noteAnswer(answer);
    return answer.result as never;
  } catch (error) {
    const { message, code } = asFault(error);
    return { errors: [{ message, extensions: { code } }] } as never;
  }
}

/** Starts a subscription; the answer stops it. */
function stream(params: FetcherParams, headers: Record<string, string>, sink: Sink): () => void {
  const operation = operationOf(params);
  noteStream("connecting");
  const open = transport.get().choice === "sse" ? openSse : openSocket;
  const leave = state.subscribe(() => {
    if (state.get().session?.id !== identity) stop();
  });
  const identity = state.get().session?.id;
  const close = open(operation, headers, {
    next(result) {
      resumeAfter(operation, noteEvent(result));
      sink.next(result);
    },
    error(error) {
      leave();
      const result = describe(error);
      noteStream("failed", result.errors?.[0]?.message);
      sink.next(result);
      sink.complete();
    },
    complete() {
      leave();
      noteStream("ended");
      sink.complete();
    },
  });
  function stop() {
    leave();
    close();
    noteStream("ended");
  }
  return stop;
}

function openSocket(operation: Operation, headers: Record<string, string>, sink: Sink): () => void {
  let refused = false;
  const client = createSocketClient({
    url: endpoint.replace(/^http/, "ws"),
    lazy: true,
    retryAttempts: 8,
    async connectionParams() {
      const own = headers["authorization"];
      if (own) return { authorization: own };
      const fresh = await token(refused);
      return fresh ? { authorization: `Bearer ${fresh}` } : {};
    },
    on: {
      connected: () => noteStream("open"),
      closed(event) {
        refused = (event as CloseEvent).code === FORBIDDEN;
        noteStream("connecting", "The connection was lost; trying again.");
      },
    },
  });
  const close = client.subscribe(operation as never, sink as never);
  return () => {
    close();
    void client.dispose();
  };
}

function openSse(operation: Operation, headers: Record<string, string>, sink: Sink): () => void {
  const client = createSseClient({
    url: endpoint,
    retryAttempts: 8,
    credentials: "omit",
    async headers() {
      const own = headers["authorization"];
      if (own) return { authorization: own };
      const fresh = await token();
      return fresh ? { authorization: `Bearer ${fresh}` } : ({} as Record<string, string>);
    },
    onMessage: () => noteStream("open"),
  });
  const close = client.subscribe(operation as never, sink as never);
  return () => {
    close();
    client.dispose();
  };
}

/** A reconnected subscription goes on where it was cut, if its document takes `$after`. */
function resumeAfter(operation: Operation, cursor: string | null): void {
  if (cursor && /\$after\b/.test(operation.query)) operation.variables = { ...operation.variables, after: cursor };
}

function operationOf(params: FetcherParams): Operation {
  const variables = params.variables as Record<string, unknown> | undefined;
  return { query: params.query, variables: variables ?? undefined, operationName: params.operationName ?? undefined };
}

function isSubscription(params: FetcherParams, known: DocumentNode | undefined): boolean {
  try {
    return getOperationAST(known ?? parse(params.query), params.operationName)?.operation === "subscription";
  } catch {
    return false;
  }
}

function lowercased(headers: unknown): Record<string, string> {
  const entries = Object.entries((headers ?? {}) as Record<string, unknown>);
  return Object.fromEntries(entries.map(([name, value]) => [name.toLowerCase(), String(value)]));
}

/** graphql-ws gives a list of GraphQL errors, a close event, or an Error. */
function describe(error: unknown): Result {
  if (Array.isArray(error)) return { errors: error };
  if (error instanceof CloseEvent) {
    const message = `The server closed the connection: ${error.reason || "no reason given"} (${error.code}).`;
    return { errors: [{ message, extensions: { code: `CLOSE_${error.code}` } }] };
  }
  const { message, code } = asFault(error);
  return { errors: [{ message: message || "The connection could not be opened.", extensions: { code } }] };
}
