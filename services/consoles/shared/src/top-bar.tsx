// Above every page: where one is, how it looks, and who is signed in.
import TopNavigation from "@cloudscape-design/components/top-navigation";
import { useEffect } from "react";
import { useLocation } from "wouter";
import type { Config } from "./config.ts";
import { useSession } from "./session.tsx";
import { texts } from "./texts.ts";
import { choose, useMode } from "./theme.ts";

interface Properties {
  readonly config: Config;
  readonly title: string;
  /** Beside the user's name, such as the role. */
  readonly standing: string;
}

export function TopBar({ config, title, standing }: Properties) {
  const session = useSession();
  const appearance = useMode();
  const [, go] = useLocation();
  const said = texts.shell;
  return (
    <>
      <a className="skip" href="#content">
        {said.skip}
      </a>
      <div id="header">
        <TopNavigation
          identity={{ href: "/", title, logo: { src: "/icon.svg", alt: "" }, onFollow: (event) => { event.preventDefault(); go("/"); } }}
          utilities={[
            {
              type: "button",
              text: appearance === "dark" ? said.toLight : said.toDark,
              title: said.appearance,
              ariaLabel: `${said.appearance}: ${appearance === "dark" ? said.toLight : said.toDark}`,
              onClick: () => choose(appearance === "dark" ? "light" : "dark"),
            },
            {
              type: "menu-dropdown",
              text: session.userName,
              description: [session.email, standing, `${config.environment} · ${config.region}`].filter(Boolean).join(" · "),
              iconName: "user-profile",
              ariaLabel: `${said.account}: ${session.userName}`,
              items: [{ id: "sign-out", text: said.signOut }],
              onItemClick: ({ detail }) => {
                if (detail.id === "sign-out") session.signOut();
              },
            },
          ]}
        />
      </div>
    </>
  );
}

export function useTitle(title: string): void {
  useEffect(() => {
    document.title = title;
  }, [title]);
}
