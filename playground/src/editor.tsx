// GraphiQL, dressed as ours: the caller's identity, examples from the start page, and a line on what happened.
import { explorerPlugin } from "@graphiql/plugin-explorer";
import { HISTORY_PLUGIN } from "@graphiql/plugin-history";
import { useGraphiQL, useGraphiQLActions, useMonaco, type GraphiQLPlugin } from "@graphiql/react";
import { GraphiQL } from "graphiql";
import "graphiql/setup-workers/vite";
import "@graphiql/react/style.css";
import "@graphiql/plugin-doc-explorer/style.css";
import "@graphiql/plugin-history/style.css";
import "@graphiql/plugin-explorer/style.css";
import "graphiql/graphiql.css";
import "./editor.css";
import { useEffect, useMemo, useRef } from "react";
import { activity, clearEvents, forget } from "./activity";
import { paint } from "./colours";
import { DOCUMENTATION } from "./documentation";
import { examples } from "./examples";
import { Layers, Pulse } from "./marks";
import { prepared } from "./opening";
import { idsIn } from "./rights";
import { go } from "./route";
import { state } from "./session";
import { useStore } from "./store";
import { theme } from "./theme";
import { TracePanel, costOf } from "./trace";
import { chooseTransport, editorFetcher, transport, type Transport } from "./transport";

const STREAM_PLUGIN: GraphiQLPlugin = { title: "Subscription log", icon: Pulse, content: StreamLog };
const TRACE_PLUGIN: GraphiQLPlugin = { title: "Trace", icon: Layers, content: TracePanel };
const PLUGINS = [HISTORY_PLUGIN, explorerPlugin({ showAttribution: false }), STREAM_PLUGIN, TRACE_PLUGIN];
const LETTERS = { fontFamily: '"JetBrains Mono"', fontSize: 13.5, lineHeight: 20 };
const FIRST = (examples[0]?.document ?? "").trim();

export default function Editor() {
  const { session, ended } = useStore(state);
  const { choice } = useStore(theme);
  const { remark } = useStore(prepared);
  const identity = session?.id;
  // A new fetcher makes GraphiQL read the schema again: what one sees may differ by person.
  const fetcher = useMemo(() => editorFetcher(), [identity]);
  return (
    <>
      {!session && (
        <p className="banner" role="alert">
          {ended ?? "You are not signed in; most fields will be refused."}
          <button type="button" onClick={() => go("start")}>Sign in</button>
        </p>
      )}
      {remark && (
        <p className="banner" role="status">
          {remark}
          <button type="button" onClick={() => prepared.set({ remark: null })}>Dismiss</button>
        </p>
      )}
      <GraphiQL
        fetcher={fetcher}
        plugins={PLUGINS}
        referencePlugin={DOCUMENTATION}
        forcedTheme={choice}
        defaultQuery={FIRST}
        defaultEditorToolsVisibility="variables"
        inputValueDeprecation
        schemaDescription
        shouldPersistHeaders={false}
      >
        <GraphiQL.Logo><span /></GraphiQL.Logo>
        <GraphiQL.Footer>
          <Bridge />
          <StatusLine />
        </GraphiQL.Footer>
      </GraphiQL>
    </>
  );
}

/** Carries examples and colours into GraphiQL, from inside its context. */
function Bridge() {
  const { waiting } = useStore(prepared);
  const monaco = useMonaco((from) => from.monaco);
  const { addTab, changeTab, setOperationName } = useGraphiQLActions();
  const queryEditor = useGraphiQL((from) => from.queryEditor);
  const variableEditor = useGraphiQL((from) => from.variableEditor);
  const responseEditor = useGraphiQL((from) => from.responseEditor);
  const headerEditor = useGraphiQL((from) => from.headerEditor);
  const tabs = useGraphiQL((from) => from.tabs);
  const identity = useStore(state).session?.id;
  const before = useRef(identity);

  useEffect(() => {
    if (monaco) paint(monaco);
  }, [monaco]);

  useEffect(() => {
    for (const editor of [queryEditor, variableEditor, responseEditor, headerEditor]) editor?.updateOptions(LETTERS);
    void document.fonts.load(`${LETTERS.fontSize}px ${LETTERS.fontFamily}`).then(() => monaco?.editor.remeasureFonts());
  }, [monaco, queryEditor, variableEditor, responseEditor, headerEditor]);

  // What one person was answered is not for the next.
  useEffect(() => {
    if (before.current === identity) return;
    before.current = identity;
    for (const tab of tabs) tab.response = null;
    responseEditor?.setValue("");
    forget();
  }, [identity, tabs, responseEditor]);

  useEffect(() => {
    if (!waiting || !queryEditor || !variableEditor) return;
    prepared.set({ waiting: null });
    const open = tabs.findIndex((tab) => (tab.query ?? "").trim() === waiting.document);
    if (open >= 0) changeTab(open);
    else addTab();
    queryEditor.setValue(waiting.document);
    variableEditor.setValue(waiting.variables);
    const name = /(?:query|mutation|subscription)\s+(\w+)/.exec(waiting.document)?.[1];
    if (name) setOperationName(name);
    queryEditor.focus();
  }, [waiting, queryEditor, variableEditor, tabs, addTab, changeTab, setOperationName]);

  return null;
}

const STREAM_WORDS = { connecting: "Connecting…", open: "Live", ended: "Ended", failed: "Failed" };

function StatusLine() {
  const { answer, stream, remark, count } = useStore(activity);
  const { choice } = useStore(transport);
  const ids = idsIn(answer?.result);
  const cost = costOf(answer?.result);
  return (
    <div className="status-line">
      <div role="status">
        {stream && (
          <button type="button" className="stream" data-stream={stream} onClick={openLog} title="Open the subscription log">
            <i /> {STREAM_WORDS[stream]} · {count} {count === 1 ? "event" : "events"}
          </button>
        )}
        {stream && remark && <span className="quiet">{remark}</span>}
        {!stream && answer && (
          <>
            <span data-errors={Boolean(answer.result.errors)}>{answer.status} {answer.statusText}</span>
            <span>{answer.milliseconds < 10 ? answer.milliseconds.toFixed(1) : Math.round(answer.milliseconds)} ms</span>
            <span>{sizeOf(answer.bytes)}</span>
            {cost && <span title="What it cost, of what it could have">{cost}</span>}
            {answer.result.errors && <span data-errors="true">{answer.result.errors.length} {answer.result.errors.length === 1 ? "error" : "errors"}</span>}
            {ids.length > 0 && <a href="#access" title="Choose one of the ids of this answer">Who can see these?</a>}
            {answer.requestId && <span className="quiet">request {answer.requestId}</span>}
          </>
        )}
        {!stream && !answer && <span className="quiet">Ctrl-Enter runs the operation at the cursor.</span>}
      </div>
      <label>
        Subscriptions over{" "}
        <select value={choice} onChange={(event) => chooseTransport(event.target.value as Transport)}>
          <option value="websocket">websocket</option>
          <option value="sse">SSE</option>
        </select>
      </label>
    </div>
  );
}

/** The sidebar's own button: GraphiQL's action alone leaves a panel that was closed out of sight. */
function openLog(): void {
  document.querySelector<HTMLElement>(`[aria-label="Show ${STREAM_PLUGIN.title}"]`)?.click();
}

function sizeOf(bytes: number): string {
  return bytes < 1_000 ? `${bytes} B` : `${(bytes / 1_000).toFixed(1)} kB`;
}

/** The response pane shows the newest event only; here are the ones before. */
function StreamLog() {
  const { events, count } = useStore(activity);
  return (
    <section className="stream-log" aria-label="Subscription log">
      <header>
        <h2>Subscription log</h2>
        {events.length > 0 && <button type="button" onClick={clearEvents}>Clear</button>}
      </header>
      {events.length === 0 && <p className="quiet">Run a subscription: each event is listed here, newest first.</p>}
      {events.length < count && events.length > 0 && <p className="quiet">The newest {events.length} of {count}.</p>}
      <ol>
        {events.map((event) => (
          <li key={event.number}>
            <details>
              <summary>
                <b>{event.kind}</b>
                <time dateTime={event.at.toISOString()}>{event.at.toLocaleTimeString([], { hour12: false })}</time>
              </summary>
              <pre>{JSON.stringify(event.result.data ?? event.result, null, 2)}</pre>
            </details>
          </li>
        ))}
      </ol>
    </section>
  );
}
