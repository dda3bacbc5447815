/** Search over accounts, markets, processes and views: type, arrows, Enter. */
import { useQuery } from "@tanstack/react-query";
import { type KeyboardEvent, useId, useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { accountsQuery } from "@/api/queries";
import { ROUTES, accountPath, actorPath } from "@/app/routes";
import { accountName } from "@/format/names";
import { useTopic } from "@/stream/hooks";
import type { Child } from "@/stream/messages";
import { Dialog } from "./Dialog";
import { holds } from "./sorting";

interface Entry {
  readonly name: string;
  readonly kind: string;
  readonly path: string;
}

const SHOWN_MAX = 12;

function useEntries(): readonly Entry[] {
  const accounts = useQuery(accountsQuery).data;
  const children = useTopic("supervision").rows as unknown as readonly Child[];
  return useMemo(() => {
    const views = ROUTES.filter((it) => it.letter).map((it) => ({
      name: it.name,
      kind: "view",
      path: it.path,
    }));
    const known = (accounts ?? []).map((it) => ({
      name: `${accountName(it)}${it.label ? ` ${it.label}` : ""}`,
      kind: "account",
      path: accountPath(it.venue, it.account),
    }));
    const markets = children
      .filter((it) => it.kind === "orderbook" || it.actor.startsWith("orderbook:"))
      .map((it) => ({
        name: it.actor.slice("orderbook:".length),
        kind: "market",
        path: `/books?markets=${encodeURIComponent(it.actor)}`,
      }));
    const actors = children.map((it) => ({
      name: it.actor,
      kind: "process",
      path: actorPath(it.actor),
    }));
    return [...views, ...known, ...markets, ...actors];
  }, [accounts, children]);
}

export function Palette({ onClose }: { readonly onClose: () => void }) {
  const entries = useEntries();
  const [text, setText] = useState("");
  const [at, setAt] = useState(0);
  const [, go] = useLocation();
  const list = useId();
  const place = useRef<HTMLUListElement>(null);
  const found = entries.filter((it) => holds(`${it.kind} ${it.name}`, text)).slice(0, SHOWN_MAX);
  const current = Math.min(at, found.length - 1);
  const enter = (entry: Entry | undefined): void => {
    if (!entry) return;
    onClose();
    go(entry.path);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      setAt((current + step + found.length) % Math.max(1, found.length));
    } else if (event.key === "Enter") {
      event.preventDefault();
      enter(found[current]);
    }
  };
  return (
    <Dialog title="Search accounts, markets, processes and views" plain onClose={onClose}>
      <input
        className="field w-full"
        role="combobox"
        aria-label="Search accounts, markets, processes and views"
        aria-expanded="true"
        aria-controls={list}
        aria-activedescendant={found[current] ? `${list}-${current}` : undefined}
        placeholder="Account, market, process or view"
        autoFocus
        autoComplete="off"
        spellCheck={false}
        value={text}
        onKeyDown={onKeyDown}
        onChange={(event) => {
          setText(event.target.value);
          setAt(0);
        }}
      />
      <ul ref={place} id={list} role="listbox" aria-label="Found" className="mt-3 min-h-40">
        {found.map((it, index) => (
          <li
            key={`${it.kind} ${it.path}`}
            id={`${list}-${index}`}
            role="option"
            aria-selected={index === current}
            className="flex cursor-pointer justify-between gap-3 rounded px-2 py-1 aria-selected:bg-raised aria-selected:outline aria-selected:outline-accent"
            onPointerMove={() => setAt(index)}
            onClick={() => enter(it)}
          >
            <span className="min-w-0 truncate">{it.name}</span>
            <span className="text-soft">{it.kind}</span>
          </li>
        ))}
      </ul>
      {found.length === 0 && <p className="px-2 text-soft">Nothing is called so.</p>}
    </Dialog>
  );
}
