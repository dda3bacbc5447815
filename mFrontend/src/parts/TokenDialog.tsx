/** Asks once for the token, and hands it to this tab's memory. */
import { type FormEvent, useId, useState, useSyncExternalStore } from "react";
import { token } from "@/api/token";
import { Dialog } from "./Dialog";

let open = false;
let afterwards: (() => void) | null = null;
const listeners = new Set<() => void>();

function show(next: boolean): void {
  open = next;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** Opens the dialog. */
export function askForToken(): void {
  show(true);
}

/** Opens the dialog; `then` runs once a token was entered. */
export function askForTokenThen(then: () => void): void {
  afterwards = then;
  show(true);
}

export function TokenDialog() {
  const shown = useSyncExternalStore(subscribe, () => open);
  return shown ? <Form /> : null;
}

function Form() {
  const [text, setText] = useState("");
  const problem = useId();
  const close = (): void => {
    afterwards = null;
    show(false);
  };
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const then = afterwards;
    token.write(text);
    close();
    then?.();
  };
  return (
    <Dialog title="Token" onClose={close}>
      <form onSubmit={submit} className="grid gap-3">
        <p className="text-soft">
          The value of <code>API_TOKEN</code>. It stays in the memory of this tab; a reload forgets
          it.
        </p>
        {token.wrong() && (
          <p id={problem} className="text-bad">
            ▲ The one that was entered is not the right one.
          </p>
        )}
        <label className="grid gap-1">
          <span>Token</span>
          <input
            className="field"
            aria-describedby={token.wrong() ? problem : undefined}
            aria-invalid={token.wrong()}
            type="password"
            autoComplete="off"
            spellCheck={false}
            required
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        </label>
        <div className="flex justify-end gap-2">
          <button type="button" className="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" className="button button-strong">
            Use it
          </button>
        </div>
      </form>
    </Dialog>
  );
}
