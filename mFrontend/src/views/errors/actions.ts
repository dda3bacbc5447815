/** What the service holds of faults, and the order to put it behind us. */
import { queryOptions, useMutation } from "@tanstack/react-query";
import { ApiProblem, api, body } from "@/api/client";
import { queries } from "@/api/queries";
import { speech } from "@/app/speech";
import { askForTokenThen } from "@/parts/TokenDialog";

/** The stream tells each fault; this only counts what was there before. */
const REFRESH_MS = 30_000;
const GROUPS_MAX = 500;

export const errorsQuery = queryOptions({
  queryKey: ["errors"],
  refetchInterval: REFRESH_MS,
  queryFn: ({ signal }) =>
    body(api.GET("/api/errors", { params: { query: { limit: GROUPS_MAX } }, signal })),
});

export function useClear() {
  const mutation = useMutation({
    mutationFn: () => body(api.POST("/api/errors/clear")),
    onSuccess: () => {
      speech.tell("Errors cleared");
      void queries.invalidateQueries({ queryKey: errorsQuery.queryKey });
    },
    onError: (error) => {
      if (error instanceof ApiProblem && error.status === 401)
        askForTokenThen(() => mutation.mutate());
    },
  });
  return mutation;
}
