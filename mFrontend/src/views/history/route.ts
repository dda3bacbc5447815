/** Where the history view stands. */
import type { Place } from "@/app/routes";

export default {
  path: "/history",
  name: "History",
  order: 110,
  letter: "h",
  icon: "M4 5v5h5M4.6 10A8 8 0 1 1 4 13.5M12 8v5l3.5 2",
} satisfies Place;
