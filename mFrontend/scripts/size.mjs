/** Fails where the built files are larger than an operator should have to wait for. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const KB = 1000;
const FIRST_SCRIPT_KB_MAX = 150;
const FIRST_STYLE_KB_MAX = 15;
/** Of a route's own chunk; charts have their own line. */
const ROUTE_KB_MAX = 25;
const ROUTE_KB_MAX_OF = { "src/views/candles/index.tsx": 65 };
const LIBRARY_KB_MAX_OF = { "lightweight-charts": 65, uplot: 30 };

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const manifest = JSON.parse(readFileSync(`${dist}manifest.json`, "utf8"));
const size = (file) => gzipSync(readFileSync(dist + file), { level: 9 }).length / KB;

/** The chunk and all that it imports at once; what it imports later is not part of it. */
function reached(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const other of manifest[key].imports ?? []) reached(other, seen);
  return seen;
}

const rows = [];
const entries = Object.keys(manifest).filter((key) => manifest[key].isEntry);
if (entries.length === 0) throw new Error("dist/manifest.json names no entry: run `npm run build`");
const first = new Set(entries.flatMap((key) => [...reached(key)]));
const sum = (files) => files.reduce((total, file) => total + size(file), 0);
rows.push([
  "first load, script",
  sum([...first].map((key) => manifest[key].file)),
  FIRST_SCRIPT_KB_MAX,
]);
const styles = new Set([...first].flatMap((key) => manifest[key].css ?? []));
rows.push(["first load, style", sum([...styles]), FIRST_STYLE_KB_MAX]);
for (const key of Object.keys(manifest)) {
  if (first.has(key) || !manifest[key].file.endsWith(".js")) continue;
  const library = Object.keys(LIBRARY_KB_MAX_OF).find((name) => key.includes(name));
  const most = library ? LIBRARY_KB_MAX_OF[library] : (ROUTE_KB_MAX_OF[key] ?? ROUTE_KB_MAX);
  rows.push([key, size(manifest[key].file), most]);
}

let over = false;
for (const [name, kb, most] of rows) {
  over ||= kb > most;
  const verdict = kb > most ? "TOO LARGE" : "ok";
  console.log(`${name.padEnd(52)} ${kb.toFixed(1).padStart(7)} kB  of ${most} kB  ${verdict}`);
}
if (over) process.exit(1);
