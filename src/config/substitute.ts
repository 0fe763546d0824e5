// Puts variables and secret files into the values.

import { resolve } from 'node:path';
import { Hidden } from './hidden.ts';
import {
  alternatives,
  childSchemas,
  coerceText,
  isSecret,
  type JsonSchema,
  takesTextOnly,
} from './json-schema.ts';
import { isRecord, type Path } from './path.ts';
import type { Problem } from './problem.ts';
import {
  type Environment,
  interpolate,
  isForeignVariable,
  readSecretFile,
  smtpDefaults,
  VARIABLE_HINT,
} from './secrets.ts';
import type { YamlFile } from './yaml-file.ts';

/** The file's values with variables and secret files put in. */
export interface Substituted {
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** Variables and secret files of channels that are not there: faults, unless nothing is to be sent. */
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
 * Puts variables, secret files and the mail environment into the values of a file. `schema` tells which keys are
 * secrets (only those may be given as `<key>_file`) and where a number is expected. `folder` is that of the file.
 */
export async function substitute(
  source: YamlFile,
  schema: JsonSchema,
  folder: string,
  env: Environment,
): Promise<Substituted> {
  const problems: Problem[] = [];
  const missing: Problem[] = [];
  const warnings: Problem[] = [];
  const files: string[] = [];
  const unset = new Map<string, string>();
  const hidden = new Hidden();
  for (const path of source.unread) hidden.addFaulty(path);

  const absent = (path: Path, isMissing: boolean): Problem[] =>
    isMissing && path[0] === 'channels' ? missing : problems;

  const text = (raw: string, path: Path, schemas: readonly JsonSchema[]): unknown => {
    const { text: result, replaced, unset: variable, faults } = interpolate(raw, env);
    if (variable !== null) unset.set(path.join('.'), variable);
    for (const { needle, message, hint, isMissing } of faults) {
      absent(path, isMissing).push(source.faultAt(path, needle, message, hint));
      hidden.addFaulty(path);
    }
    if (isSecret(schemas) && isForeignVariable(raw)) {
      warnings.push(source.fault(path, 'this is not a variable, but plain text', VARIABLE_HINT));
    }
    if (replaced || isSecret(schemas)) hidden.add(path, result);
    return replaced ? coerceText(schemas, result) : result;
  };

  const secretFile = async (raw: unknown, path: Path, target: Path): Promise<unknown> => {
    if (Array.isArray(raw)) {
      return Promise.all(raw.map((item, i) => secretFile(item, [...path, i], [...target, i])));
    }
    if (typeof raw !== 'string') {
      problems.push(source.fault(path, 'expected the path of a file', 'put quotes around it'));
      hidden.addFaulty(target);
      return '';
    }
    const name = String(text(raw, path, []));
    files.push(resolve(folder, name));
    const read = await readSecretFile(folder, name);
    hidden.moved(target, path);
    if ('text' in read) {
      hidden.add(target, read.text);
      return read.text;
    }
    absent(path, true).push(source.fault(path, read.fault, read.hint));
    hidden.addFaulty(target);
    // Present though empty, so that no rule says besides that the key is missing.
    return '';
  };

  const visit = async (raw: unknown, path: Path, schemas: readonly JsonSchema[]): Promise<unknown> => {
    if (typeof raw === 'string') return text(raw, path, schemas);
    if (Array.isArray(raw)) {
      return Promise.all(raw.map((item, i) => visit(item, [...path, i], childSchemas(schemas, raw, i))));
    }
    if (isRecord(raw)) return mapping(raw, path, schemas);
    const written = source.written(path);
    if (raw !== null) {
      return written !== null && takesTextOnly(schemas) ? text(written, path, schemas) : raw;
    }
    // An empty value, or `service: #4711`, would select the calls without a service.
    if (written === '' && schemas.flatMap((schema) => alternatives(schema, raw)).some((s) => s.asWritten)) {
      problems.push(source.fault(path, 'no value is written here', EMPTY_VALUE_HINT));
    }
    return raw;
  };

  const mapping = async (raw: Record<string, unknown>, path: Path, schemas: readonly JsonSchema[]) => {
    const result: Record<string, unknown> = {};
    // The kind of a channel decides which of its keys are secrets, so it is looked up as it will be read.
    const kind = typeof raw.type === 'string' ? { ...raw, type: interpolate(raw.type, env).text } : raw;
    for (const [key, value] of Object.entries(raw)) {
      const target = secretOfFileKey(schemas, kind, key);
      if (target === null) {
        result[key] = await visit(value, [...path, key], childSchemas(schemas, kind, key));
      } else if (Object.hasOwn(raw, target)) {
        const message = `both "${target}" and "${key}" are given`;
        problems.push(source.keyFault([...path, key], message, 'keep one of the two'));
      } else {
        result[target] = await secretFile(value, [...path, key], [...path, target]);
      }
    }
    return result;
  };

  const value = await visit(source.value, [], [schema]);
  addMailDefaults(value, env, hidden);
  return { value, problems, missing, warnings, hidden, files, unset };
}

const EMPTY_VALUE_HINT = 'write null for the calls without one; put quotes around a value that begins with #';

/** `password` for `password_file` where the mapping takes such a secret, else null. */
function secretOfFileKey(schemas: readonly JsonSchema[], raw: unknown, key: string): string | null {
  if (!key.endsWith('_file')) return null;
  const target = key.slice(0, -'_file'.length);
  const found = childSchemas(schemas, raw, target);
  const items = found.flatMap((schema) => schema.items ?? []);
  return isSecret(found) || isSecret(items) ? target : null;
}

function addMailDefaults(value: unknown, env: Environment, hidden: Hidden): void {
  const channels = isRecord(value) ? value.channels : undefined;
  if (!isRecord(channels)) return;
  for (const [name, channel] of Object.entries(channels)) {
    if (!isRecord(channel) || channel.type !== 'email') continue;
    for (const [key, text] of Object.entries(smtpDefaults(env))) {
      if (Object.hasOwn(channel, key)) continue;
      channel[key] = key === 'port' ? coerceText([{ type: 'number' }], text) : text;
      hidden.add(['channels', name, key], text);
    }
  }
}
