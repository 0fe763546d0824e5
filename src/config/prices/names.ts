// The aliases and prefixes of a price list.

import type { PriceList } from '../../model/price-list.ts';
import { isPattern, priceNames } from '../../model/price-names.ts';
import { nearest } from '../nearest.ts';
import { isRecord } from '../path.ts';
import type { ListFile } from './list-file.ts';
import { WrittenNumber } from './written-number.ts';

const ALIAS_EXAMPLE =
  'such as `aliases: { "azure/gpt-4o": gpt-4o }`: the name in the table, then the name in `models`';
const STRIP_EXAMPLE = 'such as `strip: ["azure/", "openai/"]`';

/** Reads `strip`: prefixes that are taken off. */
export function stripOf(list: ListFile, value: unknown): string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) {
    list.fault(['strip'], 'strip must be a list of prefixes', STRIP_EXAMPLE);
    return [];
  }
  return value.flatMap((prefix: unknown, i) => {
    if (typeof prefix === 'string' && prefix !== '') return [prefix];
    list.fault(['strip', i], 'a prefix must be a text', STRIP_EXAMPLE);
    return [];
  });
}

/** Reads `aliases`: other names of the models. Each must lead to a model. */
export function aliasesOf(
  list: ListFile,
  value: unknown,
  models: PriceList['models'],
  strip: readonly string[],
): PriceList['aliases'] {
  if (value === undefined) return {};
  if (!isRecord(value) || value instanceof WrittenNumber) {
    list.fault(['aliases'], 'aliases must map names to names', ALIAS_EXAMPLE);
    return {};
  }
  const aliases = Object.fromEntries(
    Object.entries(value).flatMap(([alias, model]) => {
      const path = ['aliases', alias];
      if (Object.hasOwn(models, alias))
        list.keyFault(path, `"${alias}" is a model of the list already`, 'remove the alias, or the model');
      else if (isPattern(alias))
        list.keyFault(
          path,
          `the alias "${alias}" is a pattern`,
          'a pattern is a key of `models`, with a price',
        );
      else if (typeof model === 'string') return [[alias, model] as const];
      else list.fault(path, `the alias "${alias}" needs the name of a model`, ALIAS_EXAMPLE);
      return [];
    }),
  );
  const names = priceNames({ models, aliases, strip });
  const told = new Set<string>();
  for (const [alias, model] of Object.entries(aliases)) {
    if (names.exact.has(alias) || told.has(alias)) continue;
    const circle = circleOf(alias, aliases);
    for (const one of circle) told.add(one);
    if (circle.length > 0)
      list.fault(['aliases', alias], `aliases go round in a circle: ${circle.join(' → ')}`, ALIAS_EXAMPLE);
    else if (!Object.hasOwn(aliases, model)) {
      const close = nearest(model, [...names.exact.keys(), ...names.patterns]);
      const hint = close === null ? ALIAS_EXAMPLE : `did you mean "${close}"?`;
      list.fault(['aliases', alias], `the list has no model "${model}"`, hint);
    }
  }
  return aliases;
}

/** The names of a chain that comes back to where it began, with the first one again at the end; none for another chain. */
function circleOf(alias: string, aliases: PriceList['aliases']): string[] {
  const chain = [alias];
  for (let name = aliases[alias]; name !== undefined && !chain.includes(name, 1); ) {
    chain.push(name);
    if (name === alias) return chain;
    name = Object.hasOwn(aliases, name) ? aliases[name] : undefined;
  }
  return [];
}
