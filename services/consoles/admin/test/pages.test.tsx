import { screen, waitFor } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { Suspense, type ReactNode } from "react";
import { beforeEach, describe, expect, it } from "vitest";
import { serving, show, signedIn } from "../../shared/test/around.tsx";
import { CurrentApi, useNewApi } from "../src/api.ts";
import Onboarding from "../src/pages/onboarding.tsx";
import Tenants from "../src/pages/tenants.tsx";
import Users from "../src/pages/users.tsx";

const ADMIN = { "cognito:groups": ["SystemAdmin"] };
const READER = { "cognito:groups": ["SupportReader"] };
const USER = { userName: "bob", userRole: "SupportReader", email: "bob@example.com", status: "CONFIRMED", enabled: true, created: "2026-01-01T00:00:00Z", modified: "" };
const TENANT = {
  tenantId: "t1", tenantRegistrationId: "r1", tenantName: "acme", tier: "basic", email: "a@b.io", release: "v1", tenantStatus: "ACTIVE", version: 1,
  createdAt: "2026-01-01T00:00:00Z", updatedAt: "2026-01-01T00:00:00Z", sbtaws_active: true,
};

function Served({ children }: { readonly children: ReactNode }) {
  return (
    <CurrentApi value={useNewApi("http://api.test")}>
      <Suspense>{children}</Suspense>
    </CurrentApi>
  );
}

const open = (page: ReactNode, claims: Record<string, unknown>) => show(<Served>{page}</Served>, signedIn(claims));

beforeEach(() => history.replaceState(undefined, "", "/"));

describe("users", () => {
  it("are shown to a support reader without anything to do", async () => {
    serving(() => ({ body: { data: [USER] } }));
    open(<Users />, READER);
    expect(await screen.findByText("bob@example.com")).toBeVisible();
    expect(screen.queryByRole("button", { name: /invite/i })).toBeNull();
    expect(screen.queryByRole("button", { name: /actions/i })).toBeNull();
  });

  it("can be invited by an administrator, once what is typed is valid", async () => {
    const asked = serving(({ method }) => (method === "POST" ? { status: 201, body: { data: { userName: "eve" } } } : { body: { data: [USER] } }));
    open(<Users />, ADMIN);
    await userEvent.click((await screen.findAllByRole("button", { name: "Invite a user" }))[0]!);
    const submit = (await screen.findAllByRole("button", { name: "Invite a user" })).at(-1)!;
    await userEvent.type(screen.getByLabelText("Name"), "eve");
    expect(submit).toBeDisabled();
    await userEvent.type(screen.getByLabelText("E-mail"), "eve@example.com");
    expect(submit).toBeEnabled();
    await userEvent.click(submit);
    await waitFor(() => expect(asked.some((each) => each.method === "POST")).toBe(true));
    const sent = asked.find((each) => each.method === "POST")!;
    expect(sent.body).toEqual({ userName: "eve", email: "eve@example.com", userRole: "SupportReader" });
    expect(sent.headers.get("Authorization")).toBe("Bearer the-token");
  });
});

describe("the list of tenants", () => {
  it("asks the API for what the address says", async () => {
    history.replaceState(undefined, "", "/tenants?status=FAILED&tier=basic&sort=-name");
    const asked = serving(() => ({ body: { data: [TENANT], next_token: "more" } }));
    open(<Tenants />, ADMIN);
    expect(await screen.findByText("acme")).toBeVisible();
    const { searchParams } = asked[0]!.url;
    expect(["status", "tier", "sort"].map((name) => searchParams.get(name))).toEqual(["FAILED", "basic", "-name"]);
  });

  it("says that nothing matches, and why a request was refused", async () => {
    history.replaceState(undefined, "", "/tenants?status=FAILED");
    serving(() => ({ body: { data: [] } }));
    const { unmount } = open(<Tenants />, READER);
    expect(await screen.findByText("No tenant matches")).toBeVisible();
    unmount();
    serving(() => ({ status: 422, body: { statusCode: 422, detail: [{ loc: ["query", "sort"], type: "invalid_sort" }] } }));
    open(<Tenants />, READER);
    expect(await screen.findByText("sort: invalid_sort")).toBeVisible();
  });

  it("shows a script in a name as text", async () => {
    serving(() => ({ body: { data: [{ ...TENANT, email: "<img src=x onerror=alert(1)>@b.io" }] } }));
    const { container } = open(<Tenants />, READER);
    expect(await screen.findByText("<img src=x onerror=alert(1)>@b.io")).toBeVisible();
    expect(container.querySelector("img[src=x]")).toBeNull();
  });
});

describe("onboarding", () => {
  it("does not go on with a name that the API would refuse", async () => {
    serving(({ url }) => ({ status: 409, body: { statusCode: 409, message: `no prices: ${url.pathname}` } }));
    open(<Onboarding />, ADMIN);
    await userEvent.click(await screen.findByRole("button", { name: "Next" }));
    await userEvent.type(screen.getByLabelText("Name"), "Acme!");
    expect(screen.getByText("Allowed: 2 to 30 of a-z, 0-9 and '-', first a letter.")).toBeVisible();
    await userEvent.click(screen.getByRole("button", { name: "Next" }));
    expect(screen.getByText("This is not a valid value.")).toBeVisible();
    expect(screen.getByLabelText("Name")).toBeVisible();
  });
});
