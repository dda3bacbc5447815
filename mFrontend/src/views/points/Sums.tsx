/** The sums that are read first: over all where there is one, and each venue's. */
import { NOTHING } from "@/format/decimal";
import { Num } from "@/parts/Number";
import { Figure } from "@/parts/Panel";
import { type AllPoints, byVenue } from "./seasons";

const EXACT = { digitsMax: 6 };

export const Sums = ({ points }: { readonly points: AllPoints }) => {
  const venues = byVenue(points);
  return (
    <section
      aria-label="Sums of points"
      className="grid grid-cols-2 gap-3 max-sm:[&>:first-child]:col-span-2 sm:grid-cols-[repeat(auto-fit,minmax(15rem,1fr))]"
    >
      <Figure
        name="All venues"
        note={
          points.total === null ? (
            <span className="whitespace-normal">
              no sum: the points of different venues are different things
            </span>
          ) : (
            `${points.available} of ${points.accounts.length} accounts`
          )
        }
      >
        {points.total === null ? NOTHING : <Num value={points.total} look={EXACT} />}
      </Figure>
      {venues.map((it) => (
        <Figure
          key={it.venue}
          name={it.venue}
          note={`${it.counted} of ${it.accounts.length} accounts`}
        >
          {it.counted === 0 ? NOTHING : <Num value={it.total} look={EXACT} />}
        </Figure>
      ))}
    </section>
  );
};
