/** What one account gained, traded and paid over each period, and what of it is not known. */
import { useQuery } from "@tanstack/react-query";
import { inZone } from "@/format/time";
import { AsOf, Time } from "@/parts/Age";
import { Badge } from "@/parts/Badge";
import { Num } from "@/parts/Number";
import { Panel } from "@/parts/Panel";
import { Empty, ErrorState, Loading, Stale } from "@/parts/States";
import { useAnswerVerdict } from "@/stream/answer";
import {
  FIGURES,
  type FigureRow,
  PERIOD_TITLES,
  type Period,
  lookOf,
  plainFigure,
  reasonsOf,
} from "./periods";
import { periodsQuery } from "./queries";

export function Statistics({ account }: { readonly account: string }) {
  const asked = useQuery(periodsQuery(account));
  const verdict = useAnswerVerdict({ error: asked.error, askedUs: asked.data?.askedUs });
  const found = asked.data?.accounts[0];
  return (
    <Panel
      title={found?.settle ? `Periods, in ${found.settle}` : "Periods"}
      aside={<AsOf verdict={{ ...verdict, asOfUs: found?.periods[0]?.to_us ?? null }} />}
    >
      {verdict.stale && <Stale>Not asked anew: {verdict.reason}</Stale>}
      {asked.error && !found ? (
        <ErrorState what="Periods" error={asked.error} retry={() => void asked.refetch()} />
      ) : !found || (found.counting && !found.periods.length) ? (
        <Loading what="sums of the periods; a long history is counted in several steps" rows={9} />
      ) : found.reason ? (
        <Empty title="Nothing could be counted">{inZone(found.reason)}</Empty>
      ) : (
        <>
          {found.counting && <OlderSums asOfUs={found.periods[0]?.to_us} />}
          <Sums periods={found.periods} />
        </>
      )}
    </Panel>
  );
}

const OlderSums = ({ asOfUs }: { readonly asOfUs: number | null | undefined }) => (
  <Stale>
    Newer sums are still being counted; these are of <Time us={asOfUs} />.
  </Stale>
);

const Sums = ({ periods }: { readonly periods: readonly Period[] }) => (
  <>
    <div
      className="relative overflow-x-auto"
      tabIndex={0}
      role="group"
      aria-label="Sums per period"
    >
      <table className="w-full min-w-max text-right">
        <thead className="border-b border-line text-sm text-soft">
          <tr>
            <th scope="col" className="py-1 pr-2 pl-3 text-left font-normal">
              <span className="visually-hidden">Figure</span>
            </th>
            {periods.map((it) => (
              <th key={it.period} scope="col" className="px-2 py-1 font-normal">
                {PERIOD_TITLES[it.period] ?? it.period}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {FIGURES.map((figure) => (
            <tr key={figure.key} className="border-b border-line hover:bg-raised">
              <th
                scope="row"
                className={`py-0.5 pr-2 pl-3 text-left ${figure.key === "pnl" ? "font-semibold" : "font-normal text-soft"}`}
                title={figure.hint}
              >
                {figure.title}
              </th>
              {periods.map((period) => (
                <td
                  key={period.period}
                  className={`px-2 py-0.5 ${figure.key === "pnl" ? "font-semibold" : ""}`}
                >
                  <Sum figure={figure} of={period} why={period.unknown[figure.key]} />
                </td>
              ))}
            </tr>
          ))}
          <tr className="border-b border-line">
            <th scope="row" className="py-1 pr-2 pl-3 text-left font-normal text-soft">
              History
            </th>
            {periods.map((it) => (
              <td key={it.period} className="px-2 py-1">
                <Whole period={it} />
              </td>
            ))}
          </tr>
        </tbody>
      </table>
    </div>
    <Notes periods={periods} />
  </>
);

interface SumProps {
  readonly figure: FigureRow;
  readonly of: Partial<Record<FigureRow["key"], string | number | null>>;
  readonly why?: string | undefined;
}

/** One figure; what is not known says why, and is never 0. */
export function Sum({ figure, of, why }: SumProps) {
  const value = of[figure.key] ?? null;
  if (value === null)
    return (
      <span className="text-faint" title={why ? inZone(why) : undefined}>
        <span aria-hidden="true">?</span>
        <span className="visually-hidden">not known</span>
      </span>
    );
  if (figure.money && typeof value === "string")
    return <Num value={value} look={lookOf(figure.key, value)} trend={figure.trend ?? false} />;
  return <>{plainFigure(figure.key, value)}</>;
}

/** Whether the store knows the whole of a period. */
const Whole = ({ period }: { readonly period: Period }) =>
  period.complete ? (
    <Badge tone="good" title="History covers the whole period">
      complete
    </Badge>
  ) : (
    <Badge tone="warn" title="History begins within the period; the sums are since it begins">
      partial
    </Badge>
  );

const Notes = ({ periods }: { readonly periods: readonly Period[] }) => {
  const reasons = reasonsOf(periods);
  return (
    <div className="grid gap-1 px-3 py-2 text-sm text-soft">
      <p>
        History begins <Time us={periods.at(-1)?.since_us} />.
      </p>
      {reasons.length > 0 && <p>Not known:</p>}
      <ul className="list-disc pl-5">
        {reasons.map((it) => (
          <li key={it.says}>
            {it.figures.join(", ")}
            {it.periods.length > 0 && ` (${it.periods.join(", ")})`}: {it.says}
          </li>
        ))}
      </ul>
    </div>
  );
};
