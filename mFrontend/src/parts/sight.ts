/** What opens beside a list is brought in sight: on a phone it stands below the whole list. */
import { type RefObject, useEffect, useRef } from "react";

export function useInSight<T extends HTMLElement>(): RefObject<T | null> {
  const place = useRef<T>(null);
  useEffect(() => {
    // Newer browsers answer it with a promise, which is no cleanup.
    void place.current?.scrollIntoView({ block: "nearest" });
  }, []);
  return place;
}
