/** A part of the page about one topic of the account: its anchor, its age, and its states. */
import { type ReactNode, createContext, use } from "react";
import { AsOf } from "@/parts/Age";
import { Panel } from "@/parts/Panel";
import { Empty, Loading } from "@/parts/States";
import type { TopicState } from "@/stream/store";
import type { Verdict } from "@/stream/verdict";

export const SECTIONS = {
  figures: "Figures",
  curve: "Curve",
  balances: "Balances",
  positions: "Positions",
  orders: "Open orders",
  fills: "Fills",
  statistics: "Statistics",
  points: "Points",
  connections: "Connections",
  process: "Process",
  frames: "Raw frames",
} as const;
type SectionName = keyof typeof SECTIONS;

/** Where a link within the page leads to; clear of the bar at the top. */
export const Anchor = ({
  name,
  children,
  className = "",
}: {
  readonly name: SectionName;
  readonly children: ReactNode;
  readonly className?: string;
}) => (
  <div id={name} className={`min-w-0 scroll-mt-14 ${className}`}>
    {children}
  </div>
);

/** Whether the account never delivered: then nothing will come to wait for. */
export const NeverDelivered = createContext(false);

interface SectionProps {
  readonly name: SectionName;
  readonly topic: TopicState;
  readonly verdict: Verdict;
  /** How many things it has; 0 shows `empty`. */
  readonly many: number;
  readonly empty: ReactNode;
  readonly aside?: ReactNode;
  readonly counted?: boolean;
  readonly children: ReactNode;
}

export function Section(props: SectionProps) {
  const { name, topic, verdict, many, empty, aside, counted = true, children } = props;
  const never = verdict.asOfUs === null && many === 0;
  const waiting = !topic.held && !use(NeverDelivered);
  return (
    <Anchor name={name}>
      <Panel
        className="h-full"
        title={counted && topic.held && !never ? `${SECTIONS[name]} (${many})` : SECTIONS[name]}
        aside={
          <>
            {aside}
            <AsOf verdict={verdict} />
          </>
        }
      >
        {waiting ? (
          <Loading what={SECTIONS[name]} />
        ) : never ? (
          <Empty title="Nothing received yet">
            This account has not delivered; whether there are any is not known.
          </Empty>
        ) : many === 0 ? (
          empty
        ) : (
          children
        )}
      </Panel>
    </Anchor>
  );
}

/** Links to the parts, so that nobody has to scroll past all of them. */
export const Contents = () => (
  <nav aria-label="Parts of this page" data-print="no" className="min-w-0">
    <ul className="flex gap-x-1 overflow-x-auto text-sm" tabIndex={-1}>
      {Object.entries(SECTIONS).map(([name, title]) => (
        <li key={name}>
          <a
            href={`#${name}`}
            className="inline-flex min-h-7 items-center rounded px-2 whitespace-nowrap text-soft hover:bg-raised hover:text-ink"
          >
            {title}
          </a>
        </li>
      ))}
    </ul>
  </nav>
);
