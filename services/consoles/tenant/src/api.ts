// The tenant's microservices, as their own documents describe them.
import { clientOf } from "@ecs-saas/shared/client.ts";
import type { components as OrderComponents, paths as OrderPaths } from "@ecs-saas/shared/generated/orders.ts";
import type { components as ProductComponents, paths as ProductPaths } from "@ecs-saas/shared/generated/products.ts";
import type { components as UserComponents, paths as UserPaths } from "@ecs-saas/shared/generated/users.ts";
import { useSession } from "@ecs-saas/shared/session.tsx";
import type { Client } from "openapi-fetch";
import { createContext, useContext, useMemo } from "react";

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

export const CurrentApis = createContext<Apis | undefined>(undefined);

/** Return clients of the tenant's cell, which is at `address`. */
export function useNewApis(address: string): Apis {
  // Whose tenant somebody is, is a claim of the ID token.
  const { identity } = useSession();
  return useMemo(
    () => ({
      products: clientOf<ProductPaths>(address, identity),
      orders: clientOf<OrderPaths>(address, identity),
      users: clientOf<UserPaths>(address, identity),
    }),
    [address, identity],
  );
}

export function useApis(): Apis {
  const apis = useContext(CurrentApis);
  if (apis === undefined) throw new Error("there is no API around this component");
  return apis;
}

export const useIsAdministrator = (): boolean => useSession().claims["custom:userRole"] === "TenantAdmin";
