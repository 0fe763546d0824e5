// Reads the price list, prices.yaml.

import { readFile } from 'node:fs/promises';
import { DEFAULT_CURRENCY } from '../../model/currency.ts';
import type { PriceEntry, PriceList } from '../../model/price-list.ts';
import { encodingFault } from '../../model/text-encoding.ts';
import { isRecord } from '../path.ts';
import type { Problem } from '../problem.ts';
import { reasonOf } from '../secret-file.ts';
import { readYaml } from '../yaml-file.ts';
import { entriesOf } from './entry.ts';
import { EXAMPLE, firstFormEntry, hintFor } from './first-form.ts';
import { type ListFile, listFile } from './list-file.ts';
import { aliasesOf, stripOf } from './names.ts';
import { WrittenNumber, writtenText } from './written-number.ts';

/** A price list, or what is wrong with its file. `prices` is null when anything is. */
export interface PriceFile {
  readonly prices: PriceList | null;
  readonly problems: readonly Problem[];
}

const FIRST_KEYS = ['models'];
const KEYS = ['version', 'currency', 'models', 'aliases', 'strip'];
/** Thousands of models, with a price of each kind. */
const MAX_VALUES = 200_000;

/**
 * Reads prices.yaml: `models`, with prices in the currency of costs per million tokens; docs/configuration.md describes both
 * forms. Faults name it as `shownAs`.
 */
export async function readPrices(
  file: string,
  shownAs: string,
  currency: string,
): Promise<PriceFile | { readonly unreadable: string }> {
  try {
    const bytes = await readFile(file);
    const fault = encodingFault(bytes);
    if (fault === null) return parsePrices(shownAs, bytes.toString('utf8'), currency);
    return { prices: null, problems: [{ file: shownAs, column: 1, path: [], ...fault }] };
  } catch (error) {
    return { unreadable: reasonOf(error) };
  }
}

/** Reads a price list from a text. Faults name it as `file`. Costs are in `currency`, and so must be the prices. */
export function parsePrices(file: string, text: string, currency = DEFAULT_CURRENCY): PriceFile {
  const source = readYaml(file, text, {
    scalarOf: (scalar) =>
      typeof scalar.value === 'number' ? new WrittenNumber(scalar.source ?? '') : scalar.value,
    maxValues: MAX_VALUES,
  });
  const list = listFile(source);
  const { value } = source;
  if (source.broken) return { prices: null, problems: list.problems };
  const models = isRecord(value) ? value.models : undefined;
  if (!isRecord(value) || !isRecord(models) || models instanceof WrittenNumber) {
    list.fault(['models'], 'a price list begins with `models:`', EXAMPLE);
    return { prices: null, problems: list.problems };
  }
  const isSecond = Object.hasOwn(value, 'version');
  if (isSecond || value.currency === undefined) currencyFault(list, value, currency);
  const prices = isSecond ? secondForm(list, value, models) : firstForm(list, value, models);
  return { prices: list.problems.length === 0 ? prices : null, problems: list.problems };
}

type Mapping = Readonly<Record<string, unknown>>;

/** A list that names no currency is in USD. */
function currencyFault(list: ListFile, value: Mapping, currency: string): void {
  const { currency: written = DEFAULT_CURRENCY } = value;
  if (written === currency) return;
  const isNamed = value.currency !== undefined;
  const hint = isNamed
    ? `give prices in ${currency}, or say what costs are in: audit.currency. Nothing is converted`
    : `if its prices are in ${currency}, write \`version: 2\` and \`currency: ${currency}\` above \`models:\``;
  const message = `the prices are in ${writtenText(written)}, but costs are in ${currency}`;
  list.fault([isNamed ? 'currency' : 'models'], message, hint);
}

function firstForm(list: ListFile, value: Mapping, models: Mapping): PriceList {
  for (const key of Object.keys(value)) {
    if (!FIRST_KEYS.includes(key))
      list.keyFault([key], `unknown key "${key}"`, hintFor(key, FIRST_KEYS, KEYS));
  }
  return {
    models: entriesBy(models, (model, price) => [firstFormEntry(list, model, price)]),
    aliases: {},
    strip: [],
  };
}

function secondForm(list: ListFile, value: Mapping, models: Mapping): PriceList {
  if (writtenText(value.version) !== '2')
    list.fault(
      ['version'],
      'the version of a price list is 2',
      'a list without `version` has only input and output',
    );
  for (const key of Object.keys(value)) {
    if (!KEYS.includes(key)) list.keyFault([key], `unknown key "${key}"`, hintFor(key, KEYS, []));
  }
  const entries = entriesBy(models, (model, price) => entriesOf(list, model, price));
  const strip = stripOf(list, value.strip);
  return { models: entries, strip, aliases: aliasesOf(list, value.aliases, entries, strip) };
}

function entriesBy(
  models: Mapping,
  entries: (model: string, price: unknown) => readonly PriceEntry[],
): PriceList['models'] {
  return Object.fromEntries(Object.entries(models).map(([model, price]) => [model, entries(model, price)]));
}
