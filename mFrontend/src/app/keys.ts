/** The keyboard: one listener for the page, and a list of what each key does for the help. */
import { type RefObject, useEffect, useRef } from "react";

interface Shortcut {
  /** `/`, `?`, `g o` (one after the other), `ctrl+k`. */
  readonly keys: string;
  readonly says: string;
  readonly group: string;
}

/** The part of the page that a key is for, where several have the same: a table, a tree. */
type Place = RefObject<Element | null>;

interface Registered extends Shortcut {
  readonly run: (event: KeyboardEvent) => void;
  readonly place: Place | undefined;
}

/** How long the second key of two may take. */
const SECOND_KEY_MS = 1_500;
const registered: Registered[] = [];
let first = "";
let firstMs = 0;
/** The part that has the focus, or had it last of all that have keys of their own. */
let focused: Element | null = null;

/** Whether a key is text for the element that has the focus. */
function isTyping(target: EventTarget | null): boolean {
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

/**
 * Of several with the same keys the newest: a view's key stands above the page's. Of parts of a
 * view the one that has or last had the focus, else the first on the page.
 */
export function chosen<T extends { readonly place: Place | undefined }>(
  fitting: readonly T[],
  inFocus: Element | null,
): T | undefined {
  const newest = fitting.at(-1);
  if (!newest?.place) return newest;
  const parts = fitting.flatMap((it) => {
    const place = it.place?.current;
    return place ? [[place, it] as const] : [];
  });
  const own = parts.find(([place]) => place === inFocus);
  const [topmost] = parts.toSorted(([a], [b]) =>
    a.compareDocumentPosition(b) & PRECEDING ? 1 : -1,
  );
  return (own ?? topmost)?.[1] ?? newest;
}

/** As `Node.DOCUMENT_POSITION_PRECEDING`. */
const PRECEDING = 2;

function focusMoved(event: FocusEvent): void {
  const { target } = event;
  if (!(target instanceof Element)) return;
  const place = registered.find((it) => it.place?.current?.contains(target))?.place;
  if (place) focused = place.current;
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
  const fitting = (keys: string): Registered[] => registered.filter((it) => it.keys === keys);
  const found = chosen(fitting(together), focused) ?? chosen(fitting(key), focused);
  first = registered.some((it) => it.keys.startsWith(`${key} `)) ? key : "";
  firstMs = event.timeStamp;
  if (!found) return;
  event.preventDefault();
  found.run(event);
}

/** Called once, by the page. */
export function startKeys(): void {
  document.addEventListener("keydown", pressed);
  document.addEventListener("focusin", focusMoved);
}

export const shortcuts = (): readonly Shortcut[] => registered;

/** Keys that work while the component is there; `place`: the part of a view that they are for. */
export function useKeys(
  keys: readonly (Shortcut & { readonly run: (event: KeyboardEvent) => void })[],
  place?: Place,
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
      place,
    }));
    registered.push(...own);
    return () => {
      for (const it of own) registered.splice(registered.indexOf(it), 1);
    };
  }, [named, place]);
}
