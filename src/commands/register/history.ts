// Registers `spendwatch history` with its command and their options.

import type { Command } from 'commander';
import { collected, count, duration, oneOf } from './option-values.ts';
import type { Register } from './registrar.ts';

const WEEK_MS = 7 * 86_400_000;
const outcome = oneOf('delivered', 'pending', 'given_up');

export const registerHistory: Register = ({ withConfig, io, finish }) => {
  const history = withConfig('history', 'what was told in the last days, and what became of it; retry')
    .option('--since <duration>', 'the last 24h, 7d, 30d (default: 7d)', duration, WEEK_MS)
    .option('--rule <name>', 'what told of this rule (repeatable)', collected, [])
    .option('--channel <name>', 'what went to this channel (repeatable)', collected, [])
    .option(
      '--outcome <outcome>',
      'only what is delivered, pending or given_up (repeatable)',
      (value, earlier: string[]) => collected(outcome(value), earlier),
      [],
    )
    .option('--limit <count>', 'how many at most, the newest', count, 50)
    .option('--format <format>', 'table or json', oneOf('table', 'json'), 'table')
    .action(async (options) => {
      const { historyOf } = await import('../history/list.ts');
      finish(await historyOf(options, io));
    });

  withConfig('retry', 'sends a delivery now that was given up, or that waits for its next attempt', history)
    .argument('<id>', 'its id, as `history` prints it')
    .action(async (id: string, _, retry: Command) => {
      const { retryDelivery } = await import('../history/retry.ts');
      // `history` takes --config, wherever it stands.
      const { config } = retry.optsWithGlobals<{ config: string }>();
      finish(await retryDelivery({ config, id }, io));
    });
};
