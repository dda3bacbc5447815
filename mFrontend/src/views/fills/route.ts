/** Where the fills of all accounts stand. */
import type { Place } from "@/app/routes";

export default {
  path: "/fills",
  name: "Fills",
  order: 34,
  letter: "f",
  icon: "M4 8h13l-3-3M20 16H7l3 3",
} satisfies Place;
