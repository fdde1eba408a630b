import { useState } from "react";
import { useClient, useMutation } from "urql";
import { AGAIN, CHANGE, type Deal } from "./documents";

/** One deal, and how likely it is won. */
export function DealRow({ deal }: { deal: Deal }) {
  const client = useClient();
  const { change, problem } = useChange();
  return (
    <li aria-label={deal.name ?? deal.id}>
      <b>{deal.name}</b> {deal.stage?.name}, {deal.status.toLowerCase()}, {Number(deal.probability)} %,{" "}
      {deal.value ? `${deal.value.amount} ${deal.value.currency}` : "value hidden"}{" "}
      <button onClick={() => change(deal, String(Math.min(Number(deal.probability) + 5, 100)))}>Likelier</button>
      <button onClick={() => client.query(AGAIN, { id: deal.id }, { requestPolicy: "network-only" }).toPromise()}>Refresh</button>
      {problem && <p role="alert">{problem}</p>}
    </li>
  );
}

/** Changes the probability: shown at once (see `optimistic` in client.ts), and taken back if the server says no. */
function useChange() {
  const [problem, setProblem] = useState<string | null>(null);
  const [, commit] = useMutation(CHANGE);
  const change = async ({ id, version }: Deal, probability: string) => {
    setProblem(null);
    // the version that was on the screen: refused when it is another by now
    const { data, error } = await commit({ input: { id, expectedVersion: version, probability } });
    const [mistake] = data?.dealUpdate?.userErrors ?? [];
    if (mistake?.__typename === "ConflictError") setProblem("Somebody else has changed it meanwhile.");
    else if (mistake ?? error) setProblem((mistake ?? error)!.message);
  };
  return { change, problem };
}
