import { defineConfig } from "vitest/config";
import { server, test } from "../vite.shared.ts";

export default defineConfig({ server, test });
