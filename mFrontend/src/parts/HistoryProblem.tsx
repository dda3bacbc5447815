/** Why history tells nothing: there is none, which is no fault, or it cannot be read now. */
import { hasNone } from "@/api/history";
import { Empty, ErrorState, type ErrorProps } from "./States";

export const HistoryProblem = (props: ErrorProps) =>
  hasNone(props.error) ? (
    <Empty title="No history is kept">
      {props.error instanceof Error && props.error.message}. See HISTORY in docs/configuration.md.
    </Empty>
  ) : (
    <ErrorState {...props} />
  );
