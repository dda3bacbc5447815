import { describe, expect, it } from "vitest";
import {
  type AccountPoints,
  type AllPoints,
  byVenue,
  digitsOf,
  epochTitle,
  pointsIn,
  seasonTitle,
  seasonsOf,
  verdictOf,
  waitingFor,
} from "@/views/points/seasons";

const account = (
  name: string,
  seasons: Readonly<Record<string, string>>,
  more: Partial<AccountPoints> = {},
): AccountPoints => {
  const [venue = "", number = ""] = name.split(":");
  return {
    venue,
    account: number,
    available: true,
    reason: "",
    total: null,
    seasons: Object.entries(seasons).map(([season, total]) => ({ season, total, epochs: [] })),
    source: `account:${name}`,
    as_of_us: 100,
    stale: false,
    stale_reason: null,
    ...more,
  } as AccountPoints;
};

describe("seasons", () => {
  it("stand newest first where they are numbered, and as told where they are named", () => {
    const accounts = [
      account("x:1", { "2": "1", trading: "1" }),
      account("x:2", { "10": "1", "2": "1", referrals: "0" }),
    ];
    expect(seasonsOf(accounts)).toEqual(["10", "2", "trading", "referrals"]);
    expect(["10", "last_week"].map(seasonTitle)).toEqual(["Season 10", "Last week"]);
    expect(["3", "last_week"].map(epochTitle)).toEqual(["Epoch 3", "Last week"]);
  });

  it("an account has no part in are not 0", () => {
    expect(pointsIn(account("x:1", { "1": "0" }), "1")).toBe("0");
    expect(pointsIn(account("x:1", { "1": "0" }), "2")).toBeNull();
  });
});

describe("venues", () => {
  const points = {
    total: null,
    venues: [{ venue: "x", total: "3.5", seasons: { "1": "3.5" }, accounts: 1 }],
    accounts: [
      account("x:1", { "1": "3.50" }, { total: "3.50" }),
      account("y:1", {}, { available: false, reason: "404" }),
      account("x:2", {}, { available: false }),
    ],
  } as unknown as AllPoints;

  it("keep their accounts, and the service's own sums", () => {
    const [x, y] = byVenue(points);
    expect(x).toMatchObject({ venue: "x", total: "3.5", counted: 1, seasons: ["1"], digits: 1 });
    expect(x?.accounts.map((one) => one.account)).toEqual(["1", "2"]);
    expect(y).toMatchObject({ venue: "y", total: null, counted: 0, seasons: [], digits: 0 });
  });

  it("stand in line by their most exact number", () => {
    expect(digitsOf(["1.50", "2.125", null, "3"])).toBe(3);
    expect(digitsOf(["1.000", "2"])).toBe(0);
    expect(digitsOf(["0.123456789"])).toBe(6);
  });
});

describe("a verdict of points", () => {
  it("is the service's word, then whether it still answers", () => {
    expect(verdictOf(account("x:1", {}), "")).toEqual({ stale: false, reason: "", asOfUs: 100 });
    expect(verdictOf(account("x:1", {}), "no answer").reason).toBe("no answer");
    const stale = account("x:1", {}, { stale: true, stale_reason: "not polled" });
    expect(verdictOf(stale, "no answer")).toMatchObject({ stale: true, reason: "not polled" });
    expect(verdictOf(account("x:1", {}, { stale: true }), "").stale).toBe(true);
  });
});

describe("a refresh", () => {
  const accounts = [
    account("x:1", {}, { as_of_us: 50 }),
    account("x:2", {}, { as_of_us: 150 }),
    account("x:3", {}, { as_of_us: null }),
  ];

  it("waits for those that were asked and have not been told anew", () => {
    const actors = ["account:x:1", "account:x:2", "account:x:3"];
    expect(waitingFor(accounts, { atUs: 100, actors })).toEqual(["account:x:1", "account:x:3"]);
    expect(waitingFor(accounts, { atUs: 100, actors: ["account:x:2"] })).toEqual([]);
    expect(waitingFor(accounts, null)).toEqual([]);
  });
});
