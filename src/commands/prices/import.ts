// `spendwatch prices import`: turns LiteLLM's model prices into a price list.

import { readFile, writeFile } from 'node:fs/promises';
import { basename } from 'node:path';
import { text as textOf } from 'node:stream/consumers';
import { isRecord } from '../../config/path.ts';
import { parsePrices } from '../../config/prices/read.ts';
import { formatProblems } from '../../config/problem.ts';
import { reasonOf } from '../../config/secret-file.ts';
import { counted, displayCount } from '../../model/display-value.ts';
import { AppError } from '../../model/errors.ts';
import { type ImportedList, importedList } from '../../prices/litellm-list.ts';
import { parseWrittenJson } from '../../prices/written-json.ts';
import type { Io } from '../io.ts';

export interface ImportPricesOptions {
  readonly file: string;
  /** Where to write the list; absent for stdout. */
  readonly out?: string;
}

/** Prints the list, or writes it; says on stderr what is not in it. Resolves to 0, or to 1 where the file to write exists. */
export async function importPrices(
  { file, out }: ImportPricesOptions,
  io: Pick<Io, 'out' | 'err' | 'stdin'>,
): Promise<0 | 1> {
  const name = file === '-' ? 'stdin' : file;
  const list = importedList(modelsIn(name, await readText(file, io)), basename(name));
  if (list.models === 0)
    throw new AppError('prices_unreadable', `${name} has no model with a price`, { hint: FORMAT });
  const { problems } = parsePrices(name, list.yaml);
  if (problems.length > 0) throw new AppError('prices_unreadable', formatProblems(problems.slice(0, 5)));
  if (out === undefined) io.out(list.yaml.trimEnd());
  else if (!(await written(out, list.yaml))) {
    io.err(`${out} exists and was left as it is`);
    return 1;
  }
  for (const line of summaryOf(list, out)) io.err(line);
  return 0;
}

const FORMAT = "give LiteLLM's model_prices_and_context_window.json";

async function readText(file: string, { stdin }: Pick<Io, 'stdin'>): Promise<string> {
  if (file === '-') return textOf(stdin);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new AppError('prices_unreadable', `${file} cannot be read (${reasonOf(error)})`, { hint: FORMAT });
  }
}

function modelsIn(file: string, text: string): Readonly<Record<string, unknown>> {
  let value: unknown;
  try {
    value = parseWrittenJson(text);
  } catch {
    throw new AppError('prices_unreadable', `${file} is not JSON`, { hint: FORMAT });
  }
  if (isRecord(value)) return value;
  throw new AppError('prices_unreadable', `${file} is not a JSON object of models`, { hint: FORMAT });
}

/** False where the file exists. */
async function written(path: string, yaml: string): Promise<boolean> {
  try {
    // wx checks and creates in one step, so a file that appears meanwhile is not overwritten.
    await writeFile(path, yaml, { flag: 'wx' });
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw new AppError('prices_unwritable', `${path} could not be written (${reasonOf(error)})`, {
      hint: 'is the folder there, and may you write in it?',
    });
  }
}

function summaryOf({ models, free, skipped, left }: ImportedList, out: string | undefined): string[] {
  const where = out === undefined ? '' : ` to ${out}`;
  const gone = [...skipped.values()].reduce((sum, one) => sum + one, 0);
  return [
    `wrote the prices of ${counted(models, 'model')}${where}${free === 0 ? '' : `, ${displayCount(free)} of which ${free === 1 ? 'is' : 'are'} free`}`,
    ...(gone === 0 ? [] : [`left out ${counted(gone, 'model')}: ${countsText(skipped)}`]),
    ...(left.size === 0 ? [] : [`left out prices of models in the list: ${countsText(left)}`]),
  ];
}

/** `image generation (103), no price (43)`, most first. */
function countsText(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([name, n]) => `${name} (${n})`)
    .join(', ');
}
