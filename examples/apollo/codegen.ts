import type { CodegenConfig } from "@graphql-codegen/cli";

export default {
  schema: "../../schema.graphql",
  documents: "src/**/*.tsx",
  generates: {
    // a type for every operation, from the operation itself
    "src/__generated__/": {
      preset: "client",
      presetConfig: { fragmentMasking: false },
      config: {
        // new values may come at any time: keep a default branch
        enumsAsTypes: true,
        futureProofEnums: true,
        useTypeImports: true,
        // asked for by Apollo itself
        nonOptionalTypename: true,
        skipTypeNameForRoot: true,
        defaultScalarType: "unknown",
        // amounts are exact, and no JSON number is: they come as strings
        scalars: { CurrencyCode: "string", Date: "string", DateTime: "string", Decimal: "string", EventCursor: "string" },
      },
    },
    // which types `... on Event` means: the cache cannot know by itself
    "src/__generated__/possibleTypes.ts": {
      plugins: ["fragment-matcher"],
      config: { useExplicitTyping: true },
    },
  },
} satisfies CodegenConfig;
