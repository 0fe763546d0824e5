// Registers `spendwatch test-channel` with its options.

import type { Register } from './registrar.ts';

export const registerTestChannel: Register = ({ withConfig, io, finish }) => {
  withConfig('test-channel', 'sends one clearly marked drill message and prints the answer of the receiver')
    .argument('[names...]', 'channels of alerts.yaml')
    .option('--all', 'every channel', false)
    .action(async (names: string[], options) => {
      const { testChannel } = await import('../test-channel.ts');
      finish(await testChannel({ ...options, names }, io));
    });
};
