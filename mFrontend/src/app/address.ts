/** Filters that live in the address, so that a reload and a link keep them. */
import { useCallback, useMemo } from "react";
import { useSearch } from "wouter";
import { navigate } from "wouter/use-browser-location";

/** Changes the address in its place; what was changed a moment before is in it already. */
export function changeParameters(change: (parameters: URLSearchParams) => void): void {
  const { pathname, search, hash } = location;
  const parameters = new URLSearchParams(search);
  change(parameters);
  const written = parameters.toString();
  const to = pathname + (written && `?${written}`) + hash;
  if (to !== pathname + search + hash) navigate(to, { replace: true });
}

export function useParameters(): URLSearchParams {
  const search = useSearch();
  return useMemo(() => new URLSearchParams(search), [search]);
}

/** One parameter as text; the fallback is not written down. */
export function useParameter(name: string, fallback = ""): [string, (value: string) => void] {
  const value = useParameters().get(name) ?? fallback;
  const write = useCallback(
    (next: string) =>
      changeParameters((parameters) =>
        next === fallback ? parameters.delete(name) : parameters.set(name, next),
      ),
    [name, fallback],
  );
  return [value, write];
}

/** One parameter of a few allowed values; anything else in the address is the first of them. */
export function useChoice<T extends string>(
  name: string,
  choices: readonly [T, ...T[]],
): [T, (value: T) => void] {
  const [value, write] = useParameter(name, choices[0]);
  return [choices.find((choice) => choice === value) ?? choices[0], write];
}
