/** Equity and margin ratio over time, from history; its end is what the stream says now. */
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, body } from "@/api/client";
import { eachMs, retryHistory } from "@/api/history";
import { useChoice } from "@/app/address";
import { duration, moment } from "@/format/time";
import { HistoryProblem } from "@/parts/HistoryProblem";
import { Panel } from "@/parts/Panel";
import { Empty, Loading, Stale } from "@/parts/States";
import { type Series, TimeSeries } from "@/parts/TimeSeries";
import { useHeldTopic, useMoving, useVerdict } from "@/stream/hooks";
import type { Figures } from "@/stream/messages";
import { RANGES, type Range, past } from "./curve";
import { Anchor } from "./Section";

const CHOICES = ["1 h", "24 h", "7 d", "30 d"] as const;
const HEIGHT = 210;
const POINTS_MAX = 1_000;
const REFRESH_MS_MIN = 60_000;

const useStored = (account: string, range: Range) =>
  useQuery({
    queryKey: ["history", "accounts", account, range],
    refetchInterval: eachMs(Math.max(REFRESH_MS_MIN, RANGES[range].stepS * 500)),
    retry: retryHistory,
    // Another range of it may stand until the new one comes.
    placeholderData: keepPreviousData,
    queryFn: ({ signal }) => {
      const { spanS, interval } = RANGES[range];
      const from = String((Math.floor(Date.now() / 1000) - spanS) * 1_000_000);
      const query = { from, interval, limit: POINTS_MAX };
      const path = { index: account };
      return body(api.GET("/api/history/accounts/{index}", { params: { path, query }, signal }));
    },
  });

export function Curve({ account }: { readonly account: string }) {
  const [range, setRange] = useChoice("range", CHOICES);
  const { data, error, refetch } = useStored(account, range);
  return (
    <Anchor name="curve">
      <Panel
        title="Equity and margin ratio"
        className="h-full"
        aside={
          <div role="group" aria-label="Time span" className="flex gap-1">
            {CHOICES.map((it) => (
              <button
                key={it}
                type="button"
                className="button aria-pressed:border-accent"
                aria-pressed={it === range}
                onClick={() => setRange(it)}
              >
                {it}
              </button>
            ))}
          </div>
        }
      >
        <div className="min-h-[17.5rem] p-2">
          {error && !data ? (
            <HistoryProblem what="History" error={error} retry={() => void refetch()} />
          ) : !data ? (
            <Loading what="history" rows={8} />
          ) : (
            <Drawn account={account} range={range} stored={data.items} failed={error !== null} />
          )}
        </div>
      </Panel>
    </Anchor>
  );
}

interface DrawnProps {
  readonly account: string;
  readonly range: Range;
  readonly stored: Parameters<typeof past>[0];
  readonly failed: boolean;
}

function Drawn({ account, range, stored, failed }: DrawnProps) {
  const topic = useHeldTopic(`account:${account}`);
  const figures = topic.data as Figures | null;
  const { stale } = useVerdict(topic, figures);
  const { spanS, stepS } = RANGES[range];
  const toUs = useMoving((nowUs) => Math.ceil(nowUs / 1e6 / stepS) * stepS * 1e6);
  const fromUs = toUs - spanS * 1e6;
  const { atUs, equity, ratio } = useMemo(
    () => past(stored, stale ? null : figures, stepS),
    [stored, stale, figures, stepS],
  );
  const settle = figures?.settle ?? "";
  const series = useMemo(
    (): readonly Series[] => [
      { name: "equity", values: equity, unit: settle, look: { digits: 2 }, colour: "accent" },
      {
        name: "margin ratio",
        values: ratio,
        unit: "%",
        look: { digits: 2 },
        colour: "warn",
        axis: "right",
      },
    ],
    [equity, ratio, settle],
  );
  const first = atUs[0];
  if (first === undefined)
    return (
      <Empty title={`Nothing stored in the last ${range}`}>
        The recorder stores what an account is worth at least each minute while it delivers.
      </Empty>
    );
  return (
    <>
      {failed && <Stale>History cannot be read now; the curve is what was read before.</Stale>}
      <TimeSeries
        label={`Equity and margin ratio of ${account}, ${range}`}
        atUs={atUs}
        series={series}
        height={HEIGHT}
        fromUs={fromUs}
        toUs={toUs}
      />
      {first - fromUs > 2 * stepS * 1e6 && (
        <p className="px-1 text-sm text-soft">
          In this span history begins {moment(first)}, {duration((toUs - first) / 1000)} ago.
        </p>
      )}
    </>
  );
}
