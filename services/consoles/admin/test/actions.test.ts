import { describe, expect, it } from "vitest";
import { ACTIONS, obstacle } from "../src/actions.ts";
import type { Tenant } from "../src/api.ts";
import { roleOf } from "../src/roles.ts";
import { statementCsv } from "../src/usage/statement.tsx";

const tenant = (changed: Partial<Tenant>): Tenant =>
  ({ tenantStatus: "ACTIVE", runningOperation: "", queuedOperation: "", previousTier: null, ...changed }) as Tenant;
const possible = (changed: Partial<Tenant>) => ACTIONS.filter((action) => obstacle(action, tenant(changed)) === undefined);

describe("what is offered for a tenant", () => {
  it("is what its state allows", () => {
    expect(possible({})).toEqual(["suspend", "reconcile", "update", "move", "delete"]);
    expect(possible({ tenantStatus: "SUSPENDED" })).toEqual(["resume", "reconcile", "update", "move", "delete"]);
    expect(possible({ tenantStatus: "FAILED" })).toEqual(["retry", "reconcile", "update", "rollBack", "delete"]);
    expect(possible({ tenantStatus: "DELETED" })).toEqual([]);
  });

  it("is to confirm or roll back a move, where a copy is kept", () => {
    expect(possible({ previousTier: "basic" })).toEqual(expect.arrayContaining(["confirmMove", "rollBack"]));
  });

  it("is a deletion alone while something runs", () => {
    expect(possible({ runningOperation: "o1", tenantStatus: "UPDATING" })).toEqual(["delete"]);
    expect(possible({ runningOperation: "o1", tenantStatus: "DEPROVISIONING" })).toEqual([]);
  });
});

describe("a role", () => {
  it("is the group that allows most", () => {
    expect(roleOf({ "cognito:groups": ["SupportReader", "SystemAdmin"] })).toBe("SystemAdmin");
    expect(roleOf({ "cognito:groups": ["SupportReader"] })).toBe("SupportReader");
  });
  it("is none for others, whatever they claim", () => {
    expect(roleOf({ "cognito:groups": "SystemAdmin" })).toBeUndefined();
    expect(roleOf({ "custom:userRole": "SystemAdmin" })).toBeUndefined();
  });
});

describe("a statement as CSV", () => {
  it("has the amounts as the API wrote them", () => {
    const lines = [{ metricName: "requests", unit: "", quantity: "1000", price: "0.0000001", amount: "0.0001000" }];
    expect(statementCsv({ tenantId: "t", month: "2026-01", total: "0.00", lines })).toBe(
      "metric,unit,quantity,price,amount\r\nrequests,,1000,0.0000001,0.0001000\r\ntotal,,,,0.00\r\n",
    );
  });
});
