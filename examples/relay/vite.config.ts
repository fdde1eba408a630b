import relay from "vite-plugin-relay";
import { defineConfig } from "vitest/config";
import { server, test } from "../vite.shared.ts";

export default defineConfig({ plugins: [relay], server, test });
