// How far a running operation is, as its build said last.
import Box from "@cloudscape-design/components/box";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import { duration, number } from "@ecs-saas/shared/format.ts";
import { useQuery } from "@tanstack/react-query";
import { answered } from "@ecs-saas/shared/client.ts";
import { useApi, type Api, type Operation } from "../api.ts";
import { kinds, texts } from "../texts.ts";

export const POLL_MILLISECONDS = 2_000;
const said = texts.page;

export async function operationsOf(api: Api, tenantId: string, limit: number, token = "") {
  const query = { limit, next_token: token, progress: true };
  return answered(api.GET("/tenants/{tenant_id}/operations", { params: { path: { tenant_id: tenantId }, query } }));
}

/** A bar for the operation of a tenant that runs, asked for every two seconds. */
export function RunningProgress({ tenantId }: { readonly tenantId: string }) {
  const api = useApi();
  const query = useQuery({
    queryKey: ["running", tenantId],
    queryFn: () => operationsOf(api, tenantId, 2),
    refetchInterval: POLL_MILLISECONDS,
  });
  const running = query.data?.data.find((each) => each.status === "RUNNING");
  return running ? <OperationProgress operation={running} /> : "–";
}

export function OperationProgress({ operation }: { readonly operation: Operation }) {
  const { progress } = operation;
  const known = progress && progress.total > 0;
  const label = said.runningTitle(kinds[operation.kind]);
  const spent = `${said.since} ${duration(operation.startedAt ?? operation.requestedAt)}`;
  if (!known) {
    return (
      <div>
        <Box>{label}</Box>
        <Box color="text-body-secondary" fontSize="body-s">
          {[...(progress ? [said.stage(progress.stage), said.unknownTotal] : [said.noProgress]), spent].join(" · ")}
        </Box>
      </div>
    );
  }
  return (
    <ProgressBar
      label={label}
      value={Math.min(100, Math.round((100 * progress.done) / progress.total))}
      description={`${said.stage(progress.stage)} · ${said.done(number(progress.done), number(progress.total))}`}
      additionalInfo={[spent, progress.resource].filter(Boolean).join(" · ")}
    />
  );
}
