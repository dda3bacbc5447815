/** The operator's token: in this tab's memory, never in storage or an address. */

type Listener = () => void;

let secret = "";
let wanted = false;
const listeners = new Set<Listener>();
const tell = (): void => {
  for (const listener of listeners) listener();
};

export const token = {
  read: (): string => secret,
  /** Whether the service has refused a call without, or with a wrong, token. */
  wanted: (): boolean => wanted,
  /** Whether it was one that was entered, so that the reader has to be told. */
  wrong: (): boolean => wanted && secret !== "",
  write(text: string): void {
    secret = text.trim();
    wanted = false;
    tell();
  },
  /** The service answered 401. */
  refuse(): void {
    if (wanted) return;
    wanted = true;
    tell();
  },
  subscribe(listener: Listener): () => void {
    listeners.add(listener);
    return () => listeners.delete(listener);
  },
};
