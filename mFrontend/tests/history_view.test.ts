import { describe, expect, it, vi } from "vitest";
import { ApiProblem } from "@/api/client";
import { MEASURES, type Snapshot, courseOf, curvesOf } from "@/views/history/curve";
import { type CsvPage, fileName, gather } from "@/views/history/export";
import {
  type AccountPeriods,
  type AccountRow,
  type Period,
  accountRows,
  oldestUs,
  plainFigure,
  reasonsOf,
} from "@/views/history/periods";
import {
  POINTS_MAX,
  SPANS_S,
  autoInterval,
  boundsOf,
  chartInterval,
  localText,
  rangeOf,
  readRange,
  secondsOf,
  spellRange,
  tableInterval,
} from "@/views/history/range";
import { type StoreStatus, kindOf, losses, troubleOf } from "@/views/history/store_state";

const NOW_US = Date.UTC(2026, 10, 21, 12) * 1000;
const MINUTE_US = 60e6;

describe("a span of time", () => {
  it("is read from the address and spelt back, in UTC", () => {
    expect(readRange("7d")).toEqual({ kind: "last", span: "7d" });
    const own = readRange("2026-11-20T09:00Z..2026-11-21T09:30Z");
    expect(own).toEqual({
      kind: "own",
      fromUs: Date.UTC(2026, 10, 20, 9) * 1000,
      toUs: Date.UTC(2026, 10, 21, 9, 30) * 1000,
    });
    expect(spellRange(own)).toBe("2026-11-20T09:00Z..2026-11-21T09:30Z");
    expect(secondsOf(own)).toBe(88_200);
  });

  it("is the first choice where the address makes no sense", () => {
    for (const text of ["", "3h", "..", "a..b", "2026-11-21T09:00Z..2026-11-20T09:00Z", "toString"])
      expect(readRange(text)).toEqual({ kind: "last", span: "24h" });
  });

  it("ends now or where it was told to", () => {
    expect(boundsOf({ kind: "last", span: "1h" }, NOW_US)).toEqual({
      fromUs: NOW_US - 3_600e6,
      toUs: NOW_US,
    });
    const own = { kind: "own", fromUs: 1, toUs: 2 } as const;
    expect(boundsOf(own, NOW_US)).toBe(own);
  });

  it("is made of two local times, or says what is wrong and where", () => {
    const at = (us: number) => localText(us);
    const [from, to] = [at(NOW_US - 90 * MINUTE_US), at(NOW_US - 30 * MINUTE_US)];
    expect(rangeOf({ from, to }, NOW_US)).toEqual({
      kind: "own",
      fromUs: NOW_US - 90 * MINUTE_US,
      toUs: NOW_US - 30 * MINUTE_US,
    });
    expect(rangeOf({ from: "", to }, NOW_US)).toMatchObject({ at: "from" });
    expect(rangeOf({ from, to: "" }, NOW_US)).toMatchObject({ at: "to" });
    expect(rangeOf({ from: to, to: from }, NOW_US)).toMatchObject({ at: "to" });
    expect(rangeOf({ from, to: from }, NOW_US)).toMatchObject({ at: "to" });
    expect(rangeOf({ from: "0202-01-01T00:00", to }, NOW_US)).toMatchObject({ at: "from" });
    const future = { from: at(NOW_US + MINUTE_US), to: at(NOW_US + 9 * MINUTE_US) };
    expect(rangeOf(future, NOW_US)).toMatchObject({ at: "from" });
  });
});

describe("the interval", () => {
  it("is as fine as a screen can show", () => {
    const all = Object.values(SPANS_S).map(autoInterval);
    expect(all).toEqual(["1m", "5m", "15m", "1h", "1d"]);
    expect(autoInterval(20 * SPANS_S["1y"])).toBe("1d");
  });

  it("of the chart never needs more than one page of the service", () => {
    expect(chartInterval("1m", SPANS_S["1h"])).toBe("1m");
    expect(chartInterval("1m", SPANS_S["30d"])).toBe("1h");
    expect(chartInterval("1h", SPANS_S["24h"])).toBe("1h");
    expect(chartInterval("each", SPANS_S["24h"])).toBe("5m");
    expect(SPANS_S["24h"] / 300).toBeLessThan(POINTS_MAX);
  });

  it("of the table is what was chosen; each is none", () => {
    expect(tableInterval("1m", SPANS_S["30d"])).toBe("1m");
    expect(tableInterval("auto", SPANS_S["30d"])).toBe("1h");
    expect(tableInterval("each", SPANS_S["30d"])).toBeNull();
  });
});

const snapshot = (atUs: number, equity: string, more: Partial<Snapshot> = {}): Snapshot =>
  ({ at_us: atUs, equity, margin_used: null, settle: "USD", ...more }) as Snapshot;
const [USED, RATIO] = MEASURES;

describe("the curve", () => {
  it("runs forward, with a hole where nothing was stored", () => {
    const items = [
      snapshot(600e6, "3", { margin_used: "0.3" }),
      snapshot(120e6, "2", { margin_used: "0.2" }),
      snapshot(60e6, "1"),
    ];
    const found = curvesOf(items, 60, USED);
    expect(found.atUs).toEqual([60e6, 120e6, 120e6 + 1, 600e6]);
    expect(found.equity).toEqual(["1", "2", null, "3"]);
    expect(found.beside).toEqual([null, "0.2", null, "0.3"]);
    expect(curvesOf(items, 300, USED).atUs).toHaveLength(3);
    expect(curvesOf([], 60, USED)).toEqual({ atUs: [], equity: [], beside: [] });
  });

  it("shows a ratio in percent, and what is unknown as a hole", () => {
    const items = [
      snapshot(2, "1", { margin_ratio: "0.0123" }),
      snapshot(1, "1", { margin_ratio: null }),
    ];
    expect(curvesOf(items, 60, RATIO).beside).toEqual([null, "0.0123e2"]);
  });

  it("comes to the exact difference of its ends", () => {
    expect(courseOf([])).toBeNull();
    const items = [snapshot(3, "0.3"), snapshot(2, "9"), snapshot(1, "0.1")];
    expect(courseOf(items)).toMatchObject({ first: items[2], last: items[0], change: "0.2" });
    expect(courseOf([snapshot(2, "-1.5"), snapshot(1, "-2")])?.change).toBe("0.5");
  });
});

const period = (name: string, unknown: Record<string, string> = {}): Period =>
  ({ period: name, unknown, pnl: "1" }) as unknown as Period;

describe("periods", () => {
  it("tell each reason once, with its figures and periods", () => {
    const periods = [
      period("24h", { funding: "none stored", equity_change: "begins later" }),
      period("all", { funding: "none stored", pnl: "none stored" }),
    ];
    expect(reasonsOf(periods)).toEqual([
      { says: "none stored", figures: ["Funding", "PnL"], periods: [] },
      { says: "begins later", figures: ["Equity +/−"], periods: ["24 h"] },
    ]);
    expect(reasonsOf([period("24h")])).toEqual([]);
  });

  it("never take the unknown for 0", () => {
    expect(plainFigure("wins", null)).toBe("–");
    expect(plainFigure("win_rate_percent", null)).toBe("–");
    expect(plainFigure("win_rate_percent", 41.06)).toBe("41.1\u202f%");
    expect(plainFigure("trades", 1234)).toBe("1\u202f234");
  });

  it("are rows of accounts; one that is not counted stays with its reason", () => {
    const accounts = [
      { venue: "x", account: "1", settle: "USD", periods: [period("24h")], counting: true, reason: null },
      { venue: "x", account: "2", settle: null, periods: [], counting: false, reason: "none" },
    ] as unknown as AccountPeriods[];
    const rows = accountRows(accounts, "24h");
    expect(rows.map((row) => [row.name, row.period?.pnl ?? null, row.settle, row.reason])).toEqual([
      ["x:1", "1", "USD", ""],
      ["x:2", null, "", "none"],
    ]);
    expect(accountRows(accounts, "7d")[0]?.period).toBeNull();
    expect(rows.map((row) => row.counting)).toEqual([true, false]);
  });

  it("are as old as the oldest of them", () => {
    const of = (...times: (number | null)[]) =>
      oldestUs(times.map((us) => ({ period: us && { to_us: us } }) as AccountRow));
    expect(of(3, null, 2)).toBe(2);
    expect(of(null)).toBeNull();
  });
});

const STATUS: StoreStatus = {
  configured: true,
  connected: true,
  kind: "sqlite",
  gaps: 0,
  last_error: "",
  last_error_us: null,
  last_write_us: 1,
  queue_length: 0,
  reason: null,
  refused: 0,
  rows_written: 1,
  since_us: 1,
  spool_bytes: 0,
  spool_bytes_max: 10,
  spool_failing: false,
  thinned: 0,
};

describe("the store", () => {
  it("is no trouble while it is connected, or not wanted", () => {
    expect(troubleOf(STATUS)).toBeNull();
    expect(troubleOf({ ...STATUS, configured: false, connected: false })).toBeNull();
    expect(troubleOf({ ...STATUS, queue_length: 12 })).toBeNull();
  });

  it("says what waits and why, the worst first", () => {
    const away = { ...STATUS, connected: false, reason: "refused", queue_length: 1500 };
    expect(troubleOf(away)).toMatchObject({ tone: "bad" });
    expect(troubleOf(away)?.says).toContain("refused; 1\u202f500 events wait");
    expect(troubleOf({ ...away, spool_failing: true })?.says).toContain("Neither");
    expect(troubleOf({ ...STATUS, queue_length: 9_000, spool_bytes: 2_000 })).toMatchObject({
      tone: "warn",
      says: expect.stringContaining("2.0\u202fkB in the spool"),
    });
  });

  it("names its losses and its kind", () => {
    expect(losses(STATUS)).toEqual([]);
    expect(losses({ ...STATUS, gaps: 1, thinned: 2, refused: 3 })).toHaveLength(3);
    expect(losses({ ...STATUS, gaps: null, thinned: null, refused: null })).toEqual([]);
    expect([kindOf("postgres"), kindOf("other"), kindOf(null)]).toEqual([
      "PostgreSQL",
      "other",
      "none",
    ]);
  });
});

describe("an export", () => {
  const pages: Readonly<Record<string, CsvPage>> = {
    "": { text: "a,b\r\n1,2\r\n3,4\r\n", next: "p2" },
    p2: { text: "a,b\r\n5,6\r\n", next: null },
  };
  const page = async (cursor: string | null): Promise<CsvPage> => {
    const found = pages[cursor ?? ""];
    if (!found) throw new Error(`no page ${cursor}`);
    return found;
  };
  const never = new AbortController().signal;

  it("is every page with one header", async () => {
    const rows = vi.fn();
    const file = await gather(page, rows, never);
    expect(await file.blob.text()).toBe("a,b\r\n1,2\r\n3,4\r\n5,6\r\n");
    expect(file.rows).toBe(3);
    expect(rows.mock.calls).toEqual([[2], [3]]);
  });

  it("of nothing is the header alone", async () => {
    const file = await gather(async () => ({ text: "a,b\r\n", next: null }), vi.fn(), never);
    expect([await file.blob.text(), file.rows]).toEqual(["a,b\r\n", 0]);
  });

  it("waits as long as the service asks, and goes on with the same page", async () => {
    const tooMany = { type: "", title: "Too Many", status: 429, detail: "slow down" };
    let refusals = 2;
    const asked = vi.fn(async (cursor: string | null) => {
      if (cursor === "p2" && refusals-- > 0) throw new ApiProblem(tooMany, refusals ? 7 : null);
      return page(cursor);
    });
    const sleep = vi.fn(async () => undefined);
    const file = await gather(asked, vi.fn(), never, sleep);
    expect(file.rows).toBe(3);
    expect(asked.mock.calls.map(([cursor]) => cursor)).toEqual([null, "p2", "p2", "p2"]);
    expect(sleep.mock.calls).toEqual([[7_000], [5_000]]);
  });

  it("fails with what the service says, and ends when it is told to", async () => {
    const away = new ApiProblem({ type: "", title: "Away", status: 503, detail: "away" });
    await expect(gather(() => Promise.reject(away), vi.fn(), never)).rejects.toBe(away);
    const control = new AbortController();
    const ended = gather(page, () => control.abort(), control.signal);
    await expect(ended).rejects.toThrow();
  });

  it("is named by what it holds", () => {
    const bounds = { fromUs: NOW_US - 3_600e6, toUs: NOW_US };
    const name = "fills_extended-1_20261121T1100Z_20261121T1200Z.csv";
    expect(fileName("fills", "extended:1", bounds)).toBe(name);
    expect(fileName("fills", "x:../é 1", bounds)).toMatch(/^fills_x-1_/);
  });
});
