/** How near a position is to its liquidation. */
import { negated, ratio, sum } from "@/format/decimal";
import type { Position } from "@/stream/messages";

/** How far the mark price may move against a position until it is liquidated, as a fraction. */
export function distanceOf(it: Position): string | null {
  if (it.mark_price === null || it.liquidation_price === null) return null;
  const room = sum([it.mark_price, negated(it.liquidation_price)]);
  return ratio(room !== null && it.side === "short" ? negated(room) : room, it.mark_price);
}
