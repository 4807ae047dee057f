import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import type { ReactNode } from "react";
import { describe, expect, it } from "vitest";
import { serving, show, signedIn } from "../../shared/test/around.tsx";
import { CurrentApis, useNewApis } from "../src/api.ts";
import { Serving } from "../src/application.tsx";
import type { Place } from "../src/enter.tsx";
import { NewOrder } from "../src/new-order.tsx";
import ProductDialog from "../src/product-dialog.tsx";

const PLACE = { tenantName: "acme", tenantId: "t1" } as Place;
const CLAIMS = { "custom:tenantId": "t1", "custom:tenantName": "acme" };
const KETTLE = { productId: "p1", name: "Kettle", price: "19.90", sku: "kt-1", category: "kitchen", version: 4 };

function Served({ children }: { readonly children: ReactNode }) {
  return <CurrentApis value={useNewApis("http://cell.test/prod")}>{children}</CurrentApis>;
}

const open = (page: ReactNode, claims: Record<string, unknown> = CLAIMS) => show(<Served>{page}</Served>, signedIn(claims));
const nothing = () => undefined;

describe("the application", () => {
  it("opens for whom the service takes for one of the tenant", async () => {
    const asked = serving(() => ({ body: { data: {} } }));
    open(<Serving place={PLACE}>the pages</Serving>);
    expect(await screen.findByText("the pages")).toBeVisible();
    expect(asked[0]!.url.pathname).toBe("/prod/products/identity");
  });

  it("says that the tenant is suspended where its API refuses everybody", async () => {
    serving(() => ({ status: 403, body: { Message: "User is not authorized to access this resource with an explicit deny" } }));
    open(<Serving place={PLACE}>the pages</Serving>);
    expect(await screen.findByText("Access is suspended")).toBeVisible();
    expect(screen.queryByText("the pages")).toBeNull();
  });

  it("shows somebody of another tenant nothing, and sends nothing", async () => {
    const asked = serving(() => ({ body: { data: {} } }));
    open(<Serving place={PLACE}>the pages</Serving>, { "custom:tenantId": "t2", "custom:tenantName": "other" });
    expect(await screen.findByText(/You are signed in as ann of other/)).toBeVisible();
    expect(screen.queryByText("the pages")).toBeNull();
    expect(asked).toEqual([]);
  });
});

describe("a new order", () => {
  it("is sent with the prices that were shown, and with the same key again until it is made", async () => {
    let refusals = 1;
    const asked = serving(({ method }) => {
      if (method === "GET") return { body: { data: [KETTLE] } };
      if (refusals-- > 0) return { status: 429, body: { message: "Too Many Requests" }, headers: { "Retry-After": "7" } };
      return { status: 201, body: { data: { orderName: "One", totalPrice: "59.70" } } };
    });
    let ended = false;
    open(<NewOrder onEnd={() => (ended = true)} />);
    await userEvent.type(await screen.findByLabelText("Name"), "One");
    await userEvent.click(screen.getByText("Choose a product"));
    await userEvent.click(await screen.findByText("Kettle"));
    await userEvent.clear(screen.getByLabelText("Quantity"));
    await userEvent.type(screen.getByLabelText("Quantity"), "3");
    await userEvent.click(screen.getByRole("button", { name: "Create" }));
    expect(await screen.findByText(/Try again in 7 seconds/)).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Create" }));
    await waitFor(() => expect(ended).toBe(true));
    const sent = asked.filter((each) => each.method === "POST");
    expect(sent.map((each) => each.body)).toEqual(Array(2).fill({ orderName: "One", orderProducts: [{ productId: "p1", quantity: 3, price: "19.90" }] }));
    expect(new Set(sent.map((each) => each.headers.get("Idempotency-Key"))).size).toBe(1);
  });
});

describe("a product", () => {
  it("is changed as it was read, and the service's findings stand at their fields", async () => {
    const asked = serving(() => ({ status: 422, body: { status: 422, detail: "not valid: sku", message: "not valid: sku", errors: [{ field: "sku", detail: "taken by another" }] } }));
    open(<ProductDialog wish={{ kind: "change", product: KETTLE }} onEnd={nothing} />);
    await userEvent.click(await screen.findByRole("button", { name: "Save" }));
    expect(await screen.findByText("taken by another")).toBeVisible();
    expect(asked[0]!.body).toEqual({ name: "Kettle", price: "19.90", sku: "kt-1", category: "kitchen", version: 4 });
  });

  it("without a price is not sent", async () => {
    const asked = serving(() => ({ body: {} }));
    open(<ProductDialog wish={{ kind: "add" }} onEnd={nothing} />);
    await userEvent.type(await screen.findByLabelText("Price"), "1,50");
    await userEvent.click(screen.getByRole("button", { name: "Add a product" }));
    expect(screen.getByText(/A number of at least 0/)).toBeVisible();
    expect(asked).toEqual([]);
  });
});
