import { render, screen } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { settingsOf, SessionProvider } from "../src/session.tsx";

const AUTH = { authority: "https://issuer", clientId: "c", domain: "https://pages.test", scopes: ["openid", "tenant/tenant_read"] };

beforeEach(() => history.replaceState(undefined, "", "/"));

describe("signing in", () => {
  it("asks the hosted page by code and PKCE, from the site's own address", () => {
    const settings = settingsOf(AUTH, "https://site.test");
    expect(settings.metadata?.authorization_endpoint).toBe("https://pages.test/oauth2/authorize");
    expect([settings.response_type, settings.redirect_uri, settings.scope]).toEqual(["code", "https://site.test/", "openid tenant/tenant_read"]);
    expect(settings.disablePKCE).toBeUndefined();
    expect(settings.client_secret).toBeUndefined();
  });

  it("keeps tokens in memory and nowhere else", async () => {
    await settingsOf(AUTH, "https://site.test").userStore?.set("user", "tokens");
    expect([localStorage.length, sessionStorage.length, document.cookie]).toEqual([0, 0, ""]);
  });

  it("begins when somebody asks for it, and comes back to the page that was meant", async () => {
    history.replaceState(undefined, "", "/tenants/t1?tab=cost");
    const assign = vi.spyOn(location, "assign").mockImplementation(() => undefined);
    render(
      <SessionProvider auth={AUTH} title="The console" lead="What it is for">
        the pages
      </SessionProvider>,
    );
    await userEvent.click(await screen.findByRole("button", { name: "Sign in" }));
    await vi.waitFor(() => expect(assign).toHaveBeenCalled());
    const asked = new URL(String(assign.mock.calls[0]?.[0]));
    expect([asked.origin, asked.searchParams.get("code_challenge_method"), asked.searchParams.get("response_type")]).toEqual(["https://pages.test", "S256", "code"]);
    const kept = Object.values({ ...sessionStorage }).join("");
    expect(kept).toContain("/tenants/t1?tab=cost");
    expect(screen.queryByText("the pages")).toBeNull();
  });
});
