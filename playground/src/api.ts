// One request to the API over HTTP, and what can go wrong with it, in words for a person.

/** Beside the page, so that both may stand behind a path prefix. */
export const endpoint = new URL("./graphql", document.baseURI).href;

export interface GraphQLFault {
  message: string;
  path?: (string | number)[];
  extensions?: { code?: string; requestId?: string; requires?: string[]; [key: string]: unknown };
}

export interface Result {
  data?: Record<string, unknown> | null;
  errors?: GraphQLFault[];
  extensions?: Record<string, unknown>;
}

export interface Answer {
  status: number;
  statusText: string;
  milliseconds: number;
  bytes: number;
  requestId: string | null;
  result: Result;
}

export interface UserError {
  code: string;
  message: string;
  path: string[];
}

/** Anything that keeps a request from giving what was asked. `code` is the API's own, or `NETWORK` or `HTTP_…`. */
export class Fault extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly requestId: string | null = null,
  ) {
    super(message);
  }
}

export interface Operation {
  query: string;
  variables?: Record<string, unknown> | undefined;
  operationName?: string | null | undefined;
}

/** Sends one operation. Answers that are not GraphQL become a {@link Fault}; GraphQL errors stay in the result. */
export async function post(operation: Operation, headers: Record<string, string> = {}): Promise<Answer> {
  const begun = performance.now();
  let response: Response;
  let text: string;
  try {
    response = await fetch(endpoint, {
      method: "POST",
      headers: {
        "content-type": "application/json",
        accept: "application/graphql-response+json, application/json",
        ...headers,
      },
      body: JSON.stringify(operation),
      credentials: "omit",
      cache: "no-store",
    });
    text = await response.text();
  } catch {
    throw new Fault("The server does not answer. Is it running?", "NETWORK");
  }
  const result = parse(text);
  if (!result) {
    const said = text.trim().slice(0, 300) || response.statusText;
    throw new Fault(`The server answered ${response.status}: ${said}`, `HTTP_${response.status}`, response.headers.get("x-request-id"));
  }
  return {
    status: response.status,
    statusText: response.statusText,
    milliseconds: performance.now() - begun,
    bytes: text.length,
    requestId: response.headers.get("x-request-id") ?? requestIdOf(result),
    result,
  };
}

/** The first GraphQL error of a result as a {@link Fault}, when there is one. */
export function faultOf(result: Result): Fault | null {
  const first = result.errors?.[0];
  return first ? new Fault(first.message, first.extensions?.code ?? "UNKNOWN", first.extensions?.requestId ?? null) : null;
}

function parse(text: string): Result | null {
  try {
    const value: unknown = JSON.parse(text);
    const isResult = typeof value === "object" && value !== null && ("data" in value || "errors" in value);
    return isResult ? (value as Result) : null;
  } catch {
    return null;
  }
}

function requestIdOf(result: Result): string | null {
  const id = result.extensions?.["requestId"] ?? result.errors?.[0]?.extensions?.requestId;
  return typeof id === "string" ? id : null;
}
