import { describe, expect, test } from 'vitest';
import type { Recurring, Silence } from '../../src/model/rule.ts';
import { silenceOf, spanAt } from '../../src/model/silence.ts';
import { silenced } from '../support/silenced.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const FROM = Date.UTC(2026, 10, 20);
const UNTIL = Date.UTC(2026, 10, 21);
const rule = { name: 'hourly-burn', groupBy: ['service'], where: { model: { in: ['gpt'] } } };

function silence(match: Silence['match'], name: string | null = null): Silence {
  return silenced(FROM, UNTIL, { match, rule: name });
}

test.each([
  ['every key fits', silence({ service: 'loadtest' }, 'hourly-burn'), ['loadtest'], true],
  ['any rule', silence({ service: 'loadtest' }), ['loadtest'], true],
  ['another rule', silence({}, 'daily-budget'), ['loadtest'], false],
  ['another group', silence({ service: 'loadtest' }), ['search'], false],
  ['NULL asked for and met', silence({ service: null }), [null], true],
  ['NULL is not the text', silence({ service: '(none)' }), [null], false],
  ['one of two keys fits', silence({ service: 'loadtest', user: 'ann' }), ['loadtest'], false],
  ['a value that where pins', silence({ model: 'gpt' }), ['search'], true],
  ['another value than where pins', silence({ model: 'claude' }), ['search'], false],
  ['the whole rule', silence({}, 'hourly-burn'), ['search'], true],
])('%s', (_, one, key, expected) => {
  expect(silenceOf(rule, key, FROM, [one])).toBe(expected ? one : null);
});

test('a where of several values matches no silence', () => {
  const several = { ...rule, where: { model: { in: ['gpt', 'claude'] } } };
  expect(silenceOf(several, ['search'], FROM, [silence({ model: 'gpt' })])).toBeNull();
  const others = { ...rule, where: { model: { notIn: ['claude'] } } };
  expect(silenceOf(others, ['search'], FROM, [silence({ model: 'gpt' })])).toBeNull();
});

test('a silence of an incident fits its alerts, and no alert without an incident', () => {
  const one = silenced(FROM, UNTIL, { incident: 'k3x9' });
  expect(silenceOf(rule, ['a'], FROM, [one], 'k3x9')).toBe(one);
  expect(silenceOf(rule, ['a'], FROM, [one], 'other')).toBeNull();
  expect(silenceOf(rule, ['a'], FROM, [one])).toBeNull();
  const narrower = { ...one, match: { service: 'a' } };
  expect(silenceOf(rule, ['b'], FROM, [narrower], 'k3x9')).toBeNull();
});

test('a silence begins at its first instant and has ended at its last', () => {
  const one = silence({});
  expect(silenceOf(rule, ['a'], FROM - 1, [one])).toBeNull();
  expect(silenceOf(rule, ['a'], FROM, [one])).toBe(one);
  expect(silenceOf(rule, ['a'], UNTIL - 1, [one])).toBe(one);
  expect(silenceOf(rule, ['a'], UNTIL, [one])).toBeNull();
});

describe('a silence that comes again', () => {
  const utc = (text: string) => Date.parse(text);
  const iso = (at: number) => new Date(at).toISOString().slice(0, 16);

  /** Every minute of some hours at which it holds, as spans of UTC. */
  function spans(times: Recurring, from: string, hours: number): string[] {
    const found: string[] = [];
    let since: number | null = null;
    for (let at = utc(from); at <= utc(from) + hours * HOUR; at += MINUTE) {
      const holds = spanAt(times, at) !== null && at < utc(from) + hours * HOUR;
      if (holds) since ??= at;
      else if (since !== null) {
        found.push(`${iso(since)} to ${iso(at)}`);
        since = null;
      }
    }
    return found;
  }

  const weekly = { every: '0 2 * * sun', zone: 'UTC', lastsMs: 4 * HOUR };

  test('holds from each instant that it names, for as long as it lasts', () => {
    expect(spans(weekly, '2026-11-20T00:00:00Z', 14 * 24)).toEqual([
      '2026-11-22T02:00 to 2026-11-22T06:00',
      '2026-11-29T02:00 to 2026-11-29T06:00',
    ]);
    const at = utc('2026-11-22T05:59:59.999Z');
    expect(spanAt(weekly, at)).toEqual({
      from: utc('2026-11-22T02:00:00Z'),
      until: utc('2026-11-22T06:00:00Z'),
    });
    expect(spanAt(weekly, at + 1)).toBeNull();
    expect(spanAt(weekly, utc('2026-11-22T01:59:59.999Z'))).toBeNull();
  });

  test('says the same in whatever order it is asked', () => {
    const asked = ['11-29T03:00', '11-22T03:00', '11-25T00:00', '11-22T06:00', '11-22T02:00', '11-29T01:59'];
    const held = asked.filter((text) => spanAt({ ...weekly }, utc(`2026-${text}:00Z`)) !== null);
    expect(held).toEqual(['11-29T03:00', '11-22T03:00', '11-22T02:00']);
    expect(asked.filter((text) => spanAt(weekly, utc(`2026-${text}:00Z`)) !== null)).toEqual(held);
  });

  test('holds without a break where it lasts longer than the time to the next one', () => {
    const always = { every: '0 */2 * * *', zone: 'UTC', lastsMs: 3 * HOUR };
    expect(spans(always, '2026-11-20T00:00:00Z', 48)).toEqual(['2026-11-20T00:00 to 2026-11-22T00:00']);
    expect(spanAt(always, utc('2026-11-20T04:30:00Z'))?.until).toBe(utc('2026-11-20T07:00:00Z'));
  });

  const nightly = { every: '30 2 * * *', lastsMs: 90 * MINUTE };

  test.each([
    // Clocks go from 02:00 to 03:00 at 01:00Z: 02:30 is skipped, so it begins at the end of the gap.
    [
      'Europe/Berlin',
      '2026-03-28T00:00:00Z',
      ['28T01:30 to 28T03:00', '29T01:00 to 29T02:30', '30T00:30 to 30T02:00'],
    ],
    // Clocks go from 03:00 back to 02:00 at 01:00Z: 02:30 comes twice, and the second time counts anew.
    [
      'Europe/Berlin',
      '2026-10-24T00:00:00Z',
      ['24T00:30 to 24T02:00', '25T00:30 to 25T03:00', '26T01:30 to 26T03:00'],
    ],
    [
      'America/New_York',
      '2026-03-07T00:00:00Z',
      ['07T07:30 to 07T09:00', '08T07:00 to 08T08:30', '09T06:30 to 09T08:00'],
    ],
    [
      'America/New_York',
      '2026-10-31T00:00:00Z',
      ['31T06:30 to 31T08:00', '01T07:30 to 01T09:00', '02T07:30 to 02T09:00'],
    ],
    // Half an hour: from 02:00 back to 01:30, and from 02:00 to 02:30.
    [
      'Australia/Lord_Howe',
      '2026-10-02T12:00:00Z',
      ['02T16:00 to 02T17:30', '03T15:30 to 03T17:00', '04T15:30 to 04T17:00'],
    ],
    [
      'Asia/Kolkata',
      '2026-03-28T00:00:00Z',
      ['28T21:00 to 28T22:30', '29T21:00 to 29T22:30', '30T21:00 to 30T22:30'],
    ],
  ])('follows the clocks of %s from %s on', (zone, from, expected) => {
    const found = spans({ ...nightly, zone }, from, 72);
    expect(found.map((span) => span.replaceAll(/\d{4}-\d\d-/g, ''))).toEqual(expected);
  });

  test('lasts real hours while clocks change', () => {
    const sunday = { every: '0 0 * * sun', zone: 'Europe/Berlin', lastsMs: 6 * HOUR };
    expect(spans(sunday, '2026-03-28T12:00:00Z', 24)).toEqual(['2026-03-28T23:00 to 2026-03-29T05:00']);
    expect(spans(sunday, '2026-10-24T12:00:00Z', 24)).toEqual(['2026-10-24T22:00 to 2026-10-25T04:00']);
  });
});
