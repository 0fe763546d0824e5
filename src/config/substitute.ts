// Puts variables and secret files into the values of alerts.yaml.

import { resolve } from 'node:path';
import { type Environment, interpolate, isForeignVariable, VARIABLE_HINT } from './environment.ts';
import { addEnvironmentDefaults } from './environment-defaults.ts';
import { Hidden } from './hidden.ts';
import {
  alternatives,
  childSchemas,
  coerceText,
  isSecret,
  type JsonSchema,
  takesTextOnly,
} from './json-schema.ts';
import { isOfSending, isRecord, type Path } from './path.ts';
import type { Problem } from './problem.ts';
import { readSecretFile } from './secret-file.ts';
import type { YamlFile } from './yaml-file.ts';

/** The file's values with variables and secret files put in. */
export interface Substituted {
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Variables and secret files of channels, heartbeat and API that are not there: faults, unless nothing is to be sent. */
  readonly missing: readonly Problem[];
  /** What is valid, but most likely not meant. */
  readonly warnings: readonly Problem[];
  readonly hidden: Hidden;
  /** Absolute paths of the secret files. */
  readonly files: readonly string[];
  /** The variable that is not set, by the key (`audit.url`) for which its default counts. */
  readonly unset: ReadonlyMap<string, string>;
}

/**
 * Puts variables, secret files and the defaults of the environment into the values of a file. `schema` tells which
 * keys are secrets (only those may be given as `<key>_file`) and where a number is expected. `folder` is that of the
 * file.
 */
export async function substitute(
  source: YamlFile,
  schema: JsonSchema,
  folder: string,
  env: Environment,
): Promise<Substituted> {
  const found = {
    problems: [],
    missing: [],
    warnings: [],
    files: [],
    unset: new Map(),
    hidden: new Hidden(),
  };
  for (const path of source.unread) found.hidden.addFaulty(path);
  const value = await substituteValue({ ...found, source, folder, env }, source.value, [], [schema]);
  addEnvironmentDefaults(value, schema, env, found.hidden);
  return { ...found, value };
}

/** What the walk through a file has found so far. */
interface Found {
  readonly problems: Problem[];
  readonly missing: Problem[];
  readonly warnings: Problem[];
  readonly hidden: Hidden;
  readonly files: string[];
  readonly unset: Map<string, string>;
}

interface Walk extends Found {
  readonly source: YamlFile;
  readonly folder: string;
  readonly env: Environment;
}

async function substituteValue(
  walk: Walk,
  raw: unknown,
  path: Path,
  schemas: readonly JsonSchema[],
): Promise<unknown> {
  if (typeof raw === 'string') return substituteText(walk, raw, path, schemas);
  if (Array.isArray(raw)) {
    return Promise.all(
      raw.map((item, i) => substituteValue(walk, item, [...path, i], childSchemas(schemas, raw, i))),
    );
  }
  if (isRecord(raw)) return substituteMapping(walk, raw, path, schemas);
  const written = walk.source.written(path);
  if (raw !== null) {
    const isText = written !== null && takesTextOnly(schemas);
    return isText ? substituteText(walk, written, path, schemas) : raw;
  }
  // An empty value, or `service: #4711`, would select the calls without a service.
  if (written === '' && schemas.flatMap((schema) => alternatives(schema, raw)).some((s) => s.asWritten)) {
    walk.problems.push(walk.source.fault(path, 'no value is written here', EMPTY_VALUE_HINT));
  }
  return raw;
}

const EMPTY_VALUE_HINT = 'write null for the calls without one; put quotes around a value that begins with #';

function substituteText(walk: Walk, raw: string, path: Path, schemas: readonly JsonSchema[]): unknown {
  const { source, hidden } = walk;
  const { text, replaced, unset, faults } = interpolate(raw, walk.env);
  if (unset !== null) walk.unset.set(path.join('.'), unset);
  for (const { needle, message, hint, isMissing } of faults) {
    const problems = isMissing ? problemsOfMissing(walk, path) : walk.problems;
    problems.push(source.faultAt(path, needle, message, hint));
    hidden.addFaulty(path);
  }
  if (isSecret(schemas) && isForeignVariable(raw)) {
    walk.warnings.push(source.fault(path, 'this is not a variable, but plain text', VARIABLE_HINT));
  }
  if (replaced || isSecret(schemas)) hidden.add(path, text);
  return replaced ? coerceText(schemas, text) : text;
}

async function substituteMapping(
  walk: Walk,
  raw: Record<string, unknown>,
  path: Path,
  schemas: readonly JsonSchema[],
): Promise<Record<string, unknown>> {
  const result: Record<string, unknown> = {};
  // The type of a channel decides which of its keys are secrets, so its own variables are put in first.
  const typed = typeof raw.type === 'string' ? { ...raw, type: interpolate(raw.type, walk.env).text } : raw;
  for (const [key, value] of Object.entries(raw)) {
    const target = secretOfFileKey(schemas, typed, key);
    if (target === null) {
      result[key] = await substituteValue(walk, value, [...path, key], childSchemas(schemas, typed, key));
    } else if (Object.hasOwn(raw, target)) {
      const message = `both "${target}" and "${key}" are given`;
      walk.problems.push(walk.source.keyFault([...path, key], message, 'keep one of the two'));
    } else {
      result[target] = await secretFromFile(walk, value, [...path, key], [...path, target]);
    }
  }
  return result;
}

/** `password` for `password_file` where the mapping takes such a secret, else null. */
function secretOfFileKey(schemas: readonly JsonSchema[], raw: unknown, key: string): string | null {
  if (!key.endsWith('_file')) return null;
  const target = key.slice(0, -'_file'.length);
  const found = childSchemas(schemas, raw, target);
  const items = found.flatMap((schema) => schema.items ?? []);
  return isSecret(found) || isSecret(items) ? target : null;
}

/** The secret at `target` from the file that is named at `path`, or a list of secrets from a list of files. */
async function secretFromFile(walk: Walk, raw: unknown, path: Path, target: Path): Promise<unknown> {
  const { source, folder, hidden } = walk;
  if (Array.isArray(raw)) {
    return Promise.all(raw.map((item, i) => secretFromFile(walk, item, [...path, i], [...target, i])));
  }
  if (typeof raw !== 'string') {
    walk.problems.push(source.fault(path, 'expected the path of a file', 'put quotes around it'));
    hidden.addFaulty(target);
    return '';
  }
  const name = String(substituteText(walk, raw, path, []));
  walk.files.push(resolve(folder, name));
  const read = await readSecretFile(folder, name);
  hidden.moved(target, path);
  if ('text' in read) {
    hidden.add(target, read.text);
    return read.text;
  }
  problemsOfMissing(walk, path).push(source.fault(path, read.fault, read.hint));
  hidden.addFaulty(target);
  // An empty text instead of nothing, so that the schema does not also say that the key is missing.
  return '';
}

/** Where to note a variable or a secret file that does not exist: only what sends or serves needs these secrets. */
function problemsOfMissing({ missing, problems }: Walk, path: Path): Problem[] {
  return isOfSending(path) ? missing : problems;
}
