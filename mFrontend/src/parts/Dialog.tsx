/** A native modal dialog: the browser keeps the focus inside and gives it back; Esc closes. */
import { type ReactNode, useEffect, useId, useRef } from "react";

interface DialogProps {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ReactNode;
  /** Its title is for screen readers alone. */
  readonly plain?: boolean;
  readonly wide?: boolean;
}

export function Dialog({ title, onClose, children, plain, wide }: DialogProps) {
  const place = useRef<HTMLDialogElement>(null);
  const name = useId();
  useEffect(() => {
    const element = place.current;
    const before = document.activeElement;
    if (element && !element.open) element.showModal();
    // A field is what its dialog is for; the browser would choose the button that closes it.
    element?.querySelector("input")?.focus();
    return () => {
      element?.close();
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    <dialog
      ref={place}
      aria-labelledby={name}
      className="panel max-h-[85dvh] overflow-auto p-4"
      style={{ width: `min(94vw, ${wide ? 46 : 30}rem)` }}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => {
        if (event.target === place.current) onClose();
      }}
    >
      <div className={plain ? "visually-hidden" : "mb-3 flex items-center justify-between gap-3"}>
        <h2 id={name}>{title}</h2>
        {!plain && (
          <button type="button" className="button" aria-label="Close" onClick={onClose}>
            ✕
          </button>
        )}
      </div>
      {children}
    </dialog>
  );
}
