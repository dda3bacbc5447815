/** A small depth chart, drawn with each beat, and the same in words beside it. */
import { memo, useEffect, useRef } from "react";
import { decimal } from "@/format/decimal";
import type { Book } from "@/stream/book";
import { clock } from "@/stream/clock";
import { useMoving } from "@/stream/hooks";
import { store } from "@/stream/store";
import { type Depth, depthOf, outline, reachedBy } from "./depth";

const HEIGHT = 56;
const LOOK = { digitsMax: 3 };

const bookOf = (topic: string): Book | null => store.topic(topic).data as Book | null;

/** One text for each of its numbers; empty while there is nothing to tell. */
function told(topic: string): string {
  const book = bookOf(topic);
  const depth = book && depthOf(book);
  if (!book || !depth) return "";
  const { bids, asks, percent } = reachedBy(book, depth);
  return [decimal(bids, LOOK), percent, decimal(asks, LOOK)].join("\n");
}

interface DepthChartProps {
  readonly topic: string;
  readonly base: string;
  readonly dimmed: boolean;
}

export const DepthChart = memo(function DepthChart({ topic, base, dimmed }: DepthChartProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [bids = "–", percent = "–", asks = "–"] = useMoving(() => told(topic))
    .split("\n")
    .map((text) => text || "–");
  useEffect(() => {
    const draw = (): void => {
      const book = bookOf(topic);
      if (canvas.current) paint(canvas.current, book && depthOf(book), dimmed);
    };
    draw();
    const end = clock.subscribe(draw);
    const sizes = new ResizeObserver(draw);
    if (canvas.current) sizes.observe(canvas.current);
    return () => {
      end();
      sizes.disconnect();
    };
  }, [topic, dimmed]);
  return (
    <figure className="border-t border-line px-2 py-1" aria-label="Depth">
      <canvas
        ref={canvas}
        aria-hidden="true"
        className="block w-full"
        style={{ height: HEIGHT }}
      />
      <figcaption
        className={`flex justify-between gap-2 text-sm ${dimmed ? "stale" : "text-soft"}`}
      >
        <span className={dimmed ? "" : "text-up"}>
          <span className="visually-hidden">bids </span>
          {bids}
        </span>
        <span className="min-w-0 truncate">
          {percent === "–" ? "no depth known" : `${base} to ±${percent} %`}
        </span>
        <span className={dimmed ? "" : "text-down"}>
          <span className="visually-hidden">asks </span>
          {asks}
        </span>
      </figcaption>
    </figure>
  );
});

function paint(canvas: HTMLCanvasElement, depth: Depth | null, dimmed: boolean): void {
  const ratio = window.devicePixelRatio || 1;
  const width = canvas.clientWidth;
  // A canvas that is given a size is cleared, and its memory taken anew.
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(HEIGHT * ratio)) canvas.height = Math.round(HEIGHT * ratio);
  const pen = canvas.getContext("2d");
  if (!pen) return;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, HEIGHT);
  if (!depth) return;
  const colours = getComputedStyle(canvas);
  const fill = (side: "bids" | "asks", name: string): void => {
    const ground = colours.getPropertyValue(dimmed ? "--raised" : `--${name}-ground`);
    const edge = colours.getPropertyValue(dimmed ? "--edge" : `--${name}`);
    const path = outline(depth[side], depth, { width, height: HEIGHT, left: side === "bids" });
    pen.beginPath();
    path.forEach(([x, y], at) => (at ? pen.lineTo(x, y) : pen.moveTo(x, y)));
    pen.fillStyle = ground;
    pen.fill();
    pen.strokeStyle = edge;
    pen.stroke();
  };
  fill("bids", "up");
  fill("asks", "down");
}
