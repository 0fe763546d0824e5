// Opens the engine of templates where there is one to fill in.

import type { Templates } from './template.ts';

/** The engine. Its library is loaded here. */
export async function openTemplates(): Promise<Templates> {
  const { liquidTemplates } = await import('./liquid.ts');
  return liquidTemplates();
}
