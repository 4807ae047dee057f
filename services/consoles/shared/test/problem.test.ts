import { describe, expect, it } from "vitest";
import { mayRetry, retryDelay } from "../src/client.ts";
import { checked, ConfigError } from "../src/config.ts";
import { Problem, problemOf } from "../src/problem.ts";

const answer = (status: number, headers: Record<string, string> = {}) => new Response(null, { status, headers });

describe("a refused request", () => {
  it("of the control plane says what its message says", () => {
    const problem = problemOf(answer(409), { statusCode: 409, message: "suspend: the tenant is FAILED; it must be ACTIVE" });
    expect(problem.message).toContain("it must be ACTIVE");
    expect(problem.title).toBe("Not possible now");
  });

  it("of the control plane's models names each field", () => {
    const detail = [{ loc: ["body", "tenantData", "email"], type: "string_pattern_mismatch" }];
    const problem = problemOf(answer(422), { statusCode: 422, detail });
    expect(problem.fields).toEqual([{ field: "tenantData.email", detail: "string_pattern_mismatch" }]);
    expect(problem.message).toBe("tenantData.email: string_pattern_mismatch");
  });

  it("of a microservice names its kind and its fields", () => {
    const body = { type: "urn:problem:price-changed", detail: "x", message: "the price is another one", errors: [{ field: "orderProducts.0.price", detail: "got 1" }] };
    const problem = problemOf(answer(409), body);
    expect([problem.kind, problem.message]).toEqual(["price-changed", "the price is another one"]);
    expect(problem.fields).toEqual([{ field: "orderProducts.0.price", detail: "got 1" }]);
  });

  it("for its rate says when to try again", () => {
    const problem = problemOf(answer(429, { "Retry-After": "7" }), { message: "Too Many Requests" });
    expect(problem.retryAfter).toBe(7);
    expect(problem.message).toContain("7 seconds");
    expect(problemOf(answer(429), undefined).message).toContain("Wait a moment");
  });

  it("without a body is told all the same", () => {
    expect(problemOf(answer(500), undefined).message).not.toBe("");
    expect(problemOf(answer(403), undefined).message).toContain("role");
  });
});

describe("a reading request", () => {
  it("is sent again after what passes, and as late as the answer says", () => {
    const throttled = new Problem(429, "", [], 3);
    expect(mayRetry(0, throttled)).toBe(true);
    expect(retryDelay(0, throttled)).toBe(3000);
    expect(mayRetry(2, throttled)).toBe(false);
    expect(mayRetry(0, new Problem(429, "", [], 3600))).toBe(false);
    expect(mayRetry(0, new Problem(404, ""))).toBe(false);
    expect(mayRetry(0, new Error("a bug"))).toBe(false);
  });
});

describe("a configuration", () => {
  const good = { site: "admin", name: "n", environment: "dev", region: "r", api: "/api" };
  it("is taken if it is whole", () => {
    expect(checked(good).api).toBe("/api");
  });
  it("is refused by the name of what it lacks", () => {
    expect(() => checked({ ...good, api: "" })).toThrow(new ConfigError("/config.json lacks api"));
    expect(() => checked("no")).toThrow(ConfigError);
  });
});
