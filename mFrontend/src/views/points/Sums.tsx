/** The sums that are read first: over all where there is one, and each venue's. */
import { NOTHING } from "@/format/decimal";
import { Num } from "@/parts/Number";
import { Figure } from "@/parts/Panel";
import type { Verdict } from "@/stream/verdict";
import { type AllPoints, byVenue } from "./seasons";

const EXACT = { digitsMax: 6 };

interface SumsProps {
  readonly points: AllPoints;
  /** Whether the service's answer is of now. */
  readonly verdict: Verdict;
}

export const Sums = ({ points, verdict }: SumsProps) => {
  const venues = byVenue(points);
  return (
    <section
      aria-label="Sums of points"
      className="grid grid-cols-2 gap-3 sm:grid-cols-[repeat(auto-fit,minmax(15rem,1fr))]"
    >
      {/* Where the venues' points are different things there is no sum of them. */}
      {points.total !== null && (
        <Figure name="All venues" note={`${points.available} of ${points.accounts.length} accounts`}>
          <Num value={points.total} look={EXACT} verdict={verdict} />
        </Figure>
      )}
      {venues.map((it) => (
        <Figure
          key={it.venue}
          name={it.venue}
          note={`${it.counted} of ${it.accounts.length} accounts`}
        >
          {it.counted === 0 ? NOTHING : <Num value={it.total} look={EXACT} verdict={verdict} />}
        </Figure>
      ))}
    </section>
  );
};
