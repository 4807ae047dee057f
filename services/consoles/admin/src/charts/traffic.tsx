// Requests, errors, throttles and latency over time: of one tenant, or of all.
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import LineChart from "@cloudscape-design/components/line-chart";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import * as tokens from "@cloudscape-design/design-tokens";
import { answered } from "@ecs-saas/shared/client.ts";
import { day, number, time } from "@ecs-saas/shared/format.ts";
import { Loaded, Nothing, PageLink } from "@ecs-saas/shared/parts.tsx";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useApi, type Schemas } from "../api.ts";
import { texts } from "../texts.ts";

type Metric = NonNullable<Schemas["Metrics"]["total"]>[number];
type Name = Metric["metric"];

const said = texts.traffic;
const HOUR = 3_600_000;
const REFRESH_MILLISECONDS = 60_000;
const COUNTED = ["requests", "clientErrors", "serverErrors", "throttles"] as const satisfies readonly Name[];
const COLOURS: Readonly<Record<Name, string>> = {
  requests: tokens.colorChartsBlue2500,
  clientErrors: tokens.colorChartsOrange500,
  serverErrors: tokens.colorChartsRed700,
  throttles: tokens.colorChartsPurple700,
  latencyMs: tokens.colorChartsTeal600,
};

interface Properties {
  readonly tenantId?: string;
  /** Of tenants by their ids, where all are shown. */
  readonly names?: ReadonlyMap<string, string>;
}

export default function Traffic({ tenantId, names }: Properties) {
  const api = useApi();
  const [hours, setHours] = useState("3");
  const query = useQuery({
    queryKey: ["metrics", tenantId ?? "", hours],
    queryFn: async () => {
      const to = new Date();
      const from = new Date(to.valueOf() - Number(hours) * HOUR).toISOString();
      const asked = { from, to: to.toISOString(), ...(tenantId !== undefined && { tenantId }) };
      return (await answered(api.GET("/metrics", { params: { query: asked } }))).data;
    },
    placeholderData: keepPreviousData,
    refetchInterval: REFRESH_MILLISECONDS,
  });
  const until = query.data?.measuredUntil;
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={until ? said.description(time(until)) : said.uncounted}
          actions={
            <SegmentedControl
              label={said.window}
              selectedId={hours}
              options={Object.entries(said.windows).map(([id, text]) => ({ id, text }))}
              onChange={({ detail }) => setHours(detail.selectedId)}
            />
          }
        >
          {tenantId === undefined ? said.title : said.ofTenant}
        </Header>
      }
    >
      <Loaded query={query}>
        {(metrics) => <Charts metrics={metrics} shown={tenantId === undefined ? (metrics.total ?? []) : metrics.series} names={names} />}
      </Loaded>
    </Container>
  );
}

interface ChartsProperties {
  readonly metrics: Schemas["Metrics"];
  readonly shown: readonly Metric[];
  readonly names: ReadonlyMap<string, string> | undefined;
}

function Charts({ metrics, shown, names }: ChartsProperties) {
  const empty = <Nothing title={said.nothing} body={said.nothingBody} />;
  const counted = COUNTED.flatMap((name) => shown.filter((each) => each.metric === name));
  const latency = shown.filter((each) => each.metric === "latencyMs");
  const any = sumOf(shown, "requests") > 0;
  const xDomain: [Date, Date] = [new Date(metrics.from), new Date(metrics.to)];
  const long = xDomain[1].valueOf() - xDomain[0].valueOf() > 26 * HOUR;
  const shared = {
    height: 200,
    hideFilter: true,
    xScaleType: "time" as const,
    xDomain,
    xTitle: said.time,
    xTickFormatter: (at: Date) => (long ? day(at) : time(at)),
    empty,
  };
  return (
    <Grid gridDefinition={[{ colspan: { default: 12, s: 7 } }, { colspan: { default: 12, s: 5 } }]}>
      <SpaceBetween size="l">
        <LineChart
          {...shared}
          ariaLabel={said.chart}
          yTitle={said.counts(said.period(metrics.periodSeconds))}
          yTickFormatter={number}
          yDomain={[0, Math.max(5, ...counted.flatMap((each) => each.points.map((point) => point.value)))]}
          series={any ? counted.map(seriesOf) : []}
        />
        {any && (
          <LineChart
            {...shared}
            height={140}
            ariaLabel={said.latencyChart}
            yTitle={said.latency}
            yTickFormatter={number}
            yDomain={[0, Math.max(10, ...latency.flatMap((each) => each.points.map((point) => point.value)))]}
            series={latency.map(seriesOf)}
          />
        )}
      </SpaceBetween>
      <SpaceBetween size="l">
        <Table
          variant="embedded"
          ariaLabels={{ tableLabel: said.chart }}
          items={[...counted]}
          trackBy="metric"
          empty={empty}
          columnDefinitions={[
            { id: "metric", header: said.metric, cell: (each) => said.names[each.metric], isRowHeader: true },
            { id: "sum", header: said.sum, cell: (each) => <span className="number">{number(each.points.reduce((sum, point) => sum + point.value, 0))}</span> },
          ]}
        />
        {names && any && <Busiest series={metrics.series} names={names} />}
      </SpaceBetween>
    </Grid>
  );
}

function seriesOf(metric: Metric) {
  return {
    title: said.names[metric.metric],
    type: "line" as const,
    color: COLOURS[metric.metric],
    data: metric.points.map((point) => ({ x: new Date(point.at), y: point.value })),
    valueFormatter: number,
  };
}

function sumOf(metrics: readonly Metric[], name: Name): number {
  const values = metrics.filter((each) => each.metric === name).flatMap((each) => each.points.map((point) => point.value));
  return values.reduce((sum, value) => sum + value, 0);
}

function Busiest({ series, names }: { readonly series: Schemas["Metrics"]["series"]; readonly names: ReadonlyMap<string, string> }) {
  const ids = [...new Set(series.map((each) => each.tenantId))];
  const rows = ids.map((id) => ({ id, metrics: series.filter((each) => each.tenantId === id) }));
  return (
    <Table
      variant="embedded"
      header={<Box variant="h3">{said.busiest}</Box>}
      ariaLabels={{ tableLabel: said.busiest }}
      items={rows}
      trackBy="id"
      columnDefinitions={[
        { id: "tenant", header: texts.tenant, cell: (each) => <PageLink to={`/tenants/${each.id}?tab=requests`}>{names.get(each.id) ?? said.gone(each.id.slice(0, 8))}</PageLink>, isRowHeader: true },
        ...COUNTED.map((name) => ({
          id: name,
          header: said.short[name],
          cell: (each: (typeof rows)[number]) => <span className="number">{number(sumOf(each.metrics, name))}</span>,
        })),
      ]}
    />
  );
}
