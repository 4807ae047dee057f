// What tenants used in a month, what that costs, and what is measured at all.
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import FormField from "@cloudscape-design/components/form-field";
import Grid from "@cloudscape-design/components/grid";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Alert from "@cloudscape-design/components/alert";
import { Loaded } from "@ecs-saas/shared/parts.tsx";
import { useTitle } from "@ecs-saas/shared/top-bar.tsx";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useSearchParams } from "wouter";
import { tenantNamed, useApi } from "../api.ts";
import { Meters } from "../usage/meters.tsx";
import { MonthSelect, Statement, thisMonth } from "../usage/statement.tsx";
import { texts } from "../texts.ts";

const said = texts.usage;

export default function Usage() {
  useTitle(said.title);
  const [search, setSearch] = useSearchParams();
  const name = search.get("tenant") ?? "";
  const month = search.get("month") ?? thisMonth();
  const [typed, setTyped] = useState(name);

  return (
    <ContentLayout
      header={
        <Header variant="h1" description={said.description}>
          {said.title}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Container>
          <form
            onSubmit={(event) => {
              event.preventDefault();
              setSearch({ tenant: typed, month });
            }}
          >
            <Grid gridDefinition={[{ colspan: { default: 12, xs: 5 } }, { colspan: { default: 8, xs: 4 } }, { colspan: { default: 4, xs: 3 } }]}>
              <FormField label={said.typeName}>
                <Input value={typed} type="search" placeholder={texts.list.findHint} spellcheck={false} onChange={({ detail }) => setTyped(detail.value)} />
              </FormField>
              <MonthSelect month={month} onChange={(changed) => setSearch({ ...(name && { tenant: name }), month: changed })} />
              <FormField label={<span aria-hidden="true">&nbsp;</span>}>
                <Button formAction="submit" disabled={!typed}>
                  {said.show}
                </Button>
              </FormField>
            </Grid>
          </form>
        </Container>
        {name && <StatementOf name={name} month={month} key={`${name} ${month}`} />}
        <Meters />
      </SpaceBetween>
    </ContentLayout>
  );
}

function StatementOf({ name, month }: { readonly name: string; readonly month: string }) {
  const api = useApi();
  const query = useQuery({ queryKey: ["tenant-named", name], queryFn: async () => (await tenantNamed(api, name)) ?? null });
  return (
    <Loaded query={query}>
      {(tenant) => (tenant === null ? <Alert type="warning">{said.unknown(name)}</Alert> : <Statement tenantId={tenant.tenantId} name={tenant.tenantName} month={month} />)}
    </Loaded>
  );
}
