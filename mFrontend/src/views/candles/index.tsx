/** Candles of one market in up to four timeframes, live. */
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { marketsQuery } from "@/api/queries";
import { useParameter } from "@/app/address";
import { useKeys } from "@/app/keys";
import { Empty, ErrorState, Loading } from "@/parts/States";
import { ChartPanel } from "./ChartPanel";
import { Credit } from "./Credit";
import { Toolbar } from "./Toolbar";
import { type Market, marketName } from "./feed";
import {
  LAYOUTS,
  type Timeframe,
  arrange,
  chosen,
  exchange,
  offeredBy,
  stepped,
} from "./timeframes";

export default function Candles() {
  const markets = useQuery(marketsQuery);
  const [named, setMarket] = useParameter("market");
  const listed = markets.data?.markets ?? [];
  const market = named ? listed.find((it) => marketName(it) === named) : listed[0];
  return (
    <>
      <h1 className="visually-hidden">Candles</h1>
      {market ? (
        <Charts
          markets={listed}
          market={market}
          timeframes={markets.data?.venues.find((it) => it.venue === market.venue)?.timeframes}
          onMarket={setMarket}
        />
      ) : (
        <div className="panel min-h-96">
          {markets.error && !markets.data ? (
            <ErrorState
              what="Markets"
              error={markets.error}
              retry={() => void markets.refetch()}
            />
          ) : !markets.data ? (
            <Loading what="markets" rows={10} />
          ) : (
            <Unknown named={named} first={listed[0]} onMarket={setMarket} />
          )}
        </div>
      )}
      <p className="px-1 text-sm text-soft">
        In a chart <kbd className="key">←</kbd> <kbd className="key">→</kbd> walk through its{" "}
        bars, <kbd className="key">+</kbd> <kbd className="key">-</kbd> zoom,{" "}
        <kbd className="key">End</kbd> goes to realtime. Times are yours, days are UTC.
      </p>
      <Credit />
    </>
  );
}

interface UnknownProps {
  readonly named: string;
  readonly first: Market | undefined;
  readonly onMarket: (name: string) => void;
}

const Unknown = ({ named, first, onMarket }: UnknownProps) =>
  first ? (
    <Empty title={`No venue lists ${named}`}>
      <p className="mb-3">A market is written as {marketName(first)}.</p>
      <button type="button" className="button" onClick={() => onMarket(marketName(first))}>
        Show {first.symbol}
      </button>
    </Empty>
  ) : (
    <Empty title="No markets are known yet">
      The service asks the venues for theirs; they appear here once one has answered.
    </Empty>
  );

const ONE = "h-[clamp(20rem,calc(100dvh-19.5rem),70rem)]";
const TWO_BY_TWO = "h-[clamp(16rem,calc(50dvh-13.25rem),40rem)]";

interface ChartsProps {
  readonly markets: readonly Market[];
  readonly market: Market;
  /** Those that its venue told of. */
  readonly timeframes: readonly string[] | undefined;
  readonly onMarket: (name: string) => void;
}

function Charts({ markets, market, timeframes, onMarket }: ChartsProps) {
  const [text, setText] = useParameter("timeframe", "1m");
  const [at, setAt] = useState(0);
  const offered = offeredBy(timeframes);
  const shown = chosen(text, offered);
  const active = Math.min(at, shown.length - 1);
  const timeframe = shown[active] ?? "1m";
  const write = (next: readonly Timeframe[]): void => setText(next.join(","));
  const show = (next: Timeframe): void => write(exchange(shown, active, next));
  const layout = (count: number): void => write(arrange(shown, count, offered));
  useTimeframeKeys(timeframe, offered, show, () => layout(nextLayout(shown.length)));
  return (
    <>
      <Toolbar
        markets={markets}
        market={market}
        onMarket={onMarket}
        offered={offered}
        shown={shown}
        timeframe={timeframe}
        onTimeframe={show}
        onLayout={layout}
      />
      <div className={`grid items-start gap-3 ${shown.length > 1 ? "lg:grid-cols-2" : ""}`}>
        {shown.map((it, index) => (
          <ChartPanel
            key={`${marketName(market)} ${it}`}
            market={market}
            timeframe={it}
            height={shown.length > 2 ? TWO_BY_TWO : ONE}
            active={index === active}
            marked={index === active && shown.length > 1}
            onActive={() => setAt(index)}
          />
        ))}
      </div>
    </>
  );
}

const nextLayout = (count: number): number => LAYOUTS.find((it) => it > count) ?? LAYOUTS[0];

/** `1` is the venue's shortest timeframe, and so on. */
const DIGITS_MAX = 9;

function useTimeframeKeys(
  timeframe: Timeframe,
  offered: readonly Timeframe[],
  show: (timeframe: Timeframe) => void,
  layout: () => void,
): void {
  const group = "Candles";
  useKeys([
    {
      keys: "[",
      says: "shorter timeframe",
      group,
      run: () => show(stepped(timeframe, -1, offered)),
    },
    { keys: "]", says: "longer timeframe", group, run: () => show(stepped(timeframe, 1, offered)) },
    { keys: "l", says: "one, two or four charts", group, run: layout },
    ...offered
      .slice(0, DIGITS_MAX)
      .map((it, at) => ({ keys: `${at + 1}`, says: it, group, run: () => show(it) })),
  ]);
}
