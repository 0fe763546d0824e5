// What to do about a fault, judged by what is written.

import type { z } from 'zod';
import { cutText } from '../model/display-text.ts';
import { isForeignVariable, VARIABLE_HINT } from './environment.ts';
import { entryExample, mappingExample } from './examples.ts';
import type { Hidden } from './hidden.ts';
import { LONG_LIST, shown } from './issue-words.ts';
import { alternatives, holdsSecret, type JsonSchema, schemasAt } from './json-schema.ts';
import { nearest } from './nearest.ts';
import { ownMetricNames } from './own-metrics.ts';
import { isRecord, type Path, valueAt } from './path.ts';
import type { YamlFile } from './yaml-file.ts';

/** What a fault's text needs: the file as read, its values after substitution, and the schema. */
export interface IssueContext {
  readonly source: YamlFile;
  readonly value: unknown;
  readonly schema: JsonSchema;
  readonly hidden: Hidden;
}

/** A hint from what is written, else the schema's own hint, else the description of the key. */
export function hintAt(issue: z.core.$ZodIssue, path: Path, context: IssueContext): string | null {
  const value = valueAt(context.value, path);
  return (
    quotesHint(path, value, context) ??
    (isForeignVariable(valueAt(context.source.value, path)) ? VARIABLE_HINT : null) ??
    shapeHint(issue, path, value, context) ??
    hintOf(issue, value, path.at(-1) === 'metric' ? ownMetricNames(context.value) : []) ??
    description(path, context)
  );
}

/** For a value that YAML reads as something else than was meant. */
function quotesHint(path: Path, value: unknown, { source }: IssueContext): string | null {
  const isNothing = value === null || (typeof value === 'string' && value.trim() === '');
  if (!isNothing) return null;
  const rest = source.restOfLine(path).trimStart();
  if (rest.startsWith('#')) return 'an unquoted # begins a comment: put quotes around the value';
  if (/^[>|]/.test(rest))
    return `an unquoted ${rest[0]} begins a text of several lines: put quotes around the value`;
  return /^(null|~)/i.test(rest) ? 'put quotes around it if this text is meant' : null;
}

/** How to write a list or a mapping, if something else is written there. */
function shapeHint(
  issue: z.core.$ZodIssue,
  path: Path,
  value: unknown,
  context: IssueContext,
): string | null {
  const expected = issue.code === 'invalid_type' ? issue.expected : '';
  const key = String(path.at(-1));
  const schemas = schemasAt(context.schema, context.value, path);
  const begun = /^[{[]/.exec(context.source.restOfLine(path))?.[0];
  if (expected === 'string' && typeof value === 'object' && begun !== undefined) {
    const kind = begun === '{' ? 'mapping' : 'list';
    return `an unquoted ${begun} begins a ${kind}: put quotes around the value if a text is meant`;
  }
  const plural = schemasAt(context.schema, context.value, [...path.slice(0, -1), `${key}s`]);
  const isMapping = ({ type }: JsonSchema): boolean => type === 'object';
  if (isRecord(value) && plural.some(isMapping) && !schemas.some(isMapping))
    return `\`${key}s:\` takes a mapping`;
  if (expected === 'array' && isRecord(value)) {
    const entries = schemas.flatMap(({ items }) => (items === undefined ? [] : alternatives(items, null)));
    const example = entryExample(entries);
    return example === null
      ? `a list has brackets: \`${key}: […]\``
      : `begin each entry with a dash: \`- ${example}\``;
  }
  if (expected === 'array' && typeof value !== 'object') {
    const entry = isShowable(path, context) ? cutText(String(value), LONGEST_ENTRY) : '…';
    return `a list has brackets: \`${key}: [${entry}]\``;
  }
  if (!['object', 'record'].includes(expected)) return null;
  if (Array.isArray(value)) return `write \`key: value\` below \`${key}:\`, without dashes or brackets`;
  if (value === null || typeof path.at(-1) === 'number') return null;
  const example = mappingExample(schemas, value, isShowable(path, context));
  return example === null ? null : `write a mapping: \`${key}: ${example}\``;
}

const LONGEST_ENTRY = 60;

/** Whether the value at `path` may be shown: it is not secret, does not come from the environment, and takes no secret. */
export function isShowable(path: Path, { schema, value, hidden }: IssueContext): boolean {
  return !hidden.has(path) && !schemasAt(schema, value, path).some(holdsSecret);
}

/** The nearest allowed value (`more` are allowed by the file itself), or the hint that a schema gives with its fault (`params: { hint }`). */
export function hintOf(issue: z.core.$ZodIssue, value: unknown, more: readonly string[] = []): string | null {
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    const values = [...issue.values.map(String), ...more];
    if (values.includes(value)) return 'write it without quotes';
    const close = nearest(value, values);
    if (close !== null) return `did you mean ${shown(close)}?`;
    return values.length > LONG_LIST ? `known here: ${values.join(', ')}` : null;
  }
  const params = issue.code === 'custom' ? issue.params : undefined;
  return typeof params?.hint === 'string' ? params.hint : null;
}

/** What the key at `path` is for; an entry of a list is described by the list's key. */
export function description(path: Path, context: IssueContext): string | null {
  if (typeof path.at(-1) === 'number') return description(path.slice(0, -1), context);
  const parents = schemasAt(context.schema, context.value, path.slice(0, -1));
  const key = path.at(-1);
  const own = typeof key === 'string' ? parents.flatMap(({ properties = {} }) => properties[key] ?? []) : [];
  const fixed = own.length === 1 ? own[0]?.const : undefined;
  if (fixed !== undefined) return `write \`${String(key)}: ${String(fixed)}\``;
  const text = own.find((schema) => schema.description !== undefined)?.description;
  return text === undefined ? null : `${String(key)}: ${text}`;
}
