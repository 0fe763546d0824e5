import { describe, expect, test } from 'vitest';
import type { Firing } from '../../src/model/finding.ts';
import { groupId } from '../../src/model/fingerprint.ts';
import { fixedFromNumber } from '../../src/model/money.ts';
import { type Closing, type Episode, openEpisode } from '../../src/model/notification.ts';
import { observedHere } from '../../src/model/observed.ts';
import type { Rule, Severity } from '../../src/model/rule.ts';
import type { GroupKey } from '../../src/model/series.ts';
import { EpisodeTracker } from '../../src/pipeline/episodes.ts';
import type { Evaluation } from '../../src/pipeline/evaluate.ts';
import { sampleRule } from '../channels/sample-messages.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AT = Date.UTC(2026, 10, 20, 2);
const KEY: GroupKey = ['search'];
const ID = groupId(KEY);
const rule = (changes: Partial<Rule> = {}): Rule => sampleRule({ resolveAfterMs: 15 * MINUTE, ...changes });

/** How a group did at an instant: the severities that it reached, or what else was found. */
type Found = Severity | 'below' | 'no rows' | 'no data';

function evaluation(at: number, found: Found): Evaluation {
  const window = { from: at - HOUR, to: at };
  const value = { fixed: fixedFromNumber(60), number: 60, calls: 3 };
  const observation = { key: KEY, value, window, badness: value.fixed };
  if (found === 'no data')
    return { at, judgement: { status: 'no_data', observed: observedHere([]), firing: [] }, pending: [] };
  const severities: Severity[] =
    found === 'critical' ? ['warning', 'critical'] : found === 'warning' ? ['warning'] : [];
  const [first, ...more] = severities.map((severity) => ({ severity, bound: 1n, operator: '>=' }) as const);
  const firing: Firing[] = first === undefined ? [] : [{ ...observation, steps: [first, ...more] }];
  const observed = observedHere(found === 'no rows' ? [] : [observation]);
  return { at, judgement: { status: firing.length > 0 ? 'firing' : 'ok', observed, firing }, pending: [] };
}

/** Follows a group through instants a minute apart (or as given), each in a poll of its own, as a worker does. */
function follow(
  found: readonly Found[],
  {
    of = rule(),
    stepMs = MINUTE,
    newestRow = Number.POSITIVE_INFINITY,
    from = AT,
  }: { of?: Rule; stepMs?: number; newestRow?: number; from?: number } = {},
): { episodes: Episode[]; closings: Closing[] } {
  const open = new Map<number, Episode>();
  const closings: Closing[] = [];
  found.forEach((one, i) => {
    const at = from + i * stepMs;
    const tracker = new EpisodeTracker({
      rule: of,
      zone: 'UTC',
      first: at,
      knownTo: i === 0 ? null : at - stepMs,
      recorded: [...open.values()],
      computed: [],
      notified: new Map(),
      newestRow,
    });
    tracker.advance({ at, earlier: [] }, evaluation(at, one));
    const { begun, ended } = tracker.changes();
    for (const { step } of ended) open.delete(step);
    for (const episode of begun) open.set(episode.step, episode);
    closings.push(...tracker.closings());
  });
  return { episodes: [...open.values()], closings };
}

const times = (count: number, found: Found): Found[] => Array.from({ length: count }, () => found);

describe('an alert is over', () => {
  test('when its condition did not hold for resolve_after, as of the first instant without it', () => {
    const { episodes, closings } = follow(['warning', 'warning', ...times(16, 'below')]);
    expect(episodes).toEqual([]);
    expect(closings).toEqual([{ groupId: ID, how: 'resolved', at: AT + 2 * MINUTE }]);
    expect(follow(['warning', 'warning', ...times(15, 'below')]).closings).toEqual([]);
  });

  test('at the next instant where resolve_after is 0', () => {
    const of = rule({ resolveAfterMs: 0 });
    expect(follow(['warning', 'below'], { of }).closings).toMatchObject([{ at: AT + MINUTE }]);
  });

  test('at the next instant where instants are further apart than resolve_after', () => {
    const { closings } = follow(['warning', 'below'], { stepMs: HOUR });
    expect(closings).toEqual([{ groupId: ID, how: 'resolved', at: AT + HOUR }]);
  });

  test('once, though its value crosses the limit 50 times in an hour', () => {
    const crossing = Array.from({ length: 100 }, (_, i): Found => (i % 2 === 0 ? 'warning' : 'below'));
    const { closings } = follow([...crossing, ...times(20, 'below')]);
    expect(closings).toEqual([{ groupId: ID, how: 'resolved', at: AT + 99 * MINUTE }]);
  });

  test('only when all its steps are', () => {
    const { episodes, closings } = follow(['critical', ...times(30, 'warning')]);
    expect(closings).toEqual([]);
    expect(episodes).toEqual([openEpisode(ID, 2, AT)]);
  });

  test('as ended when its calendar period is', () => {
    const of = rule({ window: { kind: 'calendar', word: 'today', text: 'today' } });
    const from = Date.UTC(2026, 10, 20, 23, 59);
    // The poll at midnight judges the day that ended.
    const { closings } = follow(['warning', 'warning', 'below'], { of, from });
    expect(closings).toEqual([{ groupId: ID, how: 'ended', at: from + 2 * MINUTE }]);
  });
});

describe('missing data', () => {
  test('resolves nothing where instants have none', () => {
    const { episodes, closings } = follow(['warning', ...times(60, 'no data'), 'warning']);
    expect(closings).toEqual([]);
    expect(episodes).toEqual([{ ...openEpisode(ID, 2, AT), began: AT + 61 * MINUTE }]);
  });

  test('resolves nothing where the store has no newer rows, though the sum is 0', () => {
    const away = follow(['warning', ...times(60, 'no rows')], { newestRow: AT - 1 });
    expect(away.closings).toEqual([]);
    const here = follow(['warning', ...times(60, 'no rows')], { newestRow: AT + MINUTE });
    expect(here.closings).toMatchObject([{ how: 'resolved', at: AT + MINUTE }]);
  });

  test('leaves a group with rows below the limit as it is: below it', () => {
    const { closings } = follow(['warning', ...times(16, 'below')], { newestRow: AT - 1 });
    expect(closings).toMatchObject([{ how: 'resolved', at: AT + MINUTE }]);
  });

  test('ends an alert after a day', () => {
    const { closings } = follow(['warning', ...times(30, 'no data')], { stepMs: HOUR });
    expect(closings).toMatchObject([{ groupId: ID, how: 'ended' }]);
    expect(follow(['warning', ...times(24, 'no data')], { stepMs: HOUR }).closings).toEqual([]);
  });
});

test('a dip shorter than resolve_after breaks no `since`', () => {
  const { episodes } = follow(['warning', 'below', 'below', 'warning', 'critical']);
  expect(episodes).toEqual([
    { ...openEpisode(ID, 2, AT), began: AT + 3 * MINUTE },
    openEpisode(ID, 3, AT + 4 * MINUTE),
  ]);
});

test('groups that stop firing at once are looked for once each', () => {
  const many = Array.from({ length: 2_000 }, (_, i): GroupKey => [`service-${i}`]);
  const observed = observedHere(
    many.map((key) => ({
      key,
      value: { fixed: 0n, number: 0, calls: 1 },
      window: { from: AT - HOUR, to: AT },
      badness: 0n,
    })),
  );
  let looked = 0;
  const counted = {
    ...observed,
    keyAt: (place: number) => {
      looked += 1;
      return observed.keyAt(place);
    },
  };
  const tracker = new EpisodeTracker({
    rule: rule({ metric: 'error_rate' }),
    zone: 'UTC',
    first: AT,
    knownTo: AT - MINUTE,
    recorded: many.map((key) => openEpisode(groupId(key), 2, AT - HOUR)),
    computed: [],
    notified: new Map(),
    newestRow: AT,
  });
  tracker.advance(
    { at: AT, earlier: [] },
    { at: AT, judgement: { status: 'ok', observed: counted, firing: [] }, pending: [] },
  );
  expect(tracker.changes().begun).toHaveLength(many.length);
  expect(looked).toBe(many.length);
});
