/** Names the service whose data these are, where another one than that serves the page. */
import { useSyncExternalStore } from "react";
import { collector } from "@/api/collector";

export function Collector() {
  const address = useSyncExternalStore(collector.listen, collector.read);
  if (!address) return null;
  return (
    <span
      className="truncate text-sm text-soft max-sm:hidden"
      title={`This page is served by a front end; its data come from the collector ${address}`}
    >
      <span className="visually-hidden">Data </span>from {address.replace(/^https?:\/\//, "")}
    </span>
  );
}
