// Who may do what with a record, as the API tells it, and in words for a person.
import { faultOf, type Fault, type Result } from "./api";
import { authorized } from "./session";

export interface Way {
  verdict: "ALLOWS" | "NOT_YET" | "OVER" | "OUT_OF_SCOPE" | "ELSEWHERE" | "UNMET" | "NOT_UNDERSTOOD";
  rolePath: string[];
  validFrom: string;
  validUntil: string | null;
  conditions: unknown;
  within: { name: string | null; resourceId: string } | null;
  rowScopes: ("REGION" | "DEPARTMENT")[];
  team: { name: string } | null;
  roleAssignment: { isDelegated: boolean; assignmentReason: string | null; assignedBy: Named | null; delegatedBy: Named | null } | null;
  permissionGrant: { grantReason: string | null; grantedBy: Named | null } | null;
}

export interface Named {
  id: string;
  displayName: string;
}

export interface Explanation {
  user: Named | null;
  allowed: boolean;
  permission: string;
  grants: Way[];
}

export interface Question {
  record: string;
  permission: string;
}

const WAYS = `
  allowed permission
  user { id displayName }
  grants {
    verdict rolePath validFrom validUntil conditions rowScopes
    team { name }
    within { name resourceId }
    roleAssignment { isDelegated assignmentReason assignedBy { id displayName } delegatedBy { id displayName } }
    permissionGrant { grantReason grantedBy { id displayName } }
  }`;
export const REPORT = `query AccessReport($record: ID!, $permission: String!, $after: ID) {
  accessReport(recordId: $record, permission: $permission, first: 25, after: $after) {
    people {${WAYS}}
    next
  }
}`;
export const EXPLAIN = `query ExplainAccess($user: ID!, $record: ID!, $permission: String!) {
  explainAccess(userId: $user, recordId: $record, permission: $permission) {${WAYS}}
}`;
export const EXPLAIN_OWN = `query ExplainOwnAccess($record: ID!, $permission: String!) {
  viewer { explainAccess(recordId: $record, permission: $permission) {${WAYS}} }
}`;
export const KIND = `query Kind($record: ID!) { node(id: $record) { __typename } }`;
export const PEOPLE = `query People { users(first: 100, orderBy: [{ field: DISPLAY_NAME }]) { nodes { id displayName } } }`;
export const RECENT = `query Recent {
  deals(first: 3) { nodes { id name } }
  accounts(first: 3) { nodes { id name } }
  budgets(first: 3) { nodes { id name } }
  conversations(first: 3) { nodes { id name: title } }
}`;

export interface Asked<T> {
  value: T | null;
  fault: Fault | null;
}

/** One field of an answer. What is missing below it, for want of a right of its own, is left out there. */
export async function ask<T>(query: string, field: string, variables: Record<string, unknown>): Promise<Asked<T>> {
  const { result } = await authorized({ query, variables });
  const value = (result.data?.[field] ?? null) as T | null;
  return { value, fault: value ? null : faultOf(result) };
}

/** The permission to read a record of a type: among those held where the names differ, `ComplianceControl` and `control.read`. */
export function toRead(type: string, held: string[]): string {
  const words = type.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`).slice(1).split("_");
  const names = words.map((_, at) => `${words.slice(at).join("_")}.read`);
  return names.find((name) => held.includes(name)) ?? names[0] ?? "";
}

const ID = /^[a-z]+_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** The ids in an answer, in the order in which they stand there. */
export function idsIn(result: Result | undefined): string[] {
  const found = new Set<string>();
  const walk = (value: unknown) => {
    if (typeof value === "string" && ID.test(value)) found.add(value);
    else if (typeof value === "object" && value !== null) Object.values(value).forEach(walk);
  };
  walk(result?.data);
  return [...found];
}

export function isId(text: string): boolean {
  return ID.test(text);
}

/** How somebody came to it. */
export function source(way: Way): string {
  const { roleAssignment, permissionGrant, rolePath } = way;
  const team = way.team ? ` of the team “${way.team.name}”` : "";
  if (permissionGrant || rolePath.length === 0) return `${way.team ? `A right${team}, given` : "Given directly"}${by(permissionGrant?.grantedBy)}`;
  const [given, ...above] = rolePath.map((name) => `“${name}”`);
  const role = `Role ${given}${team}${above.map((name) => `, which contains ${name}`).join("")}`;
  if (roleAssignment?.isDelegated) return `${role}, passed on${by(roleAssignment.delegatedBy)}`;
  return `${role}${roleAssignment?.assignedBy ? `, given${by(roleAssignment.assignedBy)}` : ""}`;
}

function by(person: Named | null | undefined): string {
  return person ? ` by ${person.displayName}` : "";
}

export interface Step {
  text: string;
  holds: boolean | null;
}

/** The decision about one way, step by step; what comes after the step that fails is not asked any more. */
export function steps(way: Way): Step[] {
  const from = new Date(way.validFrom);
  const window = [
    from.getFullYear() > 1970 ? `from ${day(from)}` : "",
    way.validUntil ? `until ${day(new Date(way.validUntil))}` : "without an end",
  ].filter(Boolean).join(" ");
  const rules = limits(way);
  const at: Record<Way["verdict"], number> = { ALLOWS: 9, NOT_YET: 1, OVER: 1, OUT_OF_SCOPE: 0, ELSEWHERE: 3, UNMET: 3, NOT_UNDERSTOOD: 3 };
  const list: [number, string][] = [[0, source(way)], [1, `It counts ${window}`]];
  if (way.within) list.push([rules ? 2 : 3, `Only for “${way.within.name ?? way.within.resourceId}” and what lies within it`]);
  if (rules) list.push([3, `Only if ${rules}`]);
  if (list.length === 2 && at[way.verdict] === 3) list.push([3, "It extends to this record"]);
  const failing = at[way.verdict];
  return list.map(([place, text]) => {
    const isThing = way.within !== null && rules !== "" && failing === 3;
    // which of thing and condition leaves the record out is not told
    const holds = place < failing && !(isThing && place === 2) ? true : place === failing ? false : null;
    return { text, holds };
  });
}

export const VERDICTS: Record<Way["verdict"], string> = {
  ALLOWS: "allows it",
  NOT_YET: "has not begun",
  OVER: "has ended",
  OUT_OF_SCOPE: "is outside the scope of the API key",
  ELSEWHERE: "does not extend to this record",
  UNMET: "its condition is not met",
  NOT_UNDERSTOOD: "its condition cannot be understood",
};

function day(date: Date): string {
  return date.toLocaleDateString(undefined, { day: "numeric", month: "short", year: "numeric" });
}

/** What must hold of the record, the person and the request. */
export function limits(way: Way): string {
  const scopes = way.rowScopes.map((scope) => `the record is of their own ${scope.toLowerCase()}`);
  return [...scopes, conditions(way.conditions)].filter(Boolean).join(", and ");
}

/** All of the conditions must hold. */
function conditions(value: unknown): string {
  const list = (Array.isArray(value) ? value : value ? [value] : []).map(rule).filter(Boolean);
  return list.join(", and ");
}

const OPERATORS: Record<string, string> = {
  eq: "is", ne: "is not", in: "is one of", gt: "is more than", gte: "is at least", lt: "is less than", lte: "is at most",
};

function rule(value: unknown): string {
  if (typeof value !== "object" || value === null) return "";
  const { all, any, not, attribute, operator, value: wanted, to } = value as Record<string, unknown>;
  const many = (list: unknown, word: string) => (list as unknown[]).map(rule).join(` ${word} `);
  if (Array.isArray(all)) return all.length > 1 ? `(${many(all, "and")})` : many(all, "and");
  if (Array.isArray(any)) return any.length > 1 ? `(${many(any, "or")})` : many(any, "or");
  if (not) return `not ${rule(not)}`;
  if (typeof attribute !== "string") return "";
  if (operator === "isNull") return `${name(attribute)} ${wanted ? "is empty" : "is not empty"}`;
  const against = typeof to === "string" ? name(to) : Array.isArray(wanted) ? wanted.join(", ") : String(wanted);
  return `${name(attribute)} ${OPERATORS[String(operator)] ?? String(operator)} ${against}`;
}

/** `resource.expectedCloseDate` as people say it. */
function name(attribute: string): string {
  const [of = "", what = ""] = attribute.split(".");
  const words = what.replace(/Id$/, "").replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
  const whose: Record<string, string> = { resource: `the record’s ${words}`, subject: `the person’s ${words || "id"}`, request: `the ${words} of the request` };
  return words === "" || what === "id" ? (of === "subject" ? "the person" : "the record") : (whose[of] ?? attribute);
}
