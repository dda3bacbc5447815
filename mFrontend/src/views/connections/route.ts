/** Where the connections view stands. */
import type { Place } from "@/app/routes";

export default {
  path: "/connections",
  name: "Connections",
  order: 80,
  letter: "n",
  icon: "M9 15l6-6M8.5 11.5L6 14a3.5 3.5 0 0 0 5 5l2.5-2.5M15.5 12.5L18 10a3.5 3.5 0 0 0-5-5l-2.5 2.5",
} satisfies Place;
