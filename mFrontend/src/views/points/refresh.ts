/** The operator's order to ask a venue for points now. */
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ApiProblem, api, body } from "@/api/client";
import { queries } from "@/api/queries";
import { askForTokenThen } from "@/parts/TokenDialog";
import { clock } from "@/stream/clock";
import { pointsQuery } from "./queries";
import type { Asked } from "./seasons";

/** `venue:name`, or all accounts. */
type Whose = string | null;

export function useRefresh() {
  const [asked, setAsked] = useState<Asked | null>(null);
  const mutation = useMutation({
    mutationFn: (whose: Whose) => {
      const query = whose === null ? {} : { account_index: whose };
      return body(api.POST("/api/points/refresh", { params: { query } }));
    },
    onMutate: () => ({ atUs: clock.serverUs() }),
    onSuccess: ({ actors }, _, { atUs }) => {
      setAsked({ atUs, actors });
      void queries.invalidateQueries({ queryKey: pointsQuery.queryKey });
    },
    onError: (error, whose) => {
      if (error instanceof ApiProblem && error.status === 401)
        askForTokenThen(() => mutation.mutate(whose));
    },
  });
  const refused =
    mutation.error && !(mutation.error instanceof ApiProblem && mutation.error.status === 401)
      ? mutation.error.message
      : "";
  return {
    asked,
    refused,
    notTold: mutation.data?.not_told ?? [],
    pending: mutation.isPending,
    refresh: (whose: Whose) => mutation.mutate(whose),
  };
}

export type Refresh = ReturnType<typeof useRefresh>;
