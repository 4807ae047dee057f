// One tenant: where it is, what is being done to it, what was done, and what can be done.
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { answered } from "@ecs-saas/shared/client.ts";
import { Loaded, Loading } from "@ecs-saas/shared/parts.tsx";
import { Crumbs } from "@ecs-saas/shared/shell.tsx";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useSearchParams } from "wouter";
import { ACTIONS, obstacle, type ActionId } from "../actions.ts";
import { useApi, type Tenant } from "../api.ts";
import { LogLink, StateOf, TierOf } from "../parts.tsx";
import { useMayWrite } from "../roles.ts";
import { ActionDialog } from "../tenant/dialog.tsx";
import { History } from "../tenant/history.tsx";
import { TenantCost } from "../tenant/cost.tsx";
import { Overview } from "../tenant/overview.tsx";
import { OperationProgress, operationsOf, POLL_MILLISECONDS } from "../tenant/progress.tsx";
import { Resources } from "../tenant/resources.tsx";
import { kinds, texts } from "../texts.ts";
import { MonthSelect, Statement, thisMonth } from "../usage/statement.tsx";

const Traffic = lazy(() => import("../charts/traffic.tsx"));

const said = texts.page;
const IDLE_MILLISECONDS = 10_000;

export default function TenantPage({ id }: { readonly id: string }) {
  const api = useApi();
  const query = useQuery({
    queryKey: ["tenant", id],
    queryFn: async () => (await answered(api.GET("/tenants/{tenant_id}", { params: { path: { tenant_id: id } } }))).data,
    refetchInterval: (latest) => (isBusy(latest.state.data) ? POLL_MILLISECONDS : IDLE_MILLISECONDS),
  });
  return (
    <SpaceBetween size="m">
      <Crumbs items={[{ text: texts.tenants, href: "/tenants" }, { text: query.data?.tenantName ?? id, href: `/tenants/${id}` }]} />
      <Loaded query={query}>{(tenant) => <Page tenant={tenant} />}</Loaded>
    </SpaceBetween>
  );
}

function isBusy(tenant: Tenant | undefined): boolean {
  return tenant !== undefined && Boolean(tenant.runningOperation || tenant.queuedOperation);
}

function Page({ tenant }: { readonly tenant: Tenant }) {
  const mayWrite = useMayWrite();
  const queries = useQueryClient();
  const [action, setAction] = useState<ActionId>();
  const [search, setSearch] = useSearchParams();
  const reload = () => void queries.invalidateQueries({ predicate: ({ queryKey }) => queryKey.includes(tenant.tenantId) });

  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          info={
            <SpaceBetween direction="horizontal" size="xs" alignItems="center">
              <StateOf state={tenant.tenantStatus} />
              <TierOf tier={tenant.tier} />
            </SpaceBetween>
          }
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              <Button iconName="refresh" ariaLabel={said.reload} onClick={reload} />
              {mayWrite && <Actions tenant={tenant} onChoose={setAction} />}
            </SpaceBetween>
          }
        >
          {tenant.tenantName}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Standing tenant={tenant} mayWrite={mayWrite} onChoose={setAction} />
        <Tabs
          ariaLabel={tenant.tenantName}
          activeTabId={search.get("tab") ?? "overview"}
          onChange={({ detail }) => setSearch({ tab: detail.activeTabId }, { replace: true })}
          tabs={[
            { id: "overview", label: said.details, content: <Overview tenant={tenant} /> },
            { id: "operations", label: said.operations, content: <History tenantId={tenant.tenantId} /> },
            { id: "resources", label: said.resources, content: <Resources tenantId={tenant.tenantId} /> },
            {
              id: "requests",
              label: said.requests,
              content: (
                <Suspense fallback={<Loading />}>
                  <Traffic tenantId={tenant.tenantId} />
                </Suspense>
              ),
            },
            { id: "cost", label: said.cost, content: <TenantCost tenantId={tenant.tenantId} /> },
            { id: "statement", label: said.usage, content: <Statements tenant={tenant} /> },
          ]}
        />
      </SpaceBetween>
      {action && (
        <ActionDialog
          action={action}
          tenant={tenant}
          onEnd={() => {
            setAction(undefined);
            reload();
          }}
        />
      )}
    </ContentLayout>
  );
}

function Statements({ tenant }: { readonly tenant: Tenant }) {
  const [month, setMonth] = useState(thisMonth);
  return (
    <SpaceBetween size="m">
      <MonthSelect month={month} onChange={setMonth} />
      <Statement tenantId={tenant.tenantId} name={tenant.tenantName} month={month} />
    </SpaceBetween>
  );
}

function Actions({ tenant, onChoose }: { readonly tenant: Tenant; readonly onChoose: (action: ActionId) => void }) {
  return (
    <ButtonDropdown
      variant="primary"
      expandToViewport
      items={ACTIONS.map((id) => {
        const why = obstacle(id, tenant);
        return { id, text: texts.actions[id], disabled: why !== undefined, disabledReason: why };
      })}
      onItemClick={({ detail }) => onChoose(detail.id as ActionId)}
    >
      {texts.actions.title}
    </ButtonDropdown>
  );
}

interface StandingProperties {
  readonly tenant: Tenant;
  readonly mayWrite: boolean;
  readonly onChoose: (action: ActionId) => void;
}

function Standing({ tenant, mayWrite, onChoose }: StandingProperties) {
  return (
    <>
      {tenant.tenantStatus === "FAILED" && (
        <Alert
          type="error"
          header={said.failedTitle}
          action={mayWrite && !tenant.runningOperation && <Button onClick={() => onChoose("retry")}>{texts.actions.retry}</Button>}
        >
          <SpaceBetween size="xs">
            <div>{tenant.reason || texts.unknown}</div>
            {tenant.logUrl && <LogLink url={tenant.logUrl} />}
          </SpaceBetween>
        </Alert>
      )}
      {isBusy(tenant) && <Running tenant={tenant} />}
      {tenant.previousTier && !isBusy(tenant) && (
        <Alert
          type="info"
          header={`${said.previous} ${tenant.previousTier}`}
          action={
            mayWrite && (
              <SpaceBetween direction="horizontal" size="xs">
                <Button onClick={() => onChoose("rollBack")}>{said.rollBackNow}</Button>
                <Button onClick={() => onChoose("confirmMove")}>{said.confirmNow}</Button>
              </SpaceBetween>
            )
          }
        >
          {said.previousNote}
        </Alert>
      )}
    </>
  );
}

function Running({ tenant }: { readonly tenant: Tenant }) {
  const api = useApi();
  const query = useQuery({
    queryKey: ["running", tenant.tenantId],
    queryFn: () => operationsOf(api, tenant.tenantId, 2),
    refetchInterval: POLL_MILLISECONDS,
  });
  const running = query.data?.data.find((each) => each.operationId === tenant.runningOperation);
  return (
    <Container>
      <SpaceBetween size="xs">
        {running ? <OperationProgress operation={running} /> : <div role="status">{said.runningTitle(kinds[kindOf(tenant)])}</div>}
        {tenant.queuedOperation && <div>{said.queuedNote}</div>}
      </SpaceBetween>
    </Container>
  );
}

function kindOf(tenant: Tenant): keyof typeof kinds {
  if (tenant.tenantStatus === "DEPROVISIONING") return "offboard";
  return tenant.tenantStatus === "UPDATING" ? "update" : "onboard";
}
