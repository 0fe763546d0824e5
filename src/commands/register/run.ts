// Registers `spendwatch run` with its options.

import type { Register } from './registrar.ts';

export const registerRun: Register = ({ withConfig, io, finish, version }) => {
  withConfig('run', 'the worker: polls on schedule, delivers, serves HTTP').action(async (options) => {
    const { run } = await import('../run.ts');
    finish(await run({ ...options, version }, io));
  });
};
