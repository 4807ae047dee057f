import { screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it } from "vitest";
import { serving, show, signedIn } from "../../shared/test/around.tsx";
import { Enter } from "../src/enter.tsx";

const CONFIG = { site: "tenant", name: "shop", environment: "dev", region: "r", api: "http://api.test" } as const;
const PLACE = { tenantName: "acme", tenantId: "t1", userPoolId: "p", appClientId: "c", apiGatewayUrl: "https://a", authority: "https://i", domain: "https://d" };

const open = (address: string) => {
  history.replaceState(undefined, "", address);
  show(<Enter config={CONFIG}>{(place) => <p>open for {place.tenantId}</p>}</Enter>, signedIn({}));
};

beforeEach(() => sessionStorage.clear());

describe("the application opens", () => {
  it("for the tenant that the address names, which then is in the address no more", async () => {
    const asked = serving(() => ({ body: PLACE }));
    open("/orders?tenant=acme&x=1");
    expect(await screen.findByText("open for t1")).toBeVisible();
    expect(asked[0]!.url.pathname).toBe("/tenant-config/acme");
    expect(asked[0]!.headers.has("Authorization")).toBe(false);
    expect(location.pathname + location.search).toBe("/orders?x=1");
  });

  it("for the one whose name is typed", async () => {
    serving(() => ({ body: PLACE }));
    open("/");
    const field = await screen.findByLabelText("Name of the organisation");
    await userEvent.type(field, "a");
    expect(screen.getByRole("button", { name: "Open" })).toBeDisabled();
    await userEvent.type(field, "cme{Enter}");
    expect(await screen.findByText("open for t1")).toBeVisible();
  });

  it("for nobody unknown or suspended, and says so", async () => {
    serving(() => ({ status: 404, body: { statusCode: 404, message: "Tenant config not found for nobody" } }));
    open("/?tenant=nobody");
    expect(await screen.findByText(/There is no open application called nobody/)).toBeVisible();
  });

  it("for no tenant without a page to sign in on", async () => {
    serving(() => ({ body: { ...PLACE, domain: "" } }));
    open("/?tenant=acme");
    expect(await screen.findByText(/acme has no sign-in page yet/)).toBeVisible();
  });
});
