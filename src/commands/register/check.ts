// Registers `spendwatch check` with its options.

import { collected, instant, oneOf } from './option-values.ts';
import type { Register } from './registrar.ts';

export const registerCheck: Register = ({ withConfig, io, finish }) => {
  withConfig('check', 'evaluates every rule once, now, and prints the result')
    .option('--rule <name>', 'only this rule (repeatable)', collected, [])
    .option(
      '--at <instant>',
      'as of this instant, ISO 8601 with zone (default: now, cut to the minute)',
      instant,
    )
    .option('--format <format>', 'table, json or nagios', oneOf('table', 'json', 'nagios'), 'table')
    .option('--direct', 'asks the audit store alone, without sums that a worker keeps', false)
    .option('--notify', 'also sends notifications as the worker would, once per dedupe period', false)
    .action(async (options) => {
      const { check } = await import('../check.ts');
      finish(await check(options, io));
    });
};
