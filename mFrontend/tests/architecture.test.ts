import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../src/", import.meta.url));
const GENERATED = "api/schema.ts";
const LINES_MAX = 400;
const COLUMNS_MAX = 100;

/** From the top to the bottom; those of one line may import each other. */
const LAYERS: readonly (readonly string[])[] = [
  ["main.tsx"],
  ["views"],
  ["app", "parts"],
  ["stream"],
  ["api"],
  ["format"],
];

interface Source {
  /** From `src/`, with slashes. */
  readonly file: string;
  readonly text: string;
  readonly lines: readonly string[];
  /** The files and folders of `src/` that it imports. */
  readonly imports: readonly string[];
}

/** A text that may fill a line, such as the classes of an element. */
const TEXT = /`[^`]{40,}`|"[^"]{40,}"/g;
const IMPORTED = /^(?:import|export)\b[^"']*["']([^"']+)["'];/gm;

function importsOf(file: string, text: string): string[] {
  return [...text.matchAll(IMPORTED)].flatMap(([, from = ""]) => {
    if (from.startsWith("@/")) return [from.slice(2)];
    return from.startsWith(".") ? [path.posix.join(path.posix.dirname(file), from)] : [];
  });
}

const SOURCES: readonly Source[] = readdirSync(ROOT, { recursive: true, encoding: "utf8" })
  .map((found) => found.split(path.sep).join("/"))
  .filter((file) => /\.tsx?$/.test(file) && file !== GENERATED)
  .map((file) => {
    const text = readFileSync(path.join(ROOT, file), "utf8");
    return { file, text, lines: text.split("\n"), imports: importsOf(file, text) };
  });

const roomOf = (file: string): string => file.split("/", 1)[0] ?? "";
const viewOf = (file: string): string => file.split("/").slice(0, 2).join("/");
const layerOf = (file: string): number => LAYERS.findIndex((rooms) => rooms.includes(roomOf(file)));

const wrong = (rule: (source: Source) => readonly string[]): readonly string[] =>
  SOURCES.flatMap((source) => rule(source).map((what) => `${source.file}: ${what}`));

describe("the rooms of the source", () => {
  it("are found, each in its layer", () => {
    expect(SOURCES.length).toBeGreaterThan(100);
    expect(wrong(({ file }) => (layerOf(file) < 0 ? ["no layer is named for it"] : []))).toEqual([]);
  });

  it("import downwards alone", () => {
    const upwards = wrong(({ file, imports }) =>
      imports.filter((to) => !to.endsWith(".css") && layerOf(to) < layerOf(file)),
    );
    expect(upwards).toEqual([]);
  });

  it("keep views from each other", () => {
    const others = wrong(({ file, imports }) =>
      imports.filter((to) => roomOf(to) === "views" && viewOf(to) !== viewOf(file)),
    );
    expect(others).toEqual([]);
  });

  it("open connections in the stream alone", () => {
    const doors = wrong(({ file, text }) =>
      /new (WebSocket|EventSource)\(/.test(text) && roomOf(file) !== "stream" ? ["a door"] : [],
    );
    expect(doors).toEqual([]);
  });
});

describe("each file", () => {
  it("begins with a sentence that says what it is for", () => {
    expect(wrong(({ text }) => (text.startsWith("/**") ? [] : ["no sentence"]))).toEqual([]);
  });

  it("is short enough to be read at once", () => {
    const long = wrong(({ lines }) => (lines.length > LINES_MAX ? [`${lines.length} lines`] : []));
    expect(long).toEqual([]);
  });

  it("has lines that fit, save those that one text fills", () => {
    const wide = wrong(({ lines }) =>
      lines.flatMap((line, at) => {
        const bare = line.replaceAll(TEXT, "");
        return line.length > COLUMNS_MAX && bare === line ? [`line ${at + 1}`] : [];
      }),
    );
    expect(wide).toEqual([]);
  });
});
