// Asks once more before something is done, or for what is needed to do it.
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState, type ReactNode } from "react";
import { ProblemAlert } from "./parts.tsx";
import { texts } from "./texts.ts";

interface ConfirmProperties {
  readonly title: string;
  readonly children: ReactNode;
  readonly action: string;
  /** What has to be typed first, where there is no way back. */
  readonly typed?: string;
  readonly busy: boolean;
  readonly error?: unknown;
  readonly disabled?: boolean;
  readonly onConfirm: () => void;
  readonly onDismiss: () => void;
}

export function Confirm({ title, children, action, typed, busy, error, disabled, onConfirm, onDismiss }: ConfirmProperties) {
  const [written, setWritten] = useState("");
  const ready = (typed === undefined || written === typed) && disabled !== true;
  return (
    <Modal
      visible
      header={title}
      closeAriaLabel={texts.close}
      onDismiss={onDismiss}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onDismiss}>
              {texts.cancel}
            </Button>
            <Button variant="primary" loading={busy} disabled={!ready} onClick={onConfirm}>
              {action}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !busy) onConfirm();
        }}
      >
        <SpaceBetween size="m">
          {children}
          {typed !== undefined && (
            <FormField label={texts.typed(typed)}>
              <Input value={written} onChange={({ detail }) => setWritten(detail.value)} placeholder={typed} autoComplete={false} spellcheck={false} />
            </FormField>
          )}
          {error !== undefined && error !== null && <ProblemAlert error={error} />}
        </SpaceBetween>
      </form>
    </Modal>
  );
}
