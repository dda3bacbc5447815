/** Order books side by side; which ones, and how they are shown, is in the address. */
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { marketsQuery } from "@/api/queries";
import { useKeys } from "@/app/keys";
import { Empty, ErrorState, Loading } from "@/parts/States";
import { Book } from "./Book";
import { Picker } from "./Picker";
import { Toolbar } from "./Toolbar";
import { GRIDS, nextMultiple, topicOf } from "./choices";
import { type BookStatus, type Instrument, statusesQuery } from "./markets";
import { SIDES, type Settings, UNITS, following, useSettings } from "./settings";
import { type ShownBooks, useShownBooks } from "./shown";

const COLUMNS: Readonly<Record<string, string>> = {
  "1": "max-w-4xl",
  "2": "max-w-6xl sm:grid-cols-2",
  "4": "sm:grid-cols-2 lg:grid-cols-4",
  "6": "sm:grid-cols-2 lg:grid-cols-3 xl:grid-cols-6",
};

export default function Books() {
  const instruments = useQuery(marketsQuery);
  const statuses = useQuery(statusesQuery);
  const settings = useSettings();
  const books = useShownBooks(instruments.data?.markets, statuses.data);
  const [focused, setFocused] = useState(0);
  const [picking, setPicking] = useState<number | null>(null);
  const at = Math.min(focused, Math.max(0, books.shown.length - 1));
  useBookKeys({ settings, books, at, setFocused, setPicking });
  const waiting = books.byDefault && !statuses.data;
  return (
    <>
      <h1 className="visually-hidden">Order books</h1>
      <Toolbar settings={settings} books={books} />
      {waiting && statuses.error ? (
        <ErrorState
          what="Order books"
          error={statuses.error}
          retry={() => void statuses.refetch()}
        />
      ) : waiting ? (
        <Loading what="order books" rows={16} />
      ) : (
        <Grid
          {...{ books, settings, at, setFocused, setPicking }}
          instruments={instruments.data?.markets}
          statuses={statuses.data}
        />
      )}
      {picking !== null && (
        <Picker
          taken={new Set(books.chosen.map((it) => it.topic))}
          onChoose={(topic) => books.onChoose(picking, topic)}
          onClose={() => setPicking(null)}
        />
      )}
    </>
  );
}

interface Hands {
  readonly settings: Settings;
  readonly books: ShownBooks;
  /** The book that keys are for. */
  readonly at: number;
  readonly setFocused: (at: number) => void;
  readonly setPicking: (at: number) => void;
}

function useBookKeys({ settings, books, at, setFocused, setPicking }: Hands): void {
  const { look, setSides, setUnit, toggle } = settings;
  const move = (step: number): void => {
    const many = Math.max(1, books.shown.length);
    const next = (at + step + many) % many;
    setFocused(next);
    document.querySelector<HTMLElement>(`[data-book="${next}"]`)?.focus();
  };
  const group = (way: 1 | -1): void => {
    const book = books.shown[at];
    if (book) books.onGroup(at, nextMultiple(book.multiple, way));
  };
  const nextSides = (): void => setSides(following(SIDES, look.sides));
  const nextUnit = (): void => setUnit(following(UNITS, look.unit));
  const keys = [
    { keys: "j", says: "next book", run: () => move(1) },
    { keys: "k", says: "previous book", run: () => move(-1) },
    { keys: "[", says: "finer groups", run: () => group(-1) },
    { keys: "]", says: "coarser groups", run: () => group(1) },
    { keys: "b", says: "both sides, bids, asks", run: nextSides },
    { keys: "u", says: "sizes in base, quote", run: nextUnit },
    { keys: "d", says: "depth chart", run: () => toggle("depth") },
    { keys: "l", says: "last trades", run: () => toggle("trades") },
    { keys: "m", says: "choose the market", run: () => setPicking(at) },
    ...GRIDS.map((it) => ({
      keys: it,
      says: it === "1" ? "one book" : `${it} side by side`,
      run: () => books.setSize(it),
    })),
  ];
  useKeys(keys.map((it) => ({ ...it, group: "Order books" })));
}

interface GridProps extends Hands {
  readonly instruments: readonly Instrument[] | undefined;
  readonly statuses: readonly BookStatus[] | undefined;
}

function Grid({ books, settings, at, setFocused, setPicking, instruments, statuses }: GridProps) {
  const { shown, size, chosen } = books;
  const listed = useMemo(
    () => new Map(instruments?.map((it) => [topicOf(it), it])),
    [instruments],
  );
  const counted = useMemo(() => new Map(statuses?.map((it) => [it.topic, it])), [statuses]);
  return (
    <div className={`grid items-start gap-2 ${COLUMNS[size] ?? ""}`}>
      {shown.map((it, index) => (
        <Book
          key={it.topic}
          at={index}
          topic={it.topic}
          multiple={it.multiple}
          look={settings.look}
          current={index === at && shown.length > 1}
          instrument={listed.get(it.topic)}
          status={counted.get(it.topic)}
          onCurrent={setFocused}
          onGroup={books.onGroup}
          onPick={setPicking}
          onRemove={chosen.length > 1 ? books.onRemove : undefined}
        />
      ))}
      {Array.from({ length: Number(size) - shown.length }, (_, index) => (
        <Vacant key={index} onPick={() => setPicking(shown.length)} />
      ))}
    </div>
  );
}

const Vacant = ({ onPick }: { readonly onPick: () => void }) => (
  <section aria-label="Free place" className="panel min-w-0 border-dashed">
    <Empty title="No market here">
      <p className="mb-3">Its order book is shown here once one is chosen.</p>
      <button type="button" className="button" onClick={onPick}>
        Choose a market
      </button>
    </Empty>
  </section>
);
