// Who is signed in. Tokens live in this tab's sessionStorage only, and are renewed before they expire.
import { Fault, faultOf, post, type Result, type UserError } from "./api";
import { store } from "./store";

export interface Organization {
  id: string;
  name: string;
  slug: string;
}

export interface Viewer {
  user: { id: string; displayName: string; email: string } | null;
  organization: Organization | null;
  organizations: Organization[] | null;
  permissions: string[] | null;
}

export interface Session {
  /** Another one for every sign-in, the same one over renewals of its tokens. */
  id: string;
  email: string;
  accessToken: string;
  accessTokenExpiresAt: string;
  refreshToken: string;
}

export interface Persona {
  email: string;
  password: string;
  name: string;
  role: string;
  organization: string;
  organizationName: string;
  description: string;
}

interface State {
  session: Session | null;
  viewer: Viewer | null;
  /** Why `viewer` could not be read, if so. */
  viewerFault: Fault | null;
  /** Said on the sign-in form: why somebody who was signed in no longer is. */
  ended: string | null;
}

interface Tokens {
  accessToken: string | null;
  accessTokenExpiresAt: string | null;
  refreshToken: string | null;
  userErrors: UserError[];
}

const STORED = "portico:session";
/** Renew when this much of a token's life is left. */
const MARGIN_MS = 45_000;
const RETRY_MS = 5_000;
/** How long a page that opens waits for tokens newer than its own. */
const HEARING_MS = 100;

const SIGN_IN = `mutation SignIn($input: SignInInput!) {
  signIn(input: $input) {
    accessToken accessTokenExpiresAt refreshToken
    organizations { id slug name }
    userErrors { code message path }
  }
}`;
const REFRESH = `mutation SessionRefresh($input: SessionRefreshInput!) {
  sessionRefresh(input: $input) {
    accessToken accessTokenExpiresAt refreshToken
    userErrors { code message path }
  }
}`;
const SIGN_OUT = `mutation SignOut { signOut { done userErrors { code message path } } }`;
const VIEWER = `query Viewer {
  viewer {
    user { id displayName email }
    organization { id name slug }
    organizations { id name slug }
    permissions
  }
}`;

export const state = store<State>({ session: restore(), viewer: null, viewerFault: null, ended: null });

/** Between tabs: `undefined` asks for the newest tokens of a session, `null` says that it ended. */
interface Word {
  id: string;
  session?: Session | null;
}

// A duplicated or restored tab has the same refresh token, which works once: whoever renews it tells the others.
const tabs = new BroadcastChannel("portico:session");
tabs.onmessage = ({ data }: MessageEvent<Word>) => {
  const own = state.get().session;
  if (data.id !== own?.id) return;
  if (data.session === undefined) tell({ id: own.id, session: own });
  else if (data.session === null) end(null);
  else if (data.session.accessTokenExpiresAt > own.accessTokenExpiresAt) keep(data.session);
};

function tell(word: Word): void {
  tabs.postMessage(word);
}

/** Called once, when the page opens. */
export async function begin(): Promise<void> {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") void token().catch(() => undefined);
  });
  const session = state.get().session;
  if (!session) return;
  tell({ id: session.id });
  await new Promise((resolve) => setTimeout(resolve, HEARING_MS));
  schedule();
  await loadViewer();
}

/**
 * Signs in. Without `organization` a person of several may be asked which one:
 * then nothing is signed in yet and the organizations to choose from come back.
 */
export async function signIn(email: string, password: string, organization: string | null): Promise<Organization[]> {
  const { result } = await post({ query: SIGN_IN, variables: { input: { email, password, organization } } });
  const answer = payload<Tokens & { organizations: Organization[] | null }>(result, "signIn");
  const choices = answer.organizations ?? [];
  if (!complete(answer)) {
    if (choices.length > 0 && !organization) return choices;
    throw refusal(answer.userErrors, result);
  }
  state.set({ viewer: null, viewerFault: null, ended: null });
  keep({ id: freshId(), email, ...tokensOf(answer) });
  await loadViewer();
  return [];
}

/** Ends the session here even when the server cannot be told; then it says so by throwing. */
export async function signOut(): Promise<void> {
  const session = state.get().session;
  if (!session) return;
  tell({ id: session.id, session: null });
  end(null);
  const { result } = await post({ query: SIGN_OUT }, { authorization: `Bearer ${session.accessToken}` });
  const answer = payload<{ userErrors: UserError[] }>(result, "signOut");
  if (answer.userErrors.length > 0) throw refusal(answer.userErrors, result);
}

/** A token good for the next request, renewed first if it must be. Null when nobody is signed in. */
export async function token(renewNow = false): Promise<string | null> {
  const session = state.get().session;
  if (!session) return null;
  if (renewNow || timeLeft(session) < MARGIN_MS) await renew(session);
  return state.get().session?.accessToken ?? null;
}

export async function loadViewer(): Promise<void> {
  const session = state.get().session;
  if (!session) return;
  try {
    const { result } = await authorized({ query: VIEWER });
    if (state.get().session?.id !== session.id) return;
    const viewer = (result.data?.["viewer"] ?? null) as Viewer | null;
    state.set({ viewer, viewerFault: faultOf(result) });
  } catch (error) {
    if (state.get().session?.id === session.id) state.set({ viewer: null, viewerFault: asFault(error) });
  }
}

/** One operation as the person signed in; a token refused in spite of its date is renewed once. */
export async function authorized(operation: Parameters<typeof post>[0], headers: Record<string, string> = {}) {
  const before = await token();
  const answer = await post(operation, { ...bearer(before), ...headers });
  if (!before || "authorization" in headers || !isRefused(answer.result)) return answer;
  const after = await token(true);
  return after ? post(operation, { ...bearer(after), ...headers }) : answer;
}

export function asFault(error: unknown): Fault {
  return error instanceof Fault ? error : new Fault(error instanceof Error ? error.message : String(error), "UNKNOWN");
}

function bearer(value: string | null): Record<string, string> {
  return value ? { authorization: `Bearer ${value}` } : {};
}

function isRefused(result: Result): boolean {
  return (result.errors ?? []).some((error) => ["UNAUTHENTICATED", "TOKEN_EXPIRED"].includes(error.extensions?.code ?? ""));
}

let renewal: Promise<void> | null = null;

function renew(session: Session): Promise<void> {
  renewal ??= alone(() => exchange(session)).finally(() => (renewal = null));
  return renewal;
}

/** One tab at a time, where the browser can: locks exist on https and localhost only. */
function alone<T>(work: () => Promise<T>): Promise<T> {
  return "locks" in navigator ? navigator.locks.request("portico:renewal", work) : work();
}

async function exchange(session: Session): Promise<void> {
  const current = state.get().session;
  // Another tab was first, or the person has gone.
  if (current?.refreshToken !== session.refreshToken) return;
  const { result } = await post({ query: REFRESH, variables: { input: { refreshToken: session.refreshToken } } });
  const answer = result.data?.["sessionRefresh"] as Tokens | null | undefined;
  if (answer && complete(answer)) {
    const next = { ...session, ...tokensOf(answer) };
    keep(next);
    tell({ id: next.id, session: next });
    return;
  }
  if (state.get().session?.refreshToken !== session.refreshToken) return;
  const fault = answer?.userErrors[0] ? refusal(answer.userErrors, result) : faultOf(result);
  if (answer || isRefused(result)) end(`Your session has ended${fault ? `: ${fault.message}` : ""}. Please sign in again.`);
  throw fault ?? new Fault("The session could not be renewed.", "UNKNOWN");
}

let timer: ReturnType<typeof setTimeout> | undefined;

function schedule(delay?: number): void {
  clearTimeout(timer);
  const session = state.get().session;
  if (!session) return;
  // Very short tokens are renewed at half of what is left, so that this never spins.
  const wait = delay ?? Math.max(timeLeft(session) - MARGIN_MS, timeLeft(session) / 2, 1_000);
  timer = setTimeout(() => void renew(session).catch(() => schedule(RETRY_MS)), Math.min(wait, 2 ** 31 - 1));
}

/** `crypto.randomUUID` is missing on plain http outside localhost. */
function freshId(): string {
  return [...crypto.getRandomValues(new Uint32Array(4))].map((part) => part.toString(36)).join("");
}

function timeLeft(session: Session): number {
  return Date.parse(session.accessTokenExpiresAt) - Date.now();
}

function keep(session: Session): void {
  sessionStorage.setItem(STORED, JSON.stringify(session));
  state.set({ session });
  schedule();
}

function end(why: string | null): void {
  sessionStorage.removeItem(STORED);
  clearTimeout(timer);
  state.set({ session: null, viewer: null, viewerFault: null, ended: why });
}

function restore(): Session | null {
  try {
    return JSON.parse(sessionStorage.getItem(STORED) ?? "null") as Session | null;
  } catch {
    return null;
  }
}

function complete(answer: Tokens): boolean {
  return Boolean(answer.accessToken && answer.refreshToken) && answer.userErrors.length === 0;
}

function tokensOf(answer: Tokens) {
  return {
    accessToken: answer.accessToken ?? "",
    accessTokenExpiresAt: answer.accessTokenExpiresAt ?? "",
    refreshToken: answer.refreshToken ?? "",
  };
}

function payload<T>(result: Result, field: string): T {
  const value = result.data?.[field];
  if (value) return value as T;
  throw faultOf(result) ?? new Fault(`The server answered without \`${field}\`.`, "UNKNOWN");
}

function refusal(userErrors: UserError[], result: Result): Fault {
  const first = userErrors[0];
  const message = userErrors.map((error) => error.message).join(" ");
  return new Fault(message || "The server refused without a reason.", first?.code ?? "UNKNOWN", faultOf(result)?.requestId ?? null);
}
