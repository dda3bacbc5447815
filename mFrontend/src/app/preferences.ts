/** What the reader chose of looks, kept in this browser. */
import { useSyncExternalStore } from "react";

interface Preferences {
  readonly theme: "system" | "dark" | "light";
  readonly palette: "green" | "blue";
}

const KEY = "broadcaster.preferences";
const DEFAULT: Preferences = { theme: "system", palette: "green" };
const listeners = new Set<() => void>();
const prefersLight = (): boolean => matchMedia("(prefers-color-scheme: light)").matches;

function kept(): Preferences {
  try {
    return {
      ...DEFAULT,
      ...(JSON.parse(localStorage.getItem(KEY) ?? "{}") as Partial<Preferences>),
    };
  } catch {
    // Storage may be closed to us; the choice then lasts as long as the tab.
    return DEFAULT;
  }
}

let current: Preferences = DEFAULT;

function show(): void {
  const { theme, palette } = current;
  const light = theme === "light" || (theme === "system" && prefersLight());
  document.documentElement.dataset["theme"] = light ? "light" : "dark";
  document.documentElement.dataset["palette"] = palette;
}

export function choose(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(KEY, JSON.stringify(current));
  } catch {
    // As above.
  }
  show();
  for (const listener of listeners) listener();
}

const ORDER: readonly Preferences["theme"][] = ["system", "dark", "light"];

export function nextTheme(): void {
  choose({ theme: ORDER[(ORDER.indexOf(current.theme) + 1) % ORDER.length] ?? "system" });
}

/** Called once, before the first render. */
export function startPreferences(): void {
  current = kept();
  show();
  matchMedia("(prefers-color-scheme: light)").addEventListener("change", show);
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const usePreferences = (): Preferences => useSyncExternalStore(subscribe, () => current);
