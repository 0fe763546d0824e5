// The schema of the JSON of `history`.

import { z } from 'zod';
import { group, instant, severity } from '../model/json-schema.ts';

const count = z.int().min(0);

const toldAlert = z.strictObject({
  id: z.string(),
  rule: z.string(),
  group,
  severity,
  reason: z
    .enum(['new', 'reopened', 'escalated', 'grown', 'ongoing', 'resolved', 'silenced', 'ended'])
    .nullable()
    .describe('Why it was told; null in deliveries of old versions'),
  summary: z.string().describe('One line for people'),
});

/** A message to a channel, with what it told and what became of it. */
export const deliverySchema = z.strictObject({
  id: z.string().describe('The `webhook-id`, and the `Message-ID` before its @'),
  at: instant.describe('When it was queued'),
  type: z.string().describe('`alert.firing`, `alert.resolved`, `health.blind` and so on'),
  channel: z.string(),
  channel_type: z.string(),
  rule: z.string().nullable().describe('The worst rule that it tells of'),
  severity,
  title: z.string(),
  incidents: z.array(z.string()),
  alerts: z.array(toldAlert).describe('Those that the message showed'),
  more: count.describe('How many more it counted'),
  outcome: z.enum(['delivered', 'pending', 'given_up']),
  attempts: count,
  settled_at: instant.nullable().describe('When it was delivered or given up'),
  next_at: instant.nullable().describe('When a pending one is tried next'),
  reported_at: instant.nullable().describe('When other channels were told that it did not arrive'),
  failure: z
    .strictObject({ reason: z.string(), text: z.string() })
    .nullable()
    .describe('Why the last attempt failed'),
});

export type DeliveryJson = z.infer<typeof deliverySchema>;

/** What `history --format json` prints. */
export const historySchema = z.strictObject({
  since: instant,
  until: instant,
  more: z.boolean().describe('Whether there are older ones since `since`'),
  deliveries: z.array(deliverySchema).describe('The newest first'),
});

export type HistoryJson = z.infer<typeof historySchema>;
