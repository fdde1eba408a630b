// The frame of the page: who and where on top, and one of four views below.
import { Component, lazy, Suspense, useEffect, useState, type ReactNode } from "react";
import { Access } from "./access";
import { Avatar, Columns, Logo, Moon, Sun, System } from "./marks";
import { Reference } from "./reference";
import { go, route, type View } from "./route";
import { state } from "./session";
import { Start } from "./start";
import { useStore } from "./store";
import { chooseTheme, theme, type Choice } from "./theme";

// Monaco is large: only who opens the editor loads it.
const Editor = lazy(() => import("./editor"));

export function App() {
  const { view } = useStore(route);
  // Once opened, the editor stays: its tabs and a running subscription survive a look at the start page.
  const [opened, setOpened] = useState(view === "editor");
  useEffect(() => {
    if (view === "editor") setOpened(true);
    document.title = { start: "Portico", editor: "Editor · Portico", access: "Access · Portico", docs: "Docs · Portico" }[view];
  }, [view]);
  return (
    <div className="page" data-view={view}>
      <a className="skip" href="#main" onClick={(event) => (event.preventDefault(), document.getElementById("main")?.focus())}>
        Skip to content
      </a>
      <Header view={view} />
      <main id="main" tabIndex={-1}>
        {view === "start" && <Start />}
        {view === "access" && <Access />}
        {view === "docs" && <Reference />}
        {opened && (
          <div className="editor-view" hidden={view !== "editor"}>
            <Boundary>
              <Suspense fallback={<p className="waiting" role="status">Loading the editor…</p>}>
                <Editor />
              </Suspense>
            </Boundary>
          </div>
        )}
      </main>
    </div>
  );
}

function Header({ view }: { view: View }) {
  return (
    <header className="top">
      <a className="brand" href="#start" aria-label="Portico, start page">
        <Logo />
        <span>Portico</span>
      </a>
      <nav aria-label="Views">
        <a href="#start" aria-current={view === "start" ? "page" : undefined}>Start</a>
        <a href="#editor" aria-current={view === "editor" ? "page" : undefined}>Editor</a>
        <a href="#access" aria-current={view === "access" ? "page" : undefined}>Access</a>
        <a href="#docs" aria-current={view === "docs" ? "page" : undefined}>Docs</a>
      </nav>
      <Account />
      <ThemeSwitch />
    </header>
  );
}

function Account() {
  const { session, viewer } = useStore(state);
  if (!session) {
    return <button type="button" className="account" onClick={() => go("start")}>Sign in</button>;
  }
  const name = viewer?.user?.displayName ?? session.email;
  return (
    <button type="button" className="account" onClick={() => go("start")} title={`${session.email}: show account`}>
      <Avatar name={name} small />
      <span className="account-name">{name}</span>
      {viewer?.organization && <span className="account-organization">{viewer.organization.name}</span>}
    </button>
  );
}

const CHOICES: { choice: Choice; label: string; mark: () => ReactNode }[] = [
  { choice: "light", label: "Light", mark: Sun },
  { choice: "dark", label: "Dark", mark: Moon },
  { choice: "system", label: "As the system", mark: System },
];

function ThemeSwitch() {
  const { choice: current } = useStore(theme);
  return (
    <div className="theme" role="group" aria-label="Theme">
      {CHOICES.map(({ choice, label, mark: Mark }) => (
        <button key={choice} type="button" aria-pressed={choice === current} aria-label={label} title={label} onClick={() => chooseTheme(choice)}>
          <Mark />
        </button>
      ))}
    </div>
  );
}

/** The editor is foreign code: when it fails, the rest of the page goes on and says so. */
class Boundary extends Component<{ children: ReactNode }, { error: Error | null }> {
  override state = { error: null as Error | null };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    if (!this.state.error) return this.props.children;
    return (
      <div className="broken" role="alert">
        <Columns />
        <p>The editor could not be shown: {this.state.error.message}</p>
        <button type="button" className="primary" onClick={() => location.reload()}>Load the page again</button>
      </div>
    );
  }
}
