// Tenants of each tier, by state.
import BarChart from "@cloudscape-design/components/bar-chart";
import { number } from "@ecs-saas/shared/format.ts";
import { Nothing } from "@ecs-saas/shared/parts.tsx";
import type { State, Tenant } from "../api.ts";
import { states as names, texts, tiers, TIERS } from "../texts.ts";
import { SHADES } from "./shades.ts";

const said = texts.dashboard;

export default function FleetChart({ tenants, states }: { readonly tenants: readonly Tenant[]; readonly states: readonly State[] }) {
  // With fewer the axis would have parts of a tenant.
  const most = Math.max(5, ...TIERS.map((tier) => tenants.filter((each) => each.tier === tier).length));
  return (
    <BarChart
      stackedBars
      hideFilter
      height={220}
      ariaLabel={said.chart}
      xTitle={texts.tier}
      yTitle={said.count}
      xScaleType="categorical"
      xDomain={TIERS.map((tier) => tiers[tier].name)}
      yDomain={[0, most]}
      yTickFormatter={(value) => (Number.isInteger(value) ? number(value) : "")}
      series={states.map((state) => ({
        title: names[state],
        type: "bar" as const,
        color: SHADES[state],
        data: TIERS.map((tier) => ({
          x: tiers[tier].name,
          y: tenants.filter((each) => each.tier === tier && each.tenantStatus === state).length,
        })),
      }))}
      empty={<Nothing title={said.noTenants} body={said.noTenantsBody} />}
    />
  );
}
