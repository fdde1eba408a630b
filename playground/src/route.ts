// Four views, named by the hash, so that Back and a bookmark work without the server knowing. What a view is about
// stands behind a question mark: `#access?record=deal_…`.
import { store } from "./store";

export type View = "start" | "editor" | "access" | "docs";

interface Route {
  view: View;
  about: URLSearchParams;
}

export const route = store<Route>(routeOf(location.hash));

addEventListener("hashchange", () => route.set(routeOf(location.hash)));

export function go(view: View, about: Record<string, string> = {}): void {
  const text = new URLSearchParams(Object.entries(about).filter(([, value]) => value)).toString();
  location.hash = `#${view}${text && "?"}${text}`;
  if (view !== route.get().view) scrollTo(0, 0);
}

function routeOf(hash: string): Route {
  const [name = "", about = ""] = hash.slice(1).split("?");
  const view = name === "editor" || name === "access" || name === "docs" ? name : "start";
  return { view, about: new URLSearchParams(about) };
}
