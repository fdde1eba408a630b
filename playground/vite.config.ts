import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";
import { licences } from "./licences";
import { precompress } from "./precompress";

// Where `npm run dev` finds a running Portico.
const server = "http://127.0.0.1:8080";
const paths = ["/graphql", "/playground", "/schema.graphql", "/docs", "/healthz", "/readyz", "/metrics"];

const LICENCES = "licences.md";

export default defineConfig({
  // Relative, so that the page also works behind a path prefix.
  base: "./",
  plugins: [react(), licences(LICENCES), precompress()],
  build: {
    outDir: "dist",
    emptyOutDir: true,
    // A data: address would need a weaker Content-Security-Policy than a file.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      onLog(level, log, report) {
        // Notes of React's compiler inside GraphiQL's packages; they mean nothing to the bundle.
        if (log.code !== "MODULE_LEVEL_DIRECTIVE") report(level, log);
      },
    },
    license: { fileName: LICENCES },
    // Monaco is one chunk of about 3 MB, loaded with the editor only.
    chunkSizeWarningLimit: 4000,
  },
  worker: { format: "es" },
  server: { proxy: Object.fromEntries(paths.map((path) => [path, { target: server, ws: path === "/graphql" }])) },
});
