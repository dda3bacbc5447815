/** Where the errors view stands. */
import type { Place } from "@/app/routes";

export default {
  path: "/errors",
  name: "Errors",
  order: 100,
  letter: "e",
  icon: "M12 4L3 19h18zM12 10v4M12 16.5v.5",
} satisfies Place;
