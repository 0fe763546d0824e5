// Registers `spendwatch demo` with its options.

import type { Register } from './registrar.ts';

export const registerDemo: Register = ({ command, io, finish }) => {
  command(
    'demo',
    'the whole thing with nothing installed: 90 days of calls, an incident, and the messages it causes',
  )
    .option('--once', 'ends after the first alerts were delivered', false)
    .action(async (options) => {
      const { demo } = await import('../demo.ts');
      finish(await demo(options, io));
    });
};
