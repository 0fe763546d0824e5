import { readdir, readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { StoredBucket } from '../../src/state/aggregate-buckets.ts';
import { openState, type State } from '../../src/state/open.ts';
import {
  burn,
  HOUR,
  MINUTE,
  openPollWorld,
  type PollWorld,
  reasonsOf,
  steadyCalls,
} from '../pipeline/poll-world.ts';
import { ENGINES } from '../support/sql-engines.ts';

const AT = Date.UTC(2026, 10, 20, 2, 5);
const MIGRATIONS = new URL('../../src/state/migrations/', import.meta.url);
const FIXTURE = new URL('../fixtures/state/0005.sql', import.meta.url);

/** The rules and calls by which the rows of the fixture were written. */
const TOGETHER = [
  burn(),
  burn({ name: 'burst', dedupe: 'episode', thresholds: { critical: 100 } }),
  burn({ name: 'quiet', thresholds: { critical: 100_000 } }),
];
const ALONE = burn({ name: 'alone', thresholds: { warning: 60 } });

describe.each(ENGINES)('a database of the version before, on %s', (engine) => {
  let world: PollWorld;
  let state: State;
  /** What the version before knew of how far rules had come. */
  let before: Map<string, number>;

  beforeAll(async () => {
    world = await openPollWorld(engine);
    await world.calls.log(...steadyCalls(AT - HOUR, AT - 5 * MINUTE, 1));
    await world.calls.log({ at: AT - MINUTE, cost: 120 }, { at: AT - MINUTE, cost: 70, service: 'ads' });
    await world.calls.sql.query('DROP SCHEMA spendwatch CASCADE');
    await world.calls.sql.query(await schemaOfVersion5());
    await world.calls.sql.query(await readFile(FIXTURE, 'utf8'));
    const rows = await world.calls.sql.query<{ fingerprint: string; last_good: Date }>(
      'SELECT fingerprint, last_good FROM spendwatch.progress',
    );
    before = new Map(rows.map(({ fingerprint, last_good }) => [fingerprint, last_good.getTime()]));
    // A row that such a version could leave behind when it was ended by hand.
    await world.calls.sql.query(
      `INSERT INTO spendwatch.rule_progress (fingerprint, rule_name) VALUES ('nowhere', '')`,
    );
    // A send to a channel with a limited rate is under way.
    await world.calls.sql.query(
      `INSERT INTO spendwatch.channel_turn (channel, token, free_at, spacing)
       VALUES ('oncall', 'of the send', '2026-11-20 02:05:00Z', '1 second')`,
    );
    state = await openState(world.calls.sql);
  });
  afterAll(() => world.stop());

  it('keeps the watermark of each rule, whether it was shared or not', async () => {
    const names = world.parts([...TOGETHER, ALONE]).fingerprints;
    expect(before).toEqual(
      new Map([...names].map(([name, id]) => [id, name === 'alone' ? AT : AT + 2 * MINUTE])),
    );
    expect(await state.readWatermarks([...before.keys(), 'nowhere'])).toEqual(before);
  });

  it('polls on from there, and notifies nothing again', async () => {
    const judged = await world.poll([...TOGETHER, ALONE], AT + 3 * MINUTE, { state });
    expect(judged.error).toBeNull();
    expect(judged.queued).toEqual([]);
    expect(reasonsOf(judged)).toEqual(Array(5).fill('duplicate'));
    expect(new Set((await state.readWatermarks([...before.keys()])).values())).toEqual(
      new Set([AT + 3 * MINUTE]),
    );
  });

  it('sends what was queued, with the same id and body, and nothing that had arrived', async () => {
    const rows = await world.calls.sql.query<{
      id: string;
      body: string;
      state: string;
      backoff_step: number;
    }>(`SELECT id, body, state, backoff_step FROM spendwatch.delivery WHERE created_at <= $1 ORDER BY id`, [
      new Date(AT + 2 * MINUTE),
    ]);
    const due = rows
      .filter(({ state: is }) => is === 'queued')
      .map(({ id, body, backoff_step: backoffStep }) => ({ id, body: JSON.parse(body), backoffStep }));
    expect(rows.map(({ state: is }) => is).sort()).toEqual(['delivered', 'queued', 'queued']);
    expect(due.map(({ backoffStep }) => backoffStep).sort()).toEqual([0, 1]);
    const claimed = [];
    for (let i = 0; i < due.length; i += 1)
      claimed.push(await state.claim('oncall', AT + 3 * MINUTE, 60_000));
    expect(claimed).toEqual(expect.arrayContaining(due.map((one) => expect.objectContaining(one))));
    for (const one of claimed) {
      const settled = {
        state: 'delivered',
        backoffStep: 0,
        nextAt: AT,
        accepted: ['oncall'],
        failure: null,
        reports: null,
      } as const;
      expect(one !== null && (await state.settle(one, settled, AT + 3 * MINUTE))).toBe(true);
    }
    expect(await state.claim('oncall', AT + 3 * MINUTE, 60_000)).toBeNull();
  });

  it('notifies what is new, also at an evaluation time that lies between', async () => {
    await world.calls.log({ at: AT + 3 * MINUTE, cost: 1_300 });
    const { queued, rules } = await world.poll(TOGETHER, AT + 16 * MINUTE, { state });
    expect(queued.map(({ rule, channel }) => `${rule} to ${channel}`).sort()).toEqual([
      'burn to oncall',
      'burst to oncall',
    ]);
    expect(rules.flatMap(({ verdicts }) => verdicts.map(({ reason }) => reason)).sort()).toEqual([
      'duplicate',
      'grown',
      'grown',
    ]);
  });

  it('ends what was told before it without a word, and the incidents of what was told since', async () => {
    const incidents = () =>
      world.calls.sql.query<{ subject: string; isOver: boolean }>(
        'SELECT subject, closed_at IS NOT NULL AS "isOver" FROM spendwatch.incident',
      );
    expect(await incidents()).toEqual([{ subject: '["service","search"]', isOver: false }]);
    await world.calls.log({ at: AT + 59 * MINUTE, cost: 0.01, service: 'quiet' });
    const { error, queued } = await world.poll(TOGETHER, AT + HOUR, { state });
    expect([error, queued]).toEqual([null, []]);
    expect(await incidents()).toEqual([{ subject: '["service","search"]', isOver: true }]);
    expect(await world.calls.sql.query('SELECT FROM spendwatch.alert')).toEqual([]);
    const rules = world.parts(TOGETHER).fingerprints;
    const open = await state.readRuleStates([...rules.values()]);
    expect([...open.values()].flatMap(({ episodes }) => episodes)).toEqual([]);
  });

  it('uses the sums that were kept, and keeps the next ones', async () => {
    const buckets = state.aggregateBuckets('basis');
    expect(await buckets.watermark()).toEqual({
      generation: 2,
      closedTo: AT - 5 * MINUTE,
      newestId: '42',
      gaps: '[]',
      reconciledAt: null,
    });
    const loaded: StoredBucket[] = [];
    await buckets.load('["service"]', (some) => loaded.push(...some));
    expect(loaded.map(({ hours, begins, sums }) => [hours, new Date(begins).toISOString(), sums])).toEqual([
      [1, '2026-11-20T00:00:00.000Z', 'cells of another'],
      [1, '2026-11-20T01:00:00.000Z', 'cells of one hour, seen again'],
      [24, '2026-11-19T00:00:00.000Z', 'cells of a day'],
    ]);
    expect(await buckets.keep([], { closedTo: AT, newestId: '43', gaps: '[]', reconciledAt: AT }, 2)).toBe(
      true,
    );
  });

  it('keeps the rate-limit slot of a send under way', async () => {
    expect(await world.calls.sql.query('SELECT * FROM spendwatch.rate_limit_slot')).toEqual([
      { channel: 'oncall', token: 'of the send', free_at: new Date(AT), spacing: expect.anything() },
    ]);
  });

  it('has no table or column of the old names left', async () => {
    const names = await world.calls.sql.query<{ name: string }>(
      `SELECT relname AS name FROM pg_class WHERE relnamespace = 'spendwatch'::regnamespace
       UNION SELECT column_name FROM information_schema.columns WHERE table_schema = 'spendwatch'`,
    );
    expect(
      names
        .map(({ name }) => name)
        .filter((name) => /said|progress|last_good|pace|rollup|sealed|rung|turn/.test(name)),
    ).toEqual([]);
  });
});

async function schemaOfVersion5(): Promise<string> {
  const files = (await readdir(MIGRATIONS)).sort().slice(0, 5);
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, MIGRATIONS), 'utf8')));
  const ledger = `CREATE SCHEMA spendwatch; CREATE TABLE spendwatch.migration (
    number integer PRIMARY KEY, name text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());`;
  return [ledger, ...texts].join('\n');
}
