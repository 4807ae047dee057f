// Who did what on a day, when, and what it changed.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import DatePicker from "@cloudscape-design/components/date-picker";
import FormField from "@cloudscape-design/components/form-field";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Popover from "@cloudscape-design/components/popover";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";
import { answered } from "@ecs-saas/shared/client.ts";
import { number } from "@ecs-saas/shared/format.ts";
import { Json, Moment, Nothing, ProblemAlert } from "@ecs-saas/shared/parts.tsx";
import { useTitle } from "@ecs-saas/shared/top-bar.tsx";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { useInfiniteQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "wouter";
import { useApi, type Schemas } from "../api.ts";
import { texts } from "../texts.ts";

type Entry = Schemas["AuditEntry"];
const said = texts.audit;
const PAGE = 100;
const today = (): string => new Date().toISOString().slice(0, 10);

export default function Audit() {
  useTitle(said.title);
  const api = useApi();
  const [search, setSearch] = useSearchParams();
  const day = search.get("day") ?? today();
  const [filter, setFilter] = useState("");
  const query = useInfiniteQuery({
    queryKey: ["audit", day],
    queryFn: ({ pageParam }) => answered(api.GET("/audit", { params: { query: { day, limit: PAGE, next_token: pageParam } } })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_token,
  });
  const loaded = query.data?.pages.flatMap((page) => page.data) ?? [];
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const shown = loaded.filter((each) => words.every((word) => `${each.actor} ${each.action} ${each.target}`.toLowerCase().includes(word)));

  return (
    <Table
      variant="full-page"
      stickyHeader
      wrapLines
      ariaLabels={{ tableLabel: said.title }}
      items={shown}
      trackBy="id"
      loading={query.isPending}
      loadingText={shared.loading}
      empty={
        query.isError ? (
          <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />
        ) : (
          <Nothing title={loaded.length > 0 ? said.nothingFiltered : said.nothing} />
        )
      }
      header={
        <Header
          variant="awsui-h1-sticky"
          description={said.description}
          counter={`(${said.shown(number(loaded.length))}${query.hasNextPage ? "+" : ""})`}
          actions={<Button iconName="refresh" ariaLabel={texts.list.refresh} loading={query.isFetching && !query.isPending} onClick={() => void query.refetch()} />}
        >
          {said.title}
        </Header>
      }
      filter={
        <Grid gridDefinition={[{ colspan: { default: 12, xs: 4 } }, { colspan: { default: 12, xs: 8 } }]}>
          <FormField label={said.day}>
            <DatePicker
              value={day}
              placeholder={said.dayHint}
              isDateEnabled={(date) => date <= new Date()}
              onChange={({ detail }) => {
                if (/^\d{4}-\d{2}-\d{2}$/.test(detail.value)) setSearch({ day: detail.value });
              }}
            />
          </FormField>
          <FormField label={said.filter}>
            <Input type="search" value={filter} placeholder={said.filterPlaceholder} clearAriaLabel={texts.list.clear} onChange={({ detail }) => setFilter(detail.value)} />
          </FormField>
        </Grid>
      }
      footer={
        query.hasNextPage && (
          <Box textAlign="center">
            <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
              {said.more}
            </Button>
          </Box>
        )
      }
      columnDefinitions={[
        { id: "at", header: said.at, cell: (each) => <Moment at={each.at} />, isRowHeader: true, width: 200 },
        { id: "actor", header: said.actor, cell: (each) => each.actor },
        { id: "action", header: said.action, cell: (each) => each.action },
        { id: "target", header: said.target, cell: (each) => each.target },
        { id: "change", header: said.change, cell: (each) => <Change entry={each} />, width: 160 },
      ]}
    />
  );
}

function Change({ entry }: { readonly entry: Entry }) {
  const { before, after } = entry;
  if (Object.keys(before).length === 0 && Object.keys(after).length === 0) return "–";
  return (
    <Popover
      size="large"
      position="left"
      dismissAriaLabel={shared.close}
      header={entry.action}
      content={
        <SpaceBetween size="s">
          <div>
            <Box variant="awsui-key-label">{said.before}</Box>
            <Json value={before} />
          </div>
          <div>
            <Box variant="awsui-key-label">{said.after}</Box>
            <Json value={after} />
          </div>
        </SpaceBetween>
      }
    >
      {said.change}
    </Popover>
  );
}
