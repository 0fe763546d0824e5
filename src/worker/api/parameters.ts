// The parameters of the API: how they are written, and what a request asks for by them.

import { nearest } from '../../config/nearest.ts';
import { displayText } from '../../model/display-text.ts';
import { isWrittenDuration, parseDuration } from '../../model/window.ts';
import type { Outcome } from '../../state/read-history.ts';
import { ApiError } from './answer.ts';

export type ParameterName = 'rule' | 'channel' | 'outcome' | 'since' | 'limit';

/** What a request asks for. */
export interface Asked {
  readonly rules: readonly string[];
  readonly channels: readonly string[];
  /** Empty where it names none. */
  readonly outcomes: readonly Outcome[];
  /** How long ago it begins, ms; null where it does not say. */
  readonly sinceMs: number | null;
  readonly limit: number;
}

interface Parameter {
  readonly description: string;
  /** Whether it may be given several times. */
  readonly isList: boolean;
  /** JSON Schema of one value. */
  readonly schema: Readonly<Record<string, unknown>>;
}

const OUTCOMES: readonly Outcome[] = ['delivered', 'pending', 'given_up'];
const LIMIT = { default: 100, maximum: 1000 };
/** Far more than anybody names, and longer than any name. */
const MOST_VALUES = 50;
const LONGEST_VALUE = 200;

/** As OpenAPI and the docs describe them. */
export const PARAMETERS: Readonly<Record<ParameterName, Parameter>> = {
  rule: {
    description: 'Only what is about this rule',
    isList: true,
    schema: { type: 'string', minLength: 1, maxLength: LONGEST_VALUE },
  },
  channel: {
    description: 'Only what goes to this channel',
    isList: true,
    schema: { type: 'string', minLength: 1, maxLength: LONGEST_VALUE },
  },
  outcome: {
    description: 'Only what became of it this way; `pending` where neither this nor `since` is given',
    isList: true,
    schema: { type: 'string', enum: OUTCOMES },
  },
  since: {
    description: 'The last `24h`, `7d`, `30d`; 7 days where it is not given',
    isList: false,
    schema: { type: 'string', pattern: '^([0-9]+w)?([0-9]+d)?([0-9]+h)?([0-9]+m)?([0-9]+s)?$' },
  },
  limit: {
    description: 'How many at most',
    isList: false,
    schema: { type: 'integer', minimum: 1, ...LIMIT },
  },
};

/** What a query string asks for. Throws ApiError 400 for what is not among `allowed`, or is not well written. */
export function askedBy(query: string, allowed: readonly ParameterName[]): Asked {
  const values: Record<ParameterName, string[]> = {
    rule: [],
    channel: [],
    outcome: [],
    since: [],
    limit: [],
  };
  for (const [name, value] of new URLSearchParams(query)) {
    const known = allowed.find((one) => one === name);
    if (known === undefined) throw unknownParameter(name, allowed);
    ensureFits(known, value, values[known].length);
    values[known].push(value);
  }
  const [since] = values.since;
  const [limit] = values.limit;
  return {
    rules: values.rule,
    channels: values.channel,
    outcomes: values.outcome.map(outcomeOf),
    sinceMs: since === undefined ? null : sinceOf(since),
    limit: limit === undefined ? LIMIT.default : limitOf(limit),
  };
}

function unknownParameter(name: string, allowed: readonly ParameterName[]): ApiError {
  const close = nearest(name, allowed);
  const known = allowed.length === 0 ? 'this path takes none' : `there are: ${allowed.join(', ')}`;
  const hint = close === null ? known : `did you mean ${close}?`;
  return new ApiError(400, 'parameter_unknown', `there is no parameter ${shown(name)} here`, { hint });
}

function ensureFits(name: ParameterName, value: string, before: number): void {
  const most = PARAMETERS[name].isList ? MOST_VALUES : 1;
  if (before >= most) {
    const times = most === 1 ? 'once' : `${most} times`;
    throw bad(`${name} may be given ${times} at most`, 'leave out the others');
  }
  if (value === '') throw bad(`${name} has no value`, `write ${name}=VALUE, or leave it out`);
  // No name holds a NUL, and PostgreSQL takes none in a text.
  if (value.length > LONGEST_VALUE || value.includes('\0')) {
    throw bad(`${name} is not a name or a value: ${shown(value)}`, 'is it encoded as URLs need it?');
  }
}

function outcomeOf(value: string): Outcome {
  const found = OUTCOMES.find((one) => one === value);
  if (found === undefined) throw bad(`outcome is ${shown(value)}`, `allowed are ${OUTCOMES.join(', ')}`);
  return found;
}

function sinceOf(value: string): number {
  const ms = parseDuration(value);
  if (ms !== null && ms > 0) return ms;
  const hint = isWrittenDuration(value)
    ? 'it is 0, or far too long'
    : 'write a number and a unit: 90m, 2h, 7d';
  throw bad(`since is ${shown(value)}`, hint);
}

function limitOf(value: string): number {
  const limit = /^[1-9]\d{0,3}$/.test(value) ? Number(value) : 0;
  if (limit >= 1 && limit <= LIMIT.maximum) return limit;
  throw bad(`limit is ${shown(value)}`, `write a whole number from 1 to ${LIMIT.maximum}`);
}

function bad(message: string, hint: string): ApiError {
  return new ApiError(400, 'parameter_invalid', message, { hint });
}

function shown(text: string): string {
  return JSON.stringify(displayText(text, 60));
}
