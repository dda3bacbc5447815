/**
 * The views: each folder of `src/views` with a `route.ts` is one, loaded when it is entered.
 *
 * A new view needs no line here or anywhere else outside its folder.
 */
import { type ComponentType, type LazyExoticComponent, lazy } from "react";

/** What the `route.ts` of a view exports by default. */
export interface Place {
  /** As in wouter: `/accounts/:index`. */
  readonly path: string;
  readonly name: string;
  /** Its place in the rail, smallest first. */
  readonly order: number;
  /** The letter after `g`; none for views that are entered from others and not in the rail. */
  readonly letter?: string;
  /** Its picture in the rail: the path of a drawing of lines in a box of 24. */
  readonly icon?: string;
}

export interface Route extends Place {
  readonly view: LazyExoticComponent<ComponentType>;
}

const places = import.meta.glob<Place>("../views/*/route.ts", { eager: true, import: "default" });
const views = import.meta.glob<{ default: ComponentType }>("../views/*/index.tsx");

function routeOf([file, place]: [string, Place]): Route {
  const load = views[file.replace(/route\.ts$/, "index.tsx")];
  if (!load) throw new Error(`${file}: expected an index.tsx beside it, found none`);
  return { ...place, view: lazy(load) };
}

export const ROUTES: readonly Route[] = Object.entries(places)
  .map(routeOf)
  .toSorted((a, b) => a.order - b.order);

/** Where an account or a process is shown. */
export const accountPath = (venue: string, account: string): string =>
  `/accounts/${encodeURIComponent(`${venue}:${account}`)}`;
export const actorPath = (actor: string): string =>
  `/supervision?actor=${encodeURIComponent(actor)}`;
