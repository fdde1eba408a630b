// Small drawings, all of our own.
import type { ReactNode } from "react";

function Stroke({ children }: { children: ReactNode }) {
  return (
    <svg viewBox="0 0 20 20" width="16" height="16" fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      {children}
    </svg>
  );
}

export function Logo() {
  return (
    <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden="true">
      <path fill="currentColor" d="M16 3 3 10.5V13h26v-2.5zM5 15h4v10H5zm9 0h4v10h-4zm9 0h4v10h-4zM3 26.5h26v3H3z" />
    </svg>
  );
}

/** The portico of the start page. */
export function Columns() {
  return (
    <svg className="columns" viewBox="0 0 240 150" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinejoin="round" aria-hidden="true">
      <path d="M120 8 14 48h212zM120 18 48 44h144zM14 48v8h212v-8M22 56v6h196v-6" />
      {[36, 78, 120, 162, 204].map((x) => (
        <path key={x} d={`M${x - 12} 62h24l-3 6h-18zM${x - 8} 68l-1 56h18l-1-56M${x - 3} 70v52M${x + 3} 70v52M${x - 12} 130h24l-3-6h-18z`} />
      ))}
      <path d="M16 130h208v6H16zM8 136h224v6H8zM0 142h240v6H0z" />
    </svg>
  );
}

export function Layers() {
  return <Stroke><path d="M10 3 2.5 7 10 11l7.5-4zM2.5 10.5l7.5 4 7.5-4M2.5 14l7.5 4 7.5-4" /></Stroke>;
}

export function Sun() {
  return <Stroke><circle cx="10" cy="10" r="3.5" /><path d="M10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1.1 1.1M14.6 14.6l1.1 1.1M15.7 4.3l-1.1 1.1M5.4 14.6l-1.1 1.1" /></Stroke>;
}

export function Moon() {
  return <Stroke><path d="M16.5 11.8A7 7 0 0 1 8.2 3.5a7 7 0 1 0 8.3 8.3Z" /></Stroke>;
}

export function System() {
  return <Stroke><rect x="2.5" y="3.5" width="15" height="10" rx="1.5" /><path d="M7 17h6M10 13.5V17" /></Stroke>;
}

export function Arrow() {
  return <Stroke><path d="M4 10h11M10.5 5.5 15 10l-4.5 4.5" /></Stroke>;
}

export function Pulse() {
  return <Stroke><path d="M2 10.5h3.5l2-6 4 11.5 2.5-7.5 1 2h3" /></Stroke>;
}

export function Avatar({ name, small = false }: { name: string; small?: boolean }) {
  const words = name.split(/[\s@._-]+/).filter(Boolean);
  const initials = ((words[0]?.[0] ?? "?") + (words.length > 1 ? (words[words.length - 1]?.[0] ?? "") : "")).toUpperCase();
  return <span className={small ? "avatar small" : "avatar"} data-tint={tintOf(name)} aria-hidden="true">{initials}</span>;
}

/** The same name has the same of six tints everywhere. */
function tintOf(name: string): number {
  return [...name].reduce((sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 997, 7) % 6;
}
