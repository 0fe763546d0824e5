// Registers `spendwatch import` with its options.

import type { Register } from './registrar.ts';

export const registerImport: Register = ({ withConfig, io, finish }) => {
  withConfig('import', 'loads .jsonl and .csv files, or - for JSON Lines on stdin, into the audit store')
    .argument('<files...>', 'files to load')
    .action(async (files: string[], options) => {
      const { importFiles } = await import('../import.ts');
      finish(await importFiles({ ...options, files }, io));
    });
};
