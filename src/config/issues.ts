// Turns zod's issues into faults of the file, with line and column.

import type { z } from 'zod';
import { description, hintAt, hintOf, type IssueContext, isShowable } from './hints.ts';
import { kindName, kindOf, shown, UNWORDED } from './issue-words.ts';
import { alternatives, childSchemas, isSecret, type JsonSchema, schemasAt } from './json-schema.ts';
import { nearest, suggestion } from './nearest.ts';
import { isRecord, type Path, pathKey, valueAt } from './path.ts';
import type { Problem } from './problem.ts';

type Issue = z.core.$ZodIssue;

/** The faults of the file that a schema found. */
export function problemsOf(issues: readonly Issue[], context: IssueContext): Problem[] {
  const problems = issues.flatMap((issue) => problemsOfIssue(issue, [], context));
  return withoutFollowUps(problems, issues, context);
}

function problemsOfIssue(issue: Issue, above: Path, context: IssueContext): Problem[] {
  const path = pathOf(issue, above);
  const { source, hidden } = context;
  if (hidden.isFaulty(path)) return [];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, path, context));
    case 'invalid_key':
      return issue.issues.map((inner) =>
        source.keyFault(
          path,
          sentence(inner, path, context, path.at(-1)),
          hintOf(inner, String(path.at(-1))),
        ),
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
    source.fault(hidden.writtenAt(path), sentence(issue, path, context, value), hintAt(issue, path, context)),
  ];
}

function pathOf(issue: Issue, above: Path): Path {
  return [...above, ...issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))];
}

function missing(path: Path, context: IssueContext, hint = description(path, context)): Problem {
  return context.source.fault(path, `the key "${String(path.at(-1))}" is missing`, hint);
}

function unknownKey(
  key: string,
  path: Path,
  context: IssueContext,
  known: readonly string[] = knownKeys(path, context),
): Problem {
  const hint = suggestion(key, known, 'keys that are known here');
  return context.source.keyFault([...path, key], `unknown key "${key}"`, hint);
}

function knownKeys(path: Path, context: IssueContext): string[] {
  return [...new Set(schemasAt(context.schema, context.value, path).flatMap(keysOf))];
}

function keysOf({ properties = {}, propertyNames = {} }: JsonSchema): string[] {
  return [
    ...(propertyNames.enum ?? []).map(String),
    ...Object.entries(properties).flatMap(([name, schema]) =>
      isSecret([schema]) || isSecret([schema.items ?? {}]) ? [name, `${name}_file`] : [name],
    ),
  ];
}

/**
 * Without the faults that follow from another one: a key is not missing if it is misspelled, and a mapping is not empty if
 * its keys are misspelled.
 */
function withoutFollowUps(
  problems: readonly Problem[],
  issues: readonly Issue[],
  context: IssueContext,
): Problem[] {
  const misspelled = new Set<string>();
  const holders = new Set<string>();
  const note = (issue: Issue, above: Path): void => {
    const path = pathOf(issue, above);
    if (issue.code === 'invalid_union')
      for (const branch of issue.errors) for (const inner of branch) note(inner, path);
    if (issue.code !== 'unrecognized_keys') return;
    holders.add(pathKey(path));
    for (const key of issue.keys) {
      const meant = nearest(key, knownKeys(path, context));
      if (meant !== null) misspelled.add(pathKey([...path, meant.replace(/_file$/, '')]));
    }
  };
  for (const issue of issues) note(issue, []);
  return problems.filter(({ path, message, hint }) => {
    const value = valueAt(context.value, path);
    if (value === undefined) {
      // If one of several keys is needed, the fault names them all.
      const named = `${message} ${hint}`.match(/\b[a-z]+(_[a-z]+)*(?=:|`)/g) ?? [];
      const keys = [path.at(-1) ?? '', ...named];
      return !keys.some((key) => misspelled.has(pathKey([...path.slice(0, -1), key])));
    }
    return !(isRecord(value) && holders.has(pathKey(path)));
  });
}

/** A schema's message may lack a subject. Then it gets the value, if that may be shown, else the key. */
function sentence(issue: Issue, path: Path, context: IssueContext, value: unknown): string {
  const { message } = issue;
  if (message.startsWith('is ')) return `"${String(path.at(-1))}" ${message}`;
  if (message === 'expected a number' && typeof value === 'object')
    return `${message}, found ${kindOf(value)}`;
  if (typeof value === 'object' || value === undefined || !isShowable(path, context)) return message;
  if (message.startsWith('not ')) return `${shown(value)} is ${message}`;
  if (message.startsWith('must ')) return `${shown(value)} ${message}`;
  if (message.startsWith('too ')) return `${shown(value)} is ${message}`;
  if (!message.startsWith('expected ')) return message;
  const isFigure = typeof value !== 'number' || Number.isFinite(value);
  const found = isFigure ? shown(value) : (context.source.written(path) ?? kindOf(value));
  return `${message.replace(/, found .*/, '')}, found ${found}`;
}

/** For a mapping whose `type` is missing or unknown. */
function kindProblems(
  issue: z.core.$ZodIssueInvalidUnion,
  discriminator: string,
  path: Path,
  context: IssueContext,
): Problem[] {
  const place = path.at(-1) === discriminator ? path : [...path, discriminator];
  const kinds = ('options' in issue && Array.isArray(issue.options) ? issue.options : []).map(String);
  const kind = valueAt(context.value, place);
  if (kind === undefined) {
    const holder = place.slice(0, -1);
    const misspelled = misspelledKind(discriminator, holder, context);
    if (misspelled !== null) return [unknownKey(misspelled, holder, context, [discriminator])];
    return [missing(place, context, `${discriminator} is one of: ${kinds.join(', ')}`)];
  }
  const hint = suggestion(String(kind), kinds, `${discriminator} is one of`);
  return [context.source.fault(place, `no ${discriminator} is named ${shown(kind)}`, hint)];
}

/** A misspelled discriminator: a key that is similar to it and that no kind has. */
function misspelledKind(discriminator: string, path: Path, context: IssueContext): string | null {
  const { schema, value } = context;
  const above = schemasAt(schema, value, path.slice(0, -1));
  const kinds = childSchemas(above, valueAt(value, path.slice(0, -1)), path.at(-1) ?? '');
  const known = kinds.flatMap((kind) => alternatives(kind, null)).flatMap(keysOf);
  const keys = Object.keys(valueAt(value, path) ?? {});
  return keys.find((key) => !known.includes(key) && nearest(key, [discriminator]) !== null) ?? null;
}

/** The faults of the branch of a union that the author meant, judged by the sort of value that is written. */
function unionProblems(issue: z.core.$ZodIssueInvalidUnion, path: Path, context: IssueContext): Problem[] {
  const value = valueAt(context.value, path);
  if (value === undefined) return [missing(path, context)];
  const alike = issue.errors.filter((branch) => !branch.some(isOtherSort));
  const meant = alike.find((branch) => branch.every(({ code }) => code !== 'unrecognized_keys')) ?? alike[0];
  if (meant !== undefined) return meant.flatMap((inner) => problemsOfIssue(inner, path, context));
  const written = context.hidden.writtenAt(path);
  const hint = hintAt(issue, path, context);
  if (issue.message !== UNWORDED) {
    return [context.source.fault(written, sentence(issue, path, context, value), hint)];
  }
  const expected = [...new Set(issue.errors.flatMap((branch) => branch.flatMap(expectation)))];
  const found = typeof value === 'string' && isShowable(path, context) ? shown(value) : kindOf(value);
  return [context.source.fault(written, `expected ${expected.join(' or ')}, found ${found}`, hint)];
}

/** Whether a fault means that the value is of another sort than its branch takes. */
function isOtherSort(issue: Issue): boolean {
  if (issue.path.length > 0) return false;
  if (issue.code === 'invalid_union') return issue.errors.every((branch) => branch.some(isOtherSort));
  return ['invalid_type', 'invalid_value', 'invalid_format'].includes(issue.code);
}

function expectation(issue: Issue): string[] {
  if (issue.code === 'invalid_type') return [kindName(issue.expected)];
  return issue.code === 'invalid_value' ? issue.values.map(String) : [];
}
