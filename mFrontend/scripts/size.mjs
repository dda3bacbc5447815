/**
 * Fails where the built files are larger than an operator should have to wait for.
 *
 * `node scripts/size.mjs [folder]`, by default dist/. All sizes are of gzip, in thousands of bytes.
 */
import { readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const FIRST_SCRIPT_KB_MAX = 150;
const STYLE_KB_MAX = 15;
/** Of a chunk that is loaded later: the libraries of charts by name, then views, then all else. */
const CHUNK_KB_MAX = [
  [/lightweight-charts|views\/candles\//, 65],
  [/uplot|src\/parts\/TimeSeriesPlot/i, 30],
  [/./, 25],
];
/** What `/` shows comes with the first load, though it is a chunk of its own. */
const FIRST_VIEW = "src/views/overview/index.tsx";

const standard = fileURLToPath(new URL("../dist/", import.meta.url));
const folder = path.resolve(process.argv[2] ?? standard);
const manifest = JSON.parse(readFileSync(path.join(folder, "manifest.json"), "utf8"));
const kb = (file) => gzipSync(readFileSync(path.join(folder, file)), { level: 9 }).length / 1000;
const sum = (files) => [...files].reduce((total, file) => total + kb(file), 0);

/** The chunk and all that it imports at once; what it imports later is not part of it. */
function reached(key, seen = new Set()) {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const other of manifest[key].imports ?? []) reached(other, seen);
  return seen;
}

const entries = Object.keys(manifest).filter((key) => manifest[key].isEntry);
if (entries.length === 0 || !manifest[FIRST_VIEW]) {
  throw new Error(`${folder}: expected an entry and ${FIRST_VIEW} in manifest.json`);
}
const first = new Set([...entries, FIRST_VIEW].flatMap((key) => [...reached(key)]));
const scripts = new Set([...first].map((key) => manifest[key].file));
const styles = new Set([...first].flatMap((key) => manifest[key].css ?? []));
const rows = [
  ["first load, script", sum(scripts), FIRST_SCRIPT_KB_MAX],
  ["first load, style", sum(styles), STYLE_KB_MAX],
];
for (const [key, { file, css = [] }] of Object.entries(manifest)) {
  if (first.has(key) || !file.endsWith(".js")) continue;
  const [, most] = CHUNK_KB_MAX.find(([named]) => named.test(key));
  rows.push([key, kb(file), most]);
  const later = css.filter((name) => !styles.has(name));
  if (later.length > 0) rows.push([`${key}, style`, sum(later), STYLE_KB_MAX]);
}

let over = false;
for (const [name, size, most] of rows) {
  over ||= size > most;
  const verdict = size > most ? "TOO LARGE" : "ok";
  console.log(`${name.padEnd(52)} ${size.toFixed(1).padStart(7)} kB  of ${most} kB  ${verdict}`);
}
if (over) process.exit(1);
