/** Where the order books stand. */
import type { Place } from "@/app/routes";

export default {
  path: "/books",
  name: "Order books",
  order: 40,
  letter: "b",
  icon: "M4 5h16M4 8.5h11M4 12h6M4 15.5h9M4 19h16",
} satisfies Place;
