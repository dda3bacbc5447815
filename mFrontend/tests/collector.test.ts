import { expect, it } from "vitest";
import { collector } from "@/api/collector";

const answer = (address: string, status = 200) =>
  new Response("{}", { status, headers: address ? { "X-Broadcaster-Collector": address } : {} });

it("keeps the collector that answers came from, and tells when it is another", () => {
  const told: string[] = [];
  const end = collector.listen(() => told.push(collector.read()));
  collector.heard(answer(""));
  collector.heard(answer("https://one.example"));
  collector.heard(answer("https://one.example"));
  collector.heard(answer("", 502));
  expect(collector.read()).toBe("https://one.example");
  collector.heard(answer(""));
  expect(told).toEqual(["https://one.example", ""]);
  end();
  collector.heard(answer("https://two.example"));
  expect(told).toHaveLength(2);
});
