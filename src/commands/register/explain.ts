// Registers `spendwatch explain` with its options.

import { collected, instant, oneOf } from './option-values.ts';
import type { Register } from './registrar.ts';

export const registerExplain: Register = ({ withConfig, io, finish }) => {
  withConfig('explain', 'says why a rule fires or does not, and who was told')
    .argument('<rule>', 'its name')
    .option(
      '--group <name=value>',
      'only groups that fit, such as service=search (repeatable)',
      collected,
      [],
    )
    .option(
      '--at <instant>',
      'as of this instant, ISO 8601 with zone (default: now, cut to the minute)',
      instant,
    )
    .option('--format <format>', 'text or json', oneOf('text', 'json'), 'text')
    .option('--direct', 'asks the audit store alone, without sums that a worker keeps', false)
    .action(async (rule: string, options) => {
      const { explain } = await import('../explain.ts');
      finish(await explain({ ...options, rule }, io));
    });
};
