// Reads the files that rules name, such as a budget's amounts.

import { readFile, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { encodingFault } from '../model/text-encoding.ts';
import { ruleTypes } from '../rules/index.ts';
import type { RuleFile, RuleType } from '../rules/rule-type.ts';
import { isRecord, type Path, valueAt } from './path.ts';
import type { Problem } from './problem.ts';
import { reasonOf } from './secret-file.ts';
import type { YamlFile } from './yaml-file.ts';

/** Far above any real file. */
const MAX_BYTES = 1_048_576;

export interface RuleFiles {
  /** The file's values, with what the files say in place of the keys that name them. */
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Absolute paths. */
  readonly files: readonly string[];
}

/** The rule type that a rule's keys name; undefined for none. */
export function typeNamed(keys: unknown): RuleType | undefined {
  const name = valueAt(keys, ['type']);
  return Object.values<RuleType>(ruleTypes).find(({ type }) => type === name);
}

/**
 * Puts what the files of rules say into the values of alerts.yaml. `folder` is that of alerts.yaml, and `shownFolder` the same as
 * faults name it. Where a key is given beside its file, or a file has faults, the keys stay as they are.
 */
export async function readRuleFiles(
  source: YamlFile,
  value: unknown,
  folder: string,
  shownFolder: string,
): Promise<RuleFiles> {
  const rules = valueAt(value, ['rules']);
  if (!isRecord(value) || !Array.isArray(rules)) return { value, problems: [], files: [] };
  const read = await Promise.all(
    rules.map(async (keys: unknown, i): Promise<RuleRead> => {
      const file = typeNamed(keys)?.file;
      const name = file === undefined ? undefined : valueAt(keys, [file.key]);
      if (file === undefined || !isRecord(keys) || typeof name !== 'string' || name === '') return { keys };
      const path = ['rules', i, file.key];
      const found = await readRuleFile(file, resolve(folder, name));
      if ('unreadable' in found) {
        const hint = `a relative path starts at the folder of alerts.yaml: this one is ${resolve(folder, name)}`;
        const message = `the ${file.noun} cannot be read (${found.unreadable})`;
        return { keys, name, problems: [source.fault(path, message, hint)] };
      }
      const problems = found.faults.map((fault) => placed(fault, join(shownFolder, name), path));
      if (problems.length > 0 || keys[file.standsFor] !== undefined) return { keys, name, problems };
      const { [file.key]: _, ...others } = keys;
      return { keys: { ...others, [file.standsFor]: found.value }, name };
    }),
  );
  return {
    value: { ...value, rules: read.map(({ keys }) => keys) },
    problems: read.flatMap(({ problems = [] }) => problems),
    files: read.flatMap(({ name }) => (name === undefined ? [] : [resolve(folder, name)])),
  };
}

/** A rule's keys, with what its file says in them; the name of the file where it has one. */
interface RuleRead {
  readonly keys: unknown;
  readonly name?: string;
  readonly problems?: readonly Problem[];
}

async function readRuleFile(
  file: RuleFile,
  path: string,
): Promise<ReturnType<RuleFile['read']> | { readonly unreadable: string }> {
  try {
    const { size } = await stat(path);
    if (size > MAX_BYTES) return { unreadable: 'it is larger than 1 MiB' };
    const bytes = await readFile(path);
    const fault = encodingFault(bytes);
    return fault === null ? file.read(bytes.toString('utf8')) : { value: null, faults: [fault] };
  } catch (error) {
    return { unreadable: reasonOf(error) };
  }
}

function placed(
  { line, message, hint }: ReturnType<RuleFile['read']>['faults'][number],
  file: string,
  path: Path,
): Problem {
  return { file, line, column: 1, path, message, hint };
}
