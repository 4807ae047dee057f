// What a site is told when it is deployed. One build serves every environment.
export interface Auth {
  readonly authority: string;
  readonly clientId: string;
  /** Where the hosted pages are, without a path. */
  readonly domain: string;
  readonly scopes: readonly string[];
}

export interface Config {
  readonly site: "admin" | "tenant";
  readonly name: string;
  readonly environment: string;
  readonly region: string;
  readonly api: string;
  readonly auth?: Auth;
}

export class ConfigError extends Error {}

export async function loadConfig(): Promise<Config> {
  const answer = await fetch("/config.json", { cache: "no-store" });
  if (!answer.ok) throw new ConfigError(`/config.json: ${answer.status}`);
  const told: unknown = await answer.json().catch(() => undefined);
  return checked(told);
}

export function checked(told: unknown): Config {
  const missing = ["site", "name", "environment", "region", "api"].filter((name) => !isText(told, name));
  if (missing.length > 0) throw new ConfigError(`/config.json lacks ${missing.join(", ")}`);
  return told as Config;
}

function isText(told: unknown, name: string): boolean {
  if (typeof told !== "object" || told === null) return false;
  const value: unknown = (told as Record<string, unknown>)[name];
  return typeof value === "string" && value !== "";
}
