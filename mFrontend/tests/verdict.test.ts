import { describe, expect, it } from "vitest";
import { LIMIT_MS, PAUSED_MS, SILENT_MS, judge, limitOf } from "@/stream/verdict";

const AT = { serverUs: 1_000_000_000, localMs: 500_000 };
const LIVE = { heardMs: AT.localMs - 1_000, door: "websocket", pausedMs: null } as const;
const FRESH = { asOfUs: AT.serverUs - 2_000_000, stale: false, staleReason: null, held: true };
const limit = (ms: number) => () => ms;

describe("the verdict on a number", () => {
  it("believes what the service vouches for, however quiet the account", () => {
    const old = { ...FRESH, asOfUs: AT.serverUs - 600_000_000 };
    expect(judge(old, null, LIVE, limit(1), AT)).toEqual({
      stale: false,
      reason: "",
      asOfUs: old.asOfUs,
    });
  });

  it("takes the topic's word before the row's, and the row's where the topic has none", () => {
    const row = { stale: true, stale_reason: "row", as_of_us: 1 };
    expect(
      judge({ ...FRESH, stale: true, staleReason: "topic" }, { stale: false }, LIVE, limit(1), AT)
        .reason,
    ).toBe("topic");
    expect(judge(FRESH, row, LIVE, limit(1), AT).stale).toBe(false);
    expect(judge({ ...FRESH, stale: null }, row, LIVE, limit(1), AT)).toMatchObject({
      stale: true,
      reason: "row",
    });
  });

  it.each(["websocket", "sse", "polling"] as const)(
    "turns stale when %s falls silent, without a message",
    (door) => {
      const vouch = (silentMs: number) => ({
        heardMs: AT.localMs - silentMs,
        door,
        pausedMs: null,
      });
      expect(judge(FRESH, null, vouch(SILENT_MS[door]), limit(60_000), AT).stale).toBe(false);
      const late = judge(FRESH, null, vouch(SILENT_MS[door] + 1), limit(60_000), AT);
      expect(late).toMatchObject({ stale: true });
      expect(late.reason).toContain("no word from the service");
    },
  );

  it("judges by age where nobody tells what turns stale", () => {
    const polled = { heardMs: AT.localMs, door: "polling", pausedMs: null } as const;
    expect(judge(FRESH, null, polled, limit(2_000), AT).stale).toBe(false);
    expect(judge(FRESH, null, polled, limit(1_999), AT)).toMatchObject({ stale: true });
  });

  it("knows what never came, and a view that was frozen for long", () => {
    expect(judge({ ...FRESH, asOfUs: null }, null, LIVE, limit(1), AT).reason).toBe(
      "nothing received yet",
    );
    expect(judge(FRESH, null, { ...LIVE, heardMs: null }, limit(1), AT).stale).toBe(true);
    const paused = { ...LIVE, pausedMs: AT.localMs - PAUSED_MS - 1 };
    expect(judge(FRESH, null, paused, limit(1), AT).reason).toContain("paused");
  });

  it("never counts how long it has been so: an age beside it does, and moves", () => {
    const row = (stale_reason: string) => ({ stale: true, stale_reason, as_of_us: 1 });
    const told = (text: string) =>
      judge({ ...FRESH, stale: null }, row(text), LIVE, limit(1), AT).reason;
    expect(told("not confirmed for 5312 ms, expected within 5000 ms")).toBe(
      "not confirmed, expected within 5000 ms",
    );
    expect(told("rest backoff: HTTP 500")).toBe("rest backoff: HTTP 500");
    const silent = { ...LIVE, heardMs: AT.localMs - 60_000 };
    const late = { ...AT, localMs: AT.localMs + 7_000 };
    expect(judge(FRESH, null, silent, limit(1), AT)).toEqual(
      judge(FRESH, null, silent, limit(1), late),
    );
  });

  it("reads the limit from the lanes of the topic's process", () => {
    const lanes = [
      { actor: "account:extended:1", lane: "rest", state: "connected", stale_after_ms: 5_000 },
      {
        actor: "account:extended:1",
        lane: "websocket",
        state: "connected",
        stale_after_ms: 45_000,
      },
      { actor: "account:extended:2", lane: "rest", state: "backoff", stale_after_ms: 5_000 },
    ];
    expect(limitOf("positions:extended:1", lanes)).toBe(45_000);
    expect(limitOf("account:extended:2", lanes)).toBe(LIMIT_MS);
  });
});
