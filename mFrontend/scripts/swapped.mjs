/**
 * A build step that writes beside the folder of the build before, and takes its place when whole.
 *
 * A service may be handing out that folder, and a build may be interrupted.
 */
import { rename, rm } from "node:fs/promises";
import path from "node:path";

/** @returns {import("vite").Plugin} */
export function swapped() {
  let folder = "";
  return {
    name: "swapped",
    apply: "build",
    config(config) {
      return { build: { outDir: `${config.build?.outDir ?? "dist"}.next`, emptyOutDir: true } };
    },
    configResolved(config) {
      folder = path.resolve(config.root, config.build.outDir);
    },
    writeBundle: {
      sequential: true,
      order: "post",
      async handler() {
        const target = folder.replace(/\.next$/, "");
        const former = `${target}.former`;
        await rm(former, { recursive: true, force: true });
        await rename(target, former).catch((error) => {
          if (error.code !== "ENOENT") throw error;
        });
        await rename(folder, target);
        await rm(former, { recursive: true, force: true });
      },
    },
  };
}
