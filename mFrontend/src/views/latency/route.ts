/** Where the latency view stands. */
import type { Place } from "@/app/routes";

export default {
  path: "/latency",
  name: "Latency",
  order: 90,
  letter: "l",
  icon: "M4 5h7v3H4zM9 10.5h6v3H9zM13 16h7v3h-7z",
} satisfies Place;
