/** The one link of this tab, put together with the browser it runs in. */
import { API_BASE } from "../api/client";
import { onAccounts } from "../api/queries";
import { token } from "../api/token";
import { clock } from "./clock";
import { confirmAccounts } from "./confirm";
import type { Door, DoorName, Listening, Wanted } from "./door";
import { Link } from "./link";
import { PollingDoor } from "./polling";
import { SseDoor } from "./sse";
import { store } from "./store";
import { transit } from "./transit";
import { SocketDoor } from "./websocket";

const REACH_MS_MAX = 3_000;

function open(name: DoorName, listening: Listening, first: Wanted): Door {
  if (name === "websocket") return new SocketDoor(listening, clock);
  if (name === "sse") return new SseDoor(listening, clock, first);
  return new PollingDoor(listening, clock, first);
}

async function reachable(): Promise<boolean> {
  const secret = token.read();
  const headers: HeadersInit = secret ? { Authorization: `Bearer ${secret}` } : {};
  try {
    const signal = AbortSignal.timeout(REACH_MS_MAX);
    const answer = await fetch(`${API_BASE}/api/control/status`, {
      headers,
      signal,
      cache: "no-store",
    });
    if (answer.status === 401) token.refuse();
    return answer.status < 500;
  } catch {
    return false;
  }
}

export const link = new Link({ store, clock, open, reachable });

/** Called once, by the page. */
export function startStream(): void {
  let before: DoorName | null = null;
  link.listen(() => {
    const { phase, door } = link.state();
    const now = phase === "live" ? door : null;
    if (now && now !== before) transit.opened();
    before = now;
  });
  onAccounts(confirmAccounts);
  link.start();
  document.addEventListener("visibilitychange", () => link.hide(document.hidden));
  window.addEventListener("online", () => link.reconnect());
}
