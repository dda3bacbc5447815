/** A build step that writes down which service the page calls, so that its content policy fits. */

/** @returns {import("vite").Plugin} */
export function apiBase() {
  let base = "";
  return {
    name: "api-base",
    apply: "build",
    configResolved(config) {
      base = config.env["VITE_API_BASE"] ?? "";
    },
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "api-base.txt", source: base });
    },
  };
}
