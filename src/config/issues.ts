import type { z } from 'zod';
import type { Hidden } from './hidden.ts';
import { kindName, kindOf, shown, UNWORDED } from './issue-words.ts';
import { isSecret, type JsonSchema, schemasAt } from './json-schema.ts';
import { nearest, suggestion } from './nearest.ts';
import { type Path, valueAt } from './path.ts';
import type { Problem } from './problem.ts';
import type { YamlFile } from './yaml-file.ts';

/** The file as read, its values after substitution, and what its keys may be: all that a fault's text needs. */
export interface IssueContext {
  readonly source: YamlFile;
  readonly value: unknown;
  readonly schema: JsonSchema;
  readonly hidden: Hidden;
}

type Issue = z.core.$ZodIssue;

/** What a schema found wrong, as faults of the file. */
export function problemsOf(issues: readonly Issue[], context: IssueContext): Problem[] {
  return issues.flatMap((issue) => problemsOfIssue(issue, [], context));
}

function problemsOfIssue(issue: Issue, above: Path, context: IssueContext): Problem[] {
  const path = [...above, ...issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))];
  const { source, hidden } = context;
  if (hidden.isFaulty(path)) return [];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, path, context));
    case 'invalid_key':
      return issue.issues.map((inner) =>
        source.keyFault(path, inner.message, hintOf(inner, String(path.at(-1)))),
      );
    case 'invalid_element':
      return issue.issues.flatMap((inner) => problemsOfIssue(inner, path, context));
    case 'invalid_union':
      return issue.discriminator === undefined
        ? unionProblems(issue, path, context)
        : kindProblems(issue, issue.discriminator, path, context);
  }
  const value = valueAt(context.value, path);
  const isMissing = value === undefined && (issue.code === 'invalid_type' || issue.code === 'invalid_value');
  if (isMissing) return [missing(path, context)];
  return [
    source.fault(
      hidden.writtenAt(path),
      sentence(issue, path),
      hintOf(issue, value) ?? description(path, context),
    ),
  ];
}

function missing(path: Path, context: IssueContext, hint = description(path, context)): Problem {
  return context.source.fault(path.slice(0, -1), `the key "${String(path.at(-1))}" is missing`, hint);
}

function unknownKey(key: string, path: Path, context: IssueContext): Problem {
  const schemas = schemasAt(context.schema, context.value, path);
  const known = schemas.flatMap(({ properties = {}, propertyNames = {} }) => [
    ...(propertyNames.enum ?? []).map(String),
    ...Object.entries(properties).flatMap(([name, schema]) =>
      isSecret([schema]) || isSecret([schema.items ?? {}]) ? [name, `${name}_file`] : [name],
    ),
  ]);
  const hint = suggestion(key, [...new Set(known)], 'keys that are known here');
  return context.source.keyFault([...path, key], `unknown key "${key}"`, hint);
}

/** A schema's own words may leave out their subject, which is the key. */
function sentence(issue: Issue, path: Path): string {
  return issue.message.startsWith('is ') ? `"${String(path.at(-1))}" ${issue.message}` : issue.message;
}

/** A mapping whose `type` is missing or no member of its registry. */
function kindProblems(
  issue: z.core.$ZodIssueInvalidUnion,
  discriminator: string,
  path: Path,
  context: IssueContext,
): Problem[] {
  const place = path.at(-1) === discriminator ? path : [...path, discriminator];
  const kinds = ('options' in issue && Array.isArray(issue.options) ? issue.options : []).map(String);
  const kind = valueAt(context.value, place);
  if (kind === undefined) return [missing(place, context, `${discriminator} is one of: ${kinds.join(', ')}`)];
  const hint = suggestion(String(kind), kinds, `${discriminator} is one of`);
  return [context.source.fault(place, `no ${discriminator} is named ${shown(kind)}`, hint)];
}

/** Of a union's branches the one that the author meant, told by the sort of value that is there. */
function unionProblems(issue: z.core.$ZodIssueInvalidUnion, path: Path, context: IssueContext): Problem[] {
  const value = valueAt(context.value, path);
  if (value === undefined) return [missing(path, context)];
  const meant = issue.errors.find((branch) => !branch.some(isOtherSort));
  if (meant !== undefined) return meant.flatMap((inner) => problemsOfIssue(inner, path, context));
  const written = context.hidden.writtenAt(path);
  if (issue.message !== UNWORDED) {
    return [context.source.fault(written, issue.message, description(path, context))];
  }
  const expected = [...new Set(issue.errors.flatMap((branch) => branch.flatMap(expectation)))];
  const found = typeof value === 'string' ? shown(value) : kindOf(value);
  const message = `expected ${expected.join(' or ')}, found ${found}`;
  return [context.source.fault(written, message, description(path, context))];
}

/** Whether a branch's fault says that the value is not even of the branch's sort. */
function isOtherSort(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') return issue.errors.every((branch) => branch.some(isOtherSort));
  return ['invalid_type', 'invalid_value', 'invalid_format'].includes(issue.code);
}

function expectation(issue: Issue): string[] {
  if (issue.code === 'invalid_type') return [kindName(issue.expected)];
  return issue.code === 'invalid_value' ? issue.values.map(String) : [];
}

/** The nearest of a list's values, or the hint that a schema put beside its own fault: `params: { hint }`. */
function hintOf(issue: Issue, value: unknown): string | null {
  if (issue.code === 'invalid_value' && typeof value === 'string') {
    const values = issue.values.map(String);
    const close = nearest(value, values);
    return close === null ? null : `did you mean "${close}"?`;
  }
  const params = issue.code === 'custom' ? issue.params : undefined;
  return typeof params?.hint === 'string' ? params.hint : null;
}

/** What the key at `path` is for; an entry of a list is described by the list's key. */
function description(path: Path, context: IssueContext): string | null {
  if (typeof path.at(-1) === 'number') return description(path.slice(0, -1), context);
  const parents = schemasAt(context.schema, context.value, path.slice(0, -1));
  const key = path.at(-1);
  const own = typeof key === 'string' ? parents.flatMap(({ properties = {} }) => properties[key] ?? []) : [];
  const text = own.find((schema) => schema.description !== undefined)?.description;
  return text === undefined ? null : `${String(key)}: ${text}`;
}
