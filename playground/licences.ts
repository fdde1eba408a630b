// Adds to the bundle's licences what has no JavaScript of its own: the fonts, and what Monaco itself contains.
import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Plugin } from "vite";

const PARTS = [
  { title: "Inter (SIL OFL 1.1)", file: "@fontsource-variable/inter/LICENSE" },
  { title: "JetBrains Mono (SIL OFL 1.1)", file: "@fontsource-variable/jetbrains-mono/LICENSE" },
  { title: "Parts of monaco-editor", file: "monaco-editor/ThirdPartyNotices.txt" },
];

/** `fileName` is the one that `build.license` writes. */
export function licences(fileName: string): Plugin {
  let root = "";
  return {
    name: "licences",
    apply: "build",
    configResolved(config) {
      root = config.root;
    },
    async writeBundle(options) {
      for (const { title, file } of PARTS) {
        const text = await readFile(join(root, "node_modules", file), "utf8");
        await appendFile(join(options.dir ?? "dist", fileName), `\n## ${title}\n\n${text.trim()}\n`);
      }
    },
  };
}
