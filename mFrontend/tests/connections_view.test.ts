import { describe, expect, it } from "vitest";
import { accountOfActor } from "@/format/names";
import { meant, outcome, sure, title } from "@/views/connections/actions";
import {
  type Budget,
  addressName,
  leasedPercent,
  ordered,
  shortOf,
  tightness,
} from "@/views/connections/budgets";
import {
  type Choice,
  type Entry,
  type Lane,
  attention,
  groups,
  isShown,
  isSilent,
  keyOf,
  missing,
  successPercent,
} from "@/views/connections/lanes";

const NOW = 1_000_000_000;

const lane = (actor: string, kind: string, more: Partial<Lane> = {}): Lane =>
  ({
    actor,
    venue: actor.split(":")[1] ?? "",
    account: "",
    lane: kind,
    state: "connected",
    phase: 0,
    attempt: 0,
    next_retry_us: null,
    last_message_us: NOW - 1_000_000,
    stale_after_ms: 5_000,
    last_error: "",
    last_error_us: null,
    requests: 0,
    failures: 0,
    latency_ms: null,
    exit_address: "",
    ...more,
  }) as Lane;

const running = { state: "ready", reason: "", next_restart_us: null };

const entry = (of: Lane): Entry => ({
  key: keyOf(of),
  actor: of.actor,
  venue: of.venue,
  kind: of.lane,
  lane: of,
  seen: attention(of, running, true, NOW),
});

const ALL: Choice = { search: "", venue: "", kind: "all lanes", show: "all", order: "attention" };

describe("a lane's state", () => {
  it("is its process's where that is away, with its next attempt", () => {
    const away = { state: "backoff", reason: "signal 9", next_restart_us: NOW + 3 };
    expect(attention(lane("account:x:1", "rest"), away, true, NOW)).toMatchObject({
      rank: 90,
      tone: "bad",
      word: "process back-off",
      why: "signal 9",
      nextUs: NOW + 3,
    });
  });

  it("says back-off with the time of the next attempt, and why", () => {
    const back = lane("account:x:1", "websocket", {
      state: "backoff",
      next_retry_us: NOW + 9,
      last_error: "timeout",
    });
    const found = attention(back, running, true, NOW);
    expect([found.word, found.nextUs, found.why]).toEqual(["back-off", NOW + 9, "timeout"]);
  });

  it("ranks what an operator must see first, and a pause or a recent error below all of it", () => {
    const of = (more: Partial<Lane>, linked = true) =>
      attention(lane("account:x:1", "rest", more), running, linked, NOW).rank;
    const ranks = [
      of({ state: "rejected" }),
      of({ state: "backoff" }),
      of({}, false),
      of({ last_message_us: NOW - 5_000_001 }),
      of({ state: "connecting" }),
      of({ last_error: "x", last_error_us: NOW - 1 }),
      of({ state: "paused" }),
      of({}),
    ];
    expect(ranks).toEqual(ranks.toSorted((a, b) => b - a));
    expect(new Set(ranks).size).toBe(ranks.length);
    expect(ranks.at(-1)).toBe(0);
    expect(of({ state: "paused" }, false)).toBeLessThan(50);
  });

  it("is silent beyond its own limit only while it is connected", () => {
    const old = { last_message_us: NOW - 5_000_001 };
    expect(isSilent(lane("a:x", "rest", old), NOW)).toBe(true);
    expect(isSilent(lane("a:x", "rest", { last_message_us: NOW - 5_000_000 }), NOW)).toBe(false);
    expect(isSilent(lane("a:x", "rest", { ...old, state: "backoff" }), NOW)).toBe(false);
    expect(isSilent(lane("a:x", "rest", { last_message_us: null }), NOW)).toBe(false);
    expect(isSilent(lane("a:x", "rest", { ...old, stale_after_ms: 0 }), NOW)).toBe(false);
  });

  it("has a success rate where it asks at all", () => {
    expect(successPercent({ requests: 0, failures: 0 })).toBeNull();
    expect(successPercent({ requests: 200, failures: 1 })).toBe(99.5);
  });
});

describe("groups of lanes", () => {
  const good = [
    lane("account:y:10", "rest"),
    lane("account:y:2", "rest"),
    lane("account:y:2", "websocket"),
    lane("account:x:1", "rest"),
  ].map(entry);
  const bad = entry(lane("account:y:3", "rest", { state: "backoff" }));

  it("stand by venue, in the order of numbers, the WebSocket before REST", () => {
    expect(groups(good, "attention").map((each) => [each.name, each.entries.map((e) => e.key)])).toEqual([
      ["x", ["account:x:1 rest"]],
      ["y", ["account:y:2 websocket", "account:y:2 rest", "account:y:10 rest"]],
    ]);
  });

  it("put what needs attention first, whatever its venue", () => {
    const [first, ...rest] = groups([...good, bad], "attention");
    expect([first?.name, first?.entries]).toEqual(["Needs attention", [bad]]);
    expect(rest.flatMap((each) => each.entries)).not.toContain(bad);
    expect(groups([...good, bad], "name").map((each) => each.name)).toEqual(["x", "y"]);
  });

  it("sort by figures with the unknown last", () => {
    const rows = [
      lane("account:x:1", "rest", { latency_ms: 5, requests: 10, failures: 1 }),
      lane("account:x:2", "rest", { latency_ms: null }),
      lane("account:x:3", "rest", { latency_ms: 50, requests: 10, failures: 5 }),
    ].map(entry);
    const by = (order: Choice["order"]) =>
      groups(rows, order)[0]?.entries.map((each) => each.actor.at(-1));
    expect(by("latency")).toEqual(["3", "1", "2"]);
    expect(by("success")).toEqual(["3", "1", "2"]);
  });

  it("leave what filters and search ask for", () => {
    const rows = [...good, bad];
    const left = (more: Partial<Choice>) =>
      rows.filter((each) => isShown(each, { ...ALL, ...more })).map((each) => each.key);
    expect(left({ venue: "x" })).toEqual(["account:x:1 rest"]);
    expect(left({ kind: "websocket" })).toEqual(["account:y:2 websocket"]);
    expect(left({ show: "needs attention" })).toEqual([bad.key]);
    expect(left({ show: "connected" })).not.toContain(bad.key);
    expect(left({ search: "back-off 3" })).toEqual([bad.key]);
  });

  it("name actors that never told of a lane", () => {
    const [found] = missing([{ actor: "account:x:9", state: "starting", reason: "" }]);
    expect(found).toMatchObject({ key: "account:x:9 none", venue: "x", lane: null });
    expect(found?.seen).toMatchObject({ word: "no lane yet", why: "its process is starting" });
  });
});

describe("orders to connections", () => {
  it("say what they are about", () => {
    expect(meant({ account: "x:1" })).toBe("x:1");
    expect(meant({ venue: "x" })).toBe("all accounts and streams at x");
    expect(title({ name: "reconnect", lane: "rest", account: "x:1" })).toBe(
      "Reconnect the REST lane of x:1?",
    );
    expect(title({ name: "pause", lane: "" })).toBe("Pause all accounts and streams?");
  });

  it("ask before all but the resuming of one account", () => {
    expect(sure({ name: "resume", lane: "", account: "x:1" })).toBeNull();
    expect(sure({ name: "resume", lane: "" })).not.toBeNull();
    expect(sure({ name: "reconnect", lane: "websocket", account: "x:1" })).toContain("WebSocket");
    expect(sure({ name: "pause", lane: "", account: "x:1" })).toContain("resumes");
  });

  it("tell who was reached and how many were not", () => {
    const told = { actors: ["a:1"], not_told: [] };
    expect(outcome({ name: "pause" }, told)).toBe("a:1 paused");
    const some = { actors: ["a:1", "a:2"], not_told: [{ actor: "a:3", reason: "busy" }] };
    expect(outcome({ name: "reconnect" }, some)).toBe("2 actors told to reconnect, 1 not");
  });

  it("go to accounts alone", () => {
    expect(accountOfActor("account:x:sub:1")).toEqual({ venue: "x", account: "sub:1" });
    expect(accountOfActor("orderbook:x:linear:BTC")).toBeNull();
  });
});

describe("request budgets", () => {
  const budget = (address: string, wanted: number, rate: number, more: Partial<Budget> = {}) =>
    ({
      venue: "x",
      exit_address: address,
      limit: { count: 1000, period_s: 60 },
      rate_per_s: 10,
      leased_per_s: rate,
      burst: 60,
      pool: 0,
      not_before_us: null,
      leases: wanted
        ? { "account:x:1": { wanted_per_s: wanted, rate_per_s: rate, burst: 1 } }
        : {},
      ...more,
    }) as Budget;

  it("are throttled until a time, divided, roomy or unused", () => {
    const words = [
      budget("a", 5, 5, { not_before_us: NOW + 1 }),
      budget("a", 5, 5, { not_before_us: NOW }),
      budget("a", 20, 10),
      budget("a", 0, 0),
    ].map((each) => tightness(each, NOW).word);
    expect(words).toEqual(["throttled", "room", "divided", "unused"]);
    expect(shortOf(budget("a", 20, 10))).toEqual(["account:x:1"]);
    expect(shortOf(budget("a", 10, 9.999))).toEqual([]);
  });

  it("stand the tightest first, within a venue and a search", () => {
    const all = [
      budget("room", 5, 5),
      budget("full", 20, 10),
      budget("away", 1, 1, { not_before_us: NOW + 1 }),
    ];
    const names = (choice: { venue: string; search: string }) =>
      ordered(all, choice, NOW).map((each) => each.exit_address);
    expect(names({ venue: "", search: "" })).toEqual(["away", "full", "room"]);
    expect(names({ venue: "y", search: "" })).toEqual([]);
    expect(names({ venue: "", search: "full" })).toEqual(["full"]);
  });

  it("are a share that no bar exceeds", () => {
    expect(leasedPercent(budget("a", 5, 5))).toBe(50);
    expect(leasedPercent(budget("a", 5, 5, { leased_per_s: 11 }))).toBe(100);
    expect(leasedPercent(budget("a", 5, 5, { rate_per_s: 0 }))).toBe(0);
    expect(addressName({ exit_address: "" })).toBe("this machine's address");
  });
});
