/** What tables over all accounts know of each: its label, and in what its money is counted. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { accountsQuery } from "@/api/queries";
import { accountName } from "@/format/names";

interface Known {
  readonly label: string;
  readonly settle: string;
}

type KnownAccounts = ReadonlyMap<string, Known>;

export function useAccounts() {
  const query = useQuery(accountsQuery);
  // The answer is new each 6 s; what is told here hardly ever changes.
  const spelt = JSON.stringify(
    query.data?.map((it) => [accountName(it), { label: it.label, settle: it.settle }]) ?? [],
  );
  const known: KnownAccounts = useMemo(
    () => new Map(JSON.parse(spelt) as [string, Known][]),
    [spelt],
  );
  return { query, known };
}
