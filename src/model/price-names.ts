// Finds the model of a price list that a call's model is.

import type { PriceList } from './price-list.ts';

/** The names of a price list, ready to be looked up. */
export interface PriceNames {
  /** Exact names and aliases; the values are keys of the list's models. */
  readonly exact: ReadonlyMap<string, string>;
  /** Longest first. */
  readonly patterns: readonly string[];
  /** Longest first. */
  readonly strip: readonly string[];
}

export function isPattern(name: string): boolean {
  return name.includes('*');
}

/** The names of a list; an alias that leads to nothing is left out. */
export function priceNames({ models, aliases, strip }: PriceList): PriceNames {
  const longestFirst = (a: string, b: string): number => b.length - a.length;
  const names = Object.keys(models);
  const own = new Map(names.filter((name) => !isPattern(name)).map((name) => [name, name]));
  const bare = {
    exact: own,
    patterns: names.filter(isPattern).sort(longestFirst),
    strip: [...strip].sort(longestFirst),
  };
  const exact = new Map(own);
  for (const alias of Object.keys(aliases)) {
    const model = targetOf(alias, aliases, bare);
    if (model !== null && !own.has(alias)) exact.set(alias, model);
  }
  return { ...bare, exact };
}

/**
 * The key of the list's model that a name stands for; null for none. Looked up in this order: the name (a model's or an
 * alias), the name without its prefixes, the longest pattern that fits the name, and the longest that fits it without prefixes.
 */
export function modelNamed(name: string, { exact, patterns, strip }: PriceNames): string | null {
  const bare = strip.length === 0 ? name : withoutPrefixes(name, strip);
  const fitting = (text: string) => patterns.find((pattern) => fits(text, pattern));
  return exact.get(name) ?? exact.get(bare) ?? fitting(name) ?? fitting(bare) ?? null;
}

/** The model at the end of a chain of aliases; null where it goes round in a circle, or leads to nothing. */
function targetOf(alias: string, aliases: PriceList['aliases'], bare: PriceNames): string | null {
  let name = alias;
  for (const seen = new Set<string>(); Object.hasOwn(aliases, name) && !bare.exact.has(name); ) {
    if (seen.has(name)) return null;
    seen.add(name);
    name = aliases[name] as string;
  }
  return modelNamed(name, bare);
}

/** The longest beginning that consists of prefixes is taken off: `openrouter/openai/gpt-4o` is gpt-4o. */
function withoutPrefixes(name: string, strip: readonly string[]): string {
  const ends = new Set([0]);
  // A set may grow while it is walked through.
  for (const end of ends)
    for (const prefix of strip) if (name.startsWith(prefix, end)) ends.add(end + prefix.length);
  let longest = 0;
  for (const end of ends) longest = Math.max(longest, end);
  return name.slice(longest);
}

function fits(name: string, pattern: string): boolean {
  const parts = pattern.split('*').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`, 's').test(name);
}
