// The control plane, as its own document describes it.
import { answered, clientOf } from "@ecs-saas/shared/client.ts";
import type { components, paths } from "@ecs-saas/shared/generated/control-plane.ts";
import { useSession } from "@ecs-saas/shared/session.tsx";
import type { Client } from "openapi-fetch";
import { createContext, useContext, useMemo } from "react";

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

export const CurrentApi = createContext<Api | undefined>(undefined);

export function useNewApi(address: string): Api {
  const { access } = useSession();
  return useMemo(() => clientOf<paths>(address, access), [address, access]);
}

export function useApi(): Api {
  const api = useContext(CurrentApi);
  if (api === undefined) throw new Error("there is no API around this component");
  return api;
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
