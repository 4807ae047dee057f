// What a tenant has of AWS, as the last apply left it.
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Table from "@cloudscape-design/components/table";
import Pagination from "@cloudscape-design/components/pagination";
import { useCollection } from "@cloudscape-design/collection-hooks";
import { answered } from "@ecs-saas/shared/client.ts";
import { moment, number } from "@ecs-saas/shared/format.ts";
import { Nothing, ProblemAlert } from "@ecs-saas/shared/parts.tsx";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { useQuery } from "@tanstack/react-query";
import { useApi } from "../api.ts";
import { texts } from "../texts.ts";

const said = texts.resources;
const PAGE = 25;

export function Resources({ tenantId }: { readonly tenantId: string }) {
  const api = useApi();
  const query = useQuery({
    queryKey: ["resources", tenantId],
    queryFn: () => answered(api.GET("/tenants/{tenant_id}/resources", { params: { path: { tenant_id: tenantId } } })),
    refetchInterval: 30_000,
  });
  const all = query.data?.data ?? [];
  const { items, collectionProps, filterProps, paginationProps } = useCollection(all, {
    filtering: { fields: ["address", "type", "id", "name"], noMatch: <Nothing title={texts.audit.nothingFiltered} />, empty: <Nothing title={said.none} /> },
    sorting: { defaultState: { sortingColumn: { sortingField: "address" } } },
    pagination: { pageSize: PAGE },
  });
  const at = query.data?.recordedAt;
  return (
    <Table
      {...collectionProps}
      wrapLines
      header={
        <Header variant="h2" counter={said.shown(number(all.length))} description={at ? said.description(moment(at)) : said.never}>
          {said.title}
        </Header>
      }
      ariaLabels={{ tableLabel: said.title }}
      loading={query.isPending}
      loadingText={shared.loading}
      items={items}
      empty={query.isError ? <ProblemAlert error={query.error} onRetry={() => void query.refetch()} /> : collectionProps.empty}
      filter={
        <Input
          type="search"
          ariaLabel={said.filter}
          placeholder={said.placeholder}
          clearAriaLabel={texts.list.clear}
          value={filterProps.filteringText}
          onChange={({ detail }) => filterProps.onChange(new CustomEvent("change", { detail: { filteringText: detail.value } }))}
        />
      }
      pagination={
        <Pagination
          {...paginationProps}
          ariaLabels={{ nextPageLabel: shared.table.next, previousPageLabel: shared.table.previous, pageLabel: shared.table.page }}
        />
      }
      columnDefinitions={[
        { id: "address", header: said.address, cell: (each) => each.address, sortingField: "address", isRowHeader: true, minWidth: 260 },
        { id: "type", header: said.type, cell: (each) => each.type, sortingField: "type" },
        { id: "name", header: said.name, cell: (each) => each.name || "–", sortingField: "name" },
        { id: "id", header: said.id, cell: (each) => each.id || "–", sortingField: "id", minWidth: 220 },
      ]}
    />
  );
}
