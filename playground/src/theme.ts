// Light, dark, or what the system says; remembered over visits.
import { store } from "./store";

export type Choice = "light" | "dark" | "system";

const STORED = "portico:theme";
const system = matchMedia("(prefers-color-scheme: dark)");

export const theme = store<{ choice: Choice }>({ choice: remembered() });

export function chooseTheme(choice: Choice): void {
  localStorage.setItem(STORED, choice);
  theme.set({ choice });
  apply();
}

export function beginTheme(): void {
  system.addEventListener("change", apply);
  apply();
}

function apply(): void {
  const { choice } = theme.get();
  document.documentElement.dataset["theme"] = choice === "system" ? (system.matches ? "dark" : "light") : choice;
}

function remembered(): Choice {
  const stored = localStorage.getItem(STORED);
  return stored === "light" || stored === "dark" ? stored : "system";
}
