// The people of the demo, whom one may be with one click while the server has the demo switched on.
import type { Persona } from "./session";
import { store } from "./store";

interface Demo {
  loaded: boolean;
  personas: Persona[];
  /** Why the list could not be read, if so. */
  fault: string | null;
}

export const demo = store<Demo>({ loaded: false, personas: [], fault: null });

export async function loadDemo(): Promise<void> {
  try {
    const response = await fetch(new URL("./playground/demo.json", document.baseURI), { cache: "no-store", credentials: "omit" });
    if (!response.ok) throw new Error(`the server answered ${response.status}`);
    const body = (await response.json()) as { demo: boolean; personas: Persona[] };
    demo.set({ loaded: true, personas: body.demo ? body.personas : [], fault: null });
  } catch (error) {
    demo.set({ loaded: true, personas: [], fault: error instanceof Error ? error.message : String(error) });
  }
}
