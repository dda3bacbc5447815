/** What matters at once: sums, exposure, and all accounts with the troubled ones first. */
import { useQuery } from "@tanstack/react-query";
import { portfolioQuery } from "@/api/queries";
import { ErrorState, Unauthorised } from "@/parts/States";
import { useAnswerVerdict } from "@/stream/answer";
import { useLink, useWant } from "@/stream/hooks";
import { AccountsGrid } from "./AccountsGrid";
import { Exposure } from "./Exposure";
import { LastErrors } from "./LastErrors";
import { Sums } from "./Sums";

const TOPICS = ["account:*", "positions:*", "orders:*", "supervision", "errors"] as const;

export default function Overview() {
  useWant(TOPICS);
  const portfolio = useQuery(portfolioQuery);
  const { data, error } = portfolio;
  const verdict = useAnswerVerdict({ error, askedUs: data?.as_of_us, fresh: data });
  if (useLink().phase === "unauthorised") return <Closed />;
  return (
    <>
      <h1 className="visually-hidden">Overview</h1>
      {portfolio.error && !portfolio.data ? (
        <div className="panel">
          <ErrorState what="Sums" error={portfolio.error} retry={() => void portfolio.refetch()} />
        </div>
      ) : (
        <Sums portfolio={portfolio.data} verdict={verdict} />
      )}
      <AccountsGrid />
      <div className="grid min-w-0 gap-3 lg:grid-cols-2">
        <Exposure portfolio={portfolio.data} verdict={verdict} />
        <LastErrors />
      </div>
    </>
  );
}

/** Asked for once, not by each panel. */
const Closed = () => (
  <>
    <h1 className="visually-hidden">Overview</h1>
    <div className="panel">
      <Unauthorised />
    </div>
  </>
);
