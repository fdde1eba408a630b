// Carries what the editor runs: queries and mutations over HTTP, subscriptions over a websocket or SSE.
import type { Fetcher, FetcherParams } from "@graphiql/toolkit";
import { Kind, parse, type OperationDefinitionNode } from "graphql";
import { createClient as createSseClient } from "graphql-sse";
import { createClient as createSocketClient } from "graphql-ws";
import { endpoint, type Operation, type Result } from "./api";
import { noteAnswer, noteEvent, noteStream } from "./activity";
import { asFault, authorized, state, token } from "./session";
import { store } from "./store";
import { tracing } from "./trace";

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
    const { operation, isSubscription } = read(params);
    if (!isSubscription) return once(operation, headers);
    return { subscribe: (sink: Sink) => ({ unsubscribe: stream(operation, headers, sink) }) } as never;
  };
}

async function once(operation: Operation, headers: Record<string, string>): Promise<never> {
  const introspecting = operation.operationName === "IntrospectionQuery";
  try {
    const asked = !introspecting && tracing.get().asked;
    const answer = await authorized(operation, asked ? { ...headers, "portico-trace": "true" } : headers);
    if (!introspecting) noteAnswer(answer);
    return answer.result as never;
  } catch (error) {
    const { message, code } = asFault(error);
    return { errors: [{ message, extensions: { code } }] } as never;
  }
}

/** Starts a subscription; the answer stops it. */
function stream(operation: Operation, headers: Record<string, string>, sink: Sink): () => void {
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
    // also while nobody listens, as when the server restarts
    shouldRetry: () => true,
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

/**
 * Read from the text itself: what the editor knows of its document is late by a moment after a tab was opened,
 * so an only operation is run whatever name it was said to have.
 */
function read({ query, variables, operationName }: FetcherParams): { operation: Operation; isSubscription: boolean } {
  const definitions = operationsOf(query);
  const chosen = definitions.length === 1 ? definitions[0] : definitions.find((one) => one.name?.value === operationName);
  return {
    operation: {
      query,
      variables: (variables as Record<string, unknown> | undefined) ?? undefined,
      operationName: chosen ? chosen.name?.value : (operationName ?? undefined),
    },
    isSubscription: chosen?.operation === "subscription",
  };
}

/** None when the text is no GraphQL: then the server says what is wrong with it. */
function operationsOf(text: string): OperationDefinitionNode[] {
  try {
    return parse(text).definitions.filter((one) => one.kind === Kind.OPERATION_DEFINITION);
  } catch {
    return [];
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
