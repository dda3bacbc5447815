/** Buttons for orders: they ask first, show that one is on its way, and tell who was told. */
import { useState } from "react";
import { ApiProblem } from "@/api/client";
import { Confirm } from "@/parts/Confirm";
import { type Order, VERBS, outcome, sure, title, useOrder } from "./actions";

interface OrdersProps {
  readonly orders: readonly (Order & { readonly label: string })[];
}

export function Orders({ orders }: OrdersProps) {
  const [asked, setAsked] = useState<Order | null>(null);
  const order = useOrder();
  const give = (it: Order): void => {
    setAsked(null);
    order.mutate(it);
  };
  return (
    <>
      {orders.map((it) => (
        <button
          key={it.label}
          type="button"
          className="button"
          disabled={order.isPending}
          onClick={() => (sure(it) ? setAsked(it) : give(it))}
        >
          {it.label}
        </button>
      ))}
      <Outcome order={order} />
      {asked && (
        <Confirm
          title={title(asked)}
          says={sure(asked) ?? ""}
          verb={VERBS[asked.name]}
          onYes={() => give(asked)}
          onNo={() => setAsked(null)}
        />
      )}
    </>
  );
}

function Outcome({ order }: { readonly order: ReturnType<typeof useOrder> }) {
  const { data, error, variables, isPending, reset } = order;
  if (isPending) return <p className="basis-full text-sm text-soft">Asking the service …</p>;
  const refused = error instanceof ApiProblem && error.status !== 401 ? error : null;
  const told = data && variables ? outcome(variables, data) : "";
  if (!refused && !told) return null;
  return (
    <div
      className={`flex basis-full items-start gap-2 rounded px-3 py-1.5 ${refused ? "bg-bad-ground text-bad" : "bg-good-ground text-good"}`}
    >
      <div className="min-w-0 grow break-words" role={refused ? "alert" : undefined}>
        <p>
          {refused ? `▲ ${refused.problem.title}: ${refused.message}` : `● Accepted: ${told}`}
        </p>
        {data && data.not_told.length > 0 && (
          <ul className="text-warn">
            {data.not_told.map((it) => (
              <li key={it.actor}>
                ◐ {it.actor}: {it.reason}
              </li>
            ))}
          </ul>
        )}
      </div>
      <button type="button" aria-label="Dismiss" className="px-1" onClick={reset}>
        ✕
      </button>
    </div>
  );
}
