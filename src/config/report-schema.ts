// The schema of a report, and its values as the program uses them.

import { z } from 'zod';
import type { Fixed } from '../model/money.ts';
import { oneLine } from '../model/one-line.ts';
import { REPORT_PERIODS, type ReportConfig } from '../model/report.ts';
import type { Dimension } from '../model/series.ts';
import { commonKeys } from '../rules/rule-keys.ts';
import { decimal, type Fault, fault, faultsBetween, negativeFaults } from '../rules/rule-scalars.ts';
import { schedule } from './scalars.ts';

const modelName = z.string().min(1).meta({ asWritten: true });

const route = z
  .strictObject({
    from: modelName.describe('The model that answered'),
    to: modelName.describe('The model that could have; `audit.prices` must have its price'),
    below_tokens: z
      .int()
      .min(1, { error: 'must be above 0' })
      .exactOptional()
      .describe('Only calls with fewer tokens of input and output together (default: all calls)'),
  })
  .check(faultsBetween(routeFaults));

function routeFaults({ from, to }: Readonly<Record<string, unknown>>): Fault[] {
  if (typeof from !== 'string' || from !== to) return [];
  return [fault('a model is routed to itself', 'name another model', ['to'])];
}

const month = z.string().regex(/^\d{4}-(0[1-9]|1[0-2])$/, { error: 'a month is written like 2026-10' });

/** A report of alerts.yaml. */
export const report = z
  .strictObject({
    name: oneLine({ least: 1, most: 200, error: 'a name has 1 to 200 characters in one line' }).describe(
      'Unique name of at most 200 characters; `spendwatch report NAME` takes it',
    ),
    schedule: schedule.describe('When it is sent, as cron in `timezone`, such as `"0 8 * * mon"`'),
    period: z
      .enum(REPORT_PERIODS)
      .describe('What it is about: the calendar period that ended last; a week begins on Monday'),
    notify: z
      .array(z.string().min(1))
      .exactOptional()
      .describe('Channels (default: `defaults.notify`, else every channel)'),
    where: commonKeys.where,
    group_by: z
      .array(z.string().min(1))
      .exactOptional()
      .describe(
        'Dimensions, each with a table (default: those of service, model and user that the table has)',
      ),
    routing: z
      .array(route)
      .default([])
      .describe('Models that could have answered for others: what that would have saved'),
    invoices: z
      .record(month, decimal)
      .default({})
      .describe('What was billed, by month: `{ 2026-10: 12345.67 }`, in the currency of the store'),
  })
  .check(faultsBetween(reportFaults));

function reportFaults({ group_by: groupBy, invoices }: Readonly<Record<string, unknown>>): Fault[] {
  const dimensions: readonly unknown[] = Array.isArray(groupBy) ? groupBy : [];
  const twice = dimensions.flatMap((name, i) =>
    dimensions.indexOf(name) === i
      ? []
      : [fault('the dimension is named twice', 'name each dimension once', ['group_by', i])],
  );
  const billed = typeof invoices === 'object' && invoices !== null ? Object.entries(invoices) : [];
  const hint = 'write what was billed for the whole month';
  const negative = billed.flatMap(([name, amount]) =>
    negativeFaults(amount, name, hint).map((one) => ({ ...one, path: ['invoices', ...one.path] })),
  );
  return [...twice, ...negative];
}

const USUAL_DIMENSIONS: readonly Dimension[] = ['service', 'model', 'user'];

/** `notify` are the channels of a report that names none, and `dimensions` those that the table has. */
export function reportOf(
  { group_by: groupBy, routing, invoices, ...given }: z.output<typeof report>,
  { notify, dimensions }: { readonly notify: readonly string[]; readonly dimensions: readonly Dimension[] },
): ReportConfig {
  return {
    notify,
    ...given,
    groupBy: groupBy ?? USUAL_DIMENSIONS.filter((name) => dimensions.includes(name)),
    routing: routing.map(({ from, to, below_tokens: belowTokens }) => ({
      from,
      to,
      belowTokens: belowTokens ?? null,
    })),
    invoices: new Map<string, Fixed>(Object.entries(invoices)),
  };
}
