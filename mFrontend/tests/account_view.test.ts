import { describe, expect, it } from "vitest";
import { ApiProblem } from "@/api/client";
import { hasNone, retryHistory } from "@/api/history";
import { kept } from "@/parts/AccountEntries";
import { beginning, laidOut } from "@/parts/FramesText";
import { crossed } from "@/parts/MarginMeter";
import { isPaused, roadOf } from "@/parts/Via";
import { type Account, attention } from "@/parts/attention";
import { fillTimeUs } from "@/parts/fills";
import type { Fill } from "@/stream/messages";
import { FILLS_MAX } from "@/stream/topics";
import { past } from "@/views/account/curve";
import { merged, torn } from "@/views/account/fills";
import { decoded, found, neighbours } from "@/views/account/found";
import type { Entry } from "@/views/accounts/entries";
import { fitting } from "@/views/accounts/filters";

const account = (venue: string, name: string, more: Partial<Account> = {}): Account =>
  ({ venue, account: name, index: name, label: "", aliases: [], ...more }) as Account;

describe("which account an address names", () => {
  const accounts = [
    account("extended", "1", { label: "MAIN" }),
    account("lighter", "1", { aliases: ["0xab"] }),
    account("lighter", "10"),
    account("lighter", "2"),
  ];

  it("takes the whole name first, then what fits one account alone", () => {
    expect(found(accounts, "lighter:1")).toEqual({ kind: "one", account: accounts[1] });
    expect(found(accounts, "main")).toEqual({ kind: "one", account: accounts[0] });
    expect(found(accounts, "0xAB")).toEqual({ kind: "one", account: accounts[1] });
    expect(found(accounts, "2")).toEqual({ kind: "one", account: accounts[3] });
  });

  it("says when several fit, or none", () => {
    const several = found(accounts, "1");
    expect(several.kind === "several" && several.candidates).toEqual(accounts.slice(0, 2));
    expect(found(accounts, "7").kind).toBe("none");
    expect(found([], "").kind).toBe("none");
  });

  it("reads what is escaped, and what cannot be read as it stands", () => {
    expect(decoded("extended%3A1")).toBe("extended:1");
    expect(decoded("50%")).toBe("50%");
    expect(decoded(undefined)).toBe("");
  });

  it("walks round in the order of people, not of characters", () => {
    const beside = neighbours(accounts, account("lighter", "2"));
    expect([beside?.before.account, beside?.after.account]).toEqual(["1", "10"]);
    expect(neighbours(accounts, account("lighter", "10"))?.after).toBe(accounts[0]);
    expect(neighbours(accounts.slice(0, 1), account("extended", "1"))).toBeNull();
  });
});

describe("fills of the stream and of history", () => {
  const live = (id: number): Fill =>
    ({ fill_id: `f${id}`, venue_time_us: id * 10, received_us: null, price: "1.0" }) as Fill;
  const stored = (id: number) =>
    ({ ...live(id), at_us: id * 10 }) as unknown as Parameters<typeof torn>[1][number];

  it("are one list, newest first, each once", () => {
    const rows = merged([live(2), live(3)], [stored(3), stored(2), stored(1)]);
    expect(rows.map((row) => row.fill_id)).toEqual(["f3", "f2", "f1"]);
  });

  it("stay the same rows while the fills do", () => {
    const first = live(5);
    expect(merged([first], [])[0]).toBe(merged([live(4), first], [])[0]);
  });

  it("fall back on our own time where the venue tells none", () => {
    const fill = { ...live(1), venue_time_us: null, received_us: 77 } as Fill;
    expect(merged([live(9), fill], []).map(fillTimeUs)).toEqual([90, 77]);
  });

  it("are torn once the stream has dropped what history had not told", () => {
    const full = Array.from({ length: FILLS_MAX }, (_, at) => live(at + 100));
    expect(torn(full, [stored(99)])).toBe(true);
    expect(torn(full, [stored(100), stored(99)])).toBe(false);
    expect(torn(full.slice(1), [stored(99)])).toBe(false);
    expect(torn(full, [])).toBe(false);
  });
});

describe("an account's curve", () => {
  const at = (minute: number, equity = "5", margin_ratio: string | null = "0.1234") => ({
    at_us: minute * 60e6,
    equity,
    margin_ratio,
  });

  it("is oldest first, ends with what the stream says, and moves ratios to percent exactly", () => {
    const { atUs, equity, ratio } = past(
      [at(2, "6"), at(1)],
      { as_of_us: 150e6, equity: "7", margin_ratio: null },
      60,
    );
    expect(atUs).toEqual([60e6, 120e6, 150e6]);
    expect(equity).toEqual(["5", "6", "7"]);
    expect(ratio).toEqual(["0.1234e2", "0.1234e2", null]);
  });

  it("breaks where nothing was stored for long", () => {
    const { atUs, equity } = past([at(10), at(2), at(1)], null, 60);
    expect(atUs).toHaveLength(4);
    expect(equity).toEqual(["5", "5", null, "5"]);
  });

  it("does not go back, and invents nothing", () => {
    const older = { as_of_us: 60e6, equity: "7", margin_ratio: null };
    expect(past([at(2)], older, 60).atUs).toEqual([120e6]);
    expect(past([], { as_of_us: 1, equity: null, margin_ratio: null }, 60).atUs).toEqual([]);
  });
});

describe("history that is not kept", () => {
  const problem = (status: number, kind: string) =>
    new ApiProblem({ type: `/docs#problem-${kind}`, title: "", status, detail: "" });

  it("is no fault; history that cannot be read is one", () => {
    expect(hasNone(problem(503, "no-history"))).toBe(true);
    expect(hasNone(problem(501, "not-built"))).toBe(true);
    expect(hasNone(problem(503, "history-away"))).toBe(false);
    expect(hasNone(new Error("no-history"))).toBe(false);
  });

  it("is not asked for again where that is no use", () => {
    expect(retryHistory(0, problem(503, "history-away"))).toBe(true);
    expect(retryHistory(2, problem(503, "history-away"))).toBe(false);
    expect(retryHistory(0, problem(503, "no-history"))).toBe(false);
    expect(retryHistory(0, problem(404, "unknown-account"))).toBe(false);
  });
});

describe("the road", () => {
  it("is the stream where it stands, else polling, else none", () => {
    const lane = (name: string, state: string) => ({ lane: name, state });
    const RUNS = { pid: 7 };
    expect(roadOf([lane("rest", "connected"), lane("websocket", "connected")], RUNS)).toBe("live");
    expect(roadOf([lane("rest", "connected"), lane("websocket", "backoff")], RUNS)).toBe("polling");
    expect(roadOf([lane("rest", "rejected")], RUNS)).toBe("none");
    expect(roadOf([], undefined)).toBe("none");
    // Of a process that is gone the last word about its lanes still stands.
    expect(roadOf([lane("websocket", "connected")], { pid: null })).toBe("none");
  });

  it("is paused when all lanes are", () => {
    expect(isPaused([{ state: "paused" }, { state: "paused" }])).toBe(true);
    expect(isPaused([{ state: "paused" }, { state: "connected" }])).toBe(false);
    expect(isPaused([])).toBe(false);
  });
});

describe("attention to what stands still", () => {
  const seen = { ratio: "0.1", stale: true, staleReason: "away", known: true };

  it("names the state behind the age, and a pause as what it is", () => {
    expect(attention({ state: "stopped", reason: "" }, seen).word).toBe("stopped");
    expect(attention({ state: "ready", reason: "" }, seen).word).toBe("stale");
    expect(attention({ state: "ready", reason: "" }, { ...seen, paused: true }).word).toBe(
      "paused",
    );
  });

  it("does not let a pause hide a margin", () => {
    const high = { ...seen, ratio: "0.95", paused: true };
    expect(attention({ state: "ready", reason: "" }, high).word).toBe("margin");
  });

  it("tells the line that is crossed", () => {
    expect(crossed("0.69")).toBe("");
    expect(crossed("0.80")).toBe("over the 80\u202f% line");
    expect(crossed("1.2")).toBe("over the 95\u202f% line");
    expect(crossed(null)).toBe("");
  });
});

describe("raw frames", () => {
  it("are laid out without touching a digit or a text", () => {
    const text = '{"id":12345678901234567890.10,"a":[1,{"b":"x:{,}\\"y"}],"e":{},"f":[ ]}';
    const shown = laidOut(text);
    expect(shown).toContain('"id": 12345678901234567890.10,');
    expect(shown).toContain('"b": "x:{,}\\"y"');
    expect(shown).toContain('"e": {}');
    expect(shown).toContain('"f": []');
    expect(JSON.stringify(JSON.parse(shown))).toBe(JSON.stringify(JSON.parse(text)));
  });

  it("may be cut off, or be no JSON", () => {
    expect(laidOut('{"a":[1,2')).toBe('{\n  "a": [\n    1,\n    2');
    expect(laidOut("ping")).toBe("ping");
    expect(laidOut("")).toBe("");
    expect(laidOut('{"a":"\\')).toContain('"a": "\\');
  });

  it("begin on one line", () => {
    expect(beginning("a\n  b", 10)).toBe("a b");
    expect(beginning("abcdef", 3)).toBe("abc…");
  });
});

describe("the list of accounts", () => {
  const entry = (name: string, more: Partial<Entry> = {}): Entry => ({
    name,
    account: account(name.split(":")[0] ?? "", name.split(":")[1] ?? "", { label: "DESK" }),
    figures: null,
    seen: { rank: 0, tone: "good", word: "ready", why: "" },
    positions: 0,
    orders: null,
    road: "live",
    ...more,
  });
  const stale = { rank: 60, tone: "warn", word: "stale", why: "" } as const;
  const all = [
    entry("extended:1", { positions: 2 }),
    entry("extended:2", { seen: stale }),
    entry("lighter:1", { figures: { margin_ratio: "0.7" } as Entry["figures"] }),
  ];
  const names = (...of: Parameters<typeof fitting>): string[] =>
    fitting(...of).map((row) => row.name);

  it("is filtered by words, venue and what is wrong", () => {
    expect(names(all, "", "all", "")).toHaveLength(3);
    expect(names(all, "desk exte", "all", "")).toEqual(["extended:1", "extended:2"]);
    expect(names(all, "", "all", "lighter")).toEqual(["lighter:1"]);
    expect(names(all, "", "need attention", "")).toEqual(["extended:2"]);
    expect(names(all, "", "stale or missing", "")).toEqual(["extended:2"]);
    expect(names(all, "", "over a margin line", "")).toEqual(["lighter:1"]);
    expect(names(all, "", "with positions", "")).toEqual(["extended:1"]);
  });

  it("keeps a row as it is while nothing in it changes", () => {
    const before = entry("extended:1");
    expect(kept(before, { ...before, seen: { ...before.seen } })).toBe(before);
    expect(kept(before, { ...before, orders: 1 })).not.toBe(before);
    expect(kept(undefined, before)).toBe(before);
  });
});
