// Every example, and every lookup that fills one in, is a valid document of the checked-in schema.
import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { buildSchema, coerceInputValue, getOperationAST, parse, typeFromAST, validate } from "graphql";
import { runnerImport } from "vite";

const at = (path) => fileURLToPath(new URL(path, import.meta.url));
const file = process.env.PORTICO_SCHEMA ?? at("../../schema.graphql");
const schema = buildSchema(await readFile(file, "utf8"));
const { module } = await runnerImport(at("../src/examples.ts"), { configFile: false });
const session = await readFile(at("../src/session.ts"), "utf8");
const rights = await readFile(at("../src/rights.ts"), "utf8");

for (const example of module.examples) {
  test(`${example.entity}: ${example.title}`, () => {
    const document = valid(example.document);
    assert.equal(getOperationAST(document)?.operation, module.kindOf(example));
    if (example.lookup) valid(example.lookup);
    checkVariables(document, example);
  });
}

test("titles are unique", () => {
  const titles = module.examples.map((example) => example.title);
  assert.deepEqual([...new Set(titles)], titles);
});

test("the page's own operations", () => {
  const shared = /const WAYS = `([^`]+)`/.exec(rights)[1];
  const texts = session + rights.replaceAll("${WAYS}", shared);
  const documents = [...texts.matchAll(/const [A-Z_]+ = `((?:query|mutation) [^`]+)`/g)].map((match) => match[1]);
  assert.equal(documents.length, 10);
  documents.forEach(valid);
});

function valid(source) {
  const document = parse(source);
  assert.deepEqual(validate(schema, document).map((error) => error.message), []);
  return document;
}

/** Names and types of the variables; what a lookup fills in is only known when it runs. */
function checkVariables(document, { variables = {}, lookup }) {
  const definitions = getOperationAST(document).variableDefinitions ?? [];
  const declared = definitions.map((definition) => definition.variable.name.value);
  for (const name of Object.keys(variables)) assert.ok(declared.includes(name), `$${name} is not declared`);
  for (const definition of definitions) {
    const name = definition.variable.name.value;
    const value = variables[name];
    const type = typeFromAST(schema, definition.type);
    if (value === undefined) assert.ok(definition.type.kind !== "NonNullType", `$${name} has no value`);
    else coerceInputValue(value, type, refuse);
  }
  assert.equal(JSON.stringify(variables).includes('"$.'), lookup !== undefined, "a lookup is there exactly when it is needed");
}

function refuse(_path, given, error) {
  if (typeof given !== "string" || !given.startsWith("$.")) throw error;
}
