// The examples of the start page: grouped by what they are about; a click opens one in the editor.
import { useMemo, useState } from "react";
import { examples, kindOf, type Example } from "./examples";
import { openExample, prepared } from "./opening";
import { Arrow } from "./marks";
import { useStore } from "./store";

export function Examples() {
  const [wanted, setWanted] = useState("");
  const { busy } = useStore(prepared);
  const groups = useMemo(() => grouped(examples.filter((example) => matches(example, wanted))), [wanted]);
  return (
    <section className="examples" aria-labelledby="examples-title">
      <div className="examples-head">
        <h2 id="examples-title">Examples</h2>
        <p>Each opens in the editor, ready to run: ids are filled in from your own data.</p>
        <input type="search" aria-label="Find an example" placeholder="Find: deals, approve, live…" value={wanted} onChange={(event) => setWanted(event.target.value)} />
      </div>
      {groups.length === 0 && <p className="quiet">No example speaks of “{wanted}”.</p>}
      {groups.map(([entity, list]) => (
        <div key={entity} className="example-group">
          <h3>{entity}</h3>
          <ul>
            {list.map((example) => (
              <li key={example.title}>
                <button type="button" className="example" disabled={busy !== null} aria-busy={busy === example.title} onClick={() => void openExample(example)}>
                  <span className="kind" data-kind={kindOf(example)}>{kindOf(example)}</span>
                  <span className="example-title">{example.title}</span>
                  <span className="example-about"><Prose text={example.about} /></span>
                  <Arrow />
                </button>
              </li>
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}

/** Words in backticks are code. */
function Prose({ text }: { text: string }) {
  return text.split("`").map((part, index) => (index % 2 === 1 ? <code key={index}>{part}</code> : part));
}

function matches(example: Example, wanted: string): boolean {
  const text = `${example.entity} ${example.title} ${example.about} ${kindOf(example)} ${example.document}`.toLowerCase();
  return wanted.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

function grouped(list: Example[]): [string, Example[]][] {
  const groups = new Map<string, Example[]>();
  for (const example of list) groups.set(example.entity, [...(groups.get(example.entity) ?? []), example]);
  return [...groups];
}
