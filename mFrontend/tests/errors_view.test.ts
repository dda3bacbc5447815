import { describe, expect, it } from "vitest";
import { words } from "@/views/errors/Bars";
import {
  type Heard,
  type Told,
  binned,
  choicesOf,
  groups,
  isShown,
  shape,
} from "@/views/errors/groups";
import { steady } from "@/views/errors/steady";

const heard = (
  actor: string,
  message: string,
  at_us: number,
  more: Partial<Heard> = {},
): Heard => ({
  actor,
  kind: "Disconnected",
  level: "error",
  message,
  at_us,
  ...more,
});

const told = (source: string, message: string, count: number, last_us: number): Told => ({
  id: `${source} ${message}`,
  source,
  kind: "Disconnected",
  level: "error",
  message,
  count,
  at_us: last_us,
  first_us: 1,
  last_us,
});

describe("the shape of a message", () => {
  it("leaves out what varies, as the service does", () => {
    expect(shape("retry 3 in 1.5 s at 0xDEADbeef, id 0123456789abcdef")).toBe(
      "retry # in # s at #, id #",
    );
    expect(shape(`${"a ".repeat(200)}9`)).toHaveLength(300);
  });
});

describe("groups of faults", () => {
  it("are one for what is alike at any actor, with whom it touched", () => {
    const faults = [
      heard("account:x:1", "closed after 3 s", 10),
      heard("account:x:2", "closed after 4 s", 20),
      heard("account:x:2", "closed after 5 s", 30),
      heard("account:x:1", "refused", 40),
    ];
    const [newest, alike] = groups([], faults, "cause");
    expect(newest?.message).toBe("refused");
    expect(alike).toMatchObject({
      count: 3,
      firstUs: 10,
      lastUs: 30,
      message: "closed after 5 s",
      actors: [
        { actor: "account:x:2", count: 2 },
        { actor: "account:x:1", count: 1 },
      ],
      atUs: [10, 20, 30],
    });
  });

  it("are one per kind of an actor where that is asked for, as bad as its worst", () => {
    const faults = [
      heard("account:x:1", "refused", 10, { level: "warning" }),
      heard("account:x:1", "closed", 20),
      heard("account:x:2", "closed", 30),
    ];
    const found = groups([], faults, "actor");
    expect(found.map((each) => [each.actors[0]?.actor, each.count, each.level])).toEqual([
      ["account:x:2", 1, "error"],
      ["account:x:1", 2, "error"],
    ]);
    expect(found[1]?.messages).toEqual(["closed", "refused"]);
  });

  it("count once what the service had counted, and what came since on top", () => {
    const held = [told("a", "closed after 1 s", 7, 50)];
    const stream = [heard("a", "closed after 2 s", 50), heard("a", "closed after 3 s", 60)];
    const [found] = groups(held, stream, "cause");
    expect(found).toMatchObject({ count: 8, firstUs: 1, lastUs: 60, message: "closed after 3 s" });
    expect(found?.atUs).toEqual([50, 60]);
    expect(groups(held, [], "cause")[0]?.count).toBe(7);
  });

  it("take a polled group for what it is: a count, not one more", () => {
    const polled = heard("a", "closed after 3 s", 60, { count: 9, first_us: 5 });
    const held = [told("a", "closed after 1 s", 7, 50)];
    expect(groups(held, [polled], "cause")[0]).toMatchObject({ count: 9, firstUs: 1, lastUs: 60 });
    expect(groups([], [polled], "cause")[0]).toMatchObject({ count: 9, firstUs: 5 });
  });

  it("leave what filters and search ask for", () => {
    const found = groups(
      [],
      [
        heard("account:x:1", "refused", 10),
        heard("b", "closed", 20, { kind: "Gap", level: "warning" }),
      ],
      "cause",
    );
    const none = { search: "", source: "", kind: "", level: "" };
    const left = (more: Partial<typeof none>) =>
      found.filter((each) => isShown(each, { ...none, ...more })).map((each) => each.message);
    expect(left({})).toEqual(["closed", "refused"]);
    expect(left({ source: "b" })).toEqual(["closed"]);
    expect(left({ kind: "Disconnected" })).toEqual(["refused"]);
    expect(left({ level: "error" })).toEqual(["refused"]);
    expect(left({ search: "x:1 refu" })).toEqual(["refused"]);
    expect(choicesOf(found)).toEqual({
      sources: ["account:x:1", "b"],
      kinds: ["Disconnected", "Gap"],
      levels: ["error", "warning"],
    });
  });
});

describe("bars", () => {
  it("count each fault in its part of the time, and what is older in none", () => {
    expect(binned([0, 10, 11, 39, 40, 41], 40, 40, 4)).toEqual([1, 1, 0, 3]);
    expect(binned([], 40, 40, 2)).toEqual([0, 0]);
  });

  it("are told in words", () => {
    expect(words([0, 0], 0, 1, "1 h")).toBe("none in the last 1 h");
    expect(words([1, 3], 0, 1e6, "1 h")).toMatch(/^4 in the last 1 h, most 3 at \d\d:\d\d:01$/);
  });
});

describe("a list that is read", () => {
  const row = (key: string, count = 1) => ({ key, count });

  it("keeps its order, shows newest content, and counts what waits", () => {
    const newest = [row("new"), row("b", 5), row("a")];
    expect(steady(newest, null)).toEqual({ shown: newest, fresh: 0 });
    expect(steady(newest, ["a", "b"])).toEqual({ shown: [row("a"), row("b", 5)], fresh: 1 });
    expect(steady([row("b")], ["a", "b"])).toEqual({ shown: [row("b")], fresh: 0 });
  });
});
