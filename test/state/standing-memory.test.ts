import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { poll } from '../../src/pipeline/poll.ts';
import type { State } from '../../src/state/open.ts';
import { rememberStanding } from '../../src/state/standing-memory.ts';
import {
  burn,
  MINUTE,
  openPollWorld,
  type PollWorld,
  reasonsOf,
  steadyCalls,
  toldBy,
} from '../pipeline/poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');

let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

/** A state that remembers, and how often it has read where rules stand. */
function remembering(now: () => number = () => AT): { state: State; reads(): number } {
  let reads = 0;
  const counting: State = {
    ...world.state,
    readStanding(fingerprints) {
      reads += 1;
      return world.state.readStanding(fingerprints);
    },
  };
  return { state: rememberStanding(counting, now), reads: () => reads };
}

it('where rules stand is read anew by every tenth quiet poll, and after each that has something to say', async () => {
  const { state, reads } = remembering();
  for (let minute = 0; minute < 20; minute += 1) {
    const report = await world.poll([burn()], AT + minute * MINUTE, { state });
    expect(report.error).toBeNull();
  }
  // The first poll of a rule notes more than how far it has come.
  expect(reads()).toBe(3);
  expect(await world.state.readProgress([...world.parts([burn()]).fingerprints.values()])).toEqual(
    new Map([[world.parts([burn()]).fingerprints.get('burn'), AT + 19 * MINUTE]]),
  );
  await world.calls.log(...steadyCalls(AT + 19 * MINUTE, AT + 60 * MINUTE, 60));
  const before = reads();
  expect(reasonsOf(await world.poll([burn()], AT + 20 * MINUTE, { state }))).toEqual(['new']);
  expect(reasonsOf(await world.poll([burn()], AT + 21 * MINUTE, { state }))).toEqual(['duplicate']);
  expect(reasonsOf(await world.poll([burn()], AT + 22 * MINUTE, { state }))).toEqual(['duplicate']);
  expect(reads() - before).toBe(1);
});

it('what another process recorded meanwhile is read before anything is said', async () => {
  const { state } = remembering();
  await world.poll([burn()], AT, { state });
  await world.poll([burn()], AT + MINUTE, { state });
  await world.calls.log(...steadyCalls(AT + MINUTE, AT + 60 * MINUTE, 60));
  expect(reasonsOf(await world.poll([burn()], AT + 2 * MINUTE))).toEqual(['new']);
  const report = await world.poll([burn()], AT + 3 * MINUTE, { state });
  expect(reasonsOf(report)).toEqual(['duplicate']);
  expect(report.queued).toEqual([]);
  expect(await world.state.queueLengths()).toEqual(new Map([['oncall', 1]]));
});

it('rules that another process has moved on meanwhile go on from there', async () => {
  const { state, reads } = remembering();
  await world.poll([burn()], AT, { state });
  await world.poll([burn()], AT + MINUTE, { state });
  await world.poll([burn()], AT + 2 * MINUTE);
  await world.poll([burn()], AT + 3 * MINUTE, { state });
  expect(reads()).toBe(3);
  expect([
    ...(await world.state.readProgress([...world.parts([burn()]).fingerprints.values()])).values(),
  ]).toEqual([AT + 3 * MINUTE]);
});

it('nothing is remembered any more once another process has polled the same rules', async () => {
  const { state, reads } = remembering();
  for (let minute = 0; minute < 8; minute += 1) {
    const at = AT + minute * MINUTE;
    if (minute >= 4) await world.poll([burn()], at);
    await world.poll([burn()], at, { state });
  }
  // Twice at first, as the first poll of a rule notes more; once it was overtaken, and at each poll from then on.
  expect(reads()).toBe(2 + 1 + 3);
});

it('what is remembered is read anew after a long pause', async () => {
  let time = AT;
  const { state, reads } = remembering(() => time);
  await world.poll([burn()], AT, { state });
  await world.poll([burn()], AT + MINUTE, { state });
  time = AT + 9 * MINUTE;
  await world.poll([burn()], time, { state });
  expect(reads()).toBe(2);
  time += 10 * MINUTE;
  await world.poll([burn()], time, { state });
  expect(reads()).toBe(3);
});

it('what a check has said meanwhile is not said again', async () => {
  const { state } = remembering();
  await world.poll([burn()], AT, { state });
  await world.poll([burn()], AT + MINUTE, { state });
  await world.calls.log(...steadyCalls(AT + MINUTE, AT + 60 * MINUTE, 60));
  const checked = await poll(world.parts([burn()]), AT + 2 * MINUTE, () => AT, { onlyLatest: true });
  expect(toldBy(checked)).toHaveLength(1);
  expect((await world.poll([burn()], AT + 3 * MINUTE, { state })).queued).toEqual([]);
  expect(reasonsOf(await world.poll([burn()], AT + 4 * MINUTE, { state }))).toEqual(['duplicate']);
});

it('rules that came, and a clock that was set back, are read anew', async () => {
  const { state, reads } = remembering();
  await world.poll([burn()], AT, { state });
  await world.poll([burn()], AT + MINUTE, { state });
  await world.poll([burn()], AT + 2 * MINUTE, { state });
  expect(reads()).toBe(2);
  const more = [burn(), burn({ name: 'hour', window: '1h' })];
  await world.poll(more, AT + 3 * MINUTE, { state });
  expect(reads()).toBe(3);
  await world.poll(more, AT + MINUTE, { state });
  await world.poll(more, AT + 2 * MINUTE, { state });
  expect(reads()).toBe(5);
});
