// What is measured.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Table from "@cloudscape-design/components/table";
import { answered } from "@ecs-saas/shared/client.ts";
import { useNotices } from "@ecs-saas/shared/notices.tsx";
import { Confirm } from "@ecs-saas/shared/confirm.tsx";
import { Id, Nothing, ProblemAlert } from "@ecs-saas/shared/parts.tsx";
import { findings } from "@ecs-saas/shared/schema.ts";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { useInfiniteQuery, useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { useApi, type Schemas } from "../api.ts";
import { useMayWrite } from "../roles.ts";
import { texts } from "../texts.ts";

const said = texts.usage;
const PAGE = 50;

export function Meters() {
  const api = useApi();
  const mayWrite = useMayWrite();
  const [adding, setAdding] = useState(false);
  const [removing, setRemoving] = useState<Schemas["Meter"]>();
  const query = useInfiniteQuery({
    queryKey: ["meters"],
    queryFn: ({ pageParam }) => answered(api.GET("/meters", { params: { query: { limit: PAGE, next_token: pageParam } } })),
    initialPageParam: "",
    getNextPageParam: (page) => page.next_token,
  });
  const meters = query.data?.pages.flatMap((page) => page.data) ?? [];
  return (
    <>
      <Table
        variant="container"
        ariaLabels={{ tableLabel: said.meters }}
        items={meters}
        trackBy="meterId"
        loading={query.isPending}
        loadingText={shared.loading}
        empty={query.isError ? <ProblemAlert error={query.error} onRetry={() => void query.refetch()} /> : <Nothing title={said.noMeters} />}
        header={
          <Header variant="h2" description={said.metersDescription} actions={mayWrite && <Button onClick={() => setAdding(true)}>{said.addMeter}</Button>}>
            {said.meters}
          </Header>
        }
        footer={
          query.hasNextPage && (
            <Box textAlign="center">
              <Button loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
                {texts.audit.more}
              </Button>
            </Box>
          )
        }
        columnDefinitions={[
          { id: "name", header: said.metric, cell: (each) => each.name, isRowHeader: true },
          { id: "unit", header: said.unit, cell: (each) => each.unit || "–" },
          { id: "id", header: said.meterId, cell: (each) => <Id value={each.meterId} name={each.name} /> },
          ...(mayWrite
            ? [
                {
                  id: "remove",
                  header: texts.list.actions,
                  cell: (each: Schemas["Meter"]) => (
                    <Button variant="inline-link" ariaLabel={`${said.removeMeter}: ${each.name}`} onClick={() => setRemoving(each)}>
                      {said.removeMeter}
                    </Button>
                  ),
                },
              ]
            : []),
        ]}
      />
      {adding && <Add onEnd={() => { setAdding(false); void query.refetch(); }} />}
      {removing && <Remove meter={removing} onEnd={() => { setRemoving(undefined); void query.refetch(); }} />}
    </>
  );
}

function Add({ onEnd }: { readonly onEnd: () => void }) {
  const api = useApi();
  const notices = useNotices();
  const [meter, setMeter] = useState({ name: "", unit: "" });
  const wrong = findings("MeterRequest", meter);
  const adding = useMutation({
    mutationFn: () => answered(api.POST("/meters", { body: meter })),
    onSuccess: () => {
      notices.tell("success", said.meterMade(meter.name));
      onEnd();
    },
  });
  return (
    <Confirm
      title={said.addMeter}
      action={shared.create}
      busy={adding.isPending}
      error={adding.error}
      disabled={Object.keys(wrong).length > 0}
      onConfirm={() => adding.mutate()}
      onDismiss={onEnd}
    >
      <FormField label={said.meterName} errorText={meter.name && wrong["name"]}>
        <Input value={meter.name} onChange={({ detail }) => setMeter({ ...meter, name: detail.value })} />
      </FormField>
      <FormField label={said.meterUnit} errorText={meter.unit && wrong["unit"]}>
        <Input value={meter.unit} onChange={({ detail }) => setMeter({ ...meter, unit: detail.value })} />
      </FormField>
    </Confirm>
  );
}

function Remove({ meter, onEnd }: { readonly meter: Schemas["Meter"]; readonly onEnd: () => void }) {
  const api = useApi();
  const notices = useNotices();
  const removing = useMutation({
    mutationFn: () => answered(api.DELETE("/meters/{meter_id}", { params: { path: { meter_id: meter.meterId } } })),
    onSuccess: () => {
      notices.tell("success", said.meterRemoved(meter.name));
      onEnd();
    },
  });
  return (
    <Confirm title={`${said.removeMeter}: ${meter.name}`} action={said.removeMeter} busy={removing.isPending} error={removing.error} onConfirm={() => removing.mutate()} onDismiss={onEnd}>
      <Box>{said.removeMeterAbout(meter.name)}</Box>
    </Confirm>
  );
}
