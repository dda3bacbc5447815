/** Where the overview stands. */
import type { Place } from "@/app/routes";

export default {
  path: "/",
  name: "Overview",
  order: 10,
  letter: "o",
  icon: "M4 4h7v9H4zM13 4h7v5h-7zM13 11h7v9h-7zM4 15h7v5H4z",
} satisfies Place;
