// Registers `spendwatch status` with its options.

import { oneOf } from './option-values.ts';
import type { Register } from './registrar.ts';

export const registerStatus: Register = ({ withConfig, io, finish }) => {
  withConfig('status', 'what fires, incidents, silences, queues, the last poll')
    .option('--format <format>', 'table or json', oneOf('table', 'json'), 'table')
    .action(async (options) => {
      const { status } = await import('../status.ts');
      finish(await status(options, io));
    });
};
