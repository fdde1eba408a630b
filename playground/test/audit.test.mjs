// GraphQL over HTTP as its specification wants it: every audit of graphql-http against a running server.
//   PORTICO_URL=http://127.0.0.1:8080 node --test test/audit.test.mjs
import assert from "node:assert/strict";
import { test } from "node:test";
import { serverAudits } from "graphql-http";

const server = process.env.PORTICO_URL ?? "http://127.0.0.1:8080";
const audits = serverAudits({ url: `${server}/graphql`, fetchFn: fetch });

test("there are as many audits as there were", () => {
  assert.ok(audits.length >= 61, `${audits.length}`);
});

for (const audit of audits) {
  test(`${audit.id} ${audit.name}`, async () => {
    const result = await audit.fn();
    assert.equal(result.status, "ok", result.reason);
  });
}
