import { describe, expect, it } from "vitest";
import { findings } from "../src/schema.ts";

const request = (changed: object) => ({ tenantData: { tenantName: "acme", email: "a@b.io", tier: "basic", ...changed }, tenantRegistrationData: {} });

describe("a request for a tenant", () => {
  it("that the API takes has no findings", () => {
    expect(findings("RegistrationRequest", request({}))).toEqual({});
    expect(findings("RegistrationRequest", request({ overrides: { gateway: { min: 1, max: 2 } } }))).toEqual({});
  });

  it("says at each field what is allowed there", () => {
    const found = findings("RegistrationRequest", request({ tenantName: "Acme!", email: "nobody", tier: "gold" }));
    expect(found["tenantData.tenantName"]).toBe("Allowed: 2 to 30 of a-z, 0-9 and '-', first a letter.");
    expect(found["tenantData.email"]).toBe("This is not a valid value.");
    expect(found["tenantData.tier"]).toContain("basic, advanced, premium");
  });

  it("says what is missing", () => {
    const tenantData = { tenantName: "acme", tier: "basic" };
    expect(findings("RegistrationRequest", { tenantData })).toEqual({ "tenantData.email": "This is needed." });
  });

  it("holds numbers within their bounds", () => {
    const of = (min: unknown) => findings("RegistrationRequest", request({ overrides: { gateway: { min } } }))["tenantData.overrides.gateway.min"];
    expect(of(-1)).toBe("At least 0.");
    expect(of(1001)).toBe("At most 1000.");
    expect(of("many")).toBe("Allowed: integer.");
  });
});
