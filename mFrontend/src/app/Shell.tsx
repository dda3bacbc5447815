/** The frame around every view: rail or bar, connection, theme, search, help, keys. */
import { type ReactNode, useEffect, useRef, useState } from "react";
import { Link as To, useLocation } from "wouter";
import { Help } from "@/parts/Help";
import { LinkBadge } from "@/parts/LinkBadge";
import { LiveRegion } from "@/parts/LiveRegion";
import { Palette } from "@/parts/Palette";
import { TokenDialog, askForToken } from "@/parts/TokenDialog";
import { useLink, useTopic } from "@/stream/hooks";
import { link } from "@/stream/tab";
import { useAnnouncements } from "./announcements";
import { useKeys } from "./keys";
import { choose, nextTheme, usePreferences } from "./preferences";
import { ROUTES, type Route } from "./routes";

const NAMED = ROUTES.filter((it) => it.letter);

function useOpened() {
  const [opened, setOpened] = useState<"palette" | "help" | null>(null);
  const [, go] = useLocation();
  const { pausedMs } = useLink();
  const { palette } = usePreferences();
  const search = (): void => setOpened("palette");
  useKeys([
    { keys: "/", says: "search accounts and markets", group: "Everywhere", run: search },
    { keys: "ctrl+k", says: "search", group: "Everywhere", run: search },
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
  useEffect(() => {
    const route = ROUTES.find((it) => isAt(it, location));
    document.title = route && route.path !== "/" ? `${route.name} · Broadcaster` : "Broadcaster";
    if (before.current !== location) main.current?.focus();
    before.current = location;
  }, [location]);
  return (
    <div className="min-h-dvh pb-16 md:pb-0 md:pl-44">
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

/** On a phone a bar at the foot, else a rail at the left. */
const Rail = ({ location }: { readonly location: string }) => (
  <nav
    aria-label="Views"
    data-print="no"
    className="fixed inset-x-0 bottom-0 z-30 flex overflow-x-auto border-t border-line bg-surface md:inset-y-0 md:right-auto md:w-44 md:flex-col md:overflow-y-auto md:border-t-0 md:border-r"
  >
    <span className="px-4 py-2.5 font-semibold max-md:hidden">Broadcaster</span>
    {NAMED.map((it) => (
      <To
        key={it.path}
        href={it.path}
        aria-current={isAt(it, location) ? "page" : undefined}
        className="flex min-h-12 min-w-16 flex-col items-center justify-center gap-0.5 px-2 text-soft hover:text-ink aria-[current]:bg-raised aria-[current]:text-ink md:min-h-9 md:flex-row md:justify-start md:gap-2.5 md:border-l-2 md:border-transparent md:px-4 md:aria-[current]:border-accent"
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
        <span className="max-md:text-xs">{it.name}</span>
      </To>
    ))}
  </nav>
);

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
