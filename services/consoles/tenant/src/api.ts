// The tenant's microservices, as their own documents describe them.
import { clientOf } from "@ecs-saas/shared/client.ts";
import type { components as OrderComponents, paths as OrderPaths } from "@ecs-saas/shared/generated/orders.ts";
import type { components as ProductComponents, paths as ProductPaths } from "@ecs-saas/shared/generated/products.ts";
import type { components as UserComponents, paths as UserPaths } from "@ecs-saas/shared/generated/users.ts";
import { useSession } from "@ecs-saas/shared/session.tsx";
import type { Client } from "openapi-fetch";
import { createContext, useContext } from "react";

export type Product = ProductComponents["schemas"]["Product"];
export type ProductDraft = ProductComponents["schemas"]["ProductDraft"];
export type Order = OrderComponents["schemas"]["Order"];
export type OrderStatus = OrderComponents["schemas"]["OrderStatus"];
export type User = UserComponents["schemas"]["User"];
export type UserRole = UserComponents["schemas"]["UserRole"];

export interface Apis {
  readonly products: Client<ProductPaths>;
  readonly orders: Client<OrderPaths>;
  readonly users: Client<UserPaths>;
}

/** Where the tenant's cell serves its users. */
export const CellAddress = createContext("");
let known: { readonly session: unknown; readonly address: string; readonly apis: Apis } | undefined;

export function useApis(): Apis {
  const session = useSession();
  const address = useContext(CellAddress);
  if (known?.session === session && known.address === address) return known.apis;
  // Whose tenant somebody is, is a claim of the ID token.
  const apis = {
    products: clientOf<ProductPaths>(address, session.identity),
    orders: clientOf<OrderPaths>(address, session.identity),
    users: clientOf<UserPaths>(address, session.identity),
  };
  known = { session, address, apis };
  return apis;
}

export const useIsAdministrator = (): boolean => useSession().claims["custom:userRole"] === "TenantAdmin";
