/** What stands where data would: nothing yet, nothing at all, an error, no permission, old data. */
import type { ReactNode } from "react";
import { ApiProblem } from "@/api/client";
import { token } from "@/api/token";
import { askForToken } from "./TokenDialog";

interface PanelProps {
  readonly title: string;
  readonly children?: ReactNode;
  readonly sign: string;
  readonly alert?: boolean;
}

const Told = ({ title, children, sign, alert }: PanelProps) => (
  <div
    role={alert ? "alert" : undefined}
    className="flex min-h-28 flex-col items-center justify-center gap-2 p-6 text-center"
  >
    <span aria-hidden="true" className="text-2xl text-faint">
      {sign}
    </span>
    <p className="font-semibold">{title}</p>
    {children && <div className="max-w-prose text-soft">{children}</div>}
  </div>
);

/** There is nothing, and that is a fact: say what would be here, and how it comes. */
export const Empty = ({
  title,
  children,
}: {
  readonly title: string;
  readonly children?: ReactNode;
}) => (
  <Told sign="∅" title={title}>
    {children}
  </Told>
);

/** Nothing is known yet; keeps the place of `rows` rows, so that nothing jumps. */
export const Loading = ({ what, rows = 3 }: { readonly what: string; readonly rows?: number }) => (
  <div role="status" className="grid gap-2 p-3">
    <span className="visually-hidden">Loading {what}</span>
    {Array.from({ length: rows }, (_, at) => (
      <span key={at} aria-hidden="true" className="h-6 rounded bg-raised" />
    ))}
  </div>
);

/** The service refuses to tell without the token. */
export const Unauthorised = () => (
  <Told sign="⊘" title="The service wants its token">
    <p className="mb-3">
      {token.wrong() && "The one that was entered is not the right one. "}
      It is kept in the memory of this tab only, and asked for again after a reload.
    </p>
    <button type="button" className="button button-strong" onClick={askForToken}>
      Enter the token
    </button>
  </Told>
);

export interface ErrorProps {
  readonly error: unknown;
  readonly what: string;
  readonly retry?: () => void;
}

/** What went wrong, in the service's own words, and what can be done. */
export function ErrorState({ error, what, retry }: ErrorProps) {
  if (error instanceof ApiProblem && error.unauthorised) return <Unauthorised />;
  const away = error instanceof ApiProblem && error.unreachable;
  const title = away
    ? `${what}: the service does not answer`
    : `${what}: ${error instanceof ApiProblem ? error.problem.title : "this page failed"}`;
  return (
    <Told sign="⚠" title={title} alert>
      <p className="mb-3 break-words">{error instanceof Error ? error.message : String(error)}</p>
      {retry && (
        <button type="button" className="button" onClick={retry}>
          Try again
        </button>
      )}
    </Told>
  );
}

/** Above data that may no longer be believed. */
export const Stale = ({ children }: { readonly children: ReactNode }) => (
  <p className="flex items-baseline gap-2 rounded bg-warn-ground px-3 py-1.5 text-warn">
    <span aria-hidden="true">◷</span>
    <span>{children}</span>
  </p>
);
