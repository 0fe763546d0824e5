// Registers `spendwatch validate` with its options.

import type { Register } from './registrar.ts';

export const registerValidate: Register = ({ withConfig, io, finish }) => {
  withConfig('validate', 'reads the file and reports every fault with its place, reason and a hint')
    .option('--connect', 'also opens the stores and channels; sends nothing', false)
    .action(async (options) => {
      const { validate } = await import('../validate.ts');
      const { exitCode, config } = await validate(options.config, io, { sends: options.connect });
      if (config === null || !options.connect) return finish(exitCode);
      const { connect } = await import('../connect.ts');
      finish(await connect(config, io));
    });
};
