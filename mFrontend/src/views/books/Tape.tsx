/** The last trades of a market, newest first. */
import { memo } from "react";
import { decimal } from "@/format/decimal";
import { timeOfDay, utc } from "@/format/time";
import { AsOf } from "@/parts/Age";
import { digitsOf } from "@/parts/LadderFixed";
import { Refused } from "@/parts/Refused";
import { useRefusal, useTopic, useVerdict } from "@/stream/hooks";
import type { Fresh } from "@/stream/messages";
import { marketOf, tradesOf } from "./choices";

interface Trade extends Fresh {
  readonly trade_id: string;
  readonly side: "buy" | "sell" | null;
  readonly price: string;
  readonly quantity: string;
  readonly venue_time_us: number | null;
  readonly received_us: number;
}

const SHOWN_MAX = 10;

/** Digits that show each of these in full, so that their points stand in one line. */
const digits = (texts: readonly string[]): number => Math.max(0, ...texts.map(digitsOf));

export function Tape({ topic }: { readonly topic: string }) {
  const name = tradesOf(topic);
  const { symbol, venue } = marketOf(topic);
  const trades = useTopic(name);
  const verdict = useVerdict(trades);
  const refusal = useRefusal(name);
  const shown = trades.rows.slice(-SHOWN_MAX).toReversed() as unknown as readonly Trade[];
  const priceDigits = digits(shown.map((it) => it.price));
  const sizeDigits = digits(shown.map((it) => it.quantity));
  const stale = verdict.stale && trades.held;
  return (
    <section
      aria-label={`Last trades of ${symbol} at ${venue}`}
      className="border-t border-line text-[0.86rem]"
    >
      <h3 className="flex h-6 items-center justify-between px-2 text-soft">
        Last trades
        {trades.held && <AsOf verdict={verdict} />}
      </h3>
      <div
        className={`overflow-hidden ${stale ? "stale" : ""}`}
        style={{ height: `${SHOWN_MAX * 1.25}rem` }}
      >
        {refusal && !trades.held ? (
          <p className="px-2 text-warn">
            <Refused topic={name} reason={refusal} />
          </p>
        ) : !trades.held ? (
          <p role="status" className="px-2 text-soft">
            Waiting for the trades' stream …
          </p>
        ) : shown.length === 0 ? (
          <p className="px-2 text-soft">No trade since the stream began.</p>
        ) : (
          <ol>
            {shown.map((it) => (
              <Print
                key={it.trade_id}
                trade={it}
                priceDigits={priceDigits}
                sizeDigits={sizeDigits}
                stale={stale}
              />
            ))}
          </ol>
        )}
      </div>
    </section>
  );
}

interface PrintProps {
  readonly trade: Trade;
  readonly priceDigits: number;
  readonly sizeDigits: number;
  readonly stale: boolean;
}

const SIDES = {
  buy: ["▲", "bought", "text-up"],
  sell: ["▼", "sold", "text-down"],
  none: ["", "traded", ""],
} as const;

const Print = memo(function Print({ trade, priceDigits, sizeDigits, stale }: PrintProps) {
  const [cue, word, colour] = SIDES[trade.side ?? "none"];
  const us = trade.venue_time_us ?? trade.received_us;
  return (
    <li className="grid h-5 grid-cols-3 items-center px-2 text-right">
      <span className={`text-left ${stale ? "" : colour}`}>
        <span aria-hidden="true" className="mr-1 text-[0.7em]">
          {cue}
        </span>
        <span className="visually-hidden">{word} at </span>
        {decimal(trade.price, { digits: priceDigits })}
      </span>
      <span>{decimal(trade.quantity, { digits: sizeDigits })}</span>
      <time dateTime={utc(us)} title={utc(us)} className={stale ? "" : "text-soft"}>
        {timeOfDay(us)}
      </time>
    </li>
  );
});
