// Who is signed in, in which organization, and with which rights.
import { useEffect, useId, useState, type FormEvent } from "react";
import { demo } from "./demo";
import { Avatar } from "./marks";
import { asFault, loadViewer, signIn, signOut, state, token, type Organization } from "./session";
import { FaultLine, keyOf, Personas } from "./signin";
import { useStore } from "./store";
import type { Fault } from "./api";

export function Identity() {
  const { session, viewer, viewerFault } = useStore(state);
  const { personas } = useStore(demo);
  const [fault, setFault] = useState<Fault | null>(null);
  const [copied, setCopied] = useState(false);
  const [others, setOthers] = useState(false);
  if (!session) return null;

  const slug = viewer?.organization?.slug ?? null;
  const persona = personas.find((one) => one.email === session.email && one.organization === slug) ?? null;
  const name = viewer?.user?.displayName ?? persona?.name ?? session.email;

  async function attempt(work: () => Promise<unknown>) {
    setFault(null);
    try {
      await work();
    } catch (error) {
      setFault(asFault(error));
    }
  }

  async function copyToken() {
    await navigator.clipboard.writeText((await token()) ?? "");
    setCopied(true);
    setTimeout(() => setCopied(false), 2_000);
  }

  return (
    <section className="panel identity" aria-labelledby="identity-name">
      <div className="identity-who">
        <Avatar name={name} />
        <div>
          <h2 id="identity-name">{name}</h2>
          <p>{session.email}</p>
        </div>
        <div className="identity-actions">
          {personas.length > 0 && (
            <button type="button" aria-expanded={others} aria-controls="others" onClick={() => setOthers(!others)}>Be somebody else</button>
          )}
          <button type="button" onClick={() => void attempt(copyToken)} title="For a script: Authorization: Bearer …">{copied ? "Copied" : "Copy token"}</button>
          <button type="button" onClick={() => void attempt(signOut)}>Sign out</button>
        </div>
      </div>
      {others && <div id="others" className="others"><Personas personas={personas} current={persona ? keyOf(persona) : null} /></div>}
      <dl className="identity-facts">
        <div>
          <dt>Organization</dt>
          <dd><Organizations current={viewer?.organization ?? null} all={viewer?.organizations ?? []} email={session.email} /></dd>
        </div>
        {persona && (
          <div>
            <dt>Role</dt>
            <dd title={persona.description}>{persona.role}</dd>
          </div>
        )}
        <div>
          <dt>Permissions</dt>
          <dd><Permissions all={viewer?.permissions ?? null} /></dd>
        </div>
        <div>
          <dt>Access token</dt>
          <dd><Countdown until={session.accessTokenExpiresAt} /></dd>
        </div>
      </dl>
      {fault && <FaultLine fault={fault} />}
      {viewerFault && (
        <div className="with-action">
          <FaultLine fault={viewerFault} />
          <button type="button" onClick={() => void loadViewer()}>Try again</button>
        </div>
      )}
    </section>
  );
}

/** A session belongs to one organization: to be in another is to sign in again. Demo people do that with a click. */
function Organizations({ current, all, email }: { current: Organization | null; all: Organization[]; email: string }) {
  const { personas } = useStore(demo);
  const id = useId();
  const [target, setTarget] = useState<Organization | null>(null);
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<Fault | null>(null);

  async function enter(organization: Organization, secret: string) {
    setBusy(true);
    setFault(null);
    try {
      await signIn(email, secret, organization.slug);
      setTarget(null);
      setPassword("");
    } catch (error) {
      setFault(asFault(error));
    } finally {
      setBusy(false);
    }
  }

  function choose(slug: string) {
    const organization = all.find((one) => one.slug === slug);
    setFault(null);
    setTarget(null);
    if (!organization || slug === current?.slug) return;
    const known = personas.find((one) => one.email === email)?.password;
    if (known) void enter(organization, known);
    else setTarget(organization);
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    if (target) void enter(target, password);
  }

  if (!current) return <span className="quiet">…</span>;
  if (all.length < 2) return <>{current.name}</>;
  return (
    <>
      <select aria-label="Organization" value={target?.slug ?? current.slug} disabled={busy} onChange={(event) => choose(event.target.value)}>
        {all.map((one) => <option key={one.id} value={one.slug}>{one.name}</option>)}
      </select>
      {target && (
        <form className="switch" onSubmit={submit}>
          <label htmlFor={`${id}-password`}>Password, to enter {target.name}</label>
          <input id={`${id}-password`} type="password" autoComplete="current-password" autoFocus required value={password} onChange={(event) => setPassword(event.target.value)} />
          <button type="submit" className="primary" disabled={busy}>Enter</button>
          <button type="button" onClick={() => setTarget(null)}>Stay</button>
        </form>
      )}
      {fault && <FaultLine fault={fault} />}
    </>
  );
}

function Permissions({ all }: { all: string[] | null }) {
  if (!all) return <span className="quiet">…</span>;
  const groups = new Map<string, string[]>();
  for (const permission of [...all].sort()) {
    const subject = permission.split(".")[0] ?? permission;
    groups.set(subject, [...(groups.get(subject) ?? []), permission.slice(subject.length + 1) || permission]);
  }
  return (
    <details className="permissions">
      <summary>{all.length}</summary>
      <dl>
        {[...groups].map(([subject, actions]) => (
          <div key={subject}><dt>{subject}</dt><dd>{actions.join(" · ")}</dd></div>
        ))}
      </dl>
    </details>
  );
}

function Countdown({ until }: { until: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  const seconds = Math.max(0, Math.round((Date.parse(until) - now) / 1_000));
  const text = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  return <span className="countdown" title="It is renewed by itself before it expires">{text} <span className="quiet">renews itself</span></span>;
}
