/** A chart's equal in words: where each series begins, ends, is lowest and highest; all points. */
import { useMemo, useState } from "react";
import { Time } from "./Age";
import { type Column, Table } from "./Table";
import { type Series, extent, reading } from "./TimeSeriesData";

interface TextProps {
  readonly label: string;
  readonly atUs: readonly number[];
  readonly series: readonly Series[];
}

export function TimeSeriesText(props: TextProps) {
  const [open, setOpen] = useState(false);
  return (
    <details className="px-1 text-sm" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="w-fit cursor-pointer text-soft">
        as text<span className="visually-hidden">: {props.label}</span>
      </summary>
      {open && (
        <div className="grid gap-3 py-2">
          <Extents {...props} />
          <Points {...props} />
        </div>
      )}
    </details>
  );
}

const ENDS = ["first", "last", "lowest", "highest"] as const;

const Extents = ({ label, atUs, series }: TextProps) => (
  <div className="overflow-x-auto" tabIndex={0} role="group" aria-label={`${label}: ends`}>
    <table className="min-w-max text-left">
      <thead>
        <tr className="text-soft">
          <th className="pr-4 font-normal">series</th>
          {ENDS.map((it) => (
            <th key={it} className="pr-4 font-normal">
              {it}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>
        {series.map((it) => {
          const found = extent(it.values);
          return (
            <tr key={it.name}>
              <th className="pr-4 font-normal">{it.name}</th>
              {ENDS.map((end) => (
                <td key={end} className="pr-4 whitespace-nowrap">
                  {found ? reading(it, found[end]) : "–"}{" "}
                  <span className="text-soft">{found && <Time us={atUs[found[end]]} />}</span>
                </td>
              ))}
            </tr>
          );
        })}
      </tbody>
    </table>
  </div>
);

function Points({ label, atUs, series }: TextProps) {
  // Newest first.
  const rows = useMemo(() => atUs.map((_, at) => at).toReversed(), [atUs]);
  const columns = useMemo(() => columnsOf(atUs, series), [atUs, series]);
  return (
    <Table
      label={`${label}: points`}
      rows={rows}
      rowKey={(at) => String(atUs[at])}
      columns={columns}
      height="16rem"
      empty={<p className="text-soft">There are no points.</p>}
    />
  );
}

const columnsOf = (
  atUs: readonly number[],
  series: readonly Series[],
): readonly Column<number>[] => [
  {
    key: "at",
    title: "at",
    width: "11rem",
    sort: (at) => atUs[at],
    cell: (at) => <Time us={atUs[at]} />,
  },
  ...series.map((it, place): Column<number> => ({
    key: String(place),
    title: it.name,
    right: true,
    sort: (at) => it.values[at],
    cell: (at) => reading(it, at),
  })),
];
