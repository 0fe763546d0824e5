// Texts for the faults that zod finds.

import type { z } from 'zod';

/** More choices than this are listed in the hint and not in the fault. */
export const LONG_LIST = 6;

/** zod's text for a union without a message of its own. */
export const UNWORDED = 'Invalid input';

/** The text of a fault that has no message of its own. zod calls this for each. */
export function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  const { input } = issue;
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${kindName(issue.expected)}, found ${kindOf(input)}`;
    case 'invalid_value': {
      const values = issue.values.map(String);
      if (values.length > LONG_LIST) return `${shown(input)} is not known here`;
      return `${shown(input)} is not ${values.length === 1 ? values[0] : `one of ${inWords(values)}`}`;
    }
    case 'invalid_format':
      return `${shown(input)} is not written as it must be here`;
    case 'too_small':
    case 'too_big':
      return sizeWords(issue);
    default:
      return undefined;
  }
}

/** A value of the file. Secrets are hidden later, and long texts are cut after that. */
export function shown(value: unknown): string {
  const isFigure = typeof value !== 'number' || Number.isFinite(value);
  const isScalar = typeof value !== 'object' && value !== undefined && isFigure;
  return isScalar ? JSON.stringify(value) : kindOf(value);
}

export function kindOf(value: unknown): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'number' && !Number.isFinite(value)) return 'no finite number';
  return kindName(typeof value);
}

export function kindName(kind: string): string {
  const names: Record<string, string> = {
    string: 'a text',
    number: 'a number',
    int: 'a whole number',
    boolean: 'true or false',
    array: 'a list',
    object: 'a mapping',
    record: 'a mapping',
    null: 'nothing',
    undefined: 'nothing',
  };
  return names[kind] ?? kind;
}

function sizeWords(issue: z.core.$ZodRawIssue<z.core.$ZodIssueTooSmall | z.core.$ZodIssueTooBig>): string {
  const small = issue.code === 'too_small';
  const bound = small ? issue.minimum : issue.maximum;
  const units: Record<string, string> = { string: ' letters', array: ' entries', object: ' keys' };
  const unit = units[issue.origin] ?? '';
  if (unit !== '' && small && Number(bound) === 1) return 'must not be empty';
  const words = issue.inclusive === false ? ['more than', 'less than'] : ['at least', 'at most'];
  return `must ${unit === '' ? 'be' : 'have'} ${words[small ? 0 : 1]} ${String(bound)}${unit}`;
}

function inWords(values: readonly string[]): string {
  return `${values.slice(0, -1).join(', ')} or ${values.at(-1)}`;
}
