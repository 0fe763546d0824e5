// Reads the price list, prices.yaml.

import { readFile } from 'node:fs/promises';
import { FIXED_DIGITS, formatFixed, ONE, parseFixed } from '../model/money.ts';
import { encodingFault } from '../model/text-encoding.ts';
import type { PriceList } from '../stores/audit-store.ts';
import { suggestion } from './nearest.ts';
import { isRecord } from './path.ts';
import type { Problem } from './problem.ts';
import { reasonOf } from './secret-file.ts';
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

/** USD per million tokens. A higher price is a typing error, and would overflow sums. */
const HIGHEST = 1_000_000n * ONE;
/** The cheapest models cost tens of times more. A lower price other than 0 is a price per token. */
const LOWEST = ONE / 1_000n;
const SIDES = ['input', 'output'] as const;

/** Reads prices.yaml: `models: { NAME-OR-PATTERN: { input: USD, output: USD } }`, USD per million tokens. Faults name it as `shownAs`. */
export async function readPrices(
  file: string,
  shownAs: string,
): Promise<PriceFile | { readonly unreadable: string }> {
  try {
    const bytes = await readFile(file);
    const fault = encodingFault(bytes);
    if (fault === null) return parsePrices(shownAs, bytes.toString('utf8'));
    return { prices: null, problems: [{ file: shownAs, column: 1, path: [], ...fault }] };
  } catch (error) {
    return { unreadable: reasonOf(error) };
  }
}

/** Reads a price list from a text. Faults name it as `file`. */
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
    const message = `the ${side} price of ${model} ${fault.message}`;
    problems.push(source.fault([...path, side], message, fault.hint ?? EXAMPLE));
    return '0';
  });
  return { input: input ?? '0', output: output ?? '0' };
}

function decimalText(value: unknown): string {
  return value instanceof WrittenNumber ? value.text : String(value);
}

interface PriceFault {
  readonly message: string;
  readonly hint?: string;
}

function faultOf(value: unknown): PriceFault | null {
  if (value === undefined) return { message: 'is missing' };
  const isText = value instanceof WrittenNumber || typeof value === 'string';
  const text = decimalText(value).trim();
  const price = isText ? parseFixed(text) : null;
  if (price === null) return { message: 'is not a decimal number' };
  if (price < 0n) return { message: 'is negative' };
  if (price > HIGHEST) {
    return {
      message: `is ${text}, above a million dollars: prices are per million, not per token`,
      hint: 'write USD per million tokens, such as 2.00',
    };
  }
  // 1e-20 is not 0, although it becomes 0 in the precision of money.
  if (price >= LOWEST || !/^[^eE]*[1-9]/.test(text)) return null;
  const perMillion = parseFixed(text.replace(/(?:[eE]([+-]?\d+))?$/, (_, e = '0') => `e${Number(e) + 6}`));
  const meant = perMillion === null || perMillion === 0n ? '' : `: ${formatFixed(perMillion, FIXED_DIGITS)}`;
  return {
    message: `is ${text}: prices are per million, not per token`,
    hint: `write USD per million tokens${meant}; 0 means free`,
  };
}

function unknownKey(source: YamlFile, path: readonly string[], known: readonly string[]): Problem {
  const key = path.at(-1) ?? '';
  return source.keyFault(path, `unknown key "${key}"`, suggestion(key, known, 'keys that are known here'));
}
