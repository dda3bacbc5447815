/** Which other service's answers come back, where the service that is asked passes calls on. */
const FIELD = "X-Broadcaster-Collector";

const listeners = new Set<() => void>();
let address = "";

export const collector = {
  /** "" where the service answers by itself. */
  read: (): string => address,

  heard(answer: Response): void {
    const found = answer.headers.get(FIELD) ?? "";
    // Answers that were refused on the way do not name it.
    if (found === address || !answer.ok) return;
    address = found;
    for (const listener of listeners) listener();
  },

  listen(listener: () => void): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
