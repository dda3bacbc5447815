/** Where the candles stand. */
import type { Place } from "@/app/routes";

export default {
  path: "/candles",
  name: "Candles",
  order: 60,
  letter: "c",
  icon: "M7 3v4M7 15v5M4.5 7h5v8h-5zM17 4v5M17 17v3M14.5 9h5v8h-5z",
} satisfies Place;
