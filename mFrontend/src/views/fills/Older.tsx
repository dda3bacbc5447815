/** How far back all fills are here, and a button that reads those before. */
import { Time } from "@/parts/Age";
import { ApiProblem } from "@/api/client";
import { horizonOfAll } from "./older";
import type { useFills } from "./useFills";

export interface OlderProps {
  readonly fills: ReturnType<typeof useFills>;
  /** The accounts that fit the filters. */
  readonly accounts: readonly string[];
}

export function Older({ fills: { pasts, reading, store }, accounts }: OlderProps) {
  const concerned = accounts.flatMap((it) => pasts.get(it) ?? []);
  const horizonUs = horizonOfAll(concerned);
  const ended = concerned.every((it) => it.ended);
  const failed = reading.error;
  return (
    <footer className="flex min-h-11 flex-wrap items-center gap-x-4 gap-y-1 border-t border-line px-3 py-1 text-soft">
      {concerned.length > 0 && (
        <span>
          {ended ? (
            "This is all that the store holds."
          ) : Number.isFinite(horizonUs) ? (
            <>
              Complete since <Time us={horizonUs} />
              {concerned.length > 1 && "; before that not of all accounts"}
            </>
          ) : null}
        </span>
      )}
      {store.data?.configured === false ? (
        <span>The service keeps no store of older fills.</span>
      ) : (
        !ended && (
          <button
            type="button"
            className="button"
            disabled={reading.isPending || concerned.length === 0}
            onClick={() => reading.mutate(accounts)}
          >
            {reading.isPending ? "Reading…" : "Read older fills"}
          </button>
        )
      )}
      {failed && (
        <span role="alert" className="text-bad">
          {failed instanceof ApiProblem ? failed.problem.title : "Failed"}: {failed.message}
        </span>
      )}
    </footer>
  );
}
