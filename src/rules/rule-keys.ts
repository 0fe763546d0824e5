// The keys that every rule type has.

import { z } from 'zod';
import { linkFault, linkUrl } from '../model/link.ts';
import type { ErrorFilter, FailureKind } from '../model/measure.ts';
import { describeMetric, isMetric, METRICS, type Metric, metricOf } from '../model/metric.ts';
import { OWN_NAME } from '../model/own-metric.ts';
import { type Rule, SEVERITIES, type Severity } from '../model/rule.ts';
import type { WindowSpec } from '../model/window.ts';
import { condition, duration, type Fault, fault, numberBetween, windowText } from './rule-scalars.ts';
import type { RuleDefaults } from './rule-type.ts';

const DAY = 86_400_000;
const RESOLVE_AFTER_MS = 15 * 60_000;
const channelList = z.array(z.string().min(1));

const failureKind = z
  .union([z.enum(['4xx', '5xx', 'timeout']), z.int().min(100).max(599), z.string().regex(/^[1-5]\d\d$/)], {
    error: 'expected an HTTP status, 4xx, 5xx or timeout',
  })
  .transform((kind) => (/^\d+$/.test(String(kind)) ? Number(kind) : (kind as FailureKind)));

const errorFilter = z
  .union([z.array(failureKind).min(1), z.strictObject({ not: z.array(failureKind).min(1) })], {
    error: 'expected a list of failures or { not: [failures] }',
  })
  .transform((given, context): ErrorFilter => {
    const [kinds, path] = Array.isArray(given) ? [given, []] : [given.not, ['not']];
    for (const [i, kind] of kinds.entries()) {
      if (typeof kind !== 'number' || kind < 200 || kind > 399) continue;
      const hint = 'calls with a status of 200 to 399 did not fail';
      context.issues.push(fault('this status is not a failure', hint, [...path, i]));
    }
    return Array.isArray(given) ? { in: given } : { notIn: given.not };
  });

/** Editors complete the metrics of the catalogue, and take other names. The loader puts what the file declares in their place. */
const metricName = z
  .string()
  .meta({ title: 'metric', anyOf: [{ enum: METRICS }, { type: 'string', pattern: OWN_NAME.source }] })
  .transform((name, context): Metric => {
    if (isMetric(name)) return name;
    context.issues.push({ code: 'invalid_value', values: METRICS, input: name });
    return z.NEVER;
  });

const MOST_LINKS = 5;

const link = z
  .string()
  .meta({ title: 'URL' })
  .superRefine((text, context) => {
    const found = linkFault(text);
    if (found !== null) context.addIssue(fault(found.message, found.hint));
  });

/** Names that Prometheus takes, and that neither its metrics nor Alertmanager use for something else. */
const TAKEN_LABELS = ['rule', 'owner', 'severity', 'alertname', 'source', 'installation', 'le', 'quantile'];
const labelName = z
  .string()
  .regex(/^(?!__)[A-Za-z_][A-Za-z0-9_]{0,62}$/, {
    error: 'a label has letters, digits and _, without a digit first',
  })
  .refine((name) => !TAKEN_LABELS.includes(name), {
    error: 'this label has a meaning of its own: choose another name',
  });

/** The keys that every rule type has, as written in alerts.yaml; `ruleBase` makes a Rule of them. */
export const commonKeys = {
  name: z.string().min(1).max(200).describe('Unique name of at most 200 characters; alerts carry it'),
  enabled: z.boolean().default(true).describe('`false` keeps the rule in the file without evaluating it'),
  metric: metricName.describe('What is measured: a metric, or a name under `audit.measures`'),
  errors: errorFilter
    .optional()
    .describe(
      'Failed calls that count in errors, error_rate and wasted_spend: statuses, `4xx`, `5xx`, `timeout`, or all but those of `{ not: [429] }` (default: all)',
    ),
  window: windowText.describe('Span of time that is measured, such as `15m`, `24h` or `today`'),
  group_by: z
    .array(z.string().min(1))
    .default([])
    .describe('Dimensions; each group of values is evaluated by itself'),
  where: z
    .record(z.string(), condition)
    .default({})
    .describe('Which calls count, by dimension: a value, a list of values, or `{ not: [values] }`'),
  severity: z.enum(SEVERITIES).optional().describe('Severity of what fires (default: `defaults.severity`)'),
  notify: z
    .union(
      [
        channelList,
        z.strictObject({
          info: channelList.optional(),
          warning: channelList.optional(),
          critical: channelList.optional(),
        }),
      ],
      { error: 'expected a list of channels, or lists by severity (info, warning, critical)' },
    )
    .optional()
    .describe(
      'Channels, or lists of channels by severity (default: `defaults.notify`, also for a severity left out)',
    ),
  message: z.string().max(2_000).optional().describe('Text in every alert, at most 2,000 characters'),
  owner: z.string().min(1).max(80).optional().describe('Who is responsible, shown in every alert'),
  runbook: link.optional().describe('URL of what to do about it'),
  links: z
    .record(z.string().min(1).max(40), link)
    .refine((links) => Object.keys(links).length <= MOST_LINKS, { error: `at most ${MOST_LINKS} links` })
    .default({})
    .describe(
      `URLs by label, at most ${MOST_LINKS}, such as \`Dashboard: https://…?service={{ group.service }}\``,
    ),
  labels: z
    .record(labelName, z.string().max(200))
    .default({})
    .describe(
      'Labels in JSON, in the metric `spendwatch_rule_info` and in Alertmanager, such as `team: search`',
    ),
  for: duration({ maxMs: DAY, limitText: 'at most 24h' })
    .optional()
    .describe('How long the condition must have held, at every scheduled evaluation (default: `0s`)'),
  delay: duration()
    .optional()
    .describe('Evaluates as of this long ago, for tables whose rows arrive late (default: `0s`)'),
  resolve_after: z
    .union([z.literal(0), duration({ maxMs: DAY, limitText: 'at most 24h' })], {
      error: 'expected a duration of at most 24h, or 0',
    })
    .optional()
    .describe('How long the condition must not have held before an alert is resolved (default: `15m`)'),
  dedupe: z
    .enum(['day', 'hour', 'week', 'month', 'episode'])
    .default('day')
    .describe('Period in which an alert is notified once; `episode` ends when it no longer holds'),
  growth: z
    .union([z.literal('off'), numberBetween(1, 1e9, { above: true })], {
      error: 'expected a number above 1, or off',
    })
    .prefault(10)
    .describe('Notified again at this many times the value last notified'),
  min_calls: numberBetween(0, 1e15, { whole: true })
    .optional()
    .describe(
      'Groups with fewer calls in the window do not fire (default: `0`; `30` for anomalies of ratios and percentiles)',
    ),
};

/** The window of a rule may be another one than its keys can say. */
type CommonKeys = Omit<z.output<z.ZodObject<typeof commonKeys>>, 'window'> & { readonly window: WindowSpec };

/**
 * Faults between common keys. They are collected beside the faults of single keys, so that one kind does not hide the other.
 * Any key may be missing or invalid.
 */
export function commonFaults(keys: object): Fault[] {
  const { metric, errors, window, group_by: groupBy } = keys as Readonly<Record<string, unknown>>;
  const faults: Fault[] = [];
  const known = metricOf(metric);
  if (errors !== undefined && known !== undefined && !takesErrors(known)) {
    const takers = METRICS.filter(takesErrors).join(', ');
    faults.push(
      fault(
        `${describeMetric(known).name} does not look at failed calls`,
        `leave errors out, or use ${takers}`,
        ['errors'],
      ),
    );
  }
  if (known !== undefined && describeMetric(known).isByMinute && isPartOfMinutes(window)) {
    faults.push(
      fault(`${known} counts whole minutes`, 'use a window of whole minutes, such as 1m or 90m', ['window']),
    );
  }
  listOf(groupBy).forEach((dimension, i, all) => {
    if (all.indexOf(dimension) === i) return;
    faults.push(fault('the dimension is named twice', 'name each dimension once', ['group_by', i]));
  });
  return faults;
}

/** The fault of a metric that does not add up: `messageOf` its name. None of what is no metric. */
export function notAdditiveFaults(
  metric: unknown,
  messageOf: (name: string) => string,
  hint = 'use a metric that adds up, such as spend, calls or tokens',
): Fault[] {
  const known = metricOf(metric);
  if (known === undefined || describeMetric(known).additive) return [];
  return [fault(messageOf(describeMetric(known).name), hint, ['metric'])];
}

/** Makes the common part of a rule from its keys and the file's defaults. `minCalls` is the rule type's own default. */
export function ruleBase(keys: CommonKeys, defaults: RuleDefaults, minCalls = 0): Omit<Rule, 'type'> {
  return {
    name: keys.name,
    enabled: keys.enabled,
    severity: keys.severity ?? defaults.severity,
    metric: keys.metric,
    errors: keys.errors ?? null,
    window: keys.window,
    groupBy: keys.group_by,
    where: keys.where,
    notify: notifyBySeverity(keys.notify ?? defaults.notify, defaults),
    message: keys.message ?? null,
    owner: keys.owner ?? null,
    runbook: keys.runbook === undefined ? null : linkUrl(keys.runbook),
    links: keys.links,
    labels: keys.labels,
    forMs: keys.for ?? 0,
    delayMs: keys.delay ?? 0,
    resolveAfterMs: keys.resolve_after ?? RESOLVE_AFTER_MS,
    dedupe: keys.dedupe,
    growth: keys.growth === 'off' ? null : keys.growth,
    minCalls: keys.min_calls ?? minCalls,
  };
}

function notifyBySeverity(
  given: readonly string[] | NonNullable<Exclude<CommonKeys['notify'], readonly string[]>>,
  defaults: RuleDefaults,
): Record<Severity, readonly string[]> {
  const of = (severity: Severity) => ('length' in given ? given : (given[severity] ?? defaults.notify));
  return { info: of('info'), warning: of('warning'), critical: of('critical') };
}

function isPartOfMinutes(window: unknown): boolean {
  const { ms } = (window ?? {}) as { readonly ms?: unknown };
  return typeof ms === 'number' && ms % 60_000 !== 0;
}

function takesErrors(metric: Metric): boolean {
  return describeMetric(metric).takesErrors;
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
