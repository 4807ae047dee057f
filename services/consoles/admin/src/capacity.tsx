// How many more tenants fit, and which quota ends that.
import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import { answered } from "@ecs-saas/shared/client.ts";
import { number, time } from "@ecs-saas/shared/format.ts";
import { ProblemAlert } from "@ecs-saas/shared/parts.tsx";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { useQuery } from "@tanstack/react-query";
import { useApi } from "./api.ts";
import { TierOf } from "./parts.tsx";
import { texts, TIERS } from "./texts.ts";

const said = texts.capacity;
const MINUTE = 60_000;

export function Capacity() {
  const api = useApi();
  const query = useQuery({
    queryKey: ["capacity"],
    queryFn: async () => (await answered(api.GET("/capacity"))).data,
    refetchInterval: MINUTE,
    staleTime: MINUTE,
  });
  return (
    <Table
      wrapLines
      header={
        <Header variant="h2" description={query.data && said.description(time(query.data.asOf))}>
          {said.title}
        </Header>
      }
      ariaLabels={{ tableLabel: said.title }}
      loading={query.isPending}
      loadingText={shared.loading}
      items={TIERS.flatMap((tier) => query.data?.tiers.filter((each) => each.tier === tier) ?? [])}
      trackBy="tier"
      empty={query.isError && <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />}
      columnDefinitions={[
        { id: "tier", header: texts.tier, cell: (each) => <TierOf tier={each.tier} />, isRowHeader: true },
        {
          id: "room",
          header: said.room,
          cell: (each) => <span className="number">{typeof each.room === "number" ? number(each.room) : said.unlimited}</span>,
        },
        {
          id: "wall",
          header: said.wall,
          cell: ({ wall }) => (wall ? `${wall.quota} (${[wall.service, wall.code].filter(Boolean).join(", ")}), ${wall.adjustable ? said.raise : said.fixed}` : "–"),
        },
        { id: "used", header: said.used, cell: ({ wall }) => (wall ? said.of(number(wall.used), number(wall.value)) : "–") },
      ]}
    />
  );
}
