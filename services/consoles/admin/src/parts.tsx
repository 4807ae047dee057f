// How tenants and operations look, on every page.
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import Badge from "@cloudscape-design/components/badge";
import Link from "@cloudscape-design/components/link";
import type { Operation, State, Tier } from "./api.ts";
import { states, texts, tiers } from "./texts.ts";

const LOOKS: Readonly<Record<State, StatusIndicatorProps.Type>> = {
  REGISTERED: "pending",
  PROVISIONING: "in-progress",
  ACTIVE: "success",
  SUSPENDED: "stopped",
  UPDATING: "in-progress",
  FAILED: "error",
  DEPROVISIONING: "in-progress",
  DELETED: "not-started",
};

export function StateOf({ state }: { readonly state: State }) {
  return <StatusIndicator type={LOOKS[state]}>{states[state]}</StatusIndicator>;
}

const SHADES: Readonly<Record<Tier, "grey" | "blue" | "green">> = { basic: "grey", advanced: "blue", premium: "green" };

export function TierOf({ tier }: { readonly tier: Tier }) {
  return <Badge color={SHADES[tier]}>{tiers[tier].name}</Badge>;
}

const RUNS: Readonly<Record<Operation["status"], StatusIndicatorProps.Type>> = {
  QUEUED: "pending",
  RUNNING: "in-progress",
  SUCCEEDED: "success",
  FAILED: "error",
};

export function StatusOf({ status }: { readonly status: Operation["status"] }) {
  return <StatusIndicator type={RUNS[status]}>{texts.operationStatus[status]}</StatusIndicator>;
}

/** The log of a build, where an operation names one. Only AWS's own addresses become links. */
export function LogLink({ url }: { readonly url: string }) {
  if (!/^https:\/\//.test(url)) return null;
  return (
    <Link href={url} external externalIconAriaLabel={texts.noConsole}>
      {texts.log}
    </Link>
  );
}
