/** Where the supervision view stands. */
import type { Place } from "@/app/routes";

export default {
  path: "/supervision",
  name: "Supervision",
  order: 70,
  letter: "s",
  icon: "M12 8v4M5 16v-4h14v4M12 12v4M10 4h4v4h-4zM3 16h4v4H3zM10 16h4v4h-4zM17 16h4v4h-4z",
} satisfies Place;
