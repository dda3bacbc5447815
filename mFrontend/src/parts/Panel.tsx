/** A titled box, and a figure with its name. */
import { type ReactNode, useId } from "react";

export interface PanelProps {
  readonly title: string;
  readonly children: ReactNode;
  /** At the right of the title: age, filters, buttons. */
  readonly aside?: ReactNode;
  readonly className?: string;
}

export function Panel({ title, children, aside, className = "" }: PanelProps) {
  const name = useId();
  return (
    <section aria-labelledby={name} className={`panel min-w-0 ${className}`}>
      <header className="flex min-h-10 flex-wrap items-center justify-between gap-x-3 gap-y-1 border-b border-line px-3 py-1">
        <h2 id={name}>{title}</h2>
        {aside && <div className="flex flex-wrap items-center gap-2">{aside}</div>}
      </header>
      {children}
    </section>
  );
}

export interface FigureProps {
  readonly name: string;
  readonly children: ReactNode;
  readonly note?: ReactNode;
}

/** For the few numbers that are read first. */
export const Figure = ({ name, children, note }: FigureProps) => (
  <div className="panel flex min-w-0 flex-col px-3 py-2">
    <span className="text-sm text-soft">{name}</span>
    <span className="text-xl font-semibold">{children}</span>
    <span className="min-h-5 text-sm break-words text-soft">{note}</span>
  </div>
);

/** Name and value, one under the other. */
export const Facts = ({ children }: { readonly children: ReactNode }) => (
  <dl className="grid grid-cols-[auto_1fr] gap-x-4 gap-y-1 [&>dd]:min-w-0 [&>dd]:break-words [&>dt]:text-soft">
    {children}
  </dl>
);
