// What was done for the last operation, level by level, for those whom the server tells.
import { useGraphiQL } from "@graphiql/react";
import { activity } from "./activity";
import type { Result } from "./api";
import { store, useStore } from "./store";

interface Statement {
  class: string;
  rows: number | null;
  ms: number;
  failed: boolean;
}

interface Level {
  path: string[];
  field: string;
  parents: number;
  fields: string[];
  ms: number;
  statements: Statement[];
}

interface Trace {
  ms: number;
  waitingMs: number;
  serializingMs: number;
  statements: Statement[];
  levels: Level[];
}

const STORED = "portico:trace";

/** Whether operations ask for it. */
export const tracing = store<{ asked: boolean }>({ asked: localStorage.getItem(STORED) === "true" });

function ask(asked: boolean): void {
  localStorage.setItem(STORED, String(asked));
  tracing.set({ asked });
}

/** `12 of 40 points`, as far as the answer says. */
export function costOf(result: Result | undefined): string | null {
  const cost = result?.extensions?.["cost"] as { actual: number; requested: number } | undefined;
  return cost ? `${cost.actual} of ${cost.requested} ${cost.requested === 1 ? "point" : "points"}` : null;
}

export function traceOf(result: Result | undefined): Trace | null {
  return (result?.extensions?.["trace"] as Trace | undefined) ?? null;
}

export function TracePanel() {
  const { answer } = useStore(activity);
  const { asked } = useStore(tracing);
  const running = useGraphiQL((from) => from.isFetching);
  const trace = traceOf(answer?.result);
  const cost = costOf(answer?.result);
  return (
    <section className="trace" aria-label="Trace">
      <header>
        <h2>Trace</h2>
        <label>
          <input type="checkbox" checked={asked} onChange={(event) => ask(event.target.checked)} /> Ask for it
        </label>
      </header>
      {!trace && !asked && <p className="quiet">Shows what was done for an operation, once it is asked for.</p>}
      {!trace && asked && (!answer || running) && <p className="quiet">Run an operation.</p>}
      {!trace && asked && answer && !running && <p className="quiet">This server does not tell you: PORTICO_TRACE says whom it tells.</p>}
      {trace && (
        <>
          <p className="figures">
            <b>{trace.ms} ms</b>{cost && <span>{cost}</span>}
            <span>waiting {trace.waitingMs} ms</span><span>writing {trace.serializingMs} ms</span>
          </p>
          <Statements of={trace.statements} />
          <ol>
            {trace.levels.map((level) => (
              <li key={level.path.join(".")} style={{ marginLeft: 10 * (level.path.length - 1) }}>
                <b>{level.path[level.path.length - 1]}</b> <span className="quiet">{level.field} of {level.parents}</span>
                <span className="ms">{level.ms} ms</span>
                <p className="quiet">{level.fields.join(" ")}</p>
                <Statements of={level.statements} />
              </li>
            ))}
          </ol>
        </>
      )}
    </section>
  );
}

function Statements({ of }: { of: Statement[] }) {
  return (
    <ul>
      {of.map((statement, at) => (
        <li key={at} data-failed={statement.failed}>
          <code>{statement.class}</code>
          {statement.rows !== null && <span className="quiet">{statement.rows} {statement.rows === 1 ? "row" : "rows"}</span>}
          <span className="ms">{statement.ms} ms</span>
        </li>
      ))}
    </ul>
  );
}
