/** One chart with its head, its legend and all its states; the place of the chart never changes. */
import { type ReactNode, useEffect, useRef, useState } from "react";
import { speech } from "@/app/speech";
import { Panel } from "@/parts/Panel";
import { Empty, ErrorState, Loading, Stale } from "@/parts/States";
import { useLink, useMoving, useRefusal, useVerdict } from "@/stream/hooks";
import { link } from "@/stream/tab";
import { Chart } from "./Chart";
import { LastBars } from "./LastBars";
import { Legend } from "./Legend";
import { LiveBadge } from "./LiveBadge";
import { countdown } from "./countdown";
import { type Feed, type Market, useFeed } from "./feed";
import { type Liveness, liveness } from "./liveness";
import { type Bar, indexAt } from "./series";
import { type Timeframe, endUs, spoken } from "./timeframes";

interface ChartPanelProps {
  readonly market: Market;
  readonly timeframe: Timeframe;
  /** The class of the chart's height. */
  readonly height: string;
  readonly active: boolean;
  /** Marked only where there are several. */
  readonly marked: boolean;
  readonly onActive: () => void;
}

export function ChartPanel(props: ChartPanelProps) {
  const { market, timeframe, height, marked, onActive } = props;
  const feed = useFeed(market, timeframe);
  const name = `${market.symbol} ${timeframe}`;
  const found = useLiveness(feed, name);
  const [pointed, setPointed] = useState<number | null>(null);
  const { bars, topic } = feed;
  const judged = useVerdict(topic);
  const verdict =
    found.word === "HISTORY" ? { stale: true, reason: found.says, asOfUs: feed.asOfUs } : judged;
  const at = indexAt(bars, pointed);
  const shown = at < 0 ? bars.length - 1 : at;
  const last = bars.at(-1);
  return (
    <div
      className={`min-w-0 rounded-lg ${marked ? "outline-2 outline-edge" : ""}`}
      onFocus={onActive}
      onPointerDown={onActive}
    >
      <Panel
        title={name}
        aside={
          <>
            {last && <Closing bar={last} timeframe={timeframe} />}
            {!feed.pending && (
              <LiveBadge found={found} source={topic.topic} last={last} asOfUs={feed.asOfUs} />
            )}
          </>
        }
      >
        <Legend
          bar={bars[shown]}
          before={bars[shown - 1]}
          tick={market.tick_size}
          timeframe={timeframe}
          verdict={verdict}
        />
        <div className={`relative overflow-hidden ${height}`}>
          {last ? (
            <>
              <Chart
                name={`${market.symbol}, ${spoken(timeframe)}`}
                bars={bars}
                timeframe={timeframe}
                tick={market.tick_size}
                active={props.active}
                pointed={pointed}
                onPoint={setPointed}
              />
              <Warning found={found} topic={topic.topic} />
            </>
          ) : (
            <Nothing feed={feed} name={name} />
          )}
        </div>
        <LastBars
          name={name}
          bars={bars}
          tick={market.tick_size}
          timeframe={timeframe}
          verdict={verdict}
        />
      </Panel>
    </div>
  );
}

function useLiveness({ topic, bars, error }: Feed, name: string): Liveness {
  const state = useLink();
  const verdict = useVerdict(topic);
  const refusal = useRefusal(topic.topic);
  const refused = topic.held ? "" : (error?.message ?? refusal);
  const none = bars.length === 0 && !error;
  const found = liveness({ link: state, topic, verdict, refusal: none ? "" : refused });
  useSpoken(found.word, name, state.phase === "live");
  return found;
}

/** Says when a chart stops being live, and when it is again; the link speaks for itself. */
function useSpoken(word: Liveness["word"], name: string, linked: boolean): void {
  const before = useRef(word);
  useEffect(() => {
    const [was, is] = [before.current === "LIVE", word === "LIVE"];
    before.current = word;
    if (linked && was !== is) speech.tell(`${name} is ${is ? "live" : word.toLowerCase()}`);
  }, [word, name, linked]);
}

/** Over the chart, so that nothing moves when it comes and goes. */
function Warning({ found, topic }: { readonly found: Liveness; readonly topic: string }) {
  const refusal = useRefusal(topic);
  if (found.word === "LIVE" || found.word === "POLLING") return null;
  return (
    <div className="absolute top-2 left-2 z-10 max-w-[75%] text-sm">
      <Stale>
        {found.says}
        {refusal && (
          <>
            {" "}
            <button type="button" className="underline" onClick={() => link.retry(topic)}>
              Ask again
            </button>
          </>
        )}
      </Stale>
    </div>
  );
}

function Nothing({ feed, name }: { readonly feed: Feed; readonly name: string }): ReactNode {
  if (feed.error) return <ErrorState what={name} error={feed.error} retry={feed.retry} />;
  if (feed.pending) return <Loading what={`candles of ${name}`} rows={8} />;
  return (
    <Empty title="No trade of this market yet">
      Its first bar appears here as soon as the venue tells of one.
    </Empty>
  );
}

/** How long the newest bar is still open. */
function Closing({ bar, timeframe }: { readonly bar: Bar; readonly timeframe: Timeframe }) {
  const untilUs = endUs(timeframe, bar.start_us);
  const text = useMoving((nowUs) => countdown(Math.ceil((untilUs - nowUs) / 1e6)));
  return (
    <span className="text-sm whitespace-nowrap text-soft" title="until the newest bar closes">
      closes in <span className="inline-block min-w-9 text-right text-ink">{text}</span>
    </span>
  );
}
