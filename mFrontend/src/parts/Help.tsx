/** The keys that work at this place. */
import { shortcuts } from "@/app/keys";
import { Dialog } from "./Dialog";

export function Help({ onClose }: { readonly onClose: () => void }) {
  const groups = new Map<string, Map<string, string>>();
  for (const it of shortcuts()) {
    groups.set(it.group, (groups.get(it.group) ?? new Map()).set(it.keys, it.says));
  }
  return (
    <Dialog title="Keys" wide onClose={onClose}>
      <div className="gap-6 sm:columns-2">
        {[...groups].map(([group, keys]) => (
          <section key={group} aria-label={group} className="mb-4 break-inside-avoid">
            <h3 className="mb-1 font-semibold text-soft">{group}</h3>
            <dl className="grid grid-cols-[6rem_1fr] gap-1">
              {[...keys].map(([key, says]) => (
                <div key={key} className="contents">
                  <dt>
                    {key.split(" ").map((part) => (
                      <kbd key={part} className="key mr-1">
                        {part}
                      </kbd>
                    ))}
                  </dt>
                  <dd>{says}</dd>
                </div>
              ))}
            </dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
