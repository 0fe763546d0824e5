// The registry of presets.

import type { ColumnSource } from '../audit-store.ts';
import { API_AUDIT_LOGS } from './api-audit-logs.ts';
import { BIFROST } from './bifrost.ts';
import { DIFY } from './dify.ts';
import { HELICONE } from './helicone.ts';
import { LANGFUSE2 } from './langfuse2.ts';
import { LANGFUSE3 } from './langfuse3.ts';
import { LANGFUSE4 } from './langfuse4.ts';
import { LITELLM } from './litellm.ts';
import { LUNARY } from './lunary.ts';
import { MLFLOW } from './mlflow.ts';
import { NEWAPI } from './newapi.ts';
import { ONEAPI } from './oneapi.ts';
import { OPENWEBUI } from './openwebui.ts';
import { OPIK } from './opik.ts';
import { OTEL_GENAI } from './otel-genai.ts';
import { PHOENIX } from './phoenix.ts';
import type { Preset } from './preset.ts';
import { TENSORZERO } from './tensorzero.ts';

/** Every known table, by the name that `audit.preset` takes. */
export const PRESETS = {
  api_audit_logs: API_AUDIT_LOGS,
  litellm: LITELLM,
  newapi: NEWAPI,
  oneapi: ONEAPI,
  openwebui: OPENWEBUI,
  bifrost: BIFROST,
  dify: DIFY,
  langfuse2: LANGFUSE2,
  langfuse3: LANGFUSE3,
  langfuse4: LANGFUSE4,
  helicone: HELICONE,
  opik: OPIK,
  phoenix: PHOENIX,
  tensorzero: TENSORZERO,
  lunary: LUNARY,
  mlflow: MLFLOW,
  otel_genai: OTEL_GENAI,
} as const satisfies Record<string, Preset>;
export type PresetName = keyof typeof PRESETS;

const OF_PRESETS: ReadonlySet<ColumnSource> = new Set(
  Object.values<Preset>(PRESETS).flatMap(({ mapping: { columns, dimensions, where = [] } }) => [
    ...Object.values(columns),
    ...Object.values(dimensions),
    ...where.flatMap((one) => ('sql' in one ? [one] : [])),
  ]),
);

/**
 * Whether an expression is a preset's own and depends on nothing but its row. An operator's is not known to, and a preset's
 * that looks something up in another table does not.
 */
export function isOfPreset(source: ColumnSource): boolean {
  return OF_PRESETS.has(source) && (typeof source === 'string' || !/\bselect\b/i.test(source.sql));
}
