// Writes what the cache needs to know of the schema: which fields may be null, which types an interface stands for.
import { readFile, writeFile } from "node:fs/promises";
import { getIntrospectedSchema, minifyIntrospectionQuery } from "@urql/introspection";
import { buildSchema, introspectionFromSchema } from "graphql";

const schema = buildSchema(await readFile(new URL("../../schema.graphql", import.meta.url), "utf8"));
const minimal = minifyIntrospectionQuery(getIntrospectedSchema(introspectionFromSchema(schema)));
await writeFile(new URL("./src/__generated__/schema.json", import.meta.url), JSON.stringify(minimal));
