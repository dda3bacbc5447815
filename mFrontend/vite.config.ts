/** How the dashboard is built, served while it is written, and tested. */
import tailwind from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { apiBase } from "./scripts/api-base.mjs";
import { precompressed } from "./scripts/precompressed.mjs";
import { swapped } from "./scripts/swapped.mjs";

/** The service that `npm run dev` passes calls and streams on to. */
const service = process.env["DEV_SERVICE"] ?? "http://127.0.0.1:5000";

export default defineConfig({
  plugins: [react(), tailwind(), apiBase(), precompressed(), swapped()],
  resolve: { alias: { "@": fileURLToPath(new URL("./src", import.meta.url)) } },
  build: {
    target: "es2023",
    manifest: "manifest.json",
    // An inline `data:` script or style would need a wider content policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
  server: {
    port: 5173,
    proxy: {
      "^/((api|health|ready|openapi\\.json|docs|metrics)([/?]|$)|candles/)": { target: service },
      "^/ws([/?]|$)": { target: service.replace(/^http/, "ws"), ws: true },
    },
  },
  test: { include: ["tests/**/*.test.{ts,tsx}"], environment: "node", restoreMocks: true },
});
