/** How an account's equity and margin went over the span, and what that comes to. */
import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useMemo } from "react";
import { useChoice } from "@/app/address";
import { duration } from "@/format/time";
import { AsOf, Time } from "@/parts/Age";
import { Num } from "@/parts/Number";
import { Panel } from "@/parts/Panel";
import { Empty, ErrorState, Loading, Stale } from "@/parts/States";
import { type Series, TimeSeries } from "@/parts/TimeSeries";
import { useAnswerVerdict } from "@/stream/answer";
import { type Course, MEASURES, type Measure, courseOf, curvesOf } from "./curve";
import { type CurveAnswer, curveQuery } from "./queries";
import { type IntervalChoice, type Range, chartInterval, secondsOf } from "./range";

const MONEY = { digits: 2 };
const KEYS = ["margin-used", "margin-ratio", "unrealised", "exposure", "wallet"] as const;

interface Props {
  readonly account: string;
  readonly range: Range;
  readonly choice: IntervalChoice;
}

export function Curve({ account, range, choice }: Props) {
  const interval = chartInterval(choice, secondsOf(range));
  const asked = useQuery(curveQuery(account, range, interval));
  const [beside, setBeside] = useChoice("beside", KEYS);
  const measure = MEASURES.find((it) => it.key === beside) ?? MEASURES[0];
  // Another account's curve is not this one's, however shortly it would stand there.
  const data = asked.data?.account === account ? asked.data : undefined;
  const verdict = useAnswerVerdict(
    { error: asked.error, askedUs: data?.askedUs },
    range.kind === "own",
  );
  return (
    <Panel
      title="Equity"
      aside={
        <>
          <label className="flex items-center gap-2 text-sm text-soft">
            with
            <select
              className="field text-base text-ink"
              value={beside}
              onChange={(event) => setBeside(event.target.value as typeof beside)}
            >
              {MEASURES.map((it) => (
                <option key={it.key} value={it.key}>
                  {it.name}
                </option>
              ))}
            </select>
          </label>
          {data && (
            <span className="text-sm text-soft">
              a point per {duration(data.intervalS * 1000)}
              {asked.isPlaceholderData && ", loading"}
            </span>
          )}
          <AsOf verdict={verdict} />
        </>
      }
    >
      {verdict.stale && <Stale>Not asked anew: {verdict.reason}</Stale>}
      {data ? (
        <Drawn {...data} measure={measure} />
      ) : asked.error ? (
        <ErrorState what="Snapshots" error={asked.error} retry={() => void asked.refetch()} />
      ) : (
        <Loading what="the curve" rows={11} />
      )}
    </Panel>
  );
}

interface DrawnProps extends CurveAnswer {
  readonly measure: Measure;
}

function Drawn({ items, bounds, intervalS, measure }: DrawnProps) {
  const course = useMemo(() => courseOf(items), [items]);
  const { atUs, series } = useMemo(() => {
    const curves = curvesOf(items, intervalS, measure);
    const settle = items[0]?.settle ?? "";
    const unit = "unit" in measure ? measure.unit : settle;
    const equity: Series = { name: "Equity", values: curves.equity, unit: settle, look: MONEY };
    const beside: Series = { name: measure.name, values: curves.beside, unit, look: MONEY };
    return { atUs: curves.atUs, series: [equity, { ...beside, axis: "right" as const }] };
  }, [items, intervalS, measure]);
  if (!course)
    return (
      <Empty title="Nothing is stored of this span">
        Snapshots are stored at once when a balance changes, and each minute while the account
        delivers. Perhaps another span has some.
      </Empty>
    );
  return (
    <div className="grid gap-3 p-3">
      <Came course={course} />
      {/* A drawn chart keeps its series: another measure is another chart. */}
      <TimeSeries
        key={measure.key}
        label={`Equity and ${measure.name.toLowerCase()}`}
        atUs={atUs}
        series={series}
        height={320}
        {...bounds}
      />
    </div>
  );
}

const Came = ({ course }: { readonly course: Course }) => {
  const unit = course.last.settle;
  return (
    <dl className="grid grid-cols-2 gap-x-6 gap-y-2 md:grid-cols-3">
      <Fact name="Change" note="deposits and withdrawals are in it">
        <Num value={course.change} look={MONEY} trend unit={unit} />
      </Fact>
      <Fact name="At the beginning" note={<Time us={course.first.at_us} />}>
        <Num value={course.first.equity} look={MONEY} unit={unit} />
      </Fact>
      <Fact name="At the end" note={<Time us={course.last.at_us} />}>
        <Num value={course.last.equity} look={MONEY} unit={unit} />
      </Fact>
    </dl>
  );
};

interface FactProps {
  readonly name: string;
  readonly note: ReactNode;
  readonly children: ReactNode;
}

const Fact = ({ name, note, children }: FactProps) => (
  <div className="min-w-0">
    <dt className="text-sm text-soft">{name}</dt>
    <dd>
      <span className="text-lg font-semibold">{children}</span>
      <span className="block truncate text-sm text-soft">{note}</span>
    </dd>
  </div>
);
