/** Which market, which timeframe of the chart that has the keys, and how many charts. */
import { type Market, marketName } from "./feed";
import { LAYOUTS, type Timeframe, spoken } from "./timeframes";

export interface ToolbarProps {
  readonly markets: readonly Market[];
  readonly market: Market;
  readonly onMarket: (name: string) => void;
  readonly offered: readonly Timeframe[];
  readonly shown: readonly Timeframe[];
  /** Of the chart that has the keys. */
  readonly timeframe: Timeframe;
  readonly onTimeframe: (timeframe: Timeframe) => void;
  readonly onLayout: (count: number) => void;
}

export function Toolbar(props: ToolbarProps) {
  const { offered, shown, timeframe, onTimeframe, onLayout } = props;
  return (
    <section
      aria-label="Market, timeframe and layout"
      className="panel flex flex-wrap items-center gap-x-4 gap-y-2 px-3 py-2"
    >
      <MarketPicker {...props} />
      <div
        role="group"
        aria-label={`Timeframe of the chart of ${spoken(timeframe)}`}
        className="grid w-full grid-cols-6 gap-1 sm:flex sm:w-auto sm:flex-wrap"
      >
        {offered.map((it) => (
          <Choice
            key={it}
            pressed={it === timeframe}
            says={spoken(it)}
            onPress={() => onTimeframe(it)}
          >
            {it}
          </Choice>
        ))}
      </div>
      <div role="group" aria-label="Charts side by side" className="flex items-center gap-1">
        <span aria-hidden="true" className="mr-1 text-sm text-soft">
          Charts
        </span>
        {LAYOUTS.map((it) => (
          <Choice
            key={it}
            pressed={it === shown.length}
            says={it === 1 ? "1 chart" : `${it} charts`}
            onPress={() => onLayout(it)}
          >
            {it}
          </Choice>
        ))}
      </div>
    </section>
  );
}

interface ChoiceProps {
  readonly pressed: boolean;
  readonly says: string;
  readonly onPress: () => void;
  readonly children: string | number;
}

const Choice = ({ pressed, says, onPress, children }: ChoiceProps) => (
  <button
    type="button"
    aria-pressed={pressed}
    title={says}
    className="button min-w-9 justify-center px-1.5 aria-pressed:border-accent aria-pressed:bg-accent aria-pressed:text-on-accent"
    onClick={onPress}
  >
    {children}
    <span className="visually-hidden"> ({says})</span>
  </button>
);

function MarketPicker({ markets, market, onMarket }: ToolbarProps) {
  const venues = [...new Set(markets.map((it) => it.venue))];
  return (
    <select
      className="field max-w-full font-semibold"
      aria-label="Market"
      value={marketName(market)}
      onChange={(event) => onMarket(event.target.value)}
    >
      {venues.map((venue) => (
        <optgroup key={venue} label={venue}>
          {markets
            .filter((it) => it.venue === venue)
            .map((it) => (
              <option key={marketName(it)} value={marketName(it)}>
                {label(it, markets)}
              </option>
            ))}
        </optgroup>
      ))}
    </select>
  );
}

/** The product is named only where the venue trades the symbol in several. */
function label(it: Market, markets: readonly Market[]): string {
  const twin = markets.some(
    ({ venue, symbol, product }) =>
      venue === it.venue && symbol === it.symbol && product !== it.product,
  );
  return `${it.symbol}${twin || it.product === "spot" ? ` ${it.product}` : ""} · ${it.venue}`;
}
