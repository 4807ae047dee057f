// What can be done to a tenant where it is, as `services/tenancy/operations.py` has it.
import { answered, newKey } from "@ecs-saas/shared/client.ts";
import { type Api, type Operation, type State, type Tenant } from "./api.ts";
import { states, texts } from "./texts.ts";

export type ActionId = "suspend" | "resume" | "retry" | "reconcile" | "update" | "move" | "confirmMove" | "rollBack" | "delete";

export const ACTIONS: readonly ActionId[] = ["suspend", "resume", "retry", "reconcile", "update", "move", "confirmMove", "rollBack", "delete"];

const FROM: Readonly<Record<ActionId, readonly State[]>> = {
  suspend: ["ACTIVE"],
  resume: ["SUSPENDED"],
  retry: ["FAILED"],
  // After an update that failed these two may follow it in its stead; after others the API refuses.
  reconcile: ["ACTIVE", "SUSPENDED", "FAILED"],
  update: ["ACTIVE", "SUSPENDED", "FAILED"],
  move: ["ACTIVE", "SUSPENDED"],
  confirmMove: ["ACTIVE", "SUSPENDED"],
  rollBack: ["ACTIVE", "SUSPENDED", "FAILED"],
  delete: ["ACTIVE", "SUSPENDED", "FAILED"],
};

/** Return why an action is not possible now, or nothing if it is. */
export function obstacle(action: ActionId, tenant: Tenant): string | undefined {
  if (action !== "delete" && tenant.runningOperation) return texts.actions.busy;
  if ((action === "confirmMove" || action === "rollBack") && !tenant.previousTier && tenant.tenantStatus !== "FAILED") {
    return texts.actions.noCopy;
  }
  if (action === "confirmMove" && !tenant.previousTier) return texts.actions.noCopy;
  // A deletion that is asked for while something runs begins when that has ended.
  if (action === "delete" && tenant.runningOperation && tenant.tenantStatus !== "DEPROVISIONING") return undefined;
  if (!FROM[action].includes(tenant.tenantStatus)) {
    return action === "retry" ? texts.actions.notFailed : texts.actions.impossible(states[tenant.tenantStatus]);
  }
  return undefined;
}

export interface Wish {
  readonly tier?: Tenant["tier"];
  readonly update?: { readonly release?: string; readonly overrides?: Record<string, unknown> };
}

/** Ask for an action. */
export async function ask(api: Api, action: ActionId, tenant: Tenant, wish: Wish = {}): Promise<Operation | undefined> {
  const path = { tenant_id: tenant.tenantId };
  const params = { path, header: { "idempotency-key": newKey() } };
  switch (action) {
    case "suspend":
      return data(api.POST("/tenants/{tenant_id}/suspend", { params }));
    case "resume":
      return data(api.POST("/tenants/{tenant_id}/resume", { params }));
    case "retry":
      return data(api.POST("/tenants/{tenant_id}/retry", { params }));
    case "reconcile":
      return data(api.POST("/tenants/{tenant_id}/reconcile", { params }));
    case "update":
      return data(api.POST("/tenants/{tenant_id}/update", { params, body: wish.update ?? {} }));
    case "move":
      return data(api.POST("/tenants/{tenant_id}/move", { params, body: { tier: wish.tier ?? tenant.tier } }));
    case "confirmMove":
      return data(api.POST("/tenants/{tenant_id}/move/confirm", { params }));
    case "rollBack":
      return data(api.POST("/tenants/{tenant_id}/move/rollback", { params }));
    case "delete": {
      const registration = { path: { registration_id: tenant.tenantRegistrationId } };
      await answered(api.DELETE("/tenant-registrations/{registration_id}", { params: registration }));
      return undefined;
    }
  }
}

async function data(request: Promise<{ data?: { data: Operation } }>): Promise<Operation> {
  return (await answered(request)).data;
}
