// The registry of presets.

import type { ColumnSource } from '../audit-store.ts';
import { API_AUDIT_LOGS } from './api-audit-logs.ts';
import { LITELLM } from './litellm.ts';
import type { Preset } from './preset.ts';

/** Every known table, by the name that `audit.preset` takes. */
export const PRESETS = { api_audit_logs: API_AUDIT_LOGS, litellm: LITELLM } as const satisfies Record<
  string,
  Preset
>;
export type PresetName = keyof typeof PRESETS;

const OF_PRESETS: ReadonlySet<ColumnSource> = new Set(
  Object.values<Preset>(PRESETS).flatMap(({ mapping: { columns, where = [] } }) => [
    ...Object.values(columns),
    ...where.flatMap((one) => ('sql' in one ? [one] : [])),
  ]),
);

/** Whether an expression is a preset's own. Those depend on nothing but their row, which is not known of an operator's. */
export function isOfPreset(source: ColumnSource): boolean {
  return OF_PRESETS.has(source);
}
