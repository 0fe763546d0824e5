// Registers `spendwatch report` with its options.

import { instant, oneOf } from './option-values.ts';
import type { Register } from './registrar.ts';

export const registerReport: Register = ({ withConfig, io, finish }) => {
  withConfig('report', 'prints a report of the day, week or month that ended last, or sends it')
    .argument('<name>', 'its name')
    .option(
      '--at <instant>',
      'of the period that ended last before this instant, ISO 8601 with zone (default: now)',
      instant,
    )
    .option(
      '--format <format>',
      'text, html (a page for the screen, a phone and paper), json or csv',
      oneOf('text', 'html', 'json', 'csv'),
      'text',
    )
    .option('--send', 'sends it to its channels in place of printing it, once for its period')
    .action(async (name: string, options) => {
      const { report } = await import('../report.ts');
      finish(await report({ ...options, name }, io));
    });
};
