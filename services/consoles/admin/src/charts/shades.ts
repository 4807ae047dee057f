// The colours of charts, from Cloudscape's palette: they differ in brightness too, in both modes.
import * as tokens from "@cloudscape-design/design-tokens";
import type { State } from "../api.ts";

export const SHADES: Readonly<Record<State, string>> = {
  ACTIVE: tokens.colorChartsStatusPositive,
  SUSPENDED: tokens.colorChartsStatusNeutral,
  REGISTERED: tokens.colorChartsBlue1300,
  PROVISIONING: tokens.colorChartsStatusInfo,
  UPDATING: tokens.colorChartsBlue2500,
  FAILED: tokens.colorChartsStatusCritical,
  DEPROVISIONING: tokens.colorChartsOrange500,
  DELETED: tokens.colorChartsOrange1100,
};
