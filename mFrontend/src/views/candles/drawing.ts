/** One chart on the screen: bars and their volume, drawn by TradingView's Lightweight Charts. */
import {
  CandlestickSeries,
  ColorType,
  CrosshairMode,
  HistogramSeries,
  type CandlestickData,
  type DeepPartial,
  type HistogramData,
  type IChartApi,
  type IPriceLine,
  type ISeriesApi,
  LineStyle,
  type Time,
  type TimeChartOptions,
  TickMarkType,
  type UTCTimestamp,
  type WhitespaceData,
  createChart,
} from "lightweight-charts";
import { approximate, compare, decimal } from "@/format/decimal";
import { CHARACTERS_MAX, type Mark, markText } from "./axis";
import type { Colours } from "./colours";
import { type Bar, changed, indexAt } from "./series";
import type { Timeframe } from "./timeframes";
import { digitsOf, startText } from "./words";

/** From bar to bar at first: wide enough to tell hollow from filled. */
const SPACING_PX = 8;
/** Free room at the right of the newest bar. */
const ROOM_BARS = 4;
/** Further from the newest bar than this it is out of sight. */
const AWAY_BARS = -1;
const ZOOM = 0.8;
const VOLUME_SHARE = 0.22;
/** Two hexadecimal digits behind a colour: volume must not outshine price. */
const VOLUME_ALPHA = "73";

export interface Drawn {
  readonly timeframe: Timeframe;
  readonly tick: string;
  /** Nothing may move by itself. */
  readonly still: boolean;
}

const HIDDEN = { lineVisible: false, axisLabelVisible: false } as const;
const SHOWN = { lineVisible: true, axisLabelVisible: true } as const;

const secondsOf = (bar: Bar): UTCTimestamp => (bar.start_us / 1_000_000) as UTCTimestamp;
const microseconds = (time: Time): number => Number(time) * 1_000_000;

const candle = (bar: Bar): CandlestickData => ({
  time: secondsOf(bar),
  open: approximate(bar.open),
  high: approximate(bar.high),
  low: approximate(bar.low),
  close: approximate(bar.close),
});

export class Drawing {
  readonly #chart: IChartApi;
  readonly #candles: ISeriesApi<"Candlestick">;
  readonly #volumes: ISeriesApi<"Histogram">;
  /** The library's own would name the price of the last bar in sight, not of the newest. */
  readonly #price: IPriceLine;
  #colours: Colours | null = null;
  #bars: readonly Bar[] = [];

  constructor(place: HTMLElement, drawn: Drawn) {
    this.#chart = createChart(place, behaviour(drawn));
    const digits = digitsOf(drawn.tick);
    this.#candles = this.#chart.addSeries(CandlestickSeries, {
      priceLineVisible: false,
      lastValueVisible: false,
      priceFormat: {
        type: "custom",
        formatter: (price: number) => decimal(price.toFixed(digits)),
        minMove: approximate(drawn.tick) || 10 ** -digits,
      },
    });
    this.#price = this.#candles.createPriceLine({ price: 0, lineWidth: 1, ...HIDDEN });
    this.#volumes = this.#chart.addSeries(
      HistogramSeries,
      { priceFormat: { type: "volume" }, priceLineVisible: false, lastValueVisible: false },
      1,
    );
    const [prices, volumes] = this.#chart.panes();
    prices?.setStretchFactor(1 - VOLUME_SHARE);
    volumes?.setStretchFactor(VOLUME_SHARE);
    this.#volumes.priceScale().applyOptions({ entireTextOnly: true });
  }

  /** Changed bars one by one, anything else as a whole; what is in sight stays in sight. */
  draw(bars: readonly Bar[]): void {
    const news = changed(this.#bars, bars);
    const newestUs = this.#bars.at(-1)?.start_us ?? 0;
    this.#bars = bars;
    if (news === null) {
      this.#candles.setData(bars.map(candle));
      this.#volumes.setData(bars.map((bar) => this.#volume(bar)));
    } else {
      for (const bar of news) {
        const late = bar.start_us < newestUs;
        this.#candles.update(candle(bar), late);
        this.#volumes.update(this.#volume(bar), late);
      }
    }
    const newest = bars.at(-1);
    this.#price.applyOptions(newest ? { price: approximate(newest.close), ...SHOWN } : HIDDEN);
  }

  recolour(colours: Colours): void {
    this.#colours = colours;
    const { up, down, surface, accent } = colours;
    this.#chart.applyOptions(chartColours(colours));
    this.#price.applyOptions({ color: accent, lineStyle: LineStyle.Dotted });
    // Hollow and filled tell up from down where colours do not.
    this.#candles.applyOptions({
      upColor: surface,
      borderUpColor: up,
      wickUpColor: up,
      downColor: down,
      borderDownColor: down,
      wickDownColor: down,
    });
    this.#volumes.setData(this.#bars.map((bar) => this.#volume(bar)));
  }

  /** The start of the bar under the pointer, in microseconds; null when it leaves. */
  onPoint(listener: (startUs: number | null) => void): void {
    this.#chart.subscribeCrosshairMove(({ time, point }) =>
      listener(time === undefined || !point ? null : microseconds(time)),
    );
  }

  /** Whether the newest bar is in sight. */
  onScroll(listener: (atNewest: boolean) => void): void {
    const timeScale = this.#chart.timeScale();
    timeScale.subscribeVisibleLogicalRangeChange(() =>
      listener(timeScale.scrollPosition() >= AWAY_BARS),
    );
  }

  /** Sets the crosshair on a bar, and brings it into sight. */
  point(bar: Bar | null): void {
    if (!bar) {
      this.#chart.clearCrosshairPosition();
      return;
    }
    const timeScale = this.#chart.timeScale();
    const range = timeScale.getVisibleLogicalRange();
    const at = indexAt(this.#bars, bar.start_us);
    if (range && (at < range.from || at > range.to)) {
      const from = at < range.from ? at : at - (range.to - range.from);
      timeScale.setVisibleLogicalRange({ from, to: from + range.to - range.from });
    }
    this.#chart.setCrosshairPosition(approximate(bar.close), secondsOf(bar), this.#candles);
  }

  /** At once: the library's own glide stops half-way when a bar is drawn meanwhile. */
  toNewest(): void {
    this.#chart.timeScale().scrollToPosition(ROOM_BARS, false);
  }

  /** Fewer bars in sight with `way` 1, more with -1; the newest in sight stays where it is. */
  zoom(way: 1 | -1): void {
    const timeScale = this.#chart.timeScale();
    const range = timeScale.getVisibleLogicalRange();
    if (!range) return;
    const width = (range.to - range.from) * ZOOM ** way;
    timeScale.setVisibleLogicalRange({ from: range.to - width, to: range.to });
  }

  close(): void {
    this.#chart.remove();
  }

  #volume(bar: Bar): HistogramData | WhitespaceData {
    if (bar.volume === null || !this.#colours) return { time: secondsOf(bar) };
    const rising = compare(bar.close, bar.open) >= 0;
    const color = this.#colours[rising ? "up" : "down"] + VOLUME_ALPHA;
    return { time: secondsOf(bar), value: approximate(bar.volume), color };
  }
}

const MARKS: Readonly<Record<TickMarkType, Mark>> = {
  [TickMarkType.Year]: "year",
  [TickMarkType.Month]: "month",
  [TickMarkType.DayOfMonth]: "day",
  [TickMarkType.Time]: "time",
  [TickMarkType.TimeWithSeconds]: "time",
};

function behaviour({ timeframe, still }: Drawn): DeepPartial<TimeChartOptions> {
  return {
    autoSize: true,
    layout: {
      fontFamily: getComputedStyle(document.body).fontFamily,
      fontSize: 11,
      // The library's own mark needs an inline style, which the content policy forbids; the view
      // names and links its maker instead (Credit.tsx).
      attributionLogo: false,
    },
    // The page scrolls under a finger; the chart moves sideways.
    handleScroll: { vertTouchDrag: false },
    kineticScroll: { touch: !still, mouse: false },
    crosshair: { mode: CrosshairMode.Normal },
    localization: { timeFormatter: (time: Time) => startText(microseconds(time), timeframe) },
    timeScale: {
      rightOffset: ROOM_BARS,
      barSpacing: SPACING_PX,
      timeVisible: true,
      secondsVisible: false,
      tickMarkMaxCharacterLength: CHARACTERS_MAX,
      tickMarkFormatter: (time: Time, type: TickMarkType) =>
        markText(microseconds(time), MARKS[type], timeframe),
    },
  };
}

function chartColours(colours: Colours): DeepPartial<TimeChartOptions> {
  const { surface, line, edge, soft, raised } = colours;
  const crosshair = { color: edge, labelBackgroundColor: soft, style: LineStyle.Dashed };
  return {
    layout: {
      background: { type: ColorType.Solid, color: surface },
      textColor: soft,
      panes: { separatorColor: line, separatorHoverColor: raised },
    },
    grid: { vertLines: { color: raised }, horzLines: { color: raised } },
    crosshair: { vertLine: crosshair, horzLine: crosshair },
    rightPriceScale: { borderColor: line },
    timeScale: { borderColor: line },
  };
}
