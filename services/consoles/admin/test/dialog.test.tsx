import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { describe, expect, it } from "vitest";
import { serving, show, signedIn } from "../../shared/test/around.tsx";
import type { ActionId } from "../src/actions.ts";
import { CurrentApi, useNewApi, type Tenant } from "../src/api.ts";
import { ActionDialog } from "../src/tenant/dialog.tsx";

const TENANT = { tenantId: "t1", tenantRegistrationId: "r1", tenantName: "acme", tier: "advanced", release: "v1", tenantStatus: "ACTIVE", previousTier: "basic" } as Tenant;

function Served({ children }: { readonly children: ReactNode }) {
  return <CurrentApi value={useNewApi("http://api.test")}>{children}</CurrentApi>;
}

const open = (action: ActionId, tenant: Tenant = TENANT) => {
  const asked = serving(() => ({ status: 202, body: { data: { operationId: "o1", message: "" } } }));
  show(<Served><ActionDialog action={action} tenant={tenant} onEnd={() => undefined} /></Served>, signedIn({}));
  return asked;
};

describe("an update", () => {
  it("with sizes that the API would refuse is not sent", async () => {
    const asked = open("update");
    await userEvent.type(await screen.findByLabelText("Fewest tasks"), "0.5");
    expect(screen.getByText("Allowed: integer.")).toBeVisible();
    expect(screen.getByRole("button", { name: "Update" })).toBeDisabled();
    await userEvent.clear(screen.getByLabelText("Fewest tasks"));
    await userEvent.type(screen.getByLabelText("Fewest tasks"), "2");
    await userEvent.click(screen.getByRole("button", { name: "Update" }));
    await waitFor(() => expect(asked.map((each) => each.body)).toEqual([{ overrides: { gateway: { min: 2 } } }]));
  });
});

describe("an update of a tenant that has sizes of its own", () => {
  it("leaves alone what was not typed", async () => {
    const overrides = { services: { orders: { max: 5 } }, gateway: { min: 2, cpu: 1024, memory: 2048 } };
    const asked = open("update", { ...TENANT, overrides } as Tenant);
    await userEvent.type(await screen.findByLabelText("Most tasks"), "6");
    await userEvent.click(screen.getByRole("button", { name: "Update" }));
    await waitFor(() => expect(asked.map((each) => each.body)).toEqual([{ overrides: { ...overrides, gateway: { ...overrides.gateway, max: 6 } } }]));
  });
});

describe("a deletion", () => {
  it("is sent once the name was typed, and not before", async () => {
    const asked = open("delete");
    const button = await screen.findByRole("button", { name: "Delete" });
    await userEvent.type(screen.getByLabelText(/To confirm/), "acm{Enter}");
    expect([button.hasAttribute("disabled"), asked.length]).toEqual([true, 0]);
    await userEvent.type(screen.getByLabelText(/To confirm/), "e{Enter}");
    await waitFor(() => expect(asked.map((each) => [each.method, each.url.pathname])).toEqual([["DELETE", "/tenant-registrations/r1"]]));
  });
});

describe("a move", () => {
  it("says what happens to the data, and where the copy is", async () => {
    open("confirmMove");
    expect(await screen.findByText(/kept in the tier Basic is destroyed/)).toBeVisible();
  });

  it("is sent with the tier that was chosen", async () => {
    const asked = open("move");
    expect(await screen.findByRole("button", { name: "Move to another tier" })).toBeDisabled();
    await userEvent.click(screen.getByRole("radio", { name: "Premium" }));
    await userEvent.click(screen.getByRole("button", { name: "Move to another tier" }));
    await waitFor(() => expect(asked.map((each) => each.body)).toEqual([{ tier: "premium" }]));
  });
});
