// Typed requests: a token on each, and a Problem for each that is no success.
import createClient, { type Client, type Middleware } from "openapi-fetch";
import { Problem, problemOf } from "./problem.ts";
import { texts } from "./texts.ts";

export interface Credentials {
  /** The token to send, or nothing where nobody is signed in. */
  readonly token: () => string | undefined;
  /** Called when a token was refused. */
  readonly refused: () => void;
}

const MOST_WAITING_SECONDS = 20;

export function clientOf<Paths extends object>(baseUrl: string, credentials: Credentials): Client<Paths> {
  const client = createClient<Paths>({ baseUrl, fetch: reach });
  const authorized: Middleware = {
    onRequest({ request }) {
      const token = credentials.token();
      if (token !== undefined) request.headers.set("Authorization", `Bearer ${token}`);
      return request;
    },
    async onResponse({ response }) {
      if (response.ok) return undefined;
      if (response.status === 401) credentials.refused();
      const body: unknown = await response.clone().json().catch(() => undefined);
      throw problemOf(response, body);
    },
  };
  client.use(authorized);
  return client;
}

async function reach(request: Request): Promise<Response> {
  try {
    return await fetch(request);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, texts.problem.unreachable);
  }
}

/** Return what a request answered; openapi-fetch has it as possibly nothing, our middleware throws then. */
export async function answered<Data>(request: Promise<{ data?: Data }>): Promise<Data> {
  const { data } = await request;
  return data as Data;
}

/** Whether a reading request is sent again, and after how many milliseconds. */
export function mayRetry(failures: number, error: unknown): boolean {
  if (!(error instanceof Problem)) return false;
  const passing = error.status === 0 || error.status === 429 || error.status >= 502;
  return passing && failures < 2 && (error.retryAfter ?? 0) <= MOST_WAITING_SECONDS;
}

export function retryDelay(failures: number, error: unknown): number {
  const told = error instanceof Problem ? error.retryAfter : undefined;
  return told === undefined ? 500 * 2 ** failures : told * 1000;
}

export const newKey = (): string => crypto.randomUUID();
