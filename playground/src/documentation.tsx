// GraphiQL's own documentation, and from each of its pages the way to that of the reference, which says who may, what it
// costs and what can go wrong. Ctrl and a click on a name in the editor lead here.
import { DOC_EXPLORER_PLUGIN, DocExplorer, useDocExplorer, type DocExplorerNavStackItem } from "@graphiql/plugin-doc-explorer";
import { useGraphiQL } from "@graphiql/react";
import { isNamedType, isSpecifiedScalarType, isIntrospectionType, type GraphQLNamedType, type GraphQLSchema } from "graphql";

const ROOTS: Record<string, string> = { Query: "queries", Mutation: "mutations", Subscription: "subscriptions" };

function Documentation() {
  const shown = useDocExplorer().at(-1);
  const schema = useGraphiQL((from) => from.schema);
  const place = shown && schema && placeOf(shown, schema);
  return (
    <>
      {place && <a className="to-reference" href={`#docs?${new URLSearchParams(place).toString()}`}>{shown.name} in the reference</a>}
      <DocExplorer />
    </>
  );
}

/** The page of the reference, and where on it. What is built into GraphQL has none. */
function placeOf({ name, def }: DocExplorerNavStackItem, schema: GraphQLSchema): { page: string; at?: string } | null {
  if (!def) return null;
  if (isNamedType(def)) return ROOTS[name] || !isOurs(def) ? null : { page: `types/${name}` };
  // a field that was searched for comes without its type
  const of = Object.values(schema.getTypeMap()).find((type) => "getFields" in type && type.getFields()[name] === def);
  if (!of || !isOurs(of)) return null;
  const root = ROOTS[of.name];
  return root ? { page: `${root}/${name}` } : { page: `types/${of.name}`, at: `field-${name}` };
}

function isOurs(type: GraphQLNamedType): boolean {
  return !isSpecifiedScalarType(type) && !isIntrospectionType(type);
}

// GraphiQL knows its plugin by identity: another one would be without its place in the tree of types.
DOC_EXPLORER_PLUGIN.content = Documentation;
export { DOC_EXPLORER_PLUGIN as DOCUMENTATION };
