/** The spread's last two minutes as a small line. */
import { memo, useEffect, useState } from "react";
import { topOf } from "@/parts/LadderRows";
import { Sparkline } from "@/parts/Sparkline";
import type { Book } from "@/stream/book";
import { clock } from "@/stream/clock";
import { verdictOf } from "@/stream/hooks";
import { store } from "@/stream/store";
import { type Sample, SpreadHistory, inWords } from "./spread";

function sample(topic: string): Sample {
  const state = store.topic(topic);
  const top = state.data && !verdictOf(state).stale ? topOf(state.data as Book) : null;
  return top && !top.crossed ? Number(top.points) : null;
}

const NONE: readonly Sample[] = [];

export const SpreadLine = memo(function SpreadLine({ topic }: { readonly topic: string }) {
  const [samples, setSamples] = useState(NONE);
  useEffect(() => {
    const history = new SpreadHistory();
    return clock.subscribe(() => {
      history.take(sample(topic), clock.localMs());
      setSamples(history.samples);
    });
  }, [topic]);
  const words = inWords(samples);
  return (
    <span title={words} className="flex-none">
      <Sparkline values={samples} says={words} width={60} height={16} />
    </span>
  );
});
