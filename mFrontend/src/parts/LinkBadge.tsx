/** How this tab hears of changes, and whether it does: the truth, in one badge. */
import { useLink, useMoving } from "@/stream/hooks";
import { duration } from "@/format/time";
import type { LinkState } from "@/stream/link";
import { link } from "@/stream/tab";
import { SILENT_MS } from "@/stream/verdict";
import { Badge, type Tone } from "./Badge";
import { askForToken } from "./TokenDialog";

const LIVE: Readonly<Record<LinkState["door"], readonly [Tone, string, string, string]>> = {
  websocket: ["good", "⚡", "live", "Changes come by WebSocket as they happen."],
  sse: [
    "good",
    "⚡",
    "live (SSE)",
    "The WebSocket did not open; changes come by server-sent events.",
  ],
  polling: [
    "warn",
    "↻",
    "polling, 15 s",
    "Neither stream opened; everything is asked for each 15 s.",
  ],
};

export function LinkBadge() {
  const state = useLink();
  const silentS = useMoving(() => {
    const { heardMs } = link.vouch();
    const silentMs = heardMs === null ? 0 : Date.now() - heardMs;
    return silentMs > SILENT_MS[state.door] ? Math.floor(silentMs / 1000) : 0;
  });
  const waitS = useMoving(() =>
    state.retryAtMs ? Math.max(0, Math.ceil((state.retryAtMs - Date.now()) / 1000)) : 0,
  );
  if (state.pausedMs !== null) {
    return (
      <Badge tone="warn" sign="⏸" title="The view stands still; data go on coming. p goes on.">
        paused
      </Badge>
    );
  }
  if (state.phase === "unauthorised") {
    return (
      <button type="button" onClick={askForToken}>
        <Badge tone="bad">token wanted</Badge>
      </button>
    );
  }
  if (state.phase === "live" && silentS) {
    return (
      <Badge tone="bad" title="The connection stands, but nothing comes.">
        silent for {duration(silentS * 1000)}
      </Badge>
    );
  }
  if (state.phase === "live") {
    const [tone, sign, word, says] = LIVE[state.door];
    return (
      <Badge tone={tone} sign={sign} title={says}>
        {word}
      </Badge>
    );
  }
  const word =
    state.phase === "waiting" && waitS ? `disconnected, again in ${waitS}\u202fs` : "connecting";
  const title = `${state.reason || "no connection yet"}; attempt ${state.failures + 1}. Click to try now.`;
  return (
    <button type="button" title={title} onClick={() => link.reconnect()}>
      <Badge tone={state.failures ? "bad" : "warn"}>{word}</Badge>
    </button>
  );
}
