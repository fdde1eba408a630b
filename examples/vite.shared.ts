import type { ViteUserConfig } from "vitest/config";

export const test: ViteUserConfig["test"] = {
  environment: "jsdom",
  // the page has an origin of its own, which the server must be told to let in: PORTICO_CORS_ORIGINS=http://localhost:5173
  environmentOptions: { jsdom: { url: "http://localhost:5173" } },
  testTimeout: 30_000,
};

/** `npm start` shows the page, and hands on to the server what is meant for it: no other origin is involved. */
export const server: ViteUserConfig["server"] = {
  proxy: { "/graphql": { target: process.env.PORTICO_URL ?? "http://127.0.0.1:8080", ws: true } },
};
