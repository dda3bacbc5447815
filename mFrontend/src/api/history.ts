/** What asking history has of its own: a service may keep none, and then asking again is no use. */
import { ApiProblem } from "./client";

const RETRIES_MAX = 2;

/** The service was told to keep no history, or this build cannot. */
export const hasNone = (error: unknown): boolean =>
  error instanceof ApiProblem &&
  (error.status === 501 || error.problem.type.endsWith("no-history"));

const isRefused = (error: unknown): boolean =>
  error instanceof ApiProblem && error.status >= 400 && error.status < 500;

export const retryHistory = (failures: number, error: unknown): boolean =>
  failures < RETRIES_MAX && !hasNone(error) && !isRefused(error);

/** As an option of a query: asked each so often, while there is a history. */
export const eachMs =
  (ms: number) =>
  (query: { readonly state: { readonly error: unknown } }): number | false =>
    hasNone(query.state.error) ? false : ms;
