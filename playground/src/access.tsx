// Who may do something with a record, by which of their rights, and why somebody may not.
import { useEffect, useId, useRef, useState, type FormEvent } from "react";
import { activity } from "./activity";
import type { Fault } from "./api";
import { Avatar } from "./marks";
import { ask, EXPLAIN, EXPLAIN_OWN, idsIn, isId, KIND, limits, PEOPLE, RECENT, REPORT, source, steps, toRead, VERDICTS, type Explanation, type Named, type Question, type Way } from "./rights";
import { go, route } from "./route";
import { asFault, authorized, state } from "./session";
import { FaultLine } from "./signin";
import { useStore } from "./store";

export function Access() {
  const { session, viewer } = useStore(state);
  const { about } = useStore(route);
  const record = about.get("record") ?? "";
  const permission = about.get("permission") ?? "";
  const person = about.get("person") ?? "";
  return (
    <div className="start access">
      <section className="hero" aria-label="Access">
        <div>
          <p className="eyebrow">Access</p>
          <h1>Who can see this?</h1>
          <p className="lead">Choose a record: everybody who may see it, by which of their rights, and for one person the decision step by step.</p>
        </div>
      </section>
      {session ? (
        <>
          <Choose key={`${record} ${permission}`} record={record} permission={permission} held={viewer?.permissions ?? []} identity={session.id} />
          {isId(record) && permission && <Answers key={`${session.id} ${record} ${permission}`} question={{ record, permission }} person={person} />}
        </>
      ) : (
        <section className="panel"><p className="with-action">Sign in first: what can be asked depends on who you are. <button type="button" className="primary" onClick={() => go("start")}>Sign in</button></p></section>
      )}
    </div>
  );
}

interface Choice {
  id: string;
  name: string;
}

/** By its id, out of the last answer of the editor, or out of what is newest. */
function Choose({ record, permission, held, identity }: Question & { held: string[]; identity: string }) {
  const id = useId();
  const { answer } = useStore(activity);
  const [typed, setTyped] = useState(record);
  const [wanted, setWanted] = useState(permission);
  const [recent, setRecent] = useState<Choice[]>([]);
  const [fault, setFault] = useState<Fault | null>(null);
  const shown = idsIn(answer?.result).slice(0, 6);

  useEffect(() => {
    let gone = false;
    void authorized({ query: RECENT })
      .then(({ result }) => {
        const lists = Object.values(result.data ?? {}) as ({ nodes: Choice[] } | null)[];
        if (!gone) setRecent(lists.flatMap((list) => list?.nodes ?? []));
      })
      .catch(() => undefined);
    return () => void (gone = true);
  }, [identity]);

  async function look(chosen: string, by: string) {
    setFault(null);
    const text = chosen.trim();
    try {
      if (by) return go("access", { record: text, permission: by });
      const { value, fault } = await ask<{ __typename: string }>(KIND, "node", { record: text });
      if (fault) return setFault(fault);
      const type = value?.__typename;
      if (!type) return setFault(asFault(new Error("There is no such record, or none that you may see: say which permission you ask about.")));
      go("access", { record: text, permission: toRead(type, held) });
    } catch (error) {
      setFault(asFault(error));
    }
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    void look(typed, wanted.trim());
  }

  return (
    <section className="panel" aria-label="What to ask about">
      <form className="access-form" onSubmit={submit}>
        <div>
          <label htmlFor={`${id}-record`}>Record</label>
          <input id={`${id}-record`} required autoCapitalize="none" autoComplete="off" spellCheck={false} placeholder="deal_01jd3v…" value={typed} onChange={(event) => setTyped(event.target.value)} />
        </div>
        <div>
          <label htmlFor={`${id}-permission`}>Permission <span className="optional">to read it unless you say another</span></label>
          <input id={`${id}-permission`} list={`${id}-held`} autoCapitalize="none" autoComplete="off" spellCheck={false} placeholder="deal.read" value={wanted} onChange={(event) => setWanted(event.target.value)} />
          <datalist id={`${id}-held`}>{[...held].sort().map((one) => <option key={one} value={one} />)}</datalist>
        </div>
        <button type="submit" className="primary">Who can?</button>
      </form>
      {fault && <FaultLine fault={fault} />}
      {shown.length > 0 && <Picks title="In the last answer" choices={shown.map((one) => ({ id: one, name: one }))} onPick={(one) => void look(one, "")} />}
      {recent.length > 0 && <Picks title="Newest of yours" choices={recent} onPick={(one) => void look(one, "")} />}
    </section>
  );
}

function Picks({ title, choices, onPick }: { title: string; choices: Choice[]; onPick: (id: string) => void }) {
  return (
    <div className="picks">
      <h2>{title}</h2>
      <ul>
        {choices.map(({ id, name }) => (
          <li key={id}><button type="button" title={id} onClick={() => onPick(id)}><span className="pick-kind">{id.split("_")[0]}</span> {name || id}</button></li>
        ))}
      </ul>
    </div>
  );
}

interface Report {
  people: Explanation[];
  next: string | null;
}

function Answers({ question, person }: { question: Question; person: string }) {
  const [own, setOwn] = useState<Explanation | null>(null);
  const [people, setPeople] = useState<Explanation[]>([]);
  const [next, setNext] = useState<string | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const [missing, setMissing] = useState(false);
  const [busy, setBusy] = useState(true);
  const again = useRef(false);

  async function more(after: string | null) {
    setBusy(true);
    try {
      const { value, fault } = await ask<Report>(REPORT, "accessReport", { ...question, after });
      setFault(fault);
      setMissing(!value && !fault);
      setPeople((before) => (after ? [...before, ...(value?.people ?? [])] : (value?.people ?? [])));
      setNext(value?.next ?? null);
    } catch (error) {
      setFault(asFault(error));
    } finally {
      setBusy(false);
    }
  }

  useEffect(() => {
    if (again.current) return;
    again.current = true;
    void more(null);
    void ask<{ explainAccess: Explanation | null }>(EXPLAIN_OWN, "viewer", { ...question })
      .then(({ value }) => setOwn(value?.explainAccess ?? null))
      .catch(() => undefined);
  });

  return (
    <>
      {own && (
        <section className="panel" aria-labelledby="own-title">
          <Decision title="You" titleId="own-title" told={own} />
        </section>
      )}
      <section className="panel" aria-labelledby="people-title" aria-busy={busy}>
        <div className="people-head">
          <h2 id="people-title">Everybody with <code>{question.permission}</code></h2>
          <p className="quiet" role="status">{busy ? "Asking…" : fault ? "" : missing ? "" : `${people.length} ${people.length === 1 ? "person" : "people"}${next ? " so far" : ""}`}</p>
        </div>
        {fault && <FaultLine fault={fault} />}
        {missing && <p>There is no such record in your organization.</p>}
        {people.length > 0 && (
          <ul className="people">
            {people.map((told) => told.user && <Person key={told.user.id} told={told} question={question} isOpen={told.user.id === person} />)}
          </ul>
        )}
        {next && <p><button type="button" disabled={busy} onClick={() => void more(next)}>Look further</button></p>}
        {!fault && !missing && !busy && <Somebody question={question} person={person} known={people} />}
      </section>
    </>
  );
}

/** One who may: their ways in a line each, and the decision when asked for. */
function Person({ told, question, isOpen }: { told: Explanation; question: Question; isOpen: boolean }) {
  const user = told.user as Named;
  const id = `why-${user.id}`;
  const ways = told.grants.filter((way) => way.verdict === "ALLOWS");
  return (
    <li>
      <Avatar name={user.displayName} />
      <div>
        <h3>{user.displayName}</h3>
        {ways.map((way, at) => <p key={at}>{source(way)}<Limits way={way} /></p>)}
      </div>
      <button type="button" aria-expanded={isOpen} aria-controls={id} onClick={() => go("access", { ...question, person: isOpen ? "" : user.id })}>Why?</button>
      {isOpen && <div id={id} className="why"><Decision told={told} /></div>}
    </li>
  );
}

function Limits({ way }: { way: Way }) {
  const rules = limits(way);
  const marks = [
    way.validUntil && `until ${new Date(way.validUntil).toLocaleDateString()}`,
    way.within && `within ${way.within.name ?? way.within.resourceId}`,
    rules && `if ${rules}`,
    way.roleAssignment?.isDelegated && "delegated",
  ].filter(Boolean);
  return marks.map((mark) => <span key={String(mark)} className="mark">{mark}</span>);
}

/** Why somebody may not: whoever is not among those who may. */
function Somebody({ question, person, known }: { question: Question; person: string; known: Explanation[] }) {
  const id = useId();
  const [all, setAll] = useState<Named[]>([]);
  const [told, setTold] = useState<Explanation | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);
  const other = person && !known.some((one) => one.user?.id === person) ? person : "";

  useEffect(() => {
    void ask<{ nodes: Named[] }>(PEOPLE, "users", {}).then(({ value }) => setAll(value?.nodes ?? [])).catch(() => undefined);
  }, []);
  useEffect(() => {
    setTold(null);
    setFault(null);
    if (!other) return;
    let gone = false;
    ask<Explanation>(EXPLAIN, "explainAccess", { ...question, user: other })
      .then(({ value, fault }) => {
        if (gone) return;
        setTold(value);
        setFault(value ? null : (fault ?? asFault(new Error("They are no member of the organization."))));
      })
      .catch((error: unknown) => !gone && setFault(asFault(error)));
    return () => void (gone = true);
  }, [other, question.record, question.permission]);

  const rest = all.filter((one) => !known.some((told) => told.user?.id === one.id));
  if (rest.length === 0 && !other) return null;
  return (
    <div className="somebody">
      <label htmlFor={id}>Why not somebody else?</label>
      <select id={id} value={other} onChange={(event) => go("access", { ...question, person: event.target.value })}>
        <option value="">Choose a person</option>
        {rest.map((one) => <option key={one.id} value={one.id}>{one.displayName}</option>)}
      </select>
      {fault && <FaultLine fault={fault} />}
      {told && <Decision title={told.user?.displayName ?? ""} told={told} />}
    </div>
  );
}

const MARKS = { true: "✓", false: "✗", null: "·" } as const;
const WORDS = { true: "holds:", false: "fails:", null: "not asked:" } as const;

/** The decision about one person, step by step. */
function Decision({ title, titleId, told }: { title?: string; titleId?: string; told: Explanation }) {
  const outOfSight = !told.allowed && told.grants.some((way) => way.verdict === "ALLOWS");
  return (
    <div className="decision" data-allowed={told.allowed}>
      {title && <h2 id={titleId}>{title}</h2>}
      <p className="outcome"><b>{told.allowed ? "Allowed" : "Not allowed"}</b> to use <code>{told.permission}</code> with this record.</p>
      {told.grants.length === 0 && <p>Nothing that counts gives this permission: no role and no grant does, or the membership is closed for now.</p>}
      <ol className="ways">
        {told.grants.map((way, at) => (
          <li key={at}>
            <ol className="steps">
              {steps(way).map((step, place) => (
                <li key={place} data-holds={String(step.holds)}>
                  <span aria-hidden="true">{MARKS[`${step.holds}`]}</span>
                  <span className="visually-hidden">{WORDS[`${step.holds}`]}</span> {step.text}
                </li>
              ))}
            </ol>
            <p className="verdict" data-verdict={way.verdict}>This way {VERDICTS[way.verdict]}.</p>
          </li>
        ))}
      </ol>
      {outOfSight && (
        <p className="verdict" data-verdict="ELSEWHERE">The record is out of sight all the same: a right to change it needs one to see it, and conversations of others take a permission of their own.</p>
      )}
    </div>
  );
}
