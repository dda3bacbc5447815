/** An order's terms in words. */
import type { Order } from "@/stream/messages";

export const worded = (text: string): string => text.replaceAll("_", " ");

type Terms = Pick<Order, "post_only" | "reduce_only" | "time_in_force">;

/** What else was asked for; good till cancelled is what everybody takes for granted. */
export function terms({ post_only, reduce_only, time_in_force }: Terms): string {
  return [
    post_only ? "post only" : "",
    reduce_only ? "reduce only" : "",
    time_in_force && time_in_force !== "gtc" ? time_in_force.toUpperCase() : "",
  ]
    .filter(Boolean)
    .join(", ");
}
