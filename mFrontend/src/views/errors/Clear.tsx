/** Puts all faults told so far behind us, after asking. */
import { useState } from "react";
import { ApiProblem } from "@/api/client";
import { Confirm } from "@/parts/Confirm";
import { useClear } from "./actions";

const SAYS =
  "All faults told so far are forgotten, for everybody who looks at this service. Nothing is repaired by it: what still goes wrong is told again, and logs and the history of processes keep it.";

export function Clear({ many }: { readonly many: number }) {
  const [asked, setAsked] = useState(false);
  const clear = useClear();
  const refused =
    clear.error instanceof ApiProblem && clear.error.status !== 401 ? clear.error : null;
  return (
    <>
      <button
        type="button"
        className="button"
        disabled={many === 0 || clear.isPending}
        onClick={() => setAsked(true)}
      >
        Clear all
      </button>
      {refused && (
        <p role="alert" className="basis-full text-bad">
          ▲ {refused.problem.title}: {refused.message}
        </p>
      )}
      {asked && (
        <Confirm
          title="Clear all errors?"
          says={SAYS}
          verb="Clear all"
          onYes={() => {
            setAsked(false);
            clear.mutate();
          }}
          onNo={() => setAsked(false)}
        />
      )}
    </>
  );
}
