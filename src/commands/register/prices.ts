// Registers `spendwatch prices` with its commands and their options.

import { oneOf } from './option-values.ts';
import type { Register } from './registrar.ts';

export const registerPrices: Register = ({ command, withConfig, io, finish }) => {
  const prices = command('prices', 'price lists: import, check');

  prices
    .command('import')
    .description("turns LiteLLM's model_prices_and_context_window.json into a price list")
    .argument('<file>', 'the JSON file, or - for stdin')
    .option('--out <file>', 'writes the list to a new file instead of stdout')
    .action(async (file: string, options) => {
      const { importPrices } = await import('../prices/import.ts');
      finish(await importPrices({ ...options, file }, io));
    });

  withConfig(
    'check',
    'lists models of the last 30 days without a price, or with another than recorded',
    prices,
  )
    .option('--format <format>', 'table or json', oneOf('table', 'json'), 'table')
    .action(async (options) => {
      const { checkPrices } = await import('../prices/check.ts');
      finish(await checkPrices(options, io));
    });
};
