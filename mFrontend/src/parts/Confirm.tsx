/** Asks before something is done that cannot be taken back. */
import { Dialog } from "./Dialog";

interface ConfirmProps {
  readonly title: string;
  readonly says: string;
  readonly verb: string;
  readonly onYes: () => void;
  readonly onNo: () => void;
}

export const Confirm = ({ title, says, verb, onYes, onNo }: ConfirmProps) => (
  <Dialog title={title} onClose={onNo}>
    <p className="mb-4 text-soft">{says}</p>
    <div className="flex justify-end gap-2">
      <button type="button" className="button" onClick={onNo}>
        Cancel
      </button>
      <button type="button" className="button button-strong" onClick={onYes}>
        {verb}
      </button>
    </div>
  </Dialog>
);
