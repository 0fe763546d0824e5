// The schema of alerts.yaml: its type, its validation and its JSON Schema in one.

import { z } from 'zod';
import { channelTypes } from '../channels/index.ts';
import { withTermKeys } from '../channels/term-keys.ts';
import { proxyKey } from '../channels/transport/proxy-choice.ts';
import { oneLine } from '../model/one-line.ts';
import { type Rule, SEVERITIES } from '../model/rule.ts';
import { secretUrlKey } from '../model/secret-key.ts';
import { ruleTypes } from '../rules/index.ts';
import { duration } from '../rules/rule-scalars.ts';
import type { RuleDefaults } from '../rules/rule-type.ts';
import { auditSchema } from './audit-schema.ts';
import { withFileKeys } from './editor-schema.ts';
import type { JsonSchema } from './json-schema.ts';
import { DEFAULT_LISTEN } from './listen.ts';
import { report } from './report-schema.ts';
import { apiToken, databaseUrl, listenAddress, schedule, timezone } from './scalars.ts';
import { silence } from './silence-schema.ts';

const channelNames = z.array(z.string().min(1));

const http = z.strictObject({
  listen: listenAddress
    .prefault(DEFAULT_LISTEN)
    .describe(
      'Address of /healthz, /readyz, /metrics and the API; `:9464` is every address, `off` serves nothing',
    ),
  token: apiToken.exactOptional(),
});

/** A union of the members of a registry, which differ in their `type`. */
function oneOfTypes<T>(members: readonly { readonly schema: z.ZodType<T> }[]) {
  // The type of the registry does not say that each member is an object with a literal `type`. A test checks that.
  const schemas = members.map(({ schema }) => schema) as unknown as [z.core.$ZodTypeDiscriminable];
  return z.discriminatedUnion('type', schemas) as unknown as z.ZodType<T>;
}

const rule = oneOfTypes<(defaults: RuleDefaults) => Rule>(Object.values(ruleTypes));
const channel = oneOfTypes<{ type: string }>(channelTypes.map((type) => ({ schema: withTermKeys(type) })));

/** alerts.yaml: its type, its validation and its JSON Schema. */
export const alertsSchema = z.strictObject({
  version: z
    .literal(1, { error: 'must be 1, the only version of the format that there is' })
    .describe('Version of the file format'),
  name: oneLine({ least: 1, most: 60, error: 'a name has 1 to 60 characters in one line' })
    .exactOptional()
    .describe('Which installation this is, such as `production`: messages and JSON say it'),
  timezone: timezone.prefault('UTC').describe('Zone of `schedule`, calendar windows and dedupe periods'),
  schedule: schedule
    .prefault('* * * * *')
    .describe('When to poll: five cron fields, or six with seconds first'),
  audit: auditSchema,
  state: z
    .strictObject({
      url: z
        .union([z.literal('').transform(() => null), databaseUrl('Database of the state')])
        .default(null)
        .meta({
          secret: true,
          title: 'database URL',
          description: 'Database of the state, in its schema `spendwatch` (default: the audit database)',
        }),
    })
    .default({ url: null })
    .describe('Where spendwatch keeps what it notified and what is still to be sent'),
  defaults: z
    .strictObject({
      notify: channelNames
        .exactOptional()
        .describe('Channels of rules that name none (default: every channel)'),
      severity: z.enum(SEVERITIES).default('warning').describe('Severity of rules that name none'),
    })
    .default({ severity: 'warning' })
    .describe('Defaults of rules'),
  channels: z
    .record(
      z.string().regex(/^\S{1,100}$/, { error: 'a channel name has 1 to 100 letters without spaces' }),
      channel,
    )
    .default({})
    .describe('Where notifications go, by name (1 to 100 characters without spaces)'),
  rules: z
    .array(rule)
    .min(1, { error: 'no rule: there is nothing to watch' })
    .describe('What is watched: at least one rule, each with a name and a type'),
  reports: z.array(report).default([]).describe('What is said of each day, week or month, on a schedule'),
  silences: z.array(silence).default([]).describe('Times in which matching findings are not notified'),
  incidents: z
    .strictObject({
      by: z
        .string()
        .min(1)
        .exactOptional()
        .describe(
          'Dimension whose values incidents are about (default: the first of service, model and user)',
        ),
      interval: duration({ maxMs: 3_600_000, limitText: 'at most 1h' })
        .prefault('5m')
        .describe('How long alerts that join an open incident are gathered before people are told'),
    })
    .prefault({})
    .describe('How alerts are grouped for people'),
  health: z
    .strictObject({
      notify: channelNames
        .exactOptional()
        .describe('Channels for reports about spendwatch itself (default: all that enabled rules name)'),
      blind_after: z
        .int()
        .min(1)
        .max(10_000)
        .default(3)
        .describe('Failed polls in a row after which spendwatch reports that it cannot see'),
      unpriced: z
        .enum(['on', 'off'])
        .default('on')
        .describe('Whether calls without a price are reported, once a day'),
    })
    .default({ blind_after: 3, unpriced: 'on' })
    .describe('What spendwatch reports about itself'),
  heartbeat: z
    .strictObject({
      url: secretUrlKey('URL that gets a GET after each good poll, at most once a minute'),
      proxy: proxyKey.exactOptional(),
    })
    .exactOptional()
    .describe('A dead man’s switch: it notices when the whole machine is gone'),
  http: http.prefault({}).describe('HTTP server of the worker'),
});

export type Alerts = z.output<typeof alertsSchema>;

/** The JSON Schema that the loader reads. It marks secrets, which may also come from a file. */
export function loaderSchema(): JsonSchema {
  return z.toJSONSchema(alertsSchema, { io: 'input', unrepresentable: 'any' }) as JsonSchema;
}

/** The JSON Schema of alerts.yaml for editors. */
export function alertsJsonSchema(): JsonSchema {
  return withFileKeys(loaderSchema());
}
