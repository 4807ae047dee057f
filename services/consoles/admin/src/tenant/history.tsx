// A tenant's operations, the latest first.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Popover from "@cloudscape-design/components/popover";
import Table from "@cloudscape-design/components/table";
import { duration } from "@ecs-saas/shared/format.ts";
import { Json, Moment, Nothing, ProblemAlert } from "@ecs-saas/shared/parts.tsx";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useApi, type Operation } from "../api.ts";
import { LogLink, StatusOf } from "../parts.tsx";
import { kinds, texts } from "../texts.ts";
import { operationsOf } from "./progress.tsx";

const said = texts.page;
const PAGE = 10;

export function History({ tenantId }: { readonly tenantId: string }) {
  const api = useApi();
  const query = useInfiniteQuery({
    queryKey: ["operations", tenantId],
    queryFn: ({ pageParam }) => operationsOf(api, tenantId, PAGE, pageParam),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_token,
    refetchInterval: 5_000,
  });
  const items = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <Table
      variant="container"
      wrapLines
      header={<Header variant="h2">{said.history}</Header>}
      ariaLabels={{ tableLabel: said.history }}
      loading={query.isPending}
      loadingText={shared.loading}
      items={items}
      trackBy="operationId"
      empty={query.isError ? <ProblemAlert error={query.error} /> : <Nothing title={said.noHistory} />}
      footer={
        query.hasNextPage && (
          <Box textAlign="center">
            <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              {said.older}
            </Button>
          </Box>
        )
      }
      columnDefinitions={[
        { id: "kind", header: said.kind, cell: (each) => kinds[each.kind], isRowHeader: true },
        { id: "status", header: said.status, cell: (each) => <StatusOf status={each.status} /> },
        { id: "requested", header: said.requested, cell: (each) => <Moment at={each.requestedAt} /> },
        { id: "took", header: said.took, cell: tookOf },
        { id: "actor", header: said.actor, cell: (each) => each.actor },
        { id: "attempt", header: said.attempt, cell: (each) => each.attempt },
        { id: "reason", header: texts.reason, cell: (each) => each.reason || "–", minWidth: 200 },
        { id: "log", header: texts.log, cell: (each) => (each.logUrl ? <LogLink url={each.logUrl} /> : "–") },
        { id: "more", header: said.parameters, cell: (each) => <More operation={each} /> },
      ]}
    />
  );
}

function tookOf(operation: Operation): string {
  if (!operation.startedAt) return "–";
  return duration(operation.startedAt, operation.endedAt ?? undefined);
}

function More({ operation }: { readonly operation: Operation }) {
  const { parameters, result } = operation;
  if (!parameters && !result) return "–";
  return (
    <Popover size="large" dismissAriaLabel={shared.close} header={kinds[operation.kind]} content={<Json value={{ parameters, result }} />}>
      {texts.page.details}
    </Popover>
  );
}
