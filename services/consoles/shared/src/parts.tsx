// Small things that every page is made of.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import Link from "@cloudscape-design/components/link";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import type { UseQueryResult } from "@tanstack/react-query";
import { Component, type ReactNode } from "react";
import { useLocation } from "wouter";
import { moment } from "./format.ts";
import { asProblem } from "./problem.ts";
import { texts } from "./texts.ts";

export function ProblemAlert({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const problem = asProblem(error);
  return (
    <Alert
      type={problem.status === 429 || problem.status === 503 ? "warning" : "error"}
      header={problem.title}
      action={onRetry && <Button onClick={onRetry}>{texts.retry}</Button>}
    >
      {problem.message}
    </Alert>
  );
}

/** What a query answered; until then that it is loading, or why it has not. */
export function Loaded<Data>({
  query,
  children,
}: {
  readonly query: UseQueryResult<Data>;
  readonly children: (data: Data) => ReactNode;
}) {
  if (query.data !== undefined) return children(query.data);
  if (query.isError) return <ProblemAlert error={query.error} onRetry={() => void query.refetch()} />;
  return <Loading />;
}

export function Loading() {
  return (
    <Box textAlign="center" padding="l">
      <Spinner /> <span role="status">{texts.loading}</span>
    </Box>
  );
}

export function Nothing({ title, body, action }: { readonly title: string; readonly body?: string; readonly action?: ReactNode }) {
  return (
    <Box margin={{ vertical: "xs" }} textAlign="center" color="inherit">
      <SpaceBetween size="xs">
        <Box variant="strong">{title}</Box>
        {body !== undefined && <Box color="text-body-secondary">{body}</Box>}
        {action}
      </SpaceBetween>
    </Box>
  );
}

export function Moment({ at }: { readonly at: string | undefined | null }) {
  if (!at) return "–";
  return <time dateTime={at}>{moment(at)}</time>;
}

/** An id or an address: as it is written, and to be copied. */
export function Id({ value, name }: { readonly value: string; readonly name: string }) {
  return (
    <CopyToClipboard
      variant="inline"
      textToCopy={value}
      textToDisplay={value}
      copyButtonAriaLabel={texts.copy(name)}
      copySuccessText={texts.copied}
      copyErrorText={texts.copyFailed}
    />
  );
}

/** A link to another page of this site. */
export function PageLink({ to, children }: { readonly to: string; readonly children: ReactNode }) {
  const [, go] = useLocation();
  return (
    <Link
      href={to}
      onFollow={(event) => {
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </Link>
  );
}

export function Json({ value }: { readonly value: unknown }) {
  return <pre className="code">{JSON.stringify(value, null, 2)}</pre>;
}

/** An error of our own code is shown as one, in place of an empty page. */
export class Catching extends Component<{ readonly children: ReactNode }, { readonly failed: boolean }> {
  override state = { failed: false };

  static getDerivedStateFromError() {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <Box padding="l">
        <Alert type="error" header={texts.problem.unexpectedTitle} action={<Button onClick={() => location.reload()}>{texts.retry}</Button>}>
          {texts.problem.unexpected}
        </Alert>
      </Box>
    );
  }
}

export function NotFound() {
  const [, go] = useLocation();
  return (
    <Box padding="xxl">
      <Nothing
        title={texts.notFound.title}
        body={texts.notFound.body}
        action={<Button onClick={() => go("/")}>{texts.notFound.back}</Button>}
      />
    </Box>
  );
}
