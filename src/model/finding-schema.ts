// The schema of a finding in JSON, and of what else a rule says of a group.

import { z } from 'zod';
import {
  amount,
  exactNumber,
  group,
  instant,
  severity,
  silencedSchema,
  windowSchema,
} from './json-schema.ts';

const count = z.int().min(0);

const part = z.strictObject({
  key: z.string().describe('A value of the dimension; NULL is `(none)`'),
  value: amount,
  calls: count,
  unpriced_calls: count.optional(),
});

const rest = z.strictObject({
  keys: count.describe('How many there are'),
  value: amount.nullable(),
  calls: count,
  unpriced_calls: count.optional(),
});

const others = rest.extend({ credits: rest.optional().describe('Those below 0') });

const budget = z.strictObject({
  amount: exactNumber,
  share: z.number().describe('Spent of the amount'),
  period: windowSchema,
  projected: exactNumber.nullable().describe('At the end of the period; null without a forecast'),
  low: exactNumber.nullable(),
  high: exactNumber.nullable(),
  reached_on: z.string().nullable().describe('The day on which the amount is reached'),
});

const baseline = z
  .union([
    z.strictObject({ mean: z.number(), stddev: z.number(), floor: z.number(), n: count }),
    z.strictObject({ usual: z.number(), low: z.number(), high: z.number(), n: count }),
  ])
  .nullable()
  .describe('What an anomaly was compared with; null for other rules');

const split = z.strictObject({
  against: windowSchema.describe('The earlier window'),
  before: exactNumber.describe('What was spent in it'),
  now: exactNumber,
  change: exactNumber.describe('The sum of the four parts'),
  calls: exactNumber.describe('From more or fewer calls'),
  mix: exactNumber.describe('From other models'),
  length: exactNumber.describe('From more or fewer tokens a call'),
  price: exactNumber.describe('From another cost per token'),
});

/** Which fields a finding has depends on the type of its rule. */
export const describedSchema = z.strictObject({
  baseline: baseline.exactOptional(),
  zscore: z.number().nullable().exactOptional(),
  budget: budget.optional().describe('Of budgets'),
  previous_value: amount.optional().describe('Of changes: the value that it is compared with'),
  ratio: z.number().optional().describe('Of changes: the value by the previous one'),
  total: amount.optional().describe('Of shares: the total that it is a part of'),
  usual_share: z.number().optional().describe('Of absences: the part of the earlier windows that had calls'),
  first_seen: instant.optional().describe('Of new values: their first call'),
});

/** The fields of a finding that only some rule types have. */
export type DescribedJson = z.infer<typeof describedSchema>;

export const findingSchema = z.strictObject({
  group,
  severity,
  metric: z.string(),
  unit: z.string(),
  value: amount,
  bound: amount.describe('The value from which it fires'),
  operator: z.enum(['>=', '>', '<=', '<']),
  window: windowSchema,
  onset: z
    .strictObject({ at: instant, before_per_hour: z.number(), after_per_hour: z.number() })
    .nullable()
    .describe('When the rate left its usual level'),
  ...describedSchema.shape,
  baseline,
  zscore: z.number().nullable(),
  breakdown: z.record(z.string(), z.array(part)).describe('What drives it, by dimension, the largest first'),
  others: z.record(z.string(), others).optional().describe('What each breakdown leaves out'),
  calls: count,
  per_day: exactNumber.nullable().describe('The value a day at the present pace'),
  yesterday: amount.optional().describe('The value of the same window a day earlier'),
  week_ago: amount.optional(),
  split: split.optional().describe('Of spend: what its change from an earlier window is made of'),
  unpriced: z
    .strictObject({ calls: count, models: count.nullable() })
    .optional()
    .describe('Calls of unknown cost: the value is a lower bound'),
  estimated_share: z.number().optional().describe('The part of the cost that rests on a price list'),
  silenced: silencedSchema.optional(),
});

/** A finding as `check` prints it and webhooks carry it (docs/ci.md). */
export type FindingJson = z.infer<typeof findingSchema>;

/** An entry of `observed`. */
export const observationSchema = z.strictObject({
  group,
  value: amount,
  unpriced_calls: count.optional().describe('So many calls of unknown cost the value lacks'),
});

export type ObservationJson = z.infer<typeof observationSchema>;
