// Two views, named by the hash, so that Back and a bookmark work without the server knowing.
import { store } from "./store";

export type View = "start" | "editor";

export const route = store<{ view: View }>({ view: viewOf(location.hash) });

addEventListener("hashchange", () => route.set({ view: viewOf(location.hash) }));

export function go(view: View): void {
  location.hash = view === "editor" ? "#editor" : "#start";
  scrollTo(0, 0);
}

function viewOf(hash: string): View {
  return hash.startsWith("#editor") ? "editor" : "start";
}
