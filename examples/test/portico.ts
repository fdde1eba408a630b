// What the tests of the examples share: people of the demo, and a cable to the server that can be cut.
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { signIn } from "../demo";

const server = process.env.PORTICO_URL ?? "http://127.0.0.1:8080";

export interface Person {
  token: string;
  /** Asks the server directly, as another client of the same person would; fails for every error. */
  ask<Data = any>(query: string, variables?: Record<string, unknown>): Promise<Data>;
}

/** Signs in somebody of the demo: `marcus.webb`. */
export async function person(mailbox: string): Promise<Person> {
  const token = await signIn(server, mailbox);
  return { token, ask: (query, variables) => post(token, query, variables) };
}

async function post(token: string, query: string, variables?: Record<string, unknown>) {
  const headers = { authorization: `Bearer ${token}`, "content-type": "application/json" };
  const response = await fetch(`${server}/graphql`, { method: "POST", headers, body: JSON.stringify({ query, variables }) });
  const { data, errors } = await response.json();
  if (errors) throw new Error(JSON.stringify(errors));
  for (const payload of Object.values<any>(data)) {
    if (payload?.userErrors?.length) throw new Error(JSON.stringify(payload.userErrors));
  }
  return data;
}

/** The cable between a client and the server. */
export class Cable {
  readonly #sockets = new Set<Socket>();
  #state: "whole" | "cut" | "held" = "whole";
  readonly #listener = createServer((client) => this.#take(client));

  async plugIn(): Promise<string> {
    await new Promise<void>((resolve) => this.#listener.listen(0, "127.0.0.1", resolve));
    return `http://127.0.0.1:${(this.#listener.address() as AddressInfo).port}/graphql`;
  }

  unplug(): void {
    this.cut();
    this.#listener.close();
  }

  /** Breaks every connection and takes no new one. */
  cut(): void {
    this.#state = "cut";
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Keeps back what the server says; what clients say still arrives. */
  hold(): void {
    this.#state = "held";
    for (const socket of this.#sockets) socket.pause();
  }

  mend(): void {
    this.#state = "whole";
    for (const socket of this.#sockets) socket.resume();
  }

  #take(client: Socket): void {
    if (this.#state === "cut") return void client.destroy();
    const { hostname, port } = new URL(server);
    const upstream = connect(Number(port), hostname);
    this.#sockets.add(upstream);
    client.on("data", (bytes) => upstream.write(bytes));
    upstream.on("data", (bytes) => client.write(bytes));
    if (this.#state === "held") upstream.pause();
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.on("error", () => other.destroy());
      one.on("close", () => {
        this.#sockets.delete(upstream);
        other.destroy();
      });
    }
  }
}
