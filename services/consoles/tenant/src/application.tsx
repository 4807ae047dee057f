// The tenants' application: which tenant, whether it serves, and which page an address is.
import type { Config } from "@ecs-saas/shared/config.ts";
import { answered } from "@ecs-saas/shared/client.ts";
import { Landing, Waiting } from "@ecs-saas/shared/landing.tsx";
import { Catching, Loading, NotFound } from "@ecs-saas/shared/parts.tsx";
import { asProblem, Problem } from "@ecs-saas/shared/problem.ts";
import { SessionProvider, useSession } from "@ecs-saas/shared/session.tsx";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useMemo, type ReactNode } from "react";
import { Redirect, Route, Switch, useLocation } from "wouter";
import { CurrentApis, useApis, useIsAdministrator, useNewApis } from "./api.ts";
import { Enter, type Place } from "./enter.tsx";
import { Frame } from "./frame.tsx";
import { texts } from "./texts.ts";

const Products = lazy(() => import("./pages/products.tsx"));
const Orders = lazy(() => import("./pages/orders.tsx"));
const Users = lazy(() => import("./pages/users.tsx"));

export function Application({ config }: { readonly config: Config }) {
  return <Enter config={config}>{(place) => <Open config={config} place={place} />}</Enter>;
}

function Open({ config, place }: { readonly config: Config; readonly place: Place }) {
  const { authority, appClientId, domain } = place;
  const auth = useMemo(
    () => ({ authority, clientId: appClientId, domain, scopes: ["openid", "email", "profile"] }),
    [authority, appClientId, domain],
  );
  return (
    <SessionProvider auth={auth} title={place.tenantName} lead={texts.lead}>
      <Cell place={place}>
        <Serving place={place}>
          <Pages config={config} place={place} />
        </Serving>
      </Cell>
    </SessionProvider>
  );
}

function Cell({ place, children }: { readonly place: Place; readonly children: ReactNode }) {
  const apis = useNewApis(place.apiGatewayUrl.replace(/\/$/, ""));
  return <CurrentApis value={apis}>{children}</CurrentApis>;
}

/** Asks the service whom it takes the user for, before anything is shown that it might refuse. */
export function Serving({ place, children }: { readonly place: Place; readonly children: ReactNode }) {
  const { products } = useApis();
  const session = useSession();
  const isOwn = session.claims["custom:tenantId"] === place.tenantId;
  const query = useQuery({
    queryKey: ["identity"],
    enabled: isOwn,
    queryFn: () => answered(products.GET("/products/identity")),
    staleTime: 60_000,
    retry: (failures, error) => error instanceof Problem && error.status !== 403 && error.status !== 401 && failures < 2,
  });
  if (!isOwn) {
    // Tenants of a pool share its sign-in page, which remembers who signed in last.
    const claimed = session.claims["custom:tenantName"];
    const name = typeof claimed === "string" ? claimed : "";
    return (
      <Landing
        title={texts.stranger.title}
        lead={texts.stranger.body(session.userName, name, place.tenantName)}
        action={shared.shell.signOut}
        onAction={session.signOut}
      />
    );
  }
  if (query.isPending) return <Waiting text={shared.loading} />;
  if (!query.isError) return children;
  const problem = asProblem(query.error);
  const suspended = problem.status === 403;
  return (
    <Landing
      title={suspended ? texts.suspended.title : problem.title}
      lead={suspended ? texts.suspended.body : problem.message}
      action={texts.suspended.again}
      onAction={() => void query.refetch()}
      secondary={{ text: shared.shell.signOut, onAction: session.signOut }}
    />
  );
}

function Pages({ config, place }: { readonly config: Config; readonly place: Place }) {
  const session = useSession();
  const administers = useIsAdministrator();
  const [path] = useLocation();
  const { pages } = texts;
  return (
    <Frame
      config={config}
      title={place.tenantName}
      standing={texts.roles[String(session.claims["custom:userRole"])] ?? ""}
      pages={[
        { text: pages.products, href: "/products" },
        { text: pages.orders, href: "/orders" },
        ...(administers ? [{ text: pages.users, href: "/users" }] : []),
      ]}
    >
      <Catching key={path}>
        <Suspense fallback={<Loading />}>
          <Switch>
            <Route path="/">
              <Redirect to="/products" replace />
            </Route>
            <Route path="/products" component={Products} />
            <Route path="/orders" component={Orders} />
            {administers && <Route path="/users" component={Users} />}
            <Route component={NotFound} />
          </Switch>
        </Suspense>
      </Catching>
    </Frame>
  );
}
