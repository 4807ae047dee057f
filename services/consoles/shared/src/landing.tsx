// The page of who is not signed in yet.
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import type { ReactNode } from "react";

interface Properties {
  readonly title: string;
  readonly lead: string;
  readonly hint?: string;
  readonly problem?: string;
  readonly action?: string;
  readonly onAction?: () => void;
  readonly secondary?: { readonly text: string; readonly onAction: () => void };
  readonly children?: ReactNode;
}

export function Landing({ title, lead, hint, problem, action, onAction, secondary, children }: Properties) {
  return (
    <main className="landing">
      <div className="landing-card">
        <Container>
          <SpaceBetween size="l">
            <img className="landing-icon" src="/icon.svg" alt="" width="48" height="48" />
            <SpaceBetween size="xs">
              <Box variant="h1">{title}</Box>
              <Box color="text-body-secondary">{lead}</Box>
            </SpaceBetween>
            {problem !== undefined && (
              <Alert type="error">
                {problem}
              </Alert>
            )}
            {children}
            {action !== undefined && (
              <Button variant="primary" fullWidth onClick={onAction}>
                {action}
              </Button>
            )}
            {secondary !== undefined && (
              <Button variant="normal" fullWidth onClick={secondary.onAction}>
                {secondary.text}
              </Button>
            )}
            {hint !== undefined && (
              <Box color="text-body-secondary" fontSize="body-s">
                {hint}
              </Box>
            )}
          </SpaceBetween>
        </Container>
      </div>
    </main>
  );
}

export function Waiting({ text }: { readonly text: string }) {
  return (
    <main className="landing" aria-busy="true">
      <Box textAlign="center">
        <Spinner size="large" />
        <Box variant="p" color="text-body-secondary">
          <span role="status">{text}</span>
        </Box>
      </Box>
    </main>
  );
}
