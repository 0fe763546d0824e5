// Turns LiteLLM's model prices into a price list.

import { type Entry, modelPrices } from './litellm-model.ts';

/** A price list as text, and what became of the models of the file. */
export interface ImportedList {
  readonly yaml: string;
  readonly models: number;
  /** Models that are free, of those. */
  readonly free: number;
  /** By reason, how many models have no price in the list. */
  readonly skipped: ReadonlyMap<string, number>;
  /** By kind, how many models of the list have prices that it cannot express. */
  readonly left: ReadonlyMap<string, number>;
}

/** The description of the format, which is among the models. */
const NO_MODEL = 'sample_spec';

/** Turns models into a list; `source` names their file in its first line. */
export function importedList(models: Readonly<Record<string, unknown>>, source: string): ImportedList {
  const skipped = new Map<string, number>();
  const left = new Map<string, number>();
  const lines: string[] = [];
  let free = 0;
  for (const [name, fields] of Object.entries(models)) {
    if (name === NO_MODEL || typeof fields !== 'object' || fields === null) continue;
    const found = modelPrices(name, fields as Record<string, unknown>);
    if ('reason' in found) {
      count(skipped, found.reason);
      continue;
    }
    for (const kind of found.left) count(left, kind);
    if (isFree(found.entry)) free += 1;
    lines.push(`  ${nameYaml(name)}: ${flowYaml(found.entry)}`);
  }
  const head = [
    `# USD per million tokens, by ${source.replace(/[^\x20-\x7e]/g, '?')} (model prices of LiteLLM).`,
    'version: 2',
    'models:',
  ];
  return { yaml: `${[...head, ...lines].join('\n')}\n`, models: lines.length, free, skipped, left };
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

function isFree(entry: Entry): boolean {
  return Object.values(entry).every((value) => value === '0');
}

/** A mapping on one line. */
function flowYaml(entry: Entry): string {
  const pairs = Object.entries(entry).map(
    ([key, value]) => `${key}: ${typeof value === 'string' ? value : flowYaml(value)}`,
  );
  return `{ ${pairs.join(', ')} }`;
}

/** A name as a key, in quotes where YAML would read something else. */
function nameYaml(name: string): string {
  const isPlain = /^[a-z][\w.-]*$/i.test(name) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(name);
  return isPlain ? name : JSON.stringify(name);
}
