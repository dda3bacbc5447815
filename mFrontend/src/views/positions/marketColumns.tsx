/** The columns of positions added up by market. */
import { accountName } from "@/format/names";
import { Distance } from "@/parts/Distance";
import { EXACT, MONEY } from "@/parts/PositionColumns";
import { Price } from "@/parts/Price";
import type { Column } from "@/parts/Table";
import { Confirmed, Figure, Judged, MarketName, RowLink, StaleSign } from "@/parts/TableCells";
import { useVerdictOfAll } from "@/parts/TableRows";
import { fields } from "@/parts/csv";
import type { Market } from "./sums";

export const marketKey = (it: Market): string => it.key;

/** As fresh as the oldest of its positions. */
function JudgedMarket({
  market,
  children,
}: {
  readonly market: Market;
  readonly children: React.ReactNode;
}) {
  return <Judged verdict={useVerdictOfAll("positions", market.positions)}>{children}</Judged>;
}

export const aroundMarket = (row: Market, cells: React.ReactNode) => (
  <JudgedMarket market={row}>{cells}</JudgedMarket>
);

/** The positions of one market, one row each. */
const eachPath = (it: Market): string =>
  `/positions?${new URLSearchParams({ venue: it.venue, market: it.symbol }).toString()}`;

const SIGNED = { ...EXACT, signed: true };
const SIGNED_MONEY = { ...MONEY, signed: true };

const amount = (
  key: string,
  title: string,
  value: (it: Market) => string,
  more: Partial<Column<Market>> & { readonly signed?: boolean } = {},
): Column<Market> => {
  const { signed = false, ...rest } = more;
  return {
    key,
    title,
    width: "minmax(6.5rem, 1fr)",
    right: true,
    sort: value,
    cell: (it) => <Figure value={value(it)} look={signed ? SIGNED_MONEY : MONEY} />,
    ...rest,
  };
};

const size = (
  key: string,
  title: string,
  value: (it: Market) => string,
  more: { readonly hidden?: boolean; readonly signed?: boolean },
) =>
  amount(key, title, value, {
    hidden: more.hidden ?? false,
    csv: [{ name: `${key}_quantity`, value }],
    cell: (it) => <Figure value={value(it)} look={more.signed ? SIGNED : EXACT} />,
  });

const notional = (key: string, title: string, value: (it: Market) => string, signed = false) =>
  amount(`${key}_notional`, title, value, {
    width: "minmax(8.8rem, 1fr)",
    csv: [{ name: `${key}_notional`, value }],
    signed,
  });

export const MARKET_COLUMNS: readonly Column<Market>[] = [
  {
    key: "market",
    title: "Market",
    width: "7.8rem",
    words: true,
    sort: (it) => it.symbol,
    csv: fields("symbol", "product"),
    cell: (it) => (
      <span className="flex min-w-0 items-center">
        <MarketName row={it} />
        <StaleSign />
      </span>
    ),
  },
  {
    key: "venue",
    title: "Venue",
    width: "minmax(5rem, 1fr)",
    words: true,
    sort: (it) => it.venue,
    csv: fields("venue"),
    cell: (it) => it.venue,
  },
  {
    key: "positions",
    title: "Positions",
    width: "5.2rem",
    right: true,
    sort: (it) => it.count,
    csv: [{ name: "positions", value: (it) => it.count }],
    cell: (it) => (
      <RowLink href={eachPath(it)} title={it.positions.map(accountName).join(", ")}>
        {it.count}
      </RowLink>
    ),
  },
  size("net", "Net size", (it) => it.netQuantity, { signed: true }),
  size("long", "Long size", (it) => it.longQuantity, { hidden: true }),
  size("short", "Short size", (it) => it.shortQuantity, { hidden: true }),
  notional("net", "Net notional", (it) => it.netNotional, true),
  notional("long", "Long notional", (it) => it.longNotional),
  notional("short", "Short notional", (it) => it.shortNotional),
  notional("gross", "Gross notional", (it) => it.grossNotional),
  amount("mark", "Mark", (it) => it.markPrice ?? "", {
    sort: (it) => it.markPrice,
    csv: [{ name: "mark_price", value: (it) => it.markPrice }],
    cell: (it) => <Price value={it.markPrice} flash />,
  }),
  amount("unrealised", "Unrealised PnL", (it) => it.unrealizedPnl, {
    width: "minmax(7.5rem, 1fr)",
    csv: [{ name: "unrealized_pnl", value: (it) => it.unrealizedPnl }],
    cell: (it) => <Figure value={it.unrealizedPnl} look={MONEY} trend flash />,
  }),
  {
    key: "distance",
    title: "Distance",
    width: "6.3rem",
    right: true,
    hint: "Of the position that is nearest to its liquidation",
    sort: (it) => it.distance,
    csv: [{ name: "liquidation_distance", value: (it) => it.distance }],
    cell: (it) => <Distance value={it.distance} />,
  },
  {
    key: "confirmed",
    title: "As of",
    width: "5rem",
    right: true,
    hint: "When the oldest of its positions was confirmed",
    cell: () => <Confirmed />,
  },
];
