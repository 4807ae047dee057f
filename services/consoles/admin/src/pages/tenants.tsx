// All tenants, a page at a time, as the registry filters and sorts them.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ButtonDropdown from "@cloudscape-design/components/button-dropdown";
import CollectionPreferences from "@cloudscape-design/components/collection-preferences";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Pagination from "@cloudscape-design/components/pagination";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Grid from "@cloudscape-design/components/grid";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { answered } from "@ecs-saas/shared/client.ts";
import { Moment, Nothing, PageLink, ProblemAlert } from "@ecs-saas/shared/parts.tsx";
import { useTitle } from "@ecs-saas/shared/top-bar.tsx";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useLocation, useSearchParams } from "wouter";
import { obstacle, type ActionId } from "../actions.ts";
import { useApi, type State, type Tenant, type Tier } from "../api.ts";
import { Bulk } from "../bulk.tsx";
import { StateOf, TierOf } from "../parts.tsx";
import { useMayWrite } from "../roles.ts";
import { states, texts, tiers } from "../texts.ts";

const said = texts.list;
const NAME = /^[a-z][a-z0-9-]{1,29}$/;
const BULK: readonly ActionId[] = ["suspend", "resume", "retry", "reconcile"];
const SIZES = [10, 20, 50, 100];

export default function Tenants() {
  useTitle(texts.tenants);
  const api = useApi();
  const mayWrite = useMayWrite();
  const [, go] = useLocation();
  const [search, setSearch] = useSearchParams();
  const [size, setSize] = useState(20);
  // The token of each page that was seen: the API knows the way forward only.
  const [tokens, setTokens] = useState<readonly string[]>([""]);
  const [at, setAt] = useState(0);
  const [selected, setSelected] = useState<Tenant[]>([]);
  const [bulk, setBulk] = useState<ActionId>();

  const filters = {
    name: search.get("name") ?? "",
    status: search.get("status") ?? "",
    tier: search.get("tier") ?? "",
    release: search.get("release") ?? "",
    sort: search.get("sort") === "-name" ? "-name" : "name",
  };
  const [typed, setTyped] = useState(filters.name);
  const [typedRelease, setTypedRelease] = useState(filters.release);

  const change = (name: string, value: string) => {
    setSearch((before) => {
      if (value) before.set(name, value);
      else before.delete(name);
      return before;
    });
    begin();
  };
  const begin = () => {
    setTokens([""]);
    setAt(0);
    setSelected([]);
  };

  const asked = {
    limit: size,
    next_token: tokens[at] ?? "",
    sort: filters.sort,
    ...(filters.name && { name: filters.name }),
    ...(filters.status && { status: filters.status as State }),
    ...(filters.tier && { tier: filters.tier as Tier }),
    ...(filters.release && { release: filters.release }),
  };
  const query = useQuery({
    queryKey: ["tenants", asked],
    queryFn: () => answered(api.GET("/tenants", { params: { query: asked } })),
    placeholderData: keepPreviousData,
    refetchInterval: (latest) => (latest.state.data?.data.some((each) => each.runningOperation) ? 3_000 : 20_000),
  });
  const items = query.data?.data ?? [];
  const next = query.data?.next_token;
  // What is selected is shown as it is now, not as it was when it was selected.
  const chosen = items.filter((each) => selected.some((one) => one.tenantId === each.tenantId));
  const filtered = Boolean(filters.name || filters.status || filters.tier || filters.release);

  const columns: TableProps.ColumnDefinition<Tenant>[] = [
    { id: "name", header: texts.tenant, cell: (each) => <PageLink to={`/tenants/${each.tenantId}`}>{each.tenantName}</PageLink>, isRowHeader: true, sortingField: "name", minWidth: 140 },
    { id: "state", header: texts.state, cell: (each) => <StateOf state={each.tenantStatus} />, minWidth: 130 },
    { id: "tier", header: texts.tier, cell: (each) => <TierOf tier={each.tier} /> },
    { id: "release", header: texts.release, cell: (each) => each.release },
    { id: "email", header: texts.email, cell: (each) => each.email },
    { id: "operation", header: said.operation, cell: (each) => (each.runningOperation ? said.running : each.queuedOperation ? said.queued : "–") },
    { id: "created", header: said.created, cell: (each) => <Moment at={each.createdAt} /> },
  ];

  return (
    <>
      <Table
        variant="full-page"
        stickyHeader
        trackBy="tenantId"
        items={items}
        columnDefinitions={columns}
        loading={query.isPending}
        loadingText={shared.loading}
        {...(mayWrite && {
          selectionType: "multi" as const,
          selectedItems: chosen,
          onSelectionChange: ({ detail }: { detail: { selectedItems: Tenant[] } }) => setSelected(detail.selectedItems),
        })}
        ariaLabels={{
          tableLabel: texts.tenants,
          selectionGroupLabel: said.selectAll,
          allItemsSelectionLabel: () => said.selectAll,
          itemSelectionLabel: (_, each) => said.select(each.tenantName),
        }}
        sortingColumn={{ sortingField: "name" }}
        sortingDescending={filters.sort === "-name"}
        onSortingChange={({ detail }) => change("sort", detail.isDescending ? "-name" : "")}
        header={
          <Header
            variant="awsui-h1-sticky"
            counter={chosen.length > 0 ? said.selected(chosen.length) : undefined}
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button iconName="refresh" ariaLabel={said.refresh} loading={query.isFetching && !query.isPending} onClick={() => void query.refetch()} />
                {mayWrite && (
                  <ButtonDropdown
                    disabled={chosen.length === 0}
                    items={BULK.map((id) => ({ id, text: texts.actions[id as "suspend"], disabled: chosen.every((each) => obstacle(id, each) !== undefined) }))}
                    onItemClick={({ detail }) => setBulk(detail.id as ActionId)}
                  >
                    {said.actions}
                  </ButtonDropdown>
                )}
                {mayWrite && (
                  <Button variant="primary" onClick={() => go("/onboarding")}>
                    {said.onboard}
                  </Button>
                )}
              </SpaceBetween>
            }
          >
            {texts.tenants}
          </Header>
        }
        filter={
          <SpaceBetween size="xs">
            {query.isError && <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />}
            <Grid disableGutters={false} gridDefinition={[{ colspan: { default: 12, xs: 4 } }, { colspan: { default: 6, xs: 3 } }, { colspan: { default: 6, xs: 2 } }, { colspan: { default: 12, xs: 3 } }]}>
              <form
                onSubmit={(event) => {
                  event.preventDefault();
                  if (!typed || NAME.test(typed)) change("name", typed);
                }}
              >
                <FormField label={said.find} errorText={typed && !NAME.test(typed) ? said.badName : undefined}>
                  <Input
                    type="search"
                    value={typed}
                    placeholder={said.findHint}
                    clearAriaLabel={said.clear}
                    onChange={({ detail }) => {
                      setTyped(detail.value);
                      if (!detail.value) change("name", "");
                    }}
                  />
                </FormField>
              </form>
              <FormField label={texts.state}>
                <Select
                  selectedOption={filters.status ? { value: filters.status, label: states[filters.status as State] } : { value: "", label: said.allStates }}
                  options={[{ value: "", label: said.allStates }, ...Object.entries(states).map(([value, label]) => ({ value, label }))]}
                  onChange={({ detail }) => change("status", detail.selectedOption.value ?? "")}
                />
              </FormField>
              <FormField label={texts.tier}>
                <Select
                  selectedOption={filters.tier ? { value: filters.tier, label: tiers[filters.tier as Tier].name } : { value: "", label: said.allTiers }}
                  options={[{ value: "", label: said.allTiers }, ...Object.entries(tiers).map(([value, tier]) => ({ value, label: tier.name }))]}
                  onChange={({ detail }) => change("tier", detail.selectedOption.value ?? "")}
                />
              </FormField>
              <form
                onSubmit={(event) => {
                  event.preventDefault();
                  change("release", typedRelease);
                }}
              >
                <FormField label={texts.release}>
                  <Input
                    type="search"
                    value={typedRelease}
                    placeholder={said.releaseHint}
                    clearAriaLabel={said.clear}
                    onChange={({ detail }) => {
                      setTypedRelease(detail.value);
                      if (!detail.value) change("release", "");
                    }}
                  />
                </FormField>
              </form>
            </Grid>
          </SpaceBetween>
        }
        pagination={
          <Pagination
            currentPageIndex={at + 1}
            pagesCount={next ? at + 2 : at + 1}
            openEnd={Boolean(next)}
            ariaLabels={{ nextPageLabel: shared.table.next, previousPageLabel: shared.table.previous, pageLabel: shared.table.page }}
            onChange={({ detail }) => {
              const wanted = detail.currentPageIndex - 1;
              if (wanted > at && next) setTokens((before) => [...before.slice(0, at + 1), next]);
              if (wanted <= at || next) {
                setAt(Math.min(wanted, at + 1));
                setSelected([]);
              }
            }}
          />
        }
        preferences={
          <CollectionPreferences
            title={said.preferences}
            confirmLabel={shared.save}
            cancelLabel={shared.cancel}
            preferences={{ pageSize: size }}
            pageSizePreference={{ title: said.pageSize, options: SIZES.map((value) => ({ value, label: said.perPage(value) })) }}
            onConfirm={({ detail }) => {
              setSize(detail.pageSize ?? size);
              begin();
            }}
          />
        }
        empty={
          filtered ? (
            <Nothing
              title={said.nothing}
              body={said.nothingBody}
              action={
                <Button
                  onClick={() => {
                    setTyped("");
                    setTypedRelease("");
                    setSearch({});
                    begin();
                  }}
                >
                  {said.clear}
                </Button>
              }
            />
          ) : query.isError ? (
            <Box />
          ) : (
            <Nothing title={texts.dashboard.noTenants} body={texts.dashboard.noTenantsBody} />
          )
        }
      />
      {bulk && <Bulk action={bulk} tenants={chosen} onEnd={() => { setBulk(undefined); void query.refetch(); }} />}
    </>
  );
}
