/** What accounts gained, traded and paid per period, as rows for the eye. */
import type { Schemas } from "@/api/client";
import { type Look, compare, decimal, percent } from "@/format/decimal";
import { accountName } from "@/format/names";
import { count } from "@/format/quantity";
import { inZone } from "@/format/time";

export type Period = Schemas["Period"];
export type AccountPeriods = Schemas["AccountPeriods"];
export type PeriodSum = Schemas["PeriodSum"];

export const PERIODS = ["24h", "7d", "30d", "all"] as const;
export type PeriodName = (typeof PERIODS)[number];
export const PERIOD_TITLES: Readonly<Record<string, string>> = {
  "24h": "24 h",
  "7d": "7 days",
  "30d": "30 days",
  all: "All time",
};

type Figures = Pick<
  PeriodSum,
  | "pnl"
  | "realized_pnl"
  | "funding"
  | "fees"
  | "equity_change"
  | "volume"
  | "trades"
  | "closing_trades"
  | "wins"
  | "losses"
  | "win_rate_percent"
>;

export interface FigureRow {
  /** As the service names it in `unknown`. */
  readonly key: keyof Figures;
  readonly title: string;
  readonly hint: string;
  /** Money with a direction: coloured by its sign. */
  readonly trend?: boolean;
  readonly money?: boolean;
}

/** What is read first comes first. */
export const FIGURES: readonly FigureRow[] = [
  {
    key: "pnl",
    title: "PnL",
    hint: "realised, less fees, with funding where it is known",
    trend: true,
    money: true,
  },
  {
    key: "realized_pnl",
    title: "Realised",
    hint: "what closing positions brought by average cost, before fees",
    trend: true,
    money: true,
  },
  {
    key: "funding",
    title: "Funding",
    hint: "funding payments; above zero when received",
    trend: true,
    money: true,
  },
  { key: "fees", title: "Fees", hint: "below zero they are rebates", money: true },
  {
    key: "equity_change",
    title: "Equity +/−",
    hint: "between both ends; deposits, withdrawals and what is not realised are in it",
    trend: true,
    money: true,
  },
  { key: "volume", title: "Volume", hint: "the sum of the fills' notionals", money: true },
  { key: "trades", title: "Fills", hint: "how many fills" },
  {
    key: "closing_trades",
    title: "Closing",
    hint: "fills that closed a position or a part of one",
  },
  { key: "wins", title: "Won", hint: "closing fills that realised more than zero, before fees" },
  { key: "losses", title: "Lost", hint: "closing fills that realised less than zero, before fees" },
  { key: "win_rate_percent", title: "Win rate", hint: "won of closing fills" },
];

const CENTS: Look = { digits: 2 };
const WHOLE: Look = { digits: 0 };
/** From here on cents of a volume say nothing; the exact number is in the hover. */
const LARGE_VOLUME = "1000";

export const lookOf = (key: keyof Figures, value: string): Look =>
  key === "volume" && compare(value, LARGE_VOLUME) >= 0 ? WHOLE : CENTS;

/** A figure that is no money, as text. */
export function plainFigure(key: keyof Figures, value: string | number | null): string {
  if (typeof value === "string") return decimal(value);
  return key === "win_rate_percent" ? percent(value) : count(value);
}

interface Reason {
  readonly says: string;
  readonly figures: readonly string[];
  /** None where it holds for all periods. */
  readonly periods: readonly string[];
}

const titleOf = (key: string): string => FIGURES.find((it) => it.key === key)?.title ?? key;

/** Why figures are not known, each reason once, with the figures and periods it holds for. */
export function reasonsOf(periods: readonly Period[]): readonly Reason[] {
  const found = new Map<string, { figures: Set<string>; periods: Set<string> }>();
  for (const period of periods) {
    for (const [key, says] of Object.entries(period.unknown)) {
      const reason = found.get(says) ?? { figures: new Set(), periods: new Set() };
      found.set(says, reason);
      reason.figures.add(titleOf(key));
      reason.periods.add(PERIOD_TITLES[period.period] ?? period.period);
    }
  }
  return [...found].map(([says, it]) => ({
    says: inZone(says),
    figures: [...it.figures],
    periods: it.periods.size === periods.length ? [] : [...it.periods],
  }));
}

/** One account's sums of one period, for the table of all accounts. */
export interface AccountRow {
  readonly name: string;
  readonly label: string;
  readonly venue: string;
  readonly account: string;
  readonly settle: string;
  readonly period: Period | null;
  /** Newer sums than these are still being counted. */
  readonly counting: boolean;
  /** Why nothing could be counted. */
  readonly reason: string;
}

export const accountRows = (
  accounts: readonly AccountPeriods[],
  period: PeriodName,
): readonly AccountRow[] =>
  accounts.map((it) => ({
    name: accountName(it),
    label: it.label,
    venue: it.venue,
    account: it.account,
    settle: it.settle ?? "",
    period: it.periods.find((one) => one.period === period) ?? null,
    counting: it.counting,
    reason: it.reason ?? "",
  }));

/** The time of the oldest sums of all that are shown. */
export function oldestUs(rows: readonly AccountRow[]): number | null {
  const times = rows.flatMap(({ period }) => period?.to_us ?? []);
  return times.length ? Math.min(...times) : null;
}
