/**
 * Writes src/api/schema.ts from the service's OpenAPI document; with `--check` compares instead.
 *
 * The document comes from `OPENAPI_URL` (a running service) or else from the code itself, by
 * `PYTHON` (default: the checkout's environment). The generator needs an older TypeScript than the
 * dashboard, so it runs in an environment of its own.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const GENERATOR = ["openapi-typescript@7.13.0", "typescript@5.9.3"];
/** The app as its tests make it: it describes itself without a service that runs. */
const DESCRIBE = `
import asyncio, sys
sys.path[:0] = [".", "tests"]
from web_world import World
from web.app import create_app

async def document():
    answer = await create_app(World().service).test_client().get("/openapi.json")
    return (await answer.get_data()).decode()

sys.stdout.write(asyncio.run(document()))
`;
const here = path.dirname(fileURLToPath(import.meta.url));
const target = path.join(here, "../src/api/schema.ts");

async function document() {
  const url = process.env.OPENAPI_URL;
  if (url) {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(`${url}: expected 200, found ${answer.status}`);
    return answer.text();
  }
  const root = path.join(here, "../..");
  const own = path.join(root, ".venv/bin/python");
  const python = process.env.PYTHON ?? (existsSync(own) ? own : "python3");
  const options = { cwd: root, encoding: "utf8", maxBuffer: 16 * 1024 * 1024 };
  return execFileSync(python, ["-c", DESCRIBE], options);
}

const folder = mkdtempSync(path.join(tmpdir(), "openapi-"));
try {
  const input = path.join(folder, "openapi.json");
  const output = path.join(folder, "schema.ts");
  writeFileSync(input, await document());
  const packages = GENERATOR.flatMap((name) => ["--package", name]);
  const command = ["--yes", ...packages, "openapi-typescript", input, "--output", output];
  const options = { cwd: folder, stdio: ["ignore", "ignore", "inherit"] };
  execFileSync("npx", [...command, "--alphabetize"], options);
  const made = readFileSync(output, "utf8");
  if (!process.argv.includes("--check")) {
    writeFileSync(target, made);
  } else if (!existsSync(target) || readFileSync(target, "utf8") !== made) {
    console.error("src/api/schema.ts is not what the service describes: run `npm run generate`");
    process.exitCode = 1;
  }
} finally {
  rmSync(folder, { recursive: true });
}
