// What a tenant costs in a month, estimated by the control plane.
import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { answered } from "@ecs-saas/shared/client.ts";
import { number } from "@ecs-saas/shared/format.ts";
import { ProblemAlert } from "@ecs-saas/shared/parts.tsx";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { useQuery } from "@tanstack/react-query";
import { useApi, type Tier } from "../api.ts";
import { texts } from "../texts.ts";

const said = texts.cost;
const PERCENT = new Intl.NumberFormat(undefined, { style: "percent", maximumFractionDigits: 2 });

export function TenantCost({ tenantId }: { readonly tenantId: string }) {
  const api = useApi();
  const query = useQuery({
    queryKey: ["cost", tenantId],
    queryFn: async () => (await answered(api.GET("/tenants/{tenant_id}/cost", { params: { path: { tenant_id: tenantId } } }))).data,
    staleTime: 60_000,
  });
  const cost = query.data;
  return (
    <Table
      wrapLines
      header={
        <Header
          variant="h2"
          counter={cost && said.monthly(cost.monthly, cost.currency)}
          description={cost && `${said.prices(cost.prices)} ${said.requests(number(cost.usage.requests), number(cost.usage.tierRequests))}.`}
        >
          {said.title}
        </Header>
      }
      ariaLabels={{ tableLabel: said.title }}
      loading={query.isPending}
      loadingText={shared.loading}
      items={cost?.lines ?? []}
      empty={query.isError && <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />}
      footer={
        cost && cost.notCounted.length > 0 ? (
          <SpaceBetween size="xxs">
            <Box variant="awsui-key-label">{said.notCounted}</Box>
            <Box color="text-body-secondary">{cost.notCounted.join("; ")}</Box>
          </SpaceBetween>
        ) : undefined
      }
      columnDefinitions={[
        { id: "service", header: said.service, cell: (each) => each.service },
        { id: "what", header: said.what, cell: (each) => each.what, isRowHeader: true, minWidth: 200 },
        { id: "quantity", header: said.quantity, cell: (each) => <span className="number">{each.quantity}</span> },
        { id: "unit", header: said.unit, cell: (each) => each.unit },
        { id: "price", header: said.price, cell: (each) => <span className="number">{each.price}</span> },
        { id: "share", header: said.share, cell: (each) => <span className="number">{PERCENT.format(Number(each.share))}</span> },
        { id: "amount", header: said.amount, cell: (each) => <span className="number">{each.amount}</span> },
      ]}
    />
  );
}

/** What a new tenant of a tier costs, in a line. */
export function TierCost({ tier }: { readonly tier: Tier }) {
  const api = useApi();
  const query = useQuery({
    queryKey: ["tier-cost", tier],
    queryFn: async () => (await answered(api.GET("/tiers/{tier}/cost", { params: { path: { tier } } }))).data,
    staleTime: Infinity,
    retry: false,
  });
  if (query.isPending) return <Box color="inherit">{shared.loading}</Box>;
  const text = query.data ? said.perTier(query.data.monthly, query.data.currency) : said.unknown;
  return <Box color="inherit" fontWeight="bold">{text}</Box>;
}
