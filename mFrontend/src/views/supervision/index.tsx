/** Every process of the service: whether it runs, why not, since when, and when it tries again. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { supervisionQuery } from "@/api/queries";
import { useChoice, useParameter } from "@/app/address";
import { AsOf } from "@/parts/Age";
import { Badge } from "@/parts/Badge";
import { Panel } from "@/parts/Panel";
import { Empty, ErrorState, Loading, Stale } from "@/parts/States";
import { holds } from "@/parts/sorting";
import { useTopic, useVerdict } from "@/stream/hooks";
import type { Child } from "@/stream/messages";
import { Detail } from "./Detail";
import { Tree } from "./Tree";
import { branches, isWrong } from "./tree";

export default function Supervision() {
  const topic = useTopic("supervision");
  const whole = useQuery(supervisionQuery);
  const verdict = useVerdict(topic);
  const children = topic.rows as unknown as readonly Child[];
  const [search, setSearch] = useParameter("search");
  const [show, setShow] = useChoice("show", ["all", "not ready", "restarted"]);
  const [actor, setActor] = useParameter("actor");
  const found = useMemo(
    () =>
      branches(
        children,
        (it) => holds(`${it.actor} ${it.label} ${it.state}`, search) && shown(it, show),
      ),
    [children, search, show],
  );
  const selected = children.find((it) => it.actor === actor);
  const wrong = children.filter(isWrong).length;
  return (
    <>
      <h1 className="visually-hidden">Supervision</h1>
      {whole.data?.stale && (
        <Stale>{whole.data.stale_reason}; what stands below is what was last heard.</Stale>
      )}
      {verdict.stale && topic.held && <Stale>{verdict.reason}</Stale>}
      <div
        className={`grid items-start gap-3 ${selected ? "xl:grid-cols-[minmax(0,1fr)_28rem]" : ""}`}
      >
        <Panel
          title={`Processes (${children.length})`}
          aside={
            <>
              {wrong > 0 && <Badge tone="bad">{wrong} away</Badge>}
              <AsOf verdict={verdict} />
              <input
                className="field w-40"
                type="search"
                aria-label="Search processes"
                placeholder="Search"
                value={search}
                onChange={(event) => setSearch(event.target.value)}
              />
              <select
                className="field"
                aria-label="Which processes"
                value={show}
                onChange={(event) => setShow(event.target.value as typeof show)}
              >
                {["all", "not ready", "restarted"].map((it) => (
                  <option key={it}>{it}</option>
                ))}
              </select>
            </>
          }
        >
          {whole.error && !topic.held ? (
            <ErrorState what="Processes" error={whole.error} retry={() => void whole.refetch()} />
          ) : !topic.held ? (
            <Loading what="processes" rows={10} />
          ) : found.length === 0 ? (
            <Empty title="No process fits">
              {search || show !== "all"
                ? "Search and filter leave none."
                : "The supervisor has told of none."}
            </Empty>
          ) : (
            <Tree branches={found} selected={actor} stale={verdict.stale} onOpen={setActor} />
          )}
        </Panel>
        {selected && (
          <Detail
            key={selected.actor}
            child={selected}
            verdict={verdict}
            onClose={() => setActor("")}
          />
        )}
      </div>
    </>
  );
}

function shown(child: Child, show: "all" | "not ready" | "restarted"): boolean {
  if (show === "not ready") return child.state !== "ready";
  return show === "all" || child.restarts > 0;
}
