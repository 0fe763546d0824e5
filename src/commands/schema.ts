// `spendwatch schema`: prints the JSON Schema of alerts.yaml.

import { alertsJsonSchema } from '../config/schema.ts';

/** Prints the JSON Schema for editors. Returns the exit code. */
export function schema(io: { readonly out: (line: string) => void }): number {
  io.out(JSON.stringify(alertsJsonSchema(), null, 2));
  return 0;
}
