// An example on its way into the editor: its variables are filled in first, with ids that exist.
import { asFault, authorized, state } from "./session";
import type { Example } from "./examples";
import { go, route } from "./route";
import { store } from "./store";

export interface Prepared {
  document: string;
  variables: string;
}

interface Opening {
  /** Title of the example being prepared. */
  busy: string | null;
  /** To be taken by the editor. */
  waiting: Prepared | null;
  /** Said above the editor: what could not be filled in. */
  remark: string | null;
}

export const prepared = store<Opening>({ busy: null, waiting: null, remark: null });

export async function openExample(example: Example): Promise<void> {
  prepared.set({ busy: example.title, remark: null });
  const { found, remark } = await lookUp(example);
  const variables = fill(example.variables ?? {}, found);
  const text = Object.keys(example.variables ?? {}).length > 0 ? JSON.stringify(variables, null, 2) : "";
  prepared.set({ busy: null, waiting: { document: example.document.trim(), variables: text }, remark });
  go("editor");
}

async function lookUp(example: Example): Promise<{ found: unknown; remark: string | null }> {
  if (!example.lookup) return { found: null, remark: null };
  if (!state.get().session) return { found: null, remark: "Sign in first: then this example is filled in with ids of your organization." };
  try {
    const { result } = await authorized({ query: example.lookup });
    const missing = references(example.variables).filter((path) => at(result.data, path) == null);
    if (missing.length === 0) return { found: result.data, remark: null };
    const why = result.errors?.[0]?.message ?? "your organization has no such record yet";
    return { found: result.data, remark: `Fill in the variables yourself: ${why}.`.replace("..", ".") };
  } catch (error) {
    return { found: null, remark: `The variables could not be filled in: ${asFault(error).message}` };
  }
}

/** A string `$.deals.nodes.0.id` stands for what the lookup found there. */
function fill(value: unknown, found: unknown): unknown {
  if (typeof value === "string" && value.startsWith("$.")) return at(found, value) ?? "";
  if (Array.isArray(value)) return value.map((item) => fill(item, found));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, fill(item, found)]));
  }
  return value;
}

function references(value: unknown): string[] {
  if (typeof value === "string") return value.startsWith("$.") ? [value] : [];
  return typeof value === "object" && value !== null ? Object.values(value).flatMap(references) : [];
}

function at(data: unknown, path: string): unknown {
  return path
    .slice(2)
    .split(".")
    .reduce<unknown>((value, key) => (typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined), data);
}

/** An id, which in an operation of the reference is made up. */
const AN_ID = /"[a-z_]+_[0-9a-z]{26}"/;

/** A link may bring an operation, `#editor?document=…&variables=…`. It is shown; only a person runs it. */
function take(): void {
  const { view, about } = route.get();
  const document = about.get("document");
  if (view !== "editor" || !document) return;
  const variables = about.get("variables") ?? "";
  const remark = AN_ID.test(variables) ? "The ids of this example are made up: put in those of your own records." : null;
  history.replaceState(null, "", "#editor");
  prepared.set({ waiting: { document, variables }, remark });
  route.set({ about: new URLSearchParams() });
}

route.subscribe(take);
take();
