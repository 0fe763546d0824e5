// Registers `spendwatch top` with its options.

import { duration } from './option-values.ts';
import type { Register } from './registrar.ts';

const KEYS = `
Keys:
  q, Ctrl-C           end
  Ctrl-Z              stop, until fg
  Up, Down            scroll the rules
  Page Up, Page Down  scroll the rules by a page`;

export const registerTop: Register = ({ withConfig, io, finish }) => {
  withConfig('top', 'a live view on the terminal: spend a minute, rules, incidents, who spends now')
    .option('--interval <duration>', 'how often it looks at the state store (default: 5s)', duration, 5_000)
    .addHelpText('after', KEYS)
    .action(async (options) => {
      const { top } = await import('../top.ts');
      finish(await top(options, io));
    });
};
