// The control plane, as its own document describes it.
import { answered, clientOf } from "@ecs-saas/shared/client.ts";
import type { components, paths } from "@ecs-saas/shared/generated/control-plane.ts";
import { useSession } from "@ecs-saas/shared/session.tsx";
import type { Client } from "openapi-fetch";
import { createContext, useContext } from "react";

export type Schemas = components["schemas"];
export type Tenant = Schemas["Tenant"];
export type Operation = Schemas["Operation"];
export type State = Schemas["State"];
export type Tier = Schemas["Tier"];
export type Api = Client<paths>;

export interface Page<Item> {
  readonly data: Item[];
  readonly next_token?: string;
}

export const ApiAddress = createContext("/api");
const clients = new Map<string, { readonly session: unknown; readonly client: Api }>();

export function useApi(): Api {
  const session = useSession();
  const address = useContext(ApiAddress);
  const known = clients.get(address);
  if (known?.session === session) return known.client;
  const client = clientOf<paths>(address, session.access);
  clients.set(address, { session, client });
  return client;
}

const MOST = 1000;
const MOST_PAGES = 10;

export interface Fleet {
  readonly tenants: Tenant[];
  readonly complete: boolean;
  readonly at: Date;
}

/** Return all tenants that are not offboarded, ten thousand at most. */
export async function fleet(api: Api): Promise<Fleet> {
  const tenants: Tenant[] = [];
  let token = "";
  for (let number = 0; number < MOST_PAGES; number += 1) {
    const query = { limit: MOST, next_token: token };
    const page: Page<Tenant> = await answered(api.GET("/tenants", { params: { query } }));
    tenants.push(...page.data.filter((each) => each.sbtaws_active));
    token = page.next_token ?? "";
    if (token === "") return { tenants, complete: true, at: new Date() };
  }
  return { tenants, complete: false, at: new Date() };
}

export async function tenantNamed(api: Api, name: string): Promise<Tenant | undefined> {
  const page = await answered(api.GET("/tenants", { params: { query: { name } } }));
  return page.data[0];
}
