/** The keyboard: one listener for the page, and a list of what each key does for the help. */
import { useEffect, useRef } from "react";

export interface Shortcut {
  /** `/`, `?`, `g o` (one after the other), `ctrl+k`. */
  readonly keys: string;
  readonly says: string;
  readonly group: string;
}

interface Registered extends Shortcut {
  readonly run: (event: KeyboardEvent) => void;
}

/** How long the second key of two may take. */
const SECOND_KEY_MS = 1_500;
const registered: Registered[] = [];
let first = "";
let firstMs = 0;

/** Whether a key is text for the element that has the focus. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  return (
    target.isContentEditable ||
    target.matches("input:not([type=checkbox]):not([type=radio]), textarea, select")
  );
}

export function spelt(
  event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey">,
): string {
  if (event.altKey) return "";
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return event.ctrlKey || event.metaKey ? `ctrl+${key}` : key;
}

function pressed(event: KeyboardEvent): void {
  const key = spelt(event);
  if (!key || (event.repeat && key !== "j" && key !== "k")) return;
  const withControl = key.startsWith("ctrl+");
  if (!withControl && (isTyping(event.target) || document.querySelector("dialog[open]"))) return;
  if (
    key === "Enter" &&
    event.target instanceof Element &&
    event.target.closest("a, button, summary")
  )
    return;
  const together = first && event.timeStamp - firstMs < SECOND_KEY_MS ? `${first} ${key}` : "";
  // The newest comes first: a view's key stands above the page's.
  const found =
    registered.findLast((it) => it.keys === together) ??
    registered.findLast((it) => it.keys === key);
  first = registered.some((it) => it.keys.startsWith(`${key} `)) ? key : "";
  firstMs = event.timeStamp;
  if (!found) return;
  event.preventDefault();
  found.run(event);
}

/** Called once, by the page. */
export function startKeys(): void {
  document.addEventListener("keydown", pressed);
}

export const shortcuts = (): readonly Shortcut[] => registered;

/** Keys that work while the component is there. */
export function useKeys(
  keys: readonly (Shortcut & { readonly run: (event: KeyboardEvent) => void })[],
): void {
  const newest = useRef(keys);
  useEffect(() => {
    newest.current = keys;
  });
  const named = keys.map((it) => it.keys).join("\n");
  useEffect(() => {
    if (!named) return undefined;
    const own = named.split("\n").map((spelling, at): Registered => ({
      keys: spelling,
      says: newest.current[at]?.says ?? "",
      group: newest.current[at]?.group ?? "",
      run: (event) => newest.current[at]?.run(event),
    }));
    registered.push(...own);
    return () => {
      for (const it of own) registered.splice(registered.indexOf(it), 1);
    };
  }, [named]);
}
