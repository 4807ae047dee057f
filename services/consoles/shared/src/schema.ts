// Forms are checked by the API's own JSON Schema while somebody types.
import { Validator, type Schema } from "@cfworker/json-schema";
import forms from "./generated/forms.json" with { type: "json" };
import { texts } from "./texts.ts";

export type Form = "RegistrationRequest" | "UserRequest" | "UserChange" | "UpdateRequest" | "Overrides" | "MeterRequest";
export type Findings = Readonly<Record<string, string>>;

const validators = new Map<Form, Validator>();

/** Return what is wrong, by the path of the field, as `tenantData.email`. */
export function findings(form: Form, value: unknown): Findings {
  const found: Record<string, string> = {};
  const { errors } = validator(form).validate(value);
  // Errors that say only that something inside is wrong are left out, as is that a value is not null.
  for (const each of errors) {
    const path = pathOf(each.instanceLocation);
    if (each.keyword === "required") {
      const missing = /"([^"]+)"/.exec(each.error)?.[1] ?? "";
      found[[path, missing].filter(Boolean).join(".")] ??= texts.schema.required;
    } else if (!["properties", "$ref", "anyOf", "items", "additionalProperties"].includes(each.keyword)) {
      const limits = schemaAt(form, each.keywordLocation);
      if (each.keyword === "type" && limits.type === "null") continue;
      found[path] ??= said(each.keyword, limits);
    }
  }
  return found;
}

function validator(form: Form): Validator {
  let made = validators.get(form);
  if (made === undefined) {
    const schema = { ...forms, $ref: `#/$defs/${form}` } as unknown as Schema;
    made = new Validator(schema, "2020-12", false);
    validators.set(form, made);
  }
  return made;
}

function pathOf(location: string): string {
  return location.replace(/^#\/?/, "").split("/").filter(Boolean).map(decode).join(".");
}

const decode = (part: string): string => decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~");

interface Limits {
  readonly description?: string;
  readonly maxLength?: number;
  readonly minLength?: number;
  readonly maximum?: number;
  readonly minimum?: number;
  readonly type?: string;
  readonly enum?: readonly string[];
}

function said(keyword: string, schema: Limits): string {
  switch (keyword) {
    case "pattern":
      return texts.schema.pattern(schema.description);
    case "maxLength":
      return texts.schema.maxLength(schema.maxLength ?? 0);
    case "minLength":
      return texts.schema.minLength(schema.minLength ?? 0);
    case "maximum":
      return texts.schema.maximum(schema.maximum ?? 0);
    case "minimum":
      return texts.schema.minimum(schema.minimum ?? 0);
    case "type":
      return texts.schema.type(schema.type ?? "");
    case "enum":
      return texts.schema.type((schema.enum ?? []).join(", "));
    default:
      return texts.schema.other;
  }
}

/** Return the schema that a keyword stands in; references are followed. */
function schemaAt(form: Form, location: string): Limits {
  let at: unknown = { $ref: `#/$defs/${form}` };
  const parts = location.replace(/^#\/?/, "").split("/").slice(0, -1).map(decode);
  for (const part of parts) {
    at = followed(at);
    if (part === "$ref") continue;
    at = typeof at === "object" && at !== null ? (at as Record<string, unknown>)[part] : undefined;
  }
  const found = followed(at);
  return typeof found === "object" && found !== null ? found : {};
}

function followed(at: unknown): unknown {
  const reference = typeof at === "object" && at !== null ? (at as { $ref?: unknown }).$ref : undefined;
  if (typeof reference !== "string") return at;
  return (forms.$defs as Record<string, unknown>)[reference.replace("#/$defs/", "")];
}
