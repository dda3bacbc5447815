/** The frame around every view: rail or bar, connection, theme, search, help, keys. */
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Link as To, useLocation } from "wouter";
import { Collector } from "@/parts/Collector";
import { Help } from "@/parts/Help";
import { LinkBadge } from "@/parts/LinkBadge";
import { LiveRegion } from "@/parts/LiveRegion";
import { Palette } from "@/parts/Palette";
import { Stale } from "@/parts/States";
import { TokenDialog, askForToken } from "@/parts/TokenDialog";
import { useLink, useTopic } from "@/stream/hooks";
import { link } from "@/stream/tab";
import { useAnnouncements } from "./announcements";
import { useKeys } from "./keys";
import { choose, nextTheme, usePreferences } from "./preferences";
import { ROUTES, type Route } from "./routes";
import { useTitle } from "./title";

const NAMED = ROUTES.filter((it) => it.letter);

function useOpened() {
  const [opened, setOpened] = useState<"palette" | "help" | null>(null);
  const [, go] = useLocation();
  const { pausedMs } = useLink();
  const { palette } = usePreferences();
  const search = (): void => setOpened("palette");
  useKeys([
    { keys: "/", says: "search accounts, markets, processes and views", group: "Everywhere", run: search },
    { keys: "ctrl+k", says: "the same", group: "Everywhere", run: search },
    { keys: "?", says: "these keys", group: "Everywhere", run: () => setOpened("help") },
    {
      keys: "p",
      says: "pause the view; data go on coming",
      group: "Everywhere",
      run: () => link.pause(pausedMs === null),
    },
    { keys: "t", says: "theme: system, dark, light", group: "Everywhere", run: nextTheme },
    {
      keys: "c",
      says: "colours: green and red, or blue and orange",
      group: "Everywhere",
      run: () => choose({ palette: palette === "green" ? "blue" : "green" }),
    },
    ...NAMED.map((it) => ({
      keys: `g ${it.letter ?? ""}`,
      says: it.name,
      group: "Go to",
      run: () => go(it.path),
    })),
  ]);
  return { opened, setOpened };
}

export function Shell({ children }: { readonly children: ReactNode }) {
  const { opened, setOpened } = useOpened();
  const [location] = useLocation();
  const main = useRef<HTMLElement>(null);
  const before = useRef(location);
  // The lanes say how long their data stay fresh, and their changes are worth a sentence.
  useTopic("connections");
  useAnnouncements();
  useTitle(placeOf(location));
  useEffect(() => {
    if (before.current !== location) main.current?.focus();
    before.current = location;
  }, [location]);
  return (
    <div className="min-h-dvh pb-16 md:pb-0 md:pl-44 print:p-0">
      <a
        href="#main"
        className="button absolute top-1 left-1 z-40 -translate-y-20 focus:translate-y-0"
      >
        Skip to the view
      </a>
      <header
        data-print="no"
        className="sticky top-0 z-30 flex h-11 items-center gap-2 border-b border-line bg-ground px-3"
      >
        <LinkBadge />
        <Simulated />
        <Collector />
        <span className="grow" />
        <button
          type="button"
          className="button"
          onClick={() => setOpened("palette")}
          aria-keyshortcuts="/ Control+K"
        >
          Search <kbd className="key max-sm:hidden">/</kbd>
        </button>
        <Theme />
        <button
          type="button"
          className="button"
          aria-label="Keys"
          onClick={() => setOpened("help")}
          aria-keyshortcuts="?"
        >
          ?
        </button>
      </header>
      <Rail location={location} />
      <main ref={main} id="main" tabIndex={-1} className="grid gap-3 p-3">
        <NoConnection />
        {children}
      </main>
      {opened === "palette" && <Palette onClose={() => setOpened(null)} />}
      {opened === "help" && <Help onClose={() => setOpened(null)} />}
      <TokenDialog />
      <LiveRegion />
    </div>
  );
}

function isAt(route: Route, location: string): boolean {
  const root = route.path.split("/:")[0] ?? "/";
  return root === "/" ? location === "/" : location === root || location.startsWith(`${root}/`);
}

/** The view, after what the address names within it, such as an account. */
function placeOf(location: string): string {
  const [, root, ...within] = location.split("/");
  if (!root) return "";
  const view = ROUTES.find((it) => isAt(it, location))?.name ?? "";
  try {
    return [decodeURIComponent(within.join("/")), view].filter(Boolean).join(" · ");
  } catch {
    // Half an escape names nothing.
    return view;
  }
}

/** On a phone a bar at the foot, else a rail at the left. */
function Rail({ location }: { readonly location: string }) {
  const place = useRef<HTMLElement>(null);
  const current = NAMED.find((it) => isAt(it, location))?.path ?? "";
  useEffect(() => {
    place.current
      ?.querySelector(`[href="${current}"]`)
      ?.scrollIntoView({ inline: "center", block: "nearest" });
  }, [current]);
  return (
    <nav
      ref={place}
      aria-label="Views"
      data-print="no"
      className="fixed inset-x-0 bottom-0 z-30 bar-hint flex overflow-x-auto border-t border-line bg-surface md:inset-y-0 md:right-auto md:w-44 md:flex-col md:overflow-y-auto md:border-t-0 md:border-r"
    >
      <span className="px-4 py-2.5 font-semibold max-md:hidden">Broadcaster</span>
      {NAMED.map((it) => (
        <To
          key={it.path}
          href={it.path}
          aria-current={isAt(it, location) ? "page" : undefined}
          className="flex min-h-12 min-w-16 flex-none flex-col items-center justify-center gap-0.5 px-2 text-soft hover:text-ink aria-[current]:bg-raised aria-[current]:text-ink md:min-h-9 md:flex-row md:justify-start md:gap-2.5 md:border-l-2 md:border-transparent md:px-4 md:aria-[current]:border-accent"
        >
          <svg
            aria-hidden="true"
            viewBox="0 0 24 24"
            className="size-4.5 flex-none"
            fill="none"
            stroke="currentColor"
            strokeWidth="1.6"
          >
            <path d={it.icon} />
          </svg>
          <span className="whitespace-nowrap max-md:text-xs">{it.name}</span>
        </To>
      ))}
    </nav>
  );
}

function Theme() {
  const { theme } = usePreferences();
  const sign = { system: "◐", dark: "☾", light: "☀" }[theme];
  return (
    <button
      type="button"
      className="button"
      aria-label={`Theme: ${theme}`}
      title={`Theme: ${theme} (t)`}
      onClick={nextTheme}
    >
      <span aria-hidden="true">{sign}</span>
    </button>
  );
}

/** A loss that passes is the badge's alone; one that lasts has its reason told to everybody. */
const LASTING_FAILURES = 3;

function NoConnection() {
  const { failures, reason } = useLink();
  if (failures < LASTING_FAILURES || !reason) return null;
  return (
    <div role="alert">
      <Stale>No connection to the service: {reason}</Stale>
    </div>
  );
}

function Simulated() {
  const { welcome, phase } = useLink();
  if (phase === "unauthorised") {
    return (
      <button type="button" className="button button-strong" onClick={askForToken}>
        Enter the token
      </button>
    );
  }
  if (!welcome?.simulated) return null;
  return (
    <span
      className="truncate text-sm text-soft"
      title="Venues on this machine that play exchange; no account is real."
    >
      simulated venues
    </span>
  );
}
