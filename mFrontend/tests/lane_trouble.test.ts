import { expect, it } from "vitest";
import { attention, laneTrouble } from "@/parts/attention";

const lane = (name: "rest" | "websocket", state: string) =>
  ({ lane: name, state, last_error: `${name} ${state}` }) as Parameters<typeof laneTrouble>[0][0];
const ready = { state: "ready", reason: "" } as const;
const fresh = { ratio: "0.1", stale: false, staleReason: "", known: true };

it("an account with one lane in back-off is not fine, though the other delivers", () => {
  const found = laneTrouble([lane("websocket", "connected"), lane("rest", "backoff")]);
  const seen = attention(ready, { ...fresh, lane: found });
  expect([seen.word, seen.tone, seen.why]).toEqual(["REST back-off", "warn", "rest backoff"]);
});

it("a refused key comes before a back-off, and before what is stale", () => {
  const found = laneTrouble([lane("websocket", "backoff"), lane("rest", "rejected")]);
  const seen = attention(ready, { ...fresh, stale: true, lane: found });
  expect([seen.word, seen.tone]).toEqual(["REST rejected", "bad"]);
});

it("data that are stale by a back-off are called stale", () => {
  const found = laneTrouble([lane("rest", "backoff")]);
  expect(attention(ready, { ...fresh, stale: true, lane: found }).word).toBe("stale");
});

it("lanes that connect, or are paused, are no trouble", () => {
  expect(laneTrouble([lane("rest", "connected"), lane("websocket", "paused")])).toBeNull();
});
