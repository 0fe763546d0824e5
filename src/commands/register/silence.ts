// Registers `spendwatch silence` with its commands and their options.

import { duration, instant, oneOf } from './option-values.ts';
import type { Register } from './registrar.ts';

const MATCH = 'what must fit, all of it: rule=NAME, incident=ID, service=NAME…; user=null is NULL';

export const registerSilence: Register = ({ command, withConfig, io, finish }) => {
  const silence = command('silence', 'silences without an edit of alerts.yaml: add, list, end');

  withConfig('add', 'silences what fits, from the next poll on', silence)
    .argument('<match...>', MATCH)
    .option('--for <duration>', 'for so long: 90m, 2h, 7d', duration)
    .option('--until <instant>', 'until this instant, ISO 8601 with zone', instant)
    .option('--from <instant>', 'from this instant on (default: now)', instant)
    .option('--reason <text>', 'why, shown beside what is silenced', '')
    .option('--by <name>', 'who silences it (default: user@host)')
    .action(async (match: string[], { for: forMs, ...options }) => {
      const { addSilenceOf } = await import('../silence/add.ts');
      finish(await addSilenceOf({ ...options, forMs, match }, io));
    });

  withConfig('list', 'prints the silences that were added and are not over', silence)
    .option('--all', 'also those that are over, for 90 days', false)
    .option('--format <format>', 'table or json', oneOf('table', 'json'), 'table')
    .action(async (options) => {
      const { listSilencesOf } = await import('../silence/list.ts');
      finish(await listSilencesOf(options, io));
    });

  withConfig('end', 'ends a silence that was added', silence)
    .argument('<id>', 'its id, as `silence list` prints it')
    .action(async (id: string, options) => {
      const { endSilenceOf } = await import('../silence/end.ts');
      finish(await endSilenceOf({ ...options, id }, io));
    });
};
