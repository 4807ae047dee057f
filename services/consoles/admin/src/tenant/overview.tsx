// What the registry says of a tenant.
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { Id, Json, Moment } from "@ecs-saas/shared/parts.tsx";
import type { Tenant } from "../api.ts";
import { TierOf } from "../parts.tsx";
import { texts } from "../texts.ts";

const said = texts.page;
const SHOWN = new Set([
  "tenantId", "tenantRegistrationId", "tenantName", "tier", "email", "release", "tenantStatus", "version", "createdAt", "updatedAt",
  "overrides", "federation", "runningOperation", "queuedOperation", "reason", "logUrl", "previousTier", "sbtaws_active", "tenantConfig",
]);

export function Overview({ tenant }: { readonly tenant: Tenant }) {
  const access = configOf(tenant["tenantConfig"]);
  const more = Object.fromEntries(Object.entries(tenant).filter(([name]) => !SHOWN.has(name)));
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">{said.configuration}</Header>}>
        <KeyValuePairs
          columns={3}
          items={[
            { label: said.id, value: <Id value={tenant.tenantId} name={said.id} /> },
            { label: texts.tier, value: <TierOf tier={tenant.tier} /> },
            { label: texts.release, value: tenant.release },
            { label: texts.email, value: tenant.email },
            { label: said.created, value: <Moment at={tenant.createdAt} /> },
            { label: said.updated, value: <Moment at={tenant.updatedAt} /> },
            { label: said.sizes, value: isNone(tenant.overrides) ? said.sizesOfTier : <Json value={tenant.overrides} /> },
            { label: said.federation, value: (tenant.federation ?? []).map((each) => String(each["name"])).join(", ") || texts.none },
            { label: said.version, value: tenant.version },
            { label: said.registration, value: <Id value={tenant.tenantRegistrationId} name={said.registration} /> },
            { label: said.api, value: access.apiGatewayUrl ? <Id value={access.apiGatewayUrl} name={said.api} /> : "–" },
            { label: said.pool, value: access.userPoolId ? <Id value={access.userPoolId} name={said.pool} /> : "–" },
          ]}
        />
      </Container>
      <Folded title={said.federation} value={tenant.federation} />
      <Folded title={said.more} value={more} />
    </SpaceBetween>
  );
}

function Folded({ title, value }: { readonly title: string; readonly value: object | undefined }) {
  if (isNone(value)) return null;
  return (
    <ExpandableSection variant="container" headerText={title}>
      <Json value={value} />
    </ExpandableSection>
  );
}

const isNone = (value: object | undefined): boolean => value === undefined || Object.keys(value).length === 0;

interface Access {
  readonly apiGatewayUrl?: string;
  readonly userPoolId?: string;
}

function configOf(stored: unknown): Access {
  if (typeof stored !== "string") return {};
  try {
    return JSON.parse(stored) as Access;
  } catch {
    return {};
  }
}
