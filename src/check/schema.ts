// The schema of the JSON of `check`.

import { z } from 'zod';
import { findingSchema, observationSchema } from '../model/finding-schema.ts';
import { instant, names, severity, windowSchema } from '../model/json-schema.ts';

const count = z.int().min(0);

/** A finding with the texts that its rule's author wrote. */
export const checkedFindingSchema = findingSchema.extend({
  message: z.string().nullable().optional().describe('The author’s text, filled in'),
  links: names.optional().describe('URLs by label'),
});

export type CheckedFindingJson = z.infer<typeof checkedFindingSchema>;

/** A rule with what it found. */
export const checkedRuleSchema = z.strictObject({
  name: z.string(),
  type: z.string(),
  status: z.enum(['ok', 'firing', 'no_data', 'error']),
  severity: severity.nullable().describe('The highest of its findings'),
  owner: z.string().optional(),
  runbook: z.string().optional(),
  labels: names.optional(),
  observed: z.array(observationSchema).describe('The groups that were looked at, worst first, at most 100'),
  findings: z.array(checkedFindingSchema).describe('What fires, worst first'),
  more_findings: count.optional().describe('How many more fire, where not all are listed'),
  error: z.string().nullable().describe('Why the rule could not be read'),
});

export type CheckedRuleJson = z.infer<typeof checkedRuleSchema>;

const unpriced = z.strictObject({
  calls: count,
  models: z.array(z.strictObject({ model: z.string(), calls: count })),
  window: windowSchema,
});

/** What `check --format json` prints. */
export const checkSchema = z.strictObject({
  name: z.string().optional().describe('Which installation this is, where the file says so'),
  at: instant.describe('The evaluation time'),
  status: z.enum(['ok', 'warning', 'critical', 'unknown']),
  data: z.strictObject({
    newest_row: instant.nullable().describe('The time of the newest row seen'),
    rows_considered: count,
    source: z.enum(['kept', 'direct']).optional(),
    reconciled_at: instant.nullable().optional(),
    ahead_seconds: z.int().optional().describe('How far the newest row is ahead of the clock'),
    unpriced: unpriced.optional(),
    unpriced_error: z.string().optional(),
  }),
  rules: z.array(checkedRuleSchema).describe('In the order of the file'),
  error: z.string().optional().describe('Why nothing could be read'),
});

export type CheckJson = z.infer<typeof checkSchema>;
