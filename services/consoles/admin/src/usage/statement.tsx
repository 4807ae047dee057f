// A tenant's statement of a month. Its amounts are exact, and shown as the API wrote them.
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import Table from "@cloudscape-design/components/table";
import { answered } from "@ecs-saas/shared/client.ts";
import { csv, download } from "@ecs-saas/shared/format.ts";
import { Nothing, ProblemAlert } from "@ecs-saas/shared/parts.tsx";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { useQuery } from "@tanstack/react-query";
import { useApi, type Schemas } from "../api.ts";
import { texts } from "../texts.ts";

const said = texts.usage;
const MONTHS = 24;

export const thisMonth = (): string => new Date().toISOString().slice(0, 7);

function months(): string[] {
  const now = new Date();
  return Array.from({ length: MONTHS }, (_, ago) => new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - ago, 1)).toISOString().slice(0, 7));
}

export function MonthSelect({ month, onChange }: { readonly month: string; readonly onChange: (month: string) => void }) {
  return (
    <FormField label={said.month}>
      <Select
        selectedOption={{ value: month, label: month }}
        options={months().map((value) => ({ value, label: value }))}
        onChange={({ detail }) => onChange(detail.selectedOption.value ?? month)}
      />
    </FormField>
  );
}

interface Properties {
  readonly tenantId: string;
  readonly name: string;
  readonly month: string;
}

export function Statement({ tenantId, name, month }: Properties) {
  const api = useApi();
  const query = useQuery({
    queryKey: ["statement", tenantId, month],
    queryFn: async () => (await answered(api.GET("/usage", { params: { query: { tenantId, month } } }))).data,
  });
  const lines = query.data?.lines ?? [];
  return (
    <Table
      variant="container"
      ariaLabels={{ tableLabel: `${name} ${month}` }}
      loading={query.isPending}
      loadingText={shared.loading}
      items={lines}
      empty={
        query.isError ? <ProblemAlert error={query.error} onRetry={() => void query.refetch()} /> : <Nothing title={said.nothing} body={said.nothingBody} />
      }
      header={
        <Header
          variant="h2"
          description={query.data ? `${said.total}: ${query.data.total}` : undefined}
          actions={
            <Button iconName="download" disabled={query.data === undefined} onClick={() => query.data && download(`${name}-${month}.csv`, statementCsv(query.data))}>
              {said.csv}
            </Button>
          }
        >
          {name} · {month}
        </Header>
      }
      columnDefinitions={[
        { id: "metric", header: said.metric, cell: (each) => each.metricName, isRowHeader: true },
        { id: "quantity", header: said.quantity, cell: (each) => <span className="number">{each.quantity}</span> },
        { id: "unit", header: said.unit, cell: (each) => each.unit || "–" },
        { id: "price", header: said.price, cell: (each) => <span className="number">{each.price}</span> },
        { id: "amount", header: said.amount, cell: (each) => <span className="number">{each.amount}</span> },
      ]}
    />
  );
}

export function statementCsv(statement: Schemas["Statement"]): string {
  const lines = statement.lines.map((each) => [each.metricName, each.unit, each.quantity, each.price, each.amount]);
  return csv([["metric", "unit", "quantity", "price", "amount"], ...lines, ["total", "", "", "", statement.total]]);
}
