// The reference, read as whoever is signed in: the pages of /docs, which a browser by itself asks for as nobody.
import { useEffect, useRef, useState } from "react";
import { go, route } from "./route";
import { asFault, state, token } from "./session";
import { useStore } from "./store";

const docs = new URL("./docs", document.baseURI);

export function Reference() {
  const { about } = useStore(route);
  const { session } = useStore(state);
  const [page, find, at] = ["page", "find", "at"].map((name) => about.get(name) ?? "") as [string, string, string];
  const [fault, setFault] = useState<string | null>(null);
  const host = useRef<HTMLDivElement>(null);

  useEffect(() => {
    let wanted = true;
    const address = new URL(docs);
    if (page) address.pathname += `/${page}`;
    if (find) address.searchParams.set("find", find);
    read(address).then(
      (main) => {
        if (!wanted || !host.current) return;
        setFault(null);
        show(host.current, main, at);
      },
      (error: unknown) => wanted && setFault(asFault(error).message),
    );
    return () => void (wanted = false);
  }, [page, find, at, session?.id]);

  return (
    <>
      {fault && <p className="banner" role="alert">The reference could not be read: {fault}</p>}
      <div ref={host} className="reference" aria-busy={!fault && !host.current?.shadowRoot} />
    </>
  );
}

async function read(address: URL): Promise<Element> {
  const credential = await token();
  const response = await fetch(address, { credentials: "omit", headers: credential ? { authorization: `Bearer ${credential}` } : {} });
  const text = await response.text();
  const main = new DOMParser().parseFromString(text, "text/html").querySelector("main");
  if (!main) throw new Error(`the server answered ${response.status}`);
  for (const link of main.querySelectorAll("a[href]")) {
    const to = new URL(link.getAttribute("href") ?? "", address);
    link.setAttribute("href", within(to) ?? to.href);
  }
  return main;
}

/** Where a link leads within this page, if it does. */
function within(to: URL): string | null {
  if (to.origin !== docs.origin) return null;
  if (to.pathname === new URL(document.baseURI).pathname) return to.hash;
  if (to.pathname !== docs.pathname && !to.pathname.startsWith(`${docs.pathname}/`)) return null;
  const about = { page: to.pathname.slice(docs.pathname.length + 1), find: to.searchParams.get("find") ?? "", at: to.hash.slice(1) };
  return `#docs?${new URLSearchParams(Object.entries(about).filter(([, value]) => value)).toString()}`;
}

/** In a tree of its own: its style is the reference's, its colours are those of this page. */
function show(host: HTMLElement, main: Element, at: string): void {
  const tree = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const style = document.createElement("link");
  style.rel = "stylesheet";
  style.href = new URL(`${docs.href}/reference.css`).href;
  tree.replaceChildren(style, document.importNode(main, true));
  tree.querySelector("form")?.addEventListener("submit", (event) => {
    event.preventDefault();
    go("docs", { find: String(new FormData(event.currentTarget as HTMLFormElement).get("find") ?? "") });
  });
  const target = at ? tree.getElementById(at) : null;
  if (target) style.addEventListener("load", () => target.scrollIntoView(), { once: true });
  else scrollTo(0, 0);
}
