// What a refused request says, whoever refused it: API Gateway, the control plane or a microservice.
import { texts } from "./texts.ts";

export interface FieldProblem {
  readonly field: string;
  readonly detail: string;
}

export class Problem extends Error {
  constructor(
    /** 0 if nothing answered. */
    readonly status: number,
    message: string,
    readonly fields: readonly FieldProblem[] = [],
    /** Seconds, as the answer's Retry-After says. */
    readonly retryAfter?: number,
    /** Which kind it is, for programs, such as `order-status-refused`. */
    readonly kind?: string,
  ) {
    super(message);
  }

  get title(): string {
    const said = texts.problem;
    switch (this.status) {
      case 0:
        return said.unreachableTitle;
      case 401:
      case 403:
        return said.forbiddenTitle;
      case 404:
        return said.missingTitle;
      case 409:
      case 412:
        return said.conflictTitle;
      case 422:
        return said.invalidTitle;
      case 429:
        return said.throttledTitle;
      case 502:
      case 503:
      case 504:
        return said.unavailableTitle;
      default:
        return this.status < 500 ? said.title(this.status) : said.unexpectedTitle;
    }
  }
}

export function problemOf(answer: Response, body: unknown): Problem {
  const { status } = answer;
  const retryAfter = seconds(answer.headers.get("Retry-After"));
  const told = record(body);
  const said = text(told["message"]) ?? text(told["detail"]);
  const kind = text(told["type"])?.replace("urn:problem:", "");
  const fields = [...ours(told["errors"]), ...theirs(told["detail"])];
  if (status === 429) return new Problem(status, texts.problem.throttled(retryAfter), [], retryAfter, kind);
  if (status === 503 && said === undefined) {
    return new Problem(status, texts.problem.unavailable(retryAfter), [], retryAfter, kind);
  }
  const listed = fields.map((each) => (each.field ? `${each.field}: ${each.detail}` : each.detail)).join("; ");
  const message = said ?? (listed || fallback(status));
  return new Problem(status, message, fields, retryAfter, kind);
}

function fallback(status: number): string {
  if (status === 401) return texts.problem.unauthorized;
  if (status === 403) return texts.problem.forbidden;
  return texts.problem.title(status);
}

/** Return any error as a problem that can be shown. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError) return new Problem(0, texts.problem.unreachable);
  return new Problem(500, error instanceof Error ? error.message : texts.problem.unexpected);
}

function ours(errors: unknown): FieldProblem[] {
  if (!Array.isArray(errors)) return [];
  return errors.map((each) => ({ field: text(record(each)["field"]) ?? "", detail: text(record(each)["detail"]) ?? "" }));
}

function theirs(detail: unknown): FieldProblem[] {
  if (!Array.isArray(detail)) return [];
  return detail.map((each) => {
    const { loc, msg, type } = record(each);
    const path = Array.isArray(loc) ? loc.slice(1).map(String) : [];
    return { field: path.join("."), detail: text(msg) ?? text(type) ?? "" };
  });
}

function seconds(header: string | null): number | undefined {
  const number = Number.parseInt(header ?? "", 10);
  return Number.isFinite(number) ? number : undefined;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
