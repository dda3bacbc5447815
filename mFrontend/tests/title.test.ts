import { expect, it } from "vitest";
import { titleOf, troublesIn } from "@/app/title";

const row = (actor: string, state: string) => ({ actor, state });

it("an actor whose process and lanes are all in trouble counts once", () => {
  const processes = [row("account:a:1", "backoff"), row("account:a:2", "ready")];
  const lanes = [row("account:a:1", "backoff"), row("account:a:2", "rejected")];
  expect(troublesIn(processes, lanes)).toBe(2);
});

it("what is paused, stopped or starting is no trouble", () => {
  const states = ["paused", "stopped", "starting", "connected", "ready"];
  expect(troublesIn(states.map((state) => row(state, state)), [])).toBe(0);
});

it("the title tells the place, and before it how many are in trouble", () => {
  expect(titleOf("Accounts", 0)).toBe("Accounts · Broadcaster");
  expect(titleOf("", 2)).toBe("(2) Broadcaster");
});

it("a tab that is cut off says so instead of a number", () => {
  expect(titleOf("Orders", null)).toBe("⚠ Orders · Broadcaster");
});
