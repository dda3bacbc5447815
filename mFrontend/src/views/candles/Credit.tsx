/** The notice of the chart library and the link to its maker, as its licence asks. */
const MAKER = "https://www.tradingview.com/";

export const Credit = () => (
  <p className="px-1 text-sm text-soft">
    Charts drawn by TradingView Lightweight Charts™, Copyright © 2026 TradingView, Inc.{" "}
    <a className="underline hover:text-ink" href={MAKER} target="_blank" rel="noreferrer">
      {MAKER}
    </a>
  </p>
);
