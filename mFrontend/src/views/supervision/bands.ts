/** A process's past as coloured bands on a time axis. */
import type { Schemas } from "@/api/client";
import type { Child } from "@/stream/messages";

export type Incarnation = Schemas["Incarnation"];

export interface Band {
  readonly fromUs: number;
  readonly toUs: number;
  readonly kind: "running" | "starting" | "away" | "quarantined";
}

/** An end of a process. */
interface Tick {
  readonly atUs: number;
  readonly says: string;
  /** Whether nobody asked for it. */
  readonly crash: boolean;
}

export interface Past {
  readonly bands: readonly Band[];
  readonly ticks: readonly Tick[];
}

/** How an incarnation ended, in a few words. */
export function ending(it: Pick<Incarnation, "cause" | "exit_code" | "signal">): string {
  if (it.signal)
    return it.cause === "signal" ? `signal ${it.signal}` : `${it.cause}, signal ${it.signal}`;
  if (it.exit_code) return `${it.cause}, code ${it.exit_code}`;
  return it.cause;
}

const ORDERLY: ReadonlySet<string> = new Set(["stopped", "config", "key"]);

/** `records`: in any order; `nowUs` ends the axis, `spanUs` is its length. */
export function past(
  child: Child,
  records: readonly Incarnation[],
  nowUs: number,
  spanUs: number,
): Past {
  const fromUs = nowUs - spanUs;
  const ordered = records.toSorted((a, b) => (a.started_us ?? 0) - (b.started_us ?? 0));
  const bands: Band[] = [];
  const ticks: Tick[] = [];
  let endedUs: number | null = null;
  const add = (from: number, to: number, kind: Band["kind"]): void => {
    const band = { fromUs: Math.max(from, fromUs), toUs: Math.min(to, nowUs), kind };
    if (band.toUs > band.fromUs) bands.push(band);
  };
  for (const it of ordered) {
    const [startUs, endUs] = [it.started_us ?? 0, it.ended_us ?? 0];
    if (endedUs !== null) add(endedUs, startUs, "away");
    add(startUs, endUs, "running");
    if (endUs >= fromUs)
      ticks.push({ atUs: endUs, says: ending(it), crash: !ORDERLY.has(it.cause) });
    endedUs = endUs;
  }
  if (child.pid && child.started_us) {
    if (endedUs !== null) add(endedUs, child.started_us, "away");
    const readyUs = child.ready_us ?? nowUs;
    add(child.started_us, readyUs, "starting");
    add(readyUs, nowUs, "running");
  } else if (endedUs !== null) {
    add(endedUs, nowUs, child.state === "quarantined" ? "quarantined" : "away");
  }
  return { bands, ticks };
}
