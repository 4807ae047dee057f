// The fleet at a glance. Every figure is counted from what the API answers.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";
import { number, time } from "@ecs-saas/shared/format.ts";
import { Loaded, Loading, Moment, PageLink } from "@ecs-saas/shared/parts.tsx";
import { useTitle } from "@ecs-saas/shared/top-bar.tsx";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense } from "react";
import { useLocation } from "wouter";
import { fleet, useApi, type Fleet, type State, type Tenant, type Tier } from "../api.ts";
import { LogLink, StateOf, TierOf } from "../parts.tsx";
import { useMayWrite } from "../roles.ts";
import { Capacity } from "../capacity.tsx";
import { RunningProgress } from "../tenant/progress.tsx";
import { states, texts, TIERS } from "../texts.ts";

// Charts are as much to load as half of the rest: the figures do not wait for them.
const FleetChart = lazy(() => import("../charts/fleet.tsx"));
const Traffic = lazy(() => import("../charts/traffic.tsx"));
const BUSY_MILLISECONDS = 5_000;
const IDLE_MILLISECONDS = 30_000;
const said = texts.dashboard;
const STATES: readonly State[] = ["ACTIVE", "SUSPENDED", "REGISTERED", "PROVISIONING", "UPDATING", "FAILED", "DEPROVISIONING"];

export default function Dashboard() {
  useTitle(said.title);
  const api = useApi();
  const mayWrite = useMayWrite();
  const [, go] = useLocation();
  const query = useQuery({
    queryKey: ["fleet"],
    queryFn: () => fleet(api),
    // A fleet of thousands is asked for in pages of a thousand: seldom, unless something goes on.
    refetchInterval: ({ state }) => (state.data?.tenants.some((each) => each.runningOperation) ? BUSY_MILLISECONDS : IDLE_MILLISECONDS),
  });

  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description={query.data ? `${said.description} ${said.refreshed(time(query.data.at))}` : said.description}
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button iconName="refresh" ariaLabel={said.refresh} loading={query.isFetching} onClick={() => void query.refetch()} />
              {mayWrite && (
                <Button variant="primary" onClick={() => go("/onboarding")}>
                  {texts.pages.onboard}
                </Button>
              )}
            </SpaceBetween>
          }
        >
          {said.title}
        </Header>
      }
    >
      <Loaded query={query}>{(all) => <Figures all={all} />}</Loaded>
    </ContentLayout>
  );
}

function Figures({ all }: { readonly all: Fleet }) {
  const { tenants } = all;
  const running = tenants.filter((each) => each.runningOperation);
  const failed = tenants.filter((each) => each.tenantStatus === "FAILED");
  const inState = (state: State) => tenants.filter((each) => each.tenantStatus === state).length;
  return (
    <SpaceBetween size="l">
      <Container>
        <ColumnLayout columns={4} variant="text-grid" minColumnWidth={140}>
          <Figure name={said.total} value={tenants.length} to="/tenants" />
          <Figure name={said.active} value={inState("ACTIVE")} to="/tenants?status=ACTIVE" />
          <Figure name={said.inFlight} value={running.length} />
          <Figure name={said.failed} value={failed.length} to="/tenants?status=FAILED" />
        </ColumnLayout>
        {!all.complete && <Box color="text-status-warning">{said.truncated(number(tenants.length))}</Box>}
      </Container>
      {running.length > 0 && <Running tenants={running} />}
      {failed.length > 0 && <Failures tenants={failed} />}
      {running.length + failed.length === 0 && <Quiet />}
      <Suspense fallback={<Loading />}>
        <Traffic names={new Map(tenants.map((each) => [each.tenantId, each.tenantName]))} />
      </Suspense>
      <ByTier tenants={tenants} />
      <Capacity />
    </SpaceBetween>
  );
}

/** That nothing runs and nothing has failed takes no two empty tables to say. */
function Quiet() {
  return (
    <Container>
      <ColumnLayout columns={2}>
        <div>
          <StatusIndicator type="success">{said.noneFailed}</StatusIndicator>
          <Box color="text-body-secondary">{said.noneFailedBody}</Box>
        </div>
        <div>
          <StatusIndicator type="info">{said.noneRunning}</StatusIndicator>
          <Box color="text-body-secondary">{said.noneRunningBody}</Box>
        </div>
      </ColumnLayout>
    </Container>
  );
}

function Figure({ name, value, to }: { readonly name: string; readonly value: number; readonly to?: string }) {
  return (
    <div>
      <Box variant="awsui-key-label">{to ? <PageLink to={to}>{name}</PageLink> : name}</Box>
      <Box variant="awsui-value-large">
        <span className="number" data-testid="figure">
          {number(value)}
        </span>
      </Box>
    </div>
  );
}

function ByTier({ tenants }: { readonly tenants: readonly Tenant[] }) {
  const count = (tier: Tier, state: State) => tenants.filter((each) => each.tier === tier && each.tenantStatus === state).length;
  const present = STATES.filter((state) => tenants.some((each) => each.tenantStatus === state));
  return (
    <Container
      header={
        <Header variant="h2" description={said.byTierDescription}>
          {said.byTier}
        </Header>
      }
    >
      <Grid gridDefinition={[{ colspan: { default: 12, s: 6 } }, { colspan: { default: 12, s: 6 } }]}>
        <Suspense fallback={<Loading />}>
          <FleetChart tenants={tenants} states={present} />
        </Suspense>
        <Table
          variant="embedded"
          ariaLabels={{ tableLabel: said.byTier }}
          items={[...TIERS]}
          columnDefinitions={[
            { id: "tier", header: texts.tier, cell: (tier) => <TierOf tier={tier} />, isRowHeader: true },
            ...present.map((state) => ({
              id: state,
              header: states[state],
              cell: (tier: Tier) => <span className="number">{number(count(tier, state))}</span>,
            })),
            {
              id: "total",
              header: texts.tenants,
              cell: (tier) => <span className="number">{number(tenants.filter((each) => each.tier === tier).length)}</span>,
            },
          ]}
        />
      </Grid>
    </Container>
  );
}

const nameOf = (each: Tenant) => <PageLink to={`/tenants/${each.tenantId}`}>{each.tenantName}</PageLink>;

function Running({ tenants }: { readonly tenants: readonly Tenant[] }) {
  return (
    <Table
      header={
        <Header variant="h2" counter={`(${number(tenants.length)})`}>
          {said.running}
        </Header>
      }
      ariaLabels={{ tableLabel: said.running }}
      items={[...tenants]}
      trackBy="tenantId"
      columnDefinitions={[
        { id: "tenant", header: texts.tenant, cell: nameOf, isRowHeader: true },
        { id: "tier", header: texts.tier, cell: (each) => <TierOf tier={each.tier} /> },
        { id: "state", header: texts.state, cell: (each) => <StateOf state={each.tenantStatus} /> },
        { id: "progress", header: texts.progress, cell: (each) => <RunningProgress tenantId={each.tenantId} /> },
      ]}
    />
  );
}

function Failures({ tenants }: { readonly tenants: readonly Tenant[] }) {
  return (
    <Table
      header={
        <Header variant="h2" counter={`(${number(tenants.length)})`}>
          {said.failures}
        </Header>
      }
      ariaLabels={{ tableLabel: said.failures }}
      wrapLines
      items={[...tenants]}
      trackBy="tenantId"
      columnDefinitions={[
        { id: "tenant", header: texts.tenant, cell: nameOf, isRowHeader: true },
        { id: "tier", header: texts.tier, cell: (each) => <TierOf tier={each.tier} /> },
        { id: "reason", header: texts.reason, cell: (each) => each.reason || "–", minWidth: 280 },
        { id: "log", header: texts.log, cell: (each) => (each.logUrl ? <LogLink url={each.logUrl} /> : "–") },
        { id: "since", header: texts.list.updated, cell: (each) => <Moment at={each.updatedAt} /> },
      ]}
    />
  );
}
