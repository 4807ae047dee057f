// The administration console: who may enter, and which page an address is.
import type { Config } from "@ecs-saas/shared/config.ts";
import { ConfigError } from "@ecs-saas/shared/config.ts";
import { Landing } from "@ecs-saas/shared/landing.tsx";
import { Catching, Loading, NotFound } from "@ecs-saas/shared/parts.tsx";
import { SessionProvider, useSession } from "@ecs-saas/shared/session.tsx";
import { Shell } from "@ecs-saas/shared/shell.tsx";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { lazy, Suspense } from "react";
import { Route, Switch, useLocation } from "wouter";
import { CurrentApi, useNewApi } from "./api.ts";
import { roleOf } from "./roles.ts";
import { texts } from "./texts.ts";

const Dashboard = lazy(() => import("./pages/dashboard.tsx"));
const Tenants = lazy(() => import("./pages/tenants.tsx"));
const TenantPage = lazy(() => import("./pages/tenant.tsx"));
const Onboarding = lazy(() => import("./pages/onboarding.tsx"));
const Users = lazy(() => import("./pages/users.tsx"));
const Usage = lazy(() => import("./pages/usage.tsx"));
const Audit = lazy(() => import("./pages/audit.tsx"));

export function Application({ config }: { readonly config: Config }) {
  if (config.auth === undefined) throw new ConfigError("/config.json lacks auth");
  return (
    <SessionProvider auth={config.auth} title={texts.title(config.name)} lead={texts.lead}>
      <Pages config={config} />
    </SessionProvider>
  );
}

function Pages({ config }: { readonly config: Config }) {
  const session = useSession();
  const [path] = useLocation();
  const api = useNewApi(new URL(config.api, location.origin).href);
  const role = roleOf(session.claims);
  if (role === undefined) {
    return <Landing title={texts.noRole.title} lead={texts.noRole.body} action={shared.shell.signOut} onAction={session.signOut} />;
  }
  const pages = texts.pages;
  return (
    <Shell
      config={config}
      title={texts.title(config.name)}
      header={texts.header}
      standing={texts.roles[role]}
      pages={[
        { type: "link", text: pages.dashboard, href: "/" },
        { type: "link", text: pages.tenants, href: "/tenants" },
        ...(role === "SystemAdmin" ? [{ type: "link" as const, text: pages.onboard, href: "/onboarding" }] : []),
        { type: "divider" },
        { type: "link", text: pages.usage, href: "/usage" },
        { type: "link", text: pages.users, href: "/users" },
        { type: "link", text: pages.audit, href: "/audit" },
      ]}
    >
      <Catching key={path}>
        <CurrentApi value={api}>
        <Suspense fallback={<Loading />}>
          <Switch>
            <Route path="/" component={Dashboard} />
            <Route path="/tenants" component={Tenants} />
            <Route path="/tenants/:id">{({ id }) => <TenantPage id={id} key={id} />}</Route>
            {role === "SystemAdmin" && <Route path="/onboarding" component={Onboarding} />}
            <Route path="/users" component={Users} />
            <Route path="/usage" component={Usage} />
            <Route path="/audit" component={Audit} />
            <Route component={NotFound} />
          </Switch>
        </Suspense>
        </CurrentApi>
      </Catching>
    </Shell>
  );
}
