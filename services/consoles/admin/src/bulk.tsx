// One action on several tenants: a request for each, and what became of each.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { asProblem } from "@ecs-saas/shared/problem.ts";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { useState } from "react";
import { ask, obstacle, type ActionId } from "./actions.ts";
import { useApi, type Tenant } from "./api.ts";
import { StateOf } from "./parts.tsx";
import { texts } from "./texts.ts";

/** What became of one request: nothing yet, accepted, or why it was refused. */
type Outcome = { readonly is: "sent" | "accepted" } | { readonly is: "refused"; readonly why: string };
const said = texts.list.bulk;

export function Bulk({ action, tenants, onEnd }: { readonly action: ActionId; readonly tenants: readonly Tenant[]; readonly onEnd: () => void }) {
  const api = useApi();
  // As they were when the dialog opened: the list behind it goes on changing.
  const [those] = useState(tenants);
  const [outcomes, setOutcomes] = useState<Readonly<Record<string, Outcome>>>({});
  const [phase, setPhase] = useState<"asked" | "running" | "done">("asked");
  const name = texts.actions[action as "suspend"];

  const run = async () => {
    setPhase("running");
    for (const each of those) {
      const note = (outcome: Outcome) => setOutcomes((before) => ({ ...before, [each.tenantId]: outcome }));
      note({ is: "sent" });
      try {
        await ask(api, action, each);
        note({ is: "accepted" });
      } catch (error) {
        note({ is: "refused", why: asProblem(error).message });
      }
    }
    setPhase("done");
  };
  const accepted = Object.values(outcomes).filter((each) => each.is === "accepted").length;

  return (
    <Modal
      visible
      size="large"
      header={said.title(name, those.length)}
      closeAriaLabel={shared.close}
      onDismiss={() => { if (phase !== "running") onEnd(); }}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            {phase === "asked" && <Button variant="link" onClick={onEnd}>{shared.cancel}</Button>}
            {phase === "done" ? (
              <Button variant="primary" onClick={onEnd}>{shared.close}</Button>
            ) : (
              <Button variant="primary" loading={phase === "running"} onClick={() => void run()}>{name}</Button>
            )}
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Box>{said.body}</Box>
        {action in texts.actions.about && <Box color="text-body-secondary">{texts.actions.about[action as "suspend"]}</Box>}
        <Table
          variant="embedded"
          wrapLines
          items={[...those]}
          trackBy="tenantId"
          ariaLabels={{ tableLabel: said.title(name, those.length) }}
          columnDefinitions={[
            { id: "name", header: texts.tenant, cell: (each) => each.tenantName, isRowHeader: true },
            { id: "state", header: texts.state, cell: (each) => <StateOf state={each.tenantStatus} /> },
            { id: "outcome", header: texts.list.operation, cell: (each) => <OutcomeOf outcome={outcomes[each.tenantId]} obstacle={obstacle(action, each)} /> },
          ]}
        />
        {phase === "done" && (
          <Box>
            <span role="status">
              {said.done(accepted)}, {said.refused(those.length - accepted)}
            </span>
          </Box>
        )}
      </SpaceBetween>
    </Modal>
  );
}

function OutcomeOf({ outcome, obstacle: why }: { readonly outcome: Outcome | undefined; readonly obstacle: string | undefined }) {
  if (outcome === undefined) return why ? <StatusIndicator type="warning">{why}</StatusIndicator> : <StatusIndicator type="pending">–</StatusIndicator>;
  if (outcome.is === "refused") return <StatusIndicator type="error">{outcome.why}</StatusIndicator>;
  if (outcome.is === "sent") return <StatusIndicator type="loading">{shared.loading}</StatusIndicator>;
  return <StatusIndicator type="success">{said.accepted}</StatusIndicator>;
}
