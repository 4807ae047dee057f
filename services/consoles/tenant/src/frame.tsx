// The frame of every page: three pages need no more than a line of links.
import Link from "@cloudscape-design/components/link";
import type { Config } from "@ecs-saas/shared/config.ts";
import { NoticesBar } from "@ecs-saas/shared/notices.tsx";
import { texts as shared } from "@ecs-saas/shared/texts.ts";
import { TopBar } from "@ecs-saas/shared/top-bar.tsx";
import type { ReactNode } from "react";
import { useLocation } from "wouter";
import "./frame.css";

export interface PageLink {
  readonly text: string;
  readonly href: string;
}

interface Properties {
  readonly config: Config;
  readonly title: string;
  readonly standing: string;
  readonly pages: readonly PageLink[];
  readonly children: ReactNode;
}

export function Frame({ config, title, standing, pages, children }: Properties) {
  const [path, go] = useLocation();
  return (
    <>
      <TopBar config={config} title={title} standing={standing} />
      <nav className="pages" aria-label={shared.shell.navigation}>
        <ul>
          {pages.map(({ text, href }) => (
            <li key={href} className={path === href ? "current" : undefined} aria-current={path === href ? "page" : undefined}>
              <Link
                href={href}
                variant={path === href ? "primary" : "secondary"}
                fontSize="heading-s"
                onFollow={(event) => {
                  event.preventDefault();
                  go(href);
                }}
              >
                {text}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <main id="content" tabIndex={-1} className="content">
        <NoticesBar />
        {children}
      </main>
    </>
  );
}
