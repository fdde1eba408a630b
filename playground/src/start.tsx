// The start page: who you are, what you may do here, and examples to begin with.
import { useEffect, useRef } from "react";
import { demo } from "./demo";
import { Examples } from "./catalogue";
import { Identity } from "./identity";
import { Columns } from "./marks";
import { state } from "./session";
import { SignIn } from "./signin";
import { useStore } from "./store";
import { endpoint } from "./api";

const LINKS = [
  { path: "docs", about: "the reference: who may, what it costs, what can go wrong, an example of each" },
  { path: "schema.graphql", about: "the whole schema, with permissions" },
  { path: "healthz", about: "is it up" },
  { path: "readyz", about: "can it serve" },
  { path: "metrics", about: "for Prometheus" },
];

export function Start() {
  const { session } = useStore(state);
  const { personas } = useStore(demo);
  const title = useRef<HTMLHeadingElement>(null);
  const identity = session?.id;
  const before = useRef(identity);
  // The button that was pressed is gone with its panel: the keyboard goes on from the title.
  useEffect(() => {
    if (before.current !== identity) title.current?.focus({ preventScroll: true });
    before.current = identity;
  }, [identity]);
  return (
    <div className="start">
      <section className="hero" aria-label="Welcome">
        <div>
          <p className="eyebrow">GraphQL API</p>
          <h1 ref={title} tabIndex={-1}>{session ? "Ask the company anything." : "Come in."}</h1>
          <p className="lead">
            {session
              ? "Everything below runs as you: what you may not read comes back as null, with the missing permission beside it."
              : personas.length > 0
                ? "Be somebody of the demo with one click, or sign in with your own account. Then run an example."
                : "Sign in with your account, then run an example."}
          </p>
        </div>
        <Columns />
      </section>
      {session ? <Identity /> : <SignIn />}
      <Examples />
      <footer className="foot">
        <dl>
          <div><dt>HTTP and SSE</dt><dd><code>{endpoint}</code></dd></div>
          <div><dt>Websocket</dt><dd><code>{endpoint.replace(/^http/, "ws")}</code></dd></div>
        </dl>
        <ul>
          {LINKS.map(({ path, about }) => (
            <li key={path}><a href={`./${path}`}>/{path}</a> <span>{about}</span></li>
          ))}
          <li><a href="./licences.md">Licences</a> <span>of this page’s parts</span></li>
        </ul>
      </footer>
    </div>
  );
}
