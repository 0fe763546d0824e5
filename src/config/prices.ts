import { readFile } from 'node:fs/promises';
import { ONE, parseFixed } from '../model/money.ts';
import type { PriceList } from '../stores/audit-store.ts';

import { suggestion } from './nearest.ts';
import { isRecord } from './path.ts';
import type { Problem } from './problem.ts';
import { reasonOf } from './secrets.ts';
import { readYaml, type YamlFile } from './yaml-file.ts';

/** A price list, or what is wrong with its file. `prices` is null when anything is. */
export interface PriceFile {
  readonly prices: PriceList | null;
  readonly problems: readonly Problem[];
}

/** A number as its author wrote it: 0.1 as a double is not a tenth of a dollar. */
class WrittenNumber {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** USD per million tokens: what is above is a slip of the pen, and would overflow sums. */
const HIGHEST = 1_000_000n * ONE;
const SIDES = ['input', 'output'] as const;

/** Reads prices.yaml: `models: { NAME-OR-PATTERN: { input: USD, output: USD } }`, USD per million tokens. Faults name it as `shownAs`. */
export async function readPrices(
  file: string,
  shownAs: string,
): Promise<PriceFile | { readonly unreadable: string }> {
  try {
    return parsePrices(shownAs, await readFile(file, 'utf8'));
  } catch (error) {
    return { unreadable: reasonOf(error) };
  }
}

/** The same of a text; `file` is how faults name it. */
export function parsePrices(file: string, text: string): PriceFile {
  const source = readYaml(file, text, (scalar) =>
    typeof scalar.value === 'number' ? new WrittenNumber(scalar.source ?? '') : scalar.value,
  );
  const problems: Problem[] = [...source.problems];
  const { value } = source;
  if (source.broken) return { prices: null, problems };
  const models = isRecord(value) ? value.models : undefined;
  if (!isRecord(value) || !isRecord(models)) {
    problems.push(source.fault(['models'], 'a price list begins with `models:`', EXAMPLE));
    return { prices: null, problems };
  }
  for (const key of Object.keys(value)) {
    if (key !== 'models') problems.push(unknownKey(source, [key], ['models']));
  }
  const prices: Record<string, PriceList[string]> = {};
  for (const [model, price] of Object.entries(models))
    prices[model] = pricesOf(source, model, price, problems);
  return { prices: problems.length === 0 ? prices : null, problems };
}

const EXAMPLE = 'such as `models: { gpt-4.1: { input: 2.00, output: 8.00 } }`, USD per million tokens';

function pricesOf(source: YamlFile, model: string, price: unknown, problems: Problem[]): PriceList[string] {
  const path = ['models', model];
  if (!isRecord(price) || price instanceof WrittenNumber) {
    problems.push(source.fault(path, `the price of ${model} needs input and output`, EXAMPLE));
    return { input: '0', output: '0' };
  }
  for (const key of Object.keys(price)) {
    if (!SIDES.some((side) => side === key)) problems.push(unknownKey(source, [...path, key], SIDES));
  }
  const [input, output] = SIDES.map((side) => {
    const fault = faultOf(price[side]);
    if (fault === null) return decimalText(price[side]);
    problems.push(source.fault([...path, side], `the ${side} price of ${model} ${fault}`, EXAMPLE));
    return '0';
  });
  return { input: input ?? '0', output: output ?? '0' };
}

function decimalText(value: unknown): string {
  return value instanceof WrittenNumber ? value.text : String(value);
}

function faultOf(value: unknown): string | null {
  if (value === undefined) return 'is missing';
  const isText = value instanceof WrittenNumber || typeof value === 'string';
  const price = isText ? parseFixed(decimalText(value)) : null;
  if (price === null) return 'is not a decimal number';
  if (price < 0n) return 'is negative';
  return price > HIGHEST ? 'is above a million dollars' : null;
}

function unknownKey(source: YamlFile, path: readonly string[], known: readonly string[]): Problem {
  const key = path.at(-1) ?? '';
  return source.keyFault(path, `unknown key "${key}"`, suggestion(key, known, 'keys that are known here'));
}
