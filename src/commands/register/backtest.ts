// Registers `spendwatch backtest` with its options.

import { collected, oneOf } from './option-values.ts';
import type { Register } from './registrar.ts';

export const registerBacktest: Register = ({ withConfig, io, finish }) => {
  withConfig('backtest', 'what would have been sent between two instants; sends and writes nothing')
    .option('--from <instant>', 'first instant: ISO 8601 with zone, or a date')
    .option('--to <instant>', 'end, itself not included: ISO 8601 with zone, or a date')
    .option('--last <duration>', 'the time up to now, instead of --from and --to: 28d')
    .option('--step <duration>', 'from one instant to the next, or schedule for those of the file', '5m')
    .option('--rule <name>', 'only this rule (repeatable)', collected, [])
    .option('--format <format>', 'table, json or html', oneOf('table', 'json', 'html'), 'table')
    .option('--suggest <n/week>', 'also the limits that would have made so many alerts a week')
    .option('--diff <file>', 'also what the rules of another file would add, drop, or send earlier or later')
    .action(async (options) => {
      const { backtest } = await import('../backtest.ts');
      finish(await backtest(options, io));
    });
};
