import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

const css = readFileSync(new URL("../src/styles/tokens.css", import.meta.url), "utf8");

function tokens(selector: string): Record<string, string> {
  const start = css.indexOf(`${selector} {`);
  if (start < 0) throw new Error(`tokens.css has no ${selector}`);
  const block = css.slice(start, css.indexOf("}", start));
  return Object.fromEntries(
    [...block.matchAll(/--([\w-]+):\s*(#[0-9a-f]{6});/g)].map(([, name, colour]) => [
      name ?? "",
      colour ?? "",
    ]),
  );
}

function luminance(colour: string): number {
  const [r = 0, g = 0, b = 0] = [1, 3, 5].map((at) => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].toSorted((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const dark = tokens(":root");
const light = { ...dark, ...tokens(':root[data-theme="light"]') };
const themes = {
  dark,
  light,
  "dark, blue": { ...dark, ...tokens(':root[data-palette="blue"]') },
  "light, blue": { ...light, ...tokens(':root[data-theme="light"][data-palette="blue"]') },
};
const GROUNDS = ["ground", "surface", "raised"];
const pairs = [
  ...["ink", "soft", "faint", "accent", "good", "warn", "bad", "up", "down"].flatMap((ink) =>
    GROUNDS.map((ground) => [ink, ground]),
  ),
  ["good", "good-ground"],
  ["warn", "warn-ground"],
  ["bad", "bad-ground"],
  ["on-accent", "accent"],
  ["ink", "flash"],
  ["ink", "bad-ground"],
  ["soft", "bad-ground"],
  ["up", "flash"],
  ["down", "flash"],
  ...["up", "ink", "soft"].map((ink) => [ink, "up-ground"]),
  ...["down", "ink", "soft"].map((ink) => [ink, "down-ground"]),
];

describe.each(Object.entries(themes))("contrast, %s", (_, theme) => {
  it.each(pairs)("%s is readable on %s", (ink = "", ground = "") => {
    expect(contrast(theme[ink] ?? "", theme[ground] ?? "")).toBeGreaterThanOrEqual(4.5);
  });

  it.each(GROUNDS)("borders of controls and the focus can be seen on %s", (ground) => {
    expect(contrast(theme["edge"] ?? "", theme[ground] ?? "")).toBeGreaterThanOrEqual(3);
    expect(contrast(theme["accent"] ?? "", theme[ground] ?? "")).toBeGreaterThanOrEqual(3);
  });
});
