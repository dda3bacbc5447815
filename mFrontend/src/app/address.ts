/** Filters that live in the address, so that a reload and a link keep them. */
import { useCallback } from "react";
import { useSearchParams } from "wouter";

/** One parameter as text; the fallback is not written down. */
export function useParameter(name: string, fallback = ""): [string, (value: string) => void] {
  const [parameters, set] = useSearchParams();
  const value = parameters.get(name) ?? fallback;
  const write = useCallback(
    (next: string) =>
      set(
        (before) => {
          const after = new URLSearchParams(before);
          if (next === fallback) after.delete(name);
          else after.set(name, next);
          return after;
        },
        { replace: true },
      ),
    [name, fallback, set],
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
