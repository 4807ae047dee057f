// How many tasks of which size a silo tenant's gateway runs, where its tier does not say it.
import ColumnLayout from "@cloudscape-design/components/column-layout";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import type { Findings } from "@ecs-saas/shared/schema.ts";
import { texts } from "../texts.ts";

const NAMES = ["min", "max", "cpu", "memory"] as const;
export type SizeTexts = Readonly<Partial<Record<(typeof NAMES)[number], string>>>;
const said = texts.onboarding;

export const isEmpty = (values: SizeTexts): boolean => NAMES.every((name) => !values[name]);

/** What was typed, as the API takes it; a word that is no number stays one, so that its schema refuses it. */
export function overridesOf(values: SizeTexts): { gateway: Record<string, unknown> } {
  const given = NAMES.filter((name) => values[name]);
  return { gateway: Object.fromEntries(given.map((name) => [name, numberOf(values[name] ?? "")])) };
}

function numberOf(text: string): number | string {
  const value = Number(text);
  return text.trim() !== "" && Number.isFinite(value) ? value : text;
}

interface Properties {
  readonly values: SizeTexts;
  readonly wrong: Findings;
  /** Where they stand in the request. */
  readonly prefix: string;
  readonly onChange: (values: SizeTexts) => void;
}

export function Sizes({ values, wrong, prefix, onChange }: Properties) {
  return (
    <FormField label={said.sizes} description={said.sizesHint} stretch>
      <ColumnLayout columns={4} minColumnWidth={110}>
        {NAMES.map((name) => (
          <FormField key={name} label={said[name]} errorText={wrong[`${prefix}.${name}`]}>
            <Input inputMode="numeric" value={values[name] ?? ""} onChange={({ detail }) => onChange({ ...values, [name]: detail.value })} />
          </FormField>
        ))}
      </ColumnLayout>
    </FormField>
  );
}
