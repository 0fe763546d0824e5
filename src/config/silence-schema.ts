// The schema of a silence: once, or again and again.

import { z } from 'zod';
import { dimensionValue, duration, type Fault, fault, faultsBetween } from '../rules/rule-scalars.ts';
import { instant, schedule } from './scalars.ts';

const MINUTE = 60_000;

export const silence = z
  .strictObject({
    match: z
      .record(z.string(), dimensionValue)
      .refine((match) => Object.keys(match).length > 0, {
        error: 'names nothing: give a rule, an incident or a dimension',
      })
      .describe(
        'What is silenced: `rule`, `incident` or dimensions with their values, all of which must fit; `null` is NULL',
      ),
    from: instant.exactOptional().describe('First instant of the silence; needed unless `every` is given'),
    until: instant.exactOptional().describe('First instant after the silence; needed with `from`'),
    every: schedule
      .exactOptional()
      .describe('When a silence that comes again begins: cron in `timezone`, such as `"0 2 * * sun"`'),
    lasts: duration({ minMs: MINUTE, maxMs: 31 * 24 * 60 * MINUTE, limitText: 'from 1m to 31d' })
      .exactOptional()
      .describe('How long it lasts each time; needed with `every`'),
    reason: z.string().default('').describe('Shown beside what is silenced'),
  })
  .check(faultsBetween((given) => [timesFault(given)].filter((found) => found !== null)))
  .transform(({ from, until, every, lasts, ...rest }) => ({
    ...rest,
    times: every === undefined ? { from: from ?? 0, until: until ?? 0 } : { every, lastsMs: lasts ?? 0 },
  }));

/** What is wrong with when a silence is. Any key may be missing or invalid. */
function timesFault(given: object): Fault | null {
  const [once, again] = [namedIn(given, ['from', 'until']), namedIn(given, ['every', 'lasts'])];
  const [first] = again;
  if (once.length > 0 && first !== undefined) {
    return fault(
      `${first} and ${once.join(', ')} exclude each other`,
      'a silence is once (from and until), or comes again (every and lasts)',
      [first],
    );
  }
  if (once.length + again.length === 0) {
    return fault(
      'it is not said when this is silent',
      'give from: and until:, or every: "0 2 * * sun" and lasts: 4h',
      ['from'],
    );
  }
  const lacking = { from: 'until', until: 'from', every: 'lasts', lasts: 'every' } as const;
  const [key] = [...once, ...again];
  if (once.length + again.length === 1 && key !== undefined) {
    return fault(`the key "${lacking[key]}" is missing`, HINTS[lacking[key]], [lacking[key]]);
  }
  const { from, until } = given as Readonly<Record<string, unknown>>;
  if (typeof from !== 'number' || typeof until !== 'number' || until > from) return null;
  return fault('the silence ends before it begins', '`until` must be later than `from`', ['until']);
}

type TimeKey = 'from' | 'until' | 'every' | 'lasts';

const HINTS: Readonly<Record<TimeKey, string>> = {
  from: 'from: the first instant of the silence, such as 2026-11-20T00:00:00Z',
  until: 'until: the first instant after the silence, such as 2026-11-21T00:00:00Z',
  every: 'every: when it begins, as cron in `timezone`, such as "0 2 * * sun"',
  lasts: 'lasts: how long it lasts each time, such as 4h',
};

function namedIn(given: object, keys: readonly TimeKey[]): TimeKey[] {
  return keys.filter((key) => Object.hasOwn(given, key));
}
