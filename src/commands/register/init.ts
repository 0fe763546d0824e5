// Registers `spendwatch init` with its options.

import { Option } from 'commander';
import { PRESETS, type PresetName } from '../../stores/presets/index.ts';
import type { Register } from './registrar.ts';

export const registerInit: Register = ({ withConfig, io, finish }) => {
  withConfig('init', 'writes a commented alerts.yaml (never over an existing file)')
    .option(
      '--create-table',
      'creates the default audit table and its indexes in the store that the file names',
      false,
    )
    .addOption(new Option('--stdout', 'prints the file instead of writing it').conflicts('createTable'))
    .addOption(
      new Option('--preset <name>', 'writes the file for a table with a known layout')
        .choices(Object.keys(PRESETS))
        .default('api_audit_logs'),
    )
    .action(async (options) => {
      const preset = options.preset as PresetName;
      const { init, printStarter } = await import('../init.ts');
      if (options.stdout) return finish(printStarter(io, preset));
      const written = await init(options.config, io, preset);
      if (!options.createTable) return finish(written);
      const { createTable } = await import('../create-table.ts');
      finish(await createTable(options.config, io));
    });
};
