/** Where the list of accounts stands. */
import type { Place } from "@/app/routes";

export default {
  path: "/accounts",
  name: "Accounts",
  order: 20,
  letter: "a",
  icon: "M4 6h16M4 12h16M4 18h16M9 4v16",
} satisfies Place;
