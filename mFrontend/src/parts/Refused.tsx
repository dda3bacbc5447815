/** Why the service does not tell a topic, and a button that asks for it once more. */
import { link } from "@/stream/tab";

interface RefusedProps {
  readonly topic: string;
  readonly reason: string;
}

export const Refused = ({ topic, reason }: RefusedProps) => (
  <>
    <span aria-hidden="true">⚠ </span>
    {reason}{" "}
    <button
      type="button"
      className="pointer-events-auto underline underline-offset-2"
      onClick={() => link.retry(topic)}
    >
      Ask again
    </button>
  </>
);
