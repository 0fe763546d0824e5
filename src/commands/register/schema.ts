// Registers `spendwatch schema` with its options.

import type { Register } from './registrar.ts';

export const registerSchema: Register = ({ command, io, finish }) => {
  command('schema', 'prints the JSON Schema of alerts.yaml for editors').action(async () => {
    const { schema } = await import('../schema.ts');
    finish(await schema(io));
  });
};
