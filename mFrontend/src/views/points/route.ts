/** Where the points view stands. */
import type { Place } from "@/app/routes";

export default {
  path: "/points",
  name: "Points",
  order: 120,
  letter: "w",
  icon: "M12 3.5l2.6 5.4 5.9.8-4.3 4.1 1 5.9-5.2-2.8-5.2 2.8 1-5.9-4.3-4.1 5.9-.8z",
} satisfies Place;
