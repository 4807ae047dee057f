// Onboards a tenant, step by step. What is typed is checked by the API's own schema at once.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ColumnLayout from "@cloudscape-design/components/column-layout";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tiles from "@cloudscape-design/components/tiles";
import Wizard from "@cloudscape-design/components/wizard";
import { answered, newKey } from "@ecs-saas/shared/client.ts";
import { useNotices } from "@ecs-saas/shared/notices.tsx";
import { ProblemAlert } from "@ecs-saas/shared/parts.tsx";
import { asProblem } from "@ecs-saas/shared/problem.ts";
import { findings, type Findings } from "@ecs-saas/shared/schema.ts";
import { Crumbs } from "@ecs-saas/shared/shell.tsx";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { useApi, type Schemas, type Tier } from "../api.ts";
import { TierOf } from "../parts.tsx";
import { TierCost } from "../tenant/cost.tsx";
import { isEmpty, overridesOf, Sizes, type SizeTexts } from "../tenant/sizes.tsx";
import { texts, tiers } from "../texts.ts";

const said = texts.onboarding;
const KINDS = (["oidc", "saml"] as const).map((value) => ({ value, label: said.protocols[value] }));

interface Provider {
  readonly name: string;
  readonly kind: "oidc" | "saml";
  readonly issuer: string;
  readonly client_id: string;
  readonly client_secret_arn: string;
  readonly metadata_url: string;
}

interface Draft {
  readonly tier: Tier;
  readonly tenantName: string;
  readonly email: string;
  readonly release: string;
  readonly sizes: SizeTexts;
  readonly provider: Provider | undefined;
}

const EMPTY: Draft = { tier: "basic", tenantName: "", email: "", release: "latest", sizes: {}, provider: undefined };
const NEW_PROVIDER: Provider = { name: "", kind: "oidc", issuer: "", client_id: "", client_secret_arn: "", metadata_url: "" };

type Change = (change: Partial<Draft>) => void;

export default function Onboarding() {
  const api = useApi();
  const notices = useNotices();
  const queries = useQueryClient();
  const [, go] = useLocation();
  const [draft, setDraft] = useState(EMPTY);
  const [step, setStep] = useState(0);
  const [tried, setTried] = useState<ReadonlySet<number>>(new Set());
  // The same key for the same wish: a request whose answer was lost is not done twice.
  const key = useRef({ of: "", value: "" });

  const request = useMemo(() => requestOf(draft), [draft]);
  const wrong = useMemo(() => findings("RegistrationRequest", request), [request]);
  const change: Change = (changed) => setDraft((before) => ({ ...before, ...changed }));

  const registering = useMutation({
    mutationFn: () => {
      const wish = JSON.stringify(request);
      if (key.current.of !== wish) key.current = { of: wish, value: newKey() };
      const header = { "idempotency-key": key.current.value };
      return answered(api.POST("/tenant-registrations", { params: { header }, body: request }));
    },
    onSuccess: ({ data }) => {
      notices.tell("success", said.begun(draft.tenantName));
      void queries.invalidateQueries({ queryKey: ["fleet"] });
      go(`/tenants/${data.tenantId}`);
    },
  });

  // What the API refuses of a field is told at the field, as what the schema refuses is.
  const refused = registering.error ? Object.fromEntries(asProblem(registering.error).fields.map((each) => [each.field, each.detail])) : {};
  const problems: Findings = { ...refused, ...wrong };
  const blocking = (index: number): boolean => FIELDS[index]?.some((prefix) => Object.keys(wrong).some((path) => path.startsWith(prefix))) ?? false;
  const shownOn = (index: number, value: string): Findings => (tried.has(index) || value ? problems : {});

  return (
    <SpaceBetween size="m">
      <Crumbs items={[{ text: texts.tenants, href: "/tenants" }, { text: said.title, href: "/onboarding" }]} />
      <Wizard
        activeStepIndex={step}
        isLoadingNextStep={registering.isPending}
        submitButtonText={said.submit}
        i18nStrings={{
          stepNumberLabel: (number) => `${number}`,
          collapsedStepsLabel: said.step,
          skipToButtonLabel: ({ title }) => said.skip(title),
          navigationAriaLabel: said.title,
          cancelButton: shared.cancel,
          previousButton: said.back,
          nextButton: said.next,
          optional: said.optional,
        }}
        onCancel={() => go("/tenants")}
        onNavigate={({ detail }) => {
          setTried((before) => new Set(before).add(step));
          const ahead = detail.requestedStepIndex > step;
          if (ahead && blocking(step)) return;
          setStep(detail.requestedStepIndex);
        }}
        onSubmit={() => {
          if (Object.keys(wrong).length === 0) registering.mutate();
        }}
        steps={[
          { title: said.tierStep, description: said.tierDescription, content: <TierStep draft={draft} change={change} /> },
          {
            title: said.tenantStep,
            description: said.tenantDescription,
            content: <TenantStep draft={draft} change={change} shown={(value) => shownOn(1, value)} />,
          },
          {
            title: said.optionsStep,
            description: said.optionsDescription,
            isOptional: true,
            content: <OptionsStep draft={draft} change={change} wrong={problems} />,
          },
          {
            title: said.reviewStep,
            content: (
              <SpaceBetween size="l">
                {registering.isError && <ProblemAlert error={registering.error} />}
                <Review draft={draft} />
              </SpaceBetween>
            ),
          },
        ]}
      />
    </SpaceBetween>
  );
}

/** Which fields of the request stand on which step. */
const FIELDS: readonly (readonly string[])[] = [
  ["tenantData.tier"],
  ["tenantData.tenantName", "tenantData.email"],
  ["tenantData.release", "tenantData.overrides", "tenantData.federation"],
  [],
];

function requestOf(draft: Draft): Schemas["RegistrationRequest"] {
  const { tier, tenantName, email, release, sizes, provider } = draft;
  const silo = tier !== "basic";
  const tenantData = {
    tenantName,
    email,
    tier,
    release,
    ...(silo && !isEmpty(sizes) && { overrides: overridesOf(sizes) }),
    ...(silo && provider && { federation: [providerOf(provider)] }),
  };
  return { tenantData: tenantData as Schemas["TenantData"], tenantRegistrationData: {} };
}

function providerOf({ name, kind, issuer, client_id, client_secret_arn, metadata_url }: Provider): Record<string, unknown> {
  return kind === "oidc" ? { name, kind, issuer, client_id, client_secret_arn } : { name, kind, metadata_url };
}

function TierStep({ draft, change }: { readonly draft: Draft; readonly change: Change }) {
  return (
    <Container>
        <Tiles
          ariaLabel={texts.tier}
          columns={3}
          value={draft.tier}
          onChange={({ detail }) => change({ tier: detail.value as Tier })}
          items={(Object.keys(tiers) as Tier[]).map((tier) => ({
            value: tier,
            label: tiers[tier].name,
            description: (
              <SpaceBetween size="xs">
                <Box color="inherit">{tiers[tier].line}</Box>
                <TierCost tier={tier} />
                <ul className="points">
                  {tiers[tier].details.map((each) => (
                    <li key={each}>{each}</li>
                  ))}
                </ul>
              </SpaceBetween>
            ),
          }))}
        />
    </Container>
  );
}

interface TenantStepProperties {
  readonly draft: Draft;
  readonly change: Change;
  readonly shown: (value: string) => Findings;
}

function TenantStep({ draft, change, shown }: TenantStepProperties) {
  return (
    <Container>
      <SpaceBetween size="l">
        <FormField label={said.name} description={said.nameHint} errorText={shown(draft.tenantName)["tenantData.tenantName"]}>
          <Input
            value={draft.tenantName}
            autoFocus
            autoComplete={false}
            spellcheck={false}
            onChange={({ detail }) => change({ tenantName: detail.value })}
          />
        </FormField>
        <FormField label={said.email} description={said.emailHint} errorText={shown(draft.email)["tenantData.email"]}>
          <Input type="email" inputMode="email" value={draft.email} onChange={({ detail }) => change({ email: detail.value })} />
        </FormField>
      </SpaceBetween>
    </Container>
  );
}

function OptionsStep({ draft, change, wrong }: { readonly draft: Draft; readonly change: Change; readonly wrong: Findings }) {
  const { provider } = draft;
  return (
    <SpaceBetween size="l">
      <Container>
        <SpaceBetween size="l">
          <FormField label={texts.release} description={said.releaseHint} errorText={wrong["tenantData.release"]}>
            <Input value={draft.release} onChange={({ detail }) => change({ release: detail.value })} />
          </FormField>
          {draft.tier === "basic" ? (
            <Box color="text-body-secondary">{said.noFederation}</Box>
          ) : (
            <Sizes values={draft.sizes} wrong={wrong} prefix="tenantData.overrides.gateway" onChange={(sizes) => change({ sizes })} />
          )}
        </SpaceBetween>
      </Container>
      {draft.tier !== "basic" && (
        <Container
          header={
            <Header
              variant="h2"
              description={said.federationHint}
              actions={
                <Button onClick={() => change({ provider: provider ? undefined : NEW_PROVIDER })}>
                  {provider ? said.removeProvider : said.addProvider}
                </Button>
              }
            >
              {said.federation} <i>– {said.optional}</i>
            </Header>
          }
        >
          {provider ? <ProviderForm provider={provider} wrong={wrong} onChange={(changed) => change({ provider: changed })} /> : texts.none}
        </Container>
      )}
    </SpaceBetween>
  );
}

interface ProviderProperties {
  readonly provider: Provider;
  readonly wrong: Findings;
  readonly onChange: (provider: Provider) => void;
}

function ProviderForm({ provider, wrong, onChange }: ProviderProperties) {
  const field = (name: keyof Provider, label: string) => (
    <FormField label={label} errorText={wrong[`tenantData.federation.0.${name}`] ?? wrong[`federation.0.${name}`]}>
      <Input value={provider[name]} spellcheck={false} onChange={({ detail }) => onChange({ ...provider, [name]: detail.value })} />
    </FormField>
  );
  return (
    <ColumnLayout columns={2}>
      {field("name", said.providerName)}
      <FormField label={said.providerKind}>
        <Select
          selectedOption={KINDS.find((each) => each.value === provider.kind) ?? null}
          options={KINDS}
          onChange={({ detail }) => onChange({ ...provider, kind: detail.selectedOption.value as Provider["kind"] })}
        />
      </FormField>
      {provider.kind === "oidc" ? (
        <>
          {field("issuer", said.issuer)}
          {field("client_id", said.clientId)}
          {field("client_secret_arn", said.secretArn)}
        </>
      ) : (
        field("metadata_url", said.metadataUrl)
      )}
    </ColumnLayout>
  );
}

function Review({ draft }: { readonly draft: Draft }) {
  const sizes = isEmpty(draft.sizes) ? texts.none : JSON.stringify(overridesOf(draft.sizes).gateway);
  const silo = draft.tier !== "basic";
  return (
    <Container>
      <KeyValuePairs
        columns={3}
        items={[
          { label: texts.tier, value: <TierOf tier={draft.tier} /> },
          { label: said.name, value: draft.tenantName },
          { label: said.email, value: draft.email },
          { label: texts.release, value: draft.release },
          ...(silo ? [{ label: said.sizes, value: sizes }] : []),
          ...(silo ? [{ label: said.federation, value: draft.provider?.name ?? texts.none }] : []),
        ]}
      />
    </Container>
  );
}
