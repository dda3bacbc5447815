/** What the positions shown come to, per settlement asset; said to be that. */
import { count } from "@/format/quantity";
import { Num, type NumberProps } from "@/parts/Number";
import { Age } from "@/parts/Age";
import { MONEY } from "@/parts/PositionColumns";
import { useVerdictOfAll } from "@/parts/TableRows";
import type { Position } from "@/stream/messages";
import type { Verdict } from "@/stream/verdict";
import { type Sums, bySettle } from "./sums";

interface SumsLineProps {
  readonly positions: readonly Position[];
  readonly settleOf: (account: string) => string | undefined;
}

export function SumsLine({ positions, settleOf }: SumsLineProps) {
  const verdict = useVerdictOfAll("positions", positions);
  const sums = [...bySettle(positions, settleOf)];
  return (
    <section
      aria-label="Sums of the positions shown"
      className="grid min-h-9 gap-x-6 gap-y-1 border-b border-line px-3 py-1.5"
    >
      {sums.map(([settle, of], at) => (
        <p
          key={settle}
          className="flex flex-wrap items-baseline gap-x-5 gap-y-0.5 lg:grid lg:grid-cols-[15rem_repeat(4,minmax(8rem,auto))_1fr]"
        >
          <span className="text-sm text-soft">
            Sum of the {count(of.count)} shown{settle && ` in ${settle}`}
          </span>
          <Amounts of={of} verdict={verdict} />
          {at === 0 && (
            <span className="text-sm text-soft">
              as of <Age verdict={verdict} />
            </span>
          )}
        </p>
      ))}
    </section>
  );
}

function Amounts({ of, verdict }: { readonly of: Sums; readonly verdict: Verdict }) {
  const signed = { ...MONEY, signed: true };
  return (
    <>
      <Amount name="net" value={of.netNotional} look={signed} verdict={verdict} />
      <Amount name="long" value={of.longNotional} look={MONEY} verdict={verdict} wide />
      <Amount name="short" value={of.shortNotional} look={MONEY} verdict={verdict} wide />
      <Amount name="unrealised" value={of.unrealizedPnl} look={MONEY} trend verdict={verdict} />
      {of.unvalued > 0 && (
        <span className="text-sm text-warn">
          {of.unvalued} of them without a value from the venue
        </span>
      )}
    </>
  );
}

/** `wide`: not on a phone, where the table needs the room. */
const Amount = ({
  name,
  wide,
  ...number
}: { readonly name: string; readonly wide?: boolean } & NumberProps) => (
  <span className={wide ? "max-sm:hidden" : ""}>
    <span className="mr-1.5 text-sm text-soft">{name}</span>
    <Num {...number} mark={false} />
  </span>
);
