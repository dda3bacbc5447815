/** Where the open orders of all accounts stand. */
import type { Place } from "@/app/routes";

export default {
  path: "/orders",
  name: "Orders",
  order: 32,
  letter: "r",
  icon: "M5 4h14v16H5zM9 9h6M9 13h6M9 17h3",
} satisfies Place;
