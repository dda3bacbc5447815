/** An order book as a table: asks above, bids below, the mid and the spread between them. */
import { memo, useId, useLayoutEffect, useRef } from "react";
import type { Book } from "@/stream/book";
import { store } from "@/stream/store";
import { Painter } from "./LadderPainter";
import { type Look, ladderOf } from "./LadderRows";
import "./Ladder.css";

interface LadderProps {
  /** Somebody else subscribes to it. */
  readonly topic: string;
  readonly caption: string;
  readonly look: Look;
  /** What sizes are counted in, such as BTC. */
  readonly sizeUnit: string;
  /** Dimmed, as it may no longer be believed; who uses it says why. */
  readonly dimmed: boolean;
}

export const Ladder = memo(function Ladder(props: LadderProps) {
  const { rows, tick, multiple, unit, sides } = props.look;
  // What is written by hand starts anew where another market, or other rows of it, are shown.
  return <Sheet key={`${props.topic} ${sides} ${rows} ${tick} ${multiple} ${unit}`} {...props} />;
});

function Sheet({ topic, caption, look, sizeUnit, dimmed }: LadderProps) {
  const root = useRef<HTMLDivElement>(null);
  const name = useId();
  const { rows, tick, multiple, unit, sides } = look;
  // One side alone takes the other's place, so that the height stays.
  const each = sides === "both" ? rows : 2 * rows;
  useLayoutEffect(() => {
    if (!root.current) return;
    const painter = new Painter(root.current);
    const paint = (): void => {
      const book = store.topic(topic).data as Book | null;
      const painted = book && {
        ladder: ladderOf(book, { rows: each, tick, multiple, unit, sides }),
        sequence: book.sequence ?? null,
      };
      painter.paint(painted);
    };
    paint();
    return store.listen(topic, paint);
  }, [topic, each, tick, multiple, unit, sides]);
  return (
    <div ref={root} className="ladder" data-topic={topic} data-dimmed={dimmed || undefined}>
      <table role="table" aria-labelledby={name}>
        <caption id={name} className="visually-hidden">
          {caption}
        </caption>
        <thead role="rowgroup">
          <tr role="row">
            <Title>Price</Title>
            <Title hint={`Size in ${sizeUnit}`}>
              Size <span className="text-faint">{sizeUnit}</span>
            </Title>
            <Title hint="All sizes from the top of the book to here">Total</Title>
          </tr>
        </thead>
        {sides !== "bids" && <Side side="asks" rows={each} />}
        <tbody role="rowgroup" aria-label="Mid and spread">
          <tr role="row" className="ladder-middle">
            <td role="cell" data-mid title="mid: half-way between best bid and best ask" />
            <td role="cell" data-spread title="spread: best ask less best bid" />
            <td role="cell" data-points title="spread in basis points of the mid" />
          </tr>
        </tbody>
        {sides !== "asks" && <Side side="bids" rows={each} />}
      </table>
      <Balance />
    </div>
  );
}

interface TitleProps {
  readonly children: React.ReactNode;
  readonly hint?: string;
}

const Title = ({ children, hint }: TitleProps) => (
  <th role="columnheader" scope="col" title={hint}>
    {children}
  </th>
);

const Side = ({ side, rows }: { readonly side: "asks" | "bids"; readonly rows: number }) => (
  <tbody role="rowgroup" aria-label={side === "asks" ? "Asks" : "Bids"} data-side={side}>
    {Array.from({ length: rows }, (_, at) => (
      <tr key={at} role="row" data-empty="">
        <td role="cell">
          <i aria-hidden="true" data-bar />
        </td>
        <td role="cell" />
        <td role="cell" />
      </tr>
    ))}
  </tbody>
);

/** How what is shown divides between the sides. */
const Balance = () => (
  <p className="ladder-balance" title="imbalance: the sides' parts of all sizes that are shown">
    <span className="visually-hidden">Imbalance: </span>
    <span>
      bids <b data-bids-share />
    </span>
    <span aria-hidden="true" className="ladder-balance-track">
      <i data-balance />
    </span>
    <span>
      <b data-asks-share /> asks
    </span>
  </p>
);
