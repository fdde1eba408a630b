import { gql } from "@apollo/client";
import { expect, test, vi } from "vitest";
import { person } from "../../test/portico";
import { createClient } from "../src/client";

test("the text of a document is sent once, then its hash alone", async () => {
  const { token } = await person("marcus.webb");
  const sent = vi.spyOn(globalThis, "fetch");
  // another text than any that was sent before
  const query = gql`query Once${Date.now()} { viewer { user { id displayName } } }`;
  for (const texts of [[false, true], [false]]) {
    sent.mockClear();
    const client = createClient({ url: `${process.env.PORTICO_URL}/graphql`, token: () => token });
    const { data } = await client.query({ query });
    expect(data).toMatchObject({ viewer: { user: { displayName: "Marcus Webb" } } });
    const bodies = sent.mock.calls.map(([, request]) => JSON.parse(String(request?.body)));
    expect(bodies.map((body) => "query" in body)).toEqual(texts);
    for (const body of bodies) expect(body.extensions.persistedQuery.sha256Hash).toMatch(/^[0-9a-f]{64}$/);
  }
});
