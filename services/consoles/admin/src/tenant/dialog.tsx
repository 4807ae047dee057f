// Asks once more before something is done to a tenant, and says what will happen to its data.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tiles from "@cloudscape-design/components/tiles";
import { Confirm } from "@ecs-saas/shared/confirm.tsx";
import { useNotices } from "@ecs-saas/shared/notices.tsx";
import { findings, type Findings } from "@ecs-saas/shared/schema.ts";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { ask, type ActionId, type Wish } from "../actions.ts";
import { useApi, type Tenant } from "../api.ts";
import { texts, tiers } from "../texts.ts";
import { isEmpty, overridesOf, Sizes, type SizeTexts } from "./sizes.tsx";

const said = texts.actions;

interface Properties {
  readonly action: ActionId;
  readonly tenant: Tenant;
  readonly onEnd: () => void;
}

export function ActionDialog({ action, tenant, onEnd }: Properties) {
  const api = useApi();
  const notices = useNotices();
  const [tier, setTier] = useState<Tenant["tier"]>();
  const [release, setRelease] = useState(tenant.release);
  const [sizes, setSizes] = useState<SizeTexts>({});

  const update = updateOf(tenant, release, sizes);
  const wrong = action === "update" ? updateFindings(update) : {};
  const wish: Wish = { tier, update };
  const incomplete =
    (action === "move" && tier === undefined) || (action === "update" && (Object.keys(wrong).length > 0 || Object.keys(update).length === 0));

  const asking = useMutation({
    mutationFn: () => ask(api, action, tenant, wish),
    onSuccess: () => {
      notices.tell("success", said.accepted(said[action], tenant.tenantName));
      onEnd();
    },
  });

  return (
    <Confirm
      title={`${said[action]}: ${tenant.tenantName}`}
      action={said[action]}
      typed={action === "delete" ? tenant.tenantName : undefined}
      busy={asking.isPending}
      error={asking.error}
      disabled={incomplete}
      onConfirm={() => asking.mutate()}
      onDismiss={onEnd}
    >
      <What action={action} tenant={tenant} />
      {action === "move" && (
        <FormField label={texts.tier} stretch>
          <Tiles
            columns={1}
            value={tier ?? null}
            onChange={({ detail }) => setTier(detail.value as Tenant["tier"])}
            items={(Object.keys(tiers) as Tenant["tier"][])
              .filter((each) => each !== tenant.tier)
              .map((each) => ({ value: each, label: tiers[each].name, description: tiers[each].line }))}
          />
        </FormField>
      )}
      {action === "update" && (
        <SpaceBetween size="m">
          <FormField label={texts.release} description={texts.onboarding.releaseHint} errorText={wrong["release"]}>
            <Input value={release} onChange={({ detail }) => setRelease(detail.value)} />
          </FormField>
          {tenant.tier !== "basic" && <Sizes values={sizes} wrong={wrong} prefix="overrides.gateway" onChange={setSizes} />}
        </SpaceBetween>
      )}
    </Confirm>
  );
}

/** An update takes any sizes by its schema, and refuses those that a registration would. */
function updateFindings(update: ReturnType<typeof updateOf>): Findings {
  const sizes = update.overrides ? findings("Overrides", update.overrides) : {};
  const placed = Object.entries(sizes).map(([path, finding]) => [`overrides.${path}`, finding]);
  return { ...Object.fromEntries(placed), ...findings("UpdateRequest", update) };
}

function updateOf(tenant: Tenant, release: string, sizes: SizeTexts) {
  // The API takes overrides as a whole: what is left empty here stays as it is.
  const kept = tenant.overrides?.["gateway"] as Record<string, unknown> | undefined;
  const gateway = { ...kept, ...overridesOf(sizes).gateway };
  const overrides = isEmpty(sizes) ? undefined : { ...tenant.overrides, gateway };
  return { ...(release !== tenant.release && { release }), ...(overrides && { overrides }) };
}

function What({ action, tenant }: { readonly action: ActionId; readonly tenant: Tenant }) {
  const { about } = said;
  const previous = tenant.previousTier ?? tenant.tier;
  switch (action) {
    case "delete":
      return <Alert type="warning">{about.delete}</Alert>;
    case "confirmMove":
      return <Alert type="warning">{about.confirmMove(tiers[previous].name)}</Alert>;
    case "rollBack":
      return <Alert type="warning">{about.rollBack(tiers[previous].name)}</Alert>;
    case "move":
      return (
        <SpaceBetween size="xs">
          <Box>{about.move}</Box>
          <Box>{about.moveUsers}</Box>
        </SpaceBetween>
      );
    case "update":
      return null;
    default:
      return <Box>{about[action]}</Box>;
  }
}
