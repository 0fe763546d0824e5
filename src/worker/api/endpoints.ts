// The endpoints of the API, an entry each.

import { z } from 'zod';
import type { App } from '../../app.ts';
import { ruleJson } from '../../check/json.ts';
import { statusOf } from '../../check/result.ts';
import { checkedFindingSchema, checkedRuleSchema, checkSchema } from '../../check/schema.ts';
import { historyJson } from '../../history/json.ts';
import { findHistory } from '../../history/read.ts';
import { deliverySchema, historySchema } from '../../history/schema.ts';
import { type JsonValue, jsonText } from '../../model/json.ts';
import { isoInstant } from '../../model/window.ts';
import { alertJson, incidentJson } from '../../status/json.ts';
import { alertSchema, incidentSchema, statusSchema } from '../../status/schema.ts';
import { silencesNow } from '../../status/silences-now.ts';
import { alertsNow, incidentNow } from '../../status/status.ts';
import type { Worker } from '../worker.ts';
import { ApiError, errorSchema } from './answer.ts';
import type { LatestPoll } from './latest-poll.ts';
import type { Asked, ParameterName } from './parameters.ts';
import { ANSWER_MS } from './state-reads.ts';

/** What is asked. */
export interface Asking {
  readonly app: App;
  readonly worker: Worker | null;
  readonly asked: Asked;
}

export interface Endpoint {
  readonly path: `/api/v1/${string}`;
  /** One line. */
  readonly summary: string;
  readonly description: string;
  readonly parameters: readonly ParameterName[];
  /** Of the answer. */
  readonly schema: z.ZodType;
  /** Whether the state store is asked; otherwise the worker knows the answer. */
  readonly asksState: boolean;
  /** JSON text. */
  answer(asking: Asking): Promise<string>;
}

const rulesSchema = z.strictObject({
  ...checkSchema.pick({ name: true, at: true, status: true }).shape,
  data: checkSchema.shape.data.pick({ newest_row: true }),
  ...checkSchema.pick({ rules: true, error: true }).shape,
});

const alertsSchema = statusSchema.pick({ at: true, alerts: true, more_alerts: true });

const incidentsSchema = statusSchema.pick({ at: true, incidents: true }).extend({
  more_incidents: statusSchema.shape.more_alerts,
});

/** The schemas that have a name in OpenAPI. */
export const NAMED_SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  Rules: rulesSchema,
  Rule: checkedRuleSchema,
  Finding: checkedFindingSchema,
  Incidents: incidentsSchema,
  Incident: incidentSchema,
  Alerts: alertsSchema,
  Alert: alertSchema,
  Deliveries: historySchema,
  Delivery: deliverySchema,
  Error: errorSchema,
};

const WEEK_MS = 7 * 86_400_000;
/** Settled deliveries are kept for 90 days, and pending ones are not older. */
const KEPT_MS = 90 * 86_400_000;

export const ENDPOINTS: readonly Endpoint[] = [
  {
    path: '/api/v1/rules',
    summary: 'Every enabled rule, with what the latest poll found',
    description:
      'As `check` shows it, from memory: nothing is asked of the audit store. Findings are without breakdown, and at most 100 a rule. 503 before the first poll, and from a worker that stands by.',
    parameters: [],
    schema: rulesSchema,
    asksState: false,
    answer: async ({ app, worker }) => rulesText(app, latestOf(worker)),
  },
  {
    path: '/api/v1/incidents',
    summary: 'The open incidents, the most severe first',
    description: 'As in `status`.',
    parameters: ['rule', 'limit'],
    schema: incidentsSchema,
    asksState: true,
    async answer({ app, asked: { rules, limit } }) {
      const rows = await (await app.state()).readOpenIncidents(ANSWER_MS);
      const found = rows.filter(
        (row) => rules.length === 0 || row.rules.some((rule) => rules.includes(rule)),
      );
      const json: z.infer<typeof incidentsSchema> = {
        at: isoInstant(app.now()),
        incidents: found.slice(0, limit).map((row) => incidentJson(incidentNow(row))),
        more_incidents: Math.max(0, found.length - limit),
      };
      return jsonText(json, 2);
    },
  },
  {
    path: '/api/v1/alerts',
    summary: 'The groups that fire, the most severe first',
    description: 'As in `status`.',
    parameters: ['rule', 'limit'],
    schema: alertsSchema,
    asksState: true,
    answer: alertsText,
  },
  {
    path: '/api/v1/deliveries',
    summary: 'The messages to channels, the newest first',
    description: 'As in `history`. Without `since` and `outcome`, those that are still to be sent.',
    parameters: ['since', 'rule', 'channel', 'outcome', 'limit'],
    schema: historySchema,
    asksState: true,
    answer: deliveriesText,
  },
];

function latestOf(worker: Worker | null): LatestPoll {
  const latest = worker?.latestPoll() ?? null;
  if (latest !== null) return latest;
  const isStandby = worker?.leads() === false;
  throw new ApiError(
    503,
    isStandby ? 'standing_by' : 'no_poll_yet',
    isStandby ? 'another worker polls, and this one does not know what it found' : 'no poll has ended yet',
    {
      hint: isStandby ? 'ask the worker whose spendwatch_leader is 1' : 'try again in a moment',
      headers: { 'retry-after': isStandby ? '60' : '5' },
    },
  );
}

/** Made once a poll, however often it is asked for. */
const rulesTexts = new WeakMap<LatestPoll, string>();

function rulesText({ config }: App, latest: LatestPoll): string {
  const known = rulesTexts.get(latest);
  if (known !== undefined) return known;
  const { at, newestRow, rules, error } = latest;
  const text = jsonText(
    {
      name: config.name ?? undefined,
      at: isoInstant(at),
      status: statusOf(latest),
      data: { newest_row: newestRow === null ? null : isoInstant(newestRow) },
      rules: rules.map(ruleJson),
      error: error ?? undefined,
    } satisfies Omit<z.infer<typeof rulesSchema>, 'rules'> & { readonly rules: readonly JsonValue[] },
    2,
  );
  rulesTexts.set(latest, text);
  return text;
}

async function alertsText({ app, asked: { rules: wanted, limit } }: Asking): Promise<string> {
  const { config, fingerprints } = app;
  const now = app.now();
  const rules = config.rules.flatMap((rule) => {
    const fingerprint = fingerprints.get(rule.name);
    const isWanted = rule.enabled && (wanted.length === 0 || wanted.includes(rule.name));
    return isWanted && fingerprint !== undefined ? [{ rule, fingerprint }] : [];
  });
  const state = await (await app.state()).readFiring(
    rules.map(({ fingerprint }) => fingerprint),
    { now, most: limit, limitMs: ANSWER_MS },
  );
  const silences = silencesNow(state.silences, config.silences, now);
  const json: z.infer<typeof alertsSchema> = {
    at: isoInstant(now),
    alerts: alertsNow(state.firing, rules, silences, now).map(alertJson),
    more_alerts: state.firingTotal - state.firing.length,
  };
  return jsonText(json, 2);
}

async function deliveriesText({ app, asked }: Asking): Promise<string> {
  const { rules, channels, sinceMs, limit } = asked;
  const onlyOpen = sinceMs === null && asked.outcomes.length === 0;
  const outcomes = onlyOpen ? (['pending'] as const) : asked.outcomes;
  const until = app.now();
  const since = until - (sinceMs ?? (onlyOpen ? KEPT_MS : WEEK_MS));
  const state = await app.state();
  const found = await findHistory(
    (question, take) => state.readHistory(question, take, ANSWER_MS),
    { since, rules, channels, outcomes },
    { until, limit },
  );
  return jsonText(historyJson(found), 2);
}
