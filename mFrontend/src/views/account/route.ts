/** Where one account is shown; entered from the list, the overview and the search. */
import type { Place } from "@/app/routes";

export default { path: "/accounts/:account", name: "Account", order: 21 } satisfies Place;
