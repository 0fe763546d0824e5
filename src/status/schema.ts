// The schema of the JSON of `status`.

import { z } from 'zod';
import { exactNumber, group, instant, names, severity, silencedSchema } from '../model/json-schema.ts';

const count = z.int().min(0);

/** A rule that fires for a group. */
export const alertSchema = z.strictObject({
  rule: z.string(),
  group: group.nullable().describe('Values by dimension; null where it was never notified'),
  severity,
  state: z.enum(['firing', 'quiet']).describe('`quiet`: not over its limit any more, and not resolved yet'),
  since: instant,
  quiet_since: instant.nullable(),
  notified_at: instant.nullable().describe('Of the last notification; null where it was never notified'),
  value: exactNumber.nullable().describe('At the last notification'),
  unit: z.string(),
  incident: z.string().nullable().describe('The id of its open incident'),
  silenced: silencedSchema.nullable(),
});

export type AlertJson = z.infer<typeof alertSchema>;

/** An open incident. */
export const incidentSchema = z.strictObject({
  id: z.string(),
  subject: z.string().describe('What it is about, for people'),
  dimension: z.string().nullable().describe('The dimension of its subject; null where that is a rule'),
  value: z.string().nullable(),
  severity,
  since: instant,
  alerts: count.describe('How many alerts of it are open'),
  rules: z.array(z.string()),
});

export type IncidentJson = z.infer<typeof incidentSchema>;

const silence = z.strictObject({
  id: z.string().nullable(),
  source: z.enum(['file', 'command']),
  state: z.enum(['active', 'planned', 'over']),
  match: names,
  from: instant,
  until: instant,
  reason: z.string(),
  created_by: z.string().nullable(),
});

const queue = z.strictObject({
  channel: z.string(),
  type: z.string(),
  pending: count,
  oldest_at: instant.nullable(),
  next_at: instant.nullable(),
  failure: z.string().nullable(),
  given_up: count,
});

/** What `status --format json` prints. */
export const statusSchema = z.strictObject({
  at: instant.describe('When this was read'),
  worker: z.enum(['leads', 'other_file', 'none']),
  poll: z.strictObject({
    last: instant.nullable(),
    behind: z.array(z.strictObject({ rule: z.string(), last: instant.nullable() })),
  }),
  past: z.strictObject({ from: instant, to: instant, reconciled_at: instant.nullable() }).nullable(),
  alerts: z.array(alertSchema).describe('The most severe first'),
  more_alerts: count.describe('How many more there are'),
  incidents: z.array(incidentSchema).describe('The most severe first'),
  silences: z.array(silence),
  channels: z.array(queue),
  reports: z.array(
    z.strictObject({
      report: z.string(),
      next_at: instant.nullable().describe('When it is due next'),
      queued_at: instant.nullable().describe('When it was queued last for its channels'),
    }),
  ),
  health: z.array(z.strictObject({ type: z.string(), at: instant, title: z.string() })),
});

export type StatusJson = z.infer<typeof statusSchema>;
