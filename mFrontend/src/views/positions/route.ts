/** Where the positions of all accounts stand. */
import type { Place } from "@/app/routes";

export default {
  path: "/positions",
  name: "Positions",
  order: 30,
  letter: "p",
  icon: "M4 20V4M4 20h16M8 16v-5M12 16V7M16 16v-7",
} satisfies Place;
