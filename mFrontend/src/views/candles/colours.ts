/** The tokens as the canvas needs them, read anew when theme or palette change. */
import { useSyncExternalStore } from "react";

export interface Colours {
  readonly surface: string;
  readonly line: string;
  readonly edge: string;
  readonly accent: string;
  readonly soft: string;
  readonly raised: string;
  readonly up: string;
  readonly down: string;
}

const NAMES = ["surface", "line", "edge", "accent", "soft", "raised", "up", "down"] as const;

let held: Colours | null = null;
let heldLook = "";

/** The same object until theme or palette change. */
function current(): Colours {
  const { theme, palette } = document.documentElement.dataset;
  const look = `${theme} ${palette}`;
  if (held && look === heldLook) return held;
  const style = getComputedStyle(document.documentElement);
  const found = NAMES.map((name) => [name, style.getPropertyValue(`--${name}`).trim()]);
  held = Object.fromEntries(found) as Record<(typeof NAMES)[number], string>;
  heldLook = look;
  return held;
}

function subscribe(run: () => void): () => void {
  const observer = new MutationObserver(run);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme", "data-palette"] });
  return () => observer.disconnect();
}

export const useColours = (): Colours => useSyncExternalStore(subscribe, current);
