/** The service's REST interface, typed by its own description; errors come as `ApiProblem`. */
import createClient, { type Middleware } from "openapi-fetch";
import { collector } from "./collector";
import type { components, paths } from "./schema";
import { token } from "./token";

export type Schemas = components["schemas"];
export type Problem = Schemas["ProblemDocument"] & Readonly<Record<string, unknown>>;

/** Empty: the origin that served this page. */
export const API_BASE: string = (import.meta.env?.["VITE_API_BASE"] ?? "").replace(/\/+$/, "");

/** What the service refused, or that it could not be reached (`status` 0). */
export class ApiProblem extends Error {
  readonly problem: Problem;
  /** How long the service asks to be left alone, where it says so. */
  readonly retryAfterS: number | null;

  constructor(problem: Problem, retryAfterS: number | null = null) {
    super(problem.detail || problem.title);
    this.name = "ApiProblem";
    this.problem = problem;
    this.retryAfterS = retryAfterS;
  }

  get status(): number {
    return this.problem.status;
  }

  get unauthorised(): boolean {
    return this.status === 401 || this.status === 403;
  }

  get unreachable(): boolean {
    return this.status === 0;
  }
}

/** The problem document of an answer; a proxy's answer that is none becomes one. */
export async function problemOf(answer: Response): Promise<ApiProblem> {
  const kind = answer.headers.get("Content-Type") ?? "";
  const retryAfterS = Number(answer.headers.get("Retry-After")) || null;
  if (kind.includes("json")) {
    try {
      return new ApiProblem((await answer.json()) as Problem, retryAfterS);
    } catch {
      // What calls itself JSON and is none is told by its status, like any other.
    }
  }
  const detail = `expected JSON, found ${kind || "no type"}`;
  const title = `HTTP ${answer.status}`;
  return new ApiProblem({ type: "about:blank", title, status: answer.status, detail }, retryAfterS);
}

/** What stands for a service that gives no answer. */
export function unreachable(cause: unknown): ApiProblem {
  // Each browser has its own word for it, and none says where it asked.
  const where = API_BASE || globalThis.location?.origin || "its address";
  const said = cause instanceof Error ? cause.message : String(cause);
  const detail = cause instanceof TypeError ? `nothing answers at ${where}` : said;
  return new ApiProblem({
    type: "about:blank",
    title: "The service does not answer",
    status: 0,
    detail,
  });
}

const guard: Middleware = {
  onRequest({ request }) {
    const secret = token.read();
    if (secret) request.headers.set("Authorization", `Bearer ${secret}`);
    return request;
  },
  async onResponse({ response }) {
    collector.heard(response);
    if (response.ok) return response;
    const problem = await problemOf(response);
    if (problem.status === 401) token.refuse();
    throw problem;
  },
  onError({ error }) {
    return unreachable(error);
  },
};

// The media type: some calls answer with a file for spreadsheets to who asks for one.
const client = createClient<paths, "application/json">({ baseUrl: API_BASE || globalThis.location?.origin || "" });
client.use(guard);

/** `await api.GET("/api/accounts")` answers `{ data }` or throws `ApiProblem`. */
export const api = client;

/** The body of an answer; `ApiProblem` was thrown before where there is none. */
export async function body<T>(asked: Promise<{ data?: T }>): Promise<T> {
  const { data } = await asked;
  if (data === undefined) throw unreachable("an answer without a body");
  return data;
}
