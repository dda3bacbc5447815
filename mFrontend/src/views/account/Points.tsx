/** The venue's reward score of the account, by season. */
import { count } from "@/format/quantity";
import { Time } from "@/parts/Age";
import { Num } from "@/parts/Number";
import { Empty } from "@/parts/States";
import { useHeldTopic, useVerdict } from "@/stream/hooks";
import type { Schemas } from "@/api/client";
import type { Account } from "@/parts/attention";
import type { TopicState } from "@/stream/store";
import type { Verdict } from "@/stream/verdict";
import { Section } from "./Section";

type Found = Omit<Schemas["AccountPoints"], "index" | "label" | "state">;

/** One topic tells of all accounts; of one, only its own row says how fresh it is. */
const ofOne = (topic: TopicState): TopicState => ({ ...topic, asOfUs: null, stale: null });

export function Points({ account }: { readonly account: Account }) {
  const topic = useHeldTopic("points");
  const points = (topic.rows as unknown as readonly Found[]).find(
    (it) => it.venue === account.venue && it.account === account.account,
  );
  const verdict = useVerdict(ofOne(topic), points ?? null);
  return (
    <Section
      name="points"
      topic={topic}
      verdict={verdict}
      many={points?.available ? 1 : 0}
      counted={false}
      empty={
        <Empty title="No points">
          {points?.reason || "The venue is asked each ten minutes; it has told of none."}
        </Empty>
      }
    >
      {points && <Score points={points} verdict={verdict} />}
    </Section>
  );
}

const Score = ({ points, verdict }: { readonly points: Found; readonly verdict: Verdict }) => (
  <div className="grid gap-2 p-3">
    <p>
      <span className="text-xl font-semibold">
        <Num value={points.total} verdict={verdict} />
      </span>{" "}
      <span className="text-soft">
        in all{points.rank !== null && `, rank ${count(points.rank)}`}
        {Object.entries(points.leagues).map(([what, league]) => ` · ${what}: ${league}`)}
      </span>
    </p>
    {points.seasons.toReversed().map((season) => (
      <details key={season.season} className="border-t border-line pt-1">
        <summary className="cursor-pointer">
          Season {season.season}: <Num value={season.total} verdict={verdict} mark={false} />
        </summary>
        <ul className="grid gap-0.5 py-1 pl-4">
          {season.epochs.toReversed().map((it) => (
            <li key={it.epoch} className="flex justify-between gap-3">
              <span className="text-soft">
                epoch {it.epoch}, until <Time us={it.end_us} />
              </span>
              <Num value={it.points} />
            </li>
          ))}
        </ul>
      </details>
    ))}
  </div>
);
