// Two ways in: be a person of the demo, or give e-mail and password.
import { useId, useRef, useState, type FormEvent } from "react";
import { demo } from "./demo";
import { Avatar } from "./marks";
import { asFault, signIn, state, type Organization, type Persona } from "./session";
import { useStore } from "./store";
import type { Fault } from "./api";

export function SignIn() {
  const { ended } = useStore(state);
  const { personas, loaded, fault } = useStore(demo);
  return (
    <section className="panel sign-in" aria-labelledby="sign-in-title" data-demo={personas.length > 0}>
      <h2 id="sign-in-title" className="visually-hidden">Sign in</h2>
      {ended && <p className="notice" role="alert">{ended}</p>}
      {fault && <p className="notice" role="alert">The list of demo people could not be read: {fault}.</p>}
      {loaded && <div className="sign-in-ways">
        {personas.length > 0 && <Personas personas={personas} />}
        <Form />
      </div>}
    </section>
  );
}

export function Personas({ personas, current = null }: { personas: Persona[]; current?: string | null }) {
  const [busy, setBusy] = useState<string | null>(null);
  const [fault, setFault] = useState<Fault | null>(null);

  async function be(persona: Persona) {
    setBusy(keyOf(persona));
    setFault(null);
    try {
      await signIn(persona.email, persona.password, persona.organization);
    } catch (error) {
      setFault(asFault(error));
    } finally {
      setBusy(null);
    }
  }

  return (
    <div className="personas">
      {fault && <FaultLine fault={fault} />}
      {organizationsOf(personas).map(([organization, people]) => (
        <div key={organization} className="persona-group">
          <h3>{people[0]?.organizationName ?? organization}</h3>
          <ul>
            {people.map((persona) => {
              const key = keyOf(persona);
              return (
                <li key={key}>
                  <button
                    type="button"
                    className="persona"
                    disabled={busy !== null}
                    aria-busy={busy === key}
                    aria-current={key === current ? "true" : undefined}
                    title={persona.description}
                    onClick={() => void be(persona)}
                  >
                    <Avatar name={persona.name} />
                    <span className="persona-name">{persona.name}</span>
                    <span className="persona-role">{persona.role}</span>
                    <span className="persona-about">{persona.description}</span>
                  </button>
                </li>
              );
            })}
          </ul>
        </div>
      ))}
    </div>
  );
}

function Form() {
  const id = useId();
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [organization, setOrganization] = useState("");
  const [choices, setChoices] = useState<Organization[]>([]);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<Fault | null>(null);
  const first = useRef<HTMLInputElement>(null);

  async function enter(slug: string | null) {
    setBusy(true);
    setFault(null);
    try {
      setChoices(await signIn(email.trim(), password, slug));
    } catch (error) {
      setFault(asFault(error));
      setChoices([]);
      first.current?.focus();
    } finally {
      setBusy(false);
    }
  }

  function submit(event: FormEvent) {
    event.preventDefault();
    void enter(organization.trim() || null);
  }

  return (
    <form className="sign-in-form" onSubmit={submit} aria-labelledby={`${id}-title`}>
      <h3 id={`${id}-title`}>With your account</h3>
      <label htmlFor={`${id}-email`}>E-mail</label>
      <input ref={first} id={`${id}-email`} type="email" autoComplete="username" required value={email} onChange={(event) => setEmail(event.target.value)} />
      <label htmlFor={`${id}-password`}>Password</label>
      <input id={`${id}-password`} type="password" autoComplete="current-password" required value={password} onChange={(event) => setPassword(event.target.value)} />
      <label htmlFor={`${id}-organization`}>Organization <span className="optional">its short name; optional</span></label>
      <input id={`${id}-organization`} autoComplete="organization" autoCapitalize="none" spellCheck={false} placeholder="aether-demo" value={organization} onChange={(event) => setOrganization(event.target.value)} />
      {fault && <FaultLine fault={fault} />}
      <button type="submit" className="primary" disabled={busy}>{busy ? "Signing in…" : "Sign in"}</button>
      {choices.length > 0 && (
        <fieldset className="choices">
          <legend>You belong to several organizations. Which one?</legend>
          {choices.map((choice, index) => (
            <button key={choice.id} type="button" autoFocus={index === 0} onClick={() => void enter(choice.slug)} disabled={busy}>{choice.name}</button>
          ))}
        </fieldset>
      )}
    </form>
  );
}

/** What went wrong, its code, and the number under which the server's log has it. */
export function FaultLine({ fault }: { fault: Fault }) {
  return (
    <p className="fault" role="alert">
      {fault.message} <code>{fault.code}</code>
      {fault.requestId && <small> request {fault.requestId}</small>}
    </p>
  );
}

export function keyOf(persona: Persona): string {
  return `${persona.organization} ${persona.email}`;
}

function organizationsOf(personas: Persona[]): [string, Persona[]][] {
  const groups = new Map<string, Persona[]>();
  for (const persona of personas) {
    const group = groups.get(persona.organization);
    if (group) group.push(persona);
    else groups.set(persona.organization, [persona]);
  }
  return [...groups];
}
