// What the last operation did: the line under the editor, and the log of a running subscription.
import type { Answer, Result } from "./api";
import { store } from "./store";

export type StreamState = "connecting" | "open" | "ended" | "failed";

export interface StreamEvent {
  number: number;
  at: Date;
  /** `__typename` of the event, or what it is instead. */
  kind: string;
  result: Result;
}

interface Activity {
  answer: Answer | null;
  stream: StreamState | null;
  /** Said beside the stream's state. */
  remark: string | null;
  events: StreamEvent[];
  count: number;
}

/** Older events are dropped from the log. */
const KEPT = 200;

export const activity = store<Activity>({ answer: null, stream: null, remark: null, events: [], count: 0 });

export function noteAnswer(answer: Answer): void {
  activity.set({ answer, stream: null });
}

export function noteStream(stream: StreamState, remark: string | null = null): void {
  const { stream: before, count } = activity.get();
  const begins = stream === "connecting" && before !== "open" && before !== "connecting";
  // A socket that closes after the stream's end is no news.
  if (stream === "connecting" && remark && (before === "ended" || before === "failed")) return;
  activity.set(begins ? { stream, remark, answer: null, events: [], count: 0 } : { stream, remark, count });
}

/** Keeps the event and answers its cursor, if it has one. */
export function noteEvent(result: Result): string | null {
  const { events, count } = activity.get();
  const body = Object.values(result.data ?? {})[0] as { __typename?: string; cursor?: string } | null | undefined;
  const kind = body?.__typename ?? (result.errors ? "Error" : "Event");
  const event = { number: count + 1, at: new Date(), kind, result };
  activity.set({ stream: "open", remark: null, count: count + 1, events: [event, ...events].slice(0, KEPT) });
  return typeof body?.cursor === "string" ? body.cursor : null;
}

export function forget(): void {
  activity.set({ answer: null, stream: null, remark: null, events: [], count: 0 });
}

export function clearEvents(): void {
  activity.set({ events: [] });
}
