// Starts an application: its configuration first, then what is around every page.
import I18nProvider from "@cloudscape-design/components/i18n";
import messages from "@cloudscape-design/components/i18n/messages/all.en";
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { StrictMode, type ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { mayRetry, retryDelay } from "./client.ts";
import { loadConfig, type Config } from "./config.ts";
import { Landing } from "./landing.tsx";
import { NoticesProvider } from "./notices.tsx";
import { Catching } from "./parts.tsx";
import "./style.css";
import { texts } from "./texts.ts";
import { apply } from "./theme.ts";

export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: { retry: mayRetry, retryDelay, staleTime: 5_000, refetchOnWindowFocus: true },
      mutations: { retry: false },
    },
  });
}

export function Around({ queries, children }: { readonly queries: QueryClient; readonly children: ReactNode }) {
  return (
    <I18nProvider locale="en" messages={[messages]}>
      <Catching>
        <QueryClientProvider client={queries}>
          <NoticesProvider>{children}</NoticesProvider>
        </QueryClientProvider>
      </Catching>
    </I18nProvider>
  );
}

export function start(application: (config: Config) => ReactNode): void {
  apply();
  const place = document.getElementById("root");
  if (place === null) throw new Error("the page has no #root");
  const root = createRoot(place);
  const queries = newQueryClient();
  loadConfig()
    .then((config) => {
      root.render(
        <StrictMode>
          <Around queries={queries}>{application(config)}</Around>
        </StrictMode>,
      );
    })
    .catch((error: unknown) => {
      const problem = error instanceof Error ? error.message : String(error);
      root.render(
        <I18nProvider locale="en" messages={[messages]}>
          <Landing title={texts.problem.unexpectedTitle} lead={texts.problem.config} problem={problem} action={texts.retry} onAction={() => location.reload()} />
        </I18nProvider>,
      );
    });
}
