import { expect, it, vi } from "vitest";
import { SENTENCE_MS, Speech } from "@/app/speech";

it("tells only the newest word on a subject", () => {
  vi.useFakeTimers();
  const said: string[] = [];
  const speech = new Speech((sentence) => said.push(sentence));
  speech.tell("a process ended");
  speech.tell("disconnected", "link");
  speech.tell("a process is back");
  speech.tell("connected", "link");
  vi.advanceTimersByTime(10 * SENTENCE_MS);
  expect(said).toEqual(["a process ended", "connected", "a process is back"]);
  vi.useRealTimers();
});
