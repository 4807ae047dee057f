// The frame of every page: who is signed in, where one is, where one can go.
import AppLayout from "@cloudscape-design/components/app-layout";
import BreadcrumbGroup from "@cloudscape-design/components/breadcrumb-group";
import SideNavigation, { type SideNavigationProps } from "@cloudscape-design/components/side-navigation";
import { useState, type ReactNode } from "react";
import { useLocation } from "wouter";
import type { Config } from "./config.ts";
import { NoticesBar } from "./notices.tsx";
import { texts } from "./texts.ts";
import { TopBar, useTitle } from "./top-bar.tsx";

export interface Crumb {
  readonly text: string;
  readonly href: string;
}

interface ShellProperties {
  readonly config: Config;
  readonly title: string;
  /** Beside the user's name, such as the role. */
  readonly standing: string;
  readonly pages: readonly SideNavigationProps.Item[];
  readonly header: string;
  readonly children: ReactNode;
}

export function Shell({ config, title, standing, pages, header, children }: ShellProperties) {
  const [path, go] = useLocation();
  const [open, setOpen] = useState(() => matchMedia("(min-width: 912px)").matches);
  const active = `/${path.split("/")[1] ?? ""}`;
  const said = texts.shell;

  return (
    <>
      <TopBar config={config} title={title} standing={standing} />
      <AppLayout
        headerSelector="#header"
        toolsHide
        navigationOpen={open}
        onNavigationChange={({ detail }) => setOpen(detail.open)}
        navigation={
          <SideNavigation
            header={{ text: header, href: "/" }}
            activeHref={active}
            items={pages}
            onFollow={(event) => {
              if (event.detail.external) return;
              event.preventDefault();
              if (matchMedia("(max-width: 911px)").matches) setOpen(false);
              go(event.detail.href);
            }}
          />
        }
        ariaLabels={{
          navigation: said.navigation,
          navigationClose: said.closeNavigation,
          navigationToggle: said.openNavigation,
          notifications: said.notifications,
        }}
        notifications={<NoticesBar />}
        stickyNotifications
        content={<div id="content" tabIndex={-1}>{children}</div>}
      />
    </>
  );
}

/** Where a page is; its last part is the title of the browser's tab. */
export function Crumbs({ items }: { readonly items: readonly Crumb[] }) {
  const [, go] = useLocation();
  const last = items.at(-1)?.text ?? "";
  useTitle(last);
  return (
    <BreadcrumbGroup
      ariaLabel={texts.shell.breadcrumbs}
      items={[...items]}
      onFollow={(event) => {
        event.preventDefault();
        go(event.detail.href);
      }}
    />
  );
}
