// Which tenant's application is opened: the one that the address names, or whose name is typed.
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { answered, clientOf } from "@ecs-saas/shared/client.ts";
import type { Config } from "@ecs-saas/shared/config.ts";
import type { components, paths } from "@ecs-saas/shared/generated/control-plane.ts";
import { Landing, Waiting } from "@ecs-saas/shared/landing.tsx";
import { asProblem } from "@ecs-saas/shared/problem.ts";
import { forget } from "@ecs-saas/shared/session.tsx";
import { useTitle } from "@ecs-saas/shared/top-bar.tsx";
import { useQuery } from "@tanstack/react-query";
import { useMemo, useState, type ReactNode } from "react";
import { texts } from "./texts.ts";

const said = texts.enter;
const CHOSEN = "ecs-saas.tenant";
const NAME = /^[a-z][a-z0-9-]{1,29}$/;

export type Place = Required<components["schemas"]["LoginConfig"]>;

interface Properties {
  readonly config: Config;
  readonly children: (place: Place) => ReactNode;
}

export function Enter({ config, children }: Properties) {
  const [name, setName] = useState(chosen);
  useTitle(name || config.name);
  const api = useMemo(() => clientOf<paths>(config.api, { token: () => undefined, refused: () => undefined }), [config]);
  const query = useQuery({
    queryKey: ["tenant-config", name],
    enabled: name !== "",
    staleTime: 300_000,
    queryFn: () => answered(api.GET("/tenant-config/{tenant_name}", { params: { path: { tenant_name: name } } })),
  });
  const choose = (wanted: string) => {
    remember(wanted);
    setName(wanted);
  };

  if (name === "") return <Ask onName={choose} />;
  if (query.isPending) return <Waiting text={said.opening} />;
  if (query.isError) {
    const problem = asProblem(query.error);
    return <Ask initial={name} problem={problem.status === 404 ? said.unknown(name) : problem.message} onName={(wanted) => (wanted === name ? void query.refetch() : choose(wanted))} />;
  }
  const { authority, domain, appClientId, apiGatewayUrl } = query.data;
  if (!authority || !domain || !appClientId || !apiGatewayUrl) {
    return <Ask initial={name} problem={said.noSignIn(name)} onName={(wanted) => (wanted === name ? void query.refetch() : choose(wanted))} />;
  }
  return children({ ...query.data, authority, domain, appClientId, apiGatewayUrl });
}

/** The tenant that the address names; else the one of before, for who comes back from signing in. */
function chosen(): string {
  const query = new URLSearchParams(location.search);
  const named = query.get("tenant");
  if (named === null) return sessionStorage.getItem(CHOSEN) ?? "";
  remember(named);
  query.delete("tenant");
  const rest = query.toString();
  history.replaceState(history.state, "", location.pathname + (rest && `?${rest}`));
  return named;
}

function remember(name: string): void {
  // Who was signed in to one tenant is not signed in to another.
  if (sessionStorage.getItem(CHOSEN) !== name) forget();
  if (name) sessionStorage.setItem(CHOSEN, name);
  else sessionStorage.removeItem(CHOSEN);
}

interface AskProperties {
  readonly initial?: string;
  readonly problem?: string;
  readonly onName: (name: string) => void;
}

function Ask({ initial = "", problem, onName }: AskProperties) {
  const [typed, setTyped] = useState(initial);
  const wrong = typed !== "" && !NAME.test(typed);
  return (
    <Landing title={said.title} lead={said.lead} problem={problem}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (NAME.test(typed)) onName(typed);
        }}
      >
        <SpaceBetween size="m">
          <FormField label={said.name} errorText={wrong ? said.bad : undefined}>
            <Input value={typed} autoFocus placeholder={said.hint} autoComplete="organization" spellcheck={false} onChange={({ detail }) => setTyped(detail.value.toLowerCase())} />
          </FormField>
          <Button variant="primary" fullWidth disabled={!NAME.test(typed)}>
            {said.open}
          </Button>
        </SpaceBetween>
      </form>
    </Landing>
  );
}
