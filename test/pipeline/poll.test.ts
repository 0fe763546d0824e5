import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cronSchedule } from '../../src/model/cron-schedule.ts';
import { AppError } from '../../src/model/errors.ts';
import type { Rule } from '../../src/model/rule.ts';
import { collectDirectly, type Source } from '../../src/pipeline/collect.ts';
import { poll } from '../../src/pipeline/poll.ts';
import type { Sql } from '../../src/sql/port.ts';
import { openState, type State } from '../../src/state/open.ts';
import { addSilence, endSilence, type NewSilence } from '../../src/state/silences.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { openLiveSums } from '../../src/sums/live/live-sums.ts';
import { silenced } from '../support/silenced.ts';
import {
  alertsQueuedBy,
  burn,
  DAY,
  HOUR,
  MINUTE,
  openPollWorld,
  type PollWorld,
  reasonsOf,
  silenceOf,
  steadyCalls,
} from './poll-world.ts';

const AT = Date.parse('2026-11-20T14:05:00Z');

let world: PollWorld;
beforeAll(async () => {
  world = await openPollWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.clear());

describe('a poll', () => {
  it('queues a message for what is new, once', async () => {
    await world.calls.log({ at: AT - MINUTE, cost: 60 });
    const first = await world.poll([burn()], AT);
    expect(first.error).toBeNull();
    expect(first.newestRow).toBe(AT - MINUTE);
    expect(reasonsOf(first)).toEqual(['new']);
    expect(alertsQueuedBy(first)).toMatchObject([
      {
        channel: 'oncall',
        rule: 'burn',
        severity: 'warning',
        at: '2026-11-20T14:05:00Z',
        alerts: [
          {
            since: '2026-11-20T14:05:00Z',
            ongoing: false,
            finding: { group: { service: 'search' }, value: 60 },
          },
        ],
      },
    ]);
    const second = await world.poll([burn()], AT + MINUTE);
    expect(reasonsOf(second)).toEqual(['duplicate']);
    expect(second.queued).toEqual([]);
    expect(await world.state.queueLengths()).toEqual(new Map([['oncall', 1]]));
  });

  it('notifies again where the severity rises, and where the value has grown tenfold', async () => {
    await world.calls.log({ at: AT - MINUTE, cost: 60 });
    await world.poll([burn()], AT);
    await world.calls.log({ at: AT, cost: 60 });
    const risen = await world.poll([burn()], AT + MINUTE);
    expect(reasonsOf(risen)).toEqual(['escalated']);
    expect(alertsQueuedBy(risen)).toMatchObject([
      { severity: 'critical', alerts: [{ finding: { value: 120 } }] },
    ]);
    await world.calls.log({ at: AT + MINUTE, cost: 1000 });
    expect(reasonsOf(await world.poll([burn()], AT + 2 * MINUTE))).toEqual(['duplicate']);
    await world.calls.log({ at: AT + 2 * MINUTE, cost: 80 });
    const grown = await world.poll([burn()], AT + 3 * MINUTE);
    expect(reasonsOf(grown)).toEqual(['grown']);
    expect(alertsQueuedBy(grown)).toMatchObject([{ alerts: [{ finding: { value: 1200 } }] }]);
  });

  it('notifies the next day as ongoing, with since when', async () => {
    const evening = Date.parse('2026-11-20T23:30:00Z');
    const midnight = Date.parse('2026-11-21T00:00:00Z');
    await world.calls.log(...steadyCalls(evening - 20 * MINUTE, midnight + HOUR, 60));
    await world.poll([burn()], evening);
    // The poll at midnight still belongs to the day that ends.
    expect(reasonsOf(await world.poll([burn()], midnight))).toEqual(['duplicate']);
    const next = await world.poll([burn()], midnight + MINUTE);
    expect(reasonsOf(next)).toEqual(['ongoing']);
    expect(alertsQueuedBy(next)).toMatchObject([
      // The second call made it critical: the first instant after it.
      { severity: 'critical', alerts: [{ ongoing: true, since: '2026-11-20T23:16:00Z' }] },
    ]);
  });

  it('notifies a pending rule once it has held for long enough', async () => {
    const patient = burn({ for: '5m' });
    await world.calls.log(...steadyCalls(AT - MINUTE, AT + 20 * MINUTE, 60));
    expect(reasonsOf(await world.poll([patient], AT))).toEqual(['pending']);
    const held = await world.poll([patient], AT + 5 * MINUTE);
    expect(reasonsOf(held)).toEqual(['new']);
    expect(alertsQueuedBy(held)).toMatchObject([
      { severity: 'warning', alerts: [{ finding: { value: 120 } }] },
    ]);
  });

  it('notifies nothing while a silence lasts, and notifies when it ends', async () => {
    await world.calls.log(...steadyCalls(AT - 10 * MINUTE, AT + HOUR, 100));
    const silences = [silenceOf('burn', AT, AT + 2 * MINUTE)];
    const silenced = await world.poll([burn()], AT, { silences });
    expect(reasonsOf(silenced)).toEqual(['silenced']);
    expect(silenced.queued).toEqual([]);
    expect(silenced.rules[0]?.latest?.status).toBe('firing');
    expect(reasonsOf(await world.poll([burn()], AT + MINUTE, { silences }))).toEqual(['silenced']);
    expect(reasonsOf(await world.poll([burn()], AT + 2 * MINUTE, { silences }))).toEqual(['new']);
  });

  it('follows silences that people add while it fires, and does not notify until they are over', async () => {
    const grown = burn({ growth: 1.5, dedupe: 'month' });
    await world.calls.log(...steadyCalls(AT - MINUTE, AT + HOUR, 60));
    expect(reasonsOf(await world.poll([grown], AT))).toEqual(['new']);
    const { id } = await addSilence(world.calls.sql, asked({ match: { service: 'search' } }), AT);
    const silenced = await world.poll([grown], AT + 5 * MINUTE);
    expect(reasonsOf(silenced)).toEqual(['silenced']);
    expect(silenced.rules[0]?.verdicts[0]?.silence).toMatchObject({ reason: 'load test' });
    await endSilence(world.calls.sql, id, AT + 6 * MINUTE);
    expect(reasonsOf(await world.poll([grown], AT + 6 * MINUTE))).toEqual(['escalated']);
  });

  it('notifies of what fired while it was away and before people silenced it', async () => {
    await world.poll([burn()], AT);
    await world.calls.log({ at: AT + MINUTE, cost: 60 });
    await addSilence(world.calls.sql, asked({ rule: 'burn' }, AT + 10 * MINUTE), AT + 10 * MINUTE);
    expect(reasonsOf(await world.poll([burn()], AT + 12 * MINUTE))).toEqual(['new']);
  });
});

/** A silence for an hour, as a command adds it. */
function asked(parts: Partial<NewSilence>, from = AT): NewSilence {
  const times = { from, until: from + HOUR };
  return { ...silenced(times.from, times.until, parts), times, createdBy: 'ann@desk' };
}

describe('what a poll asks of the ledger', () => {
  /** The statements that `work` asks the state; a transaction is one. */
  async function asked(work: (state: State) => Promise<unknown>): Promise<number> {
    const { sql } = world.calls;
    let statements = 0;
    const counting: Sql = {
      ...sql,
      query: (...statement) => {
        statements += 1;
        return sql.query(...statement);
      },
      transaction: (...transaction) => {
        statements += 1;
        return sql.transaction(...transaction);
      },
    };
    const state = await openState(counting);
    statements = 0;
    await work(state);
    return statements;
  }

  it('is three statements where nothing fires, and four where something does', async () => {
    await world.poll([burn()], AT);
    expect(await asked((state) => world.poll([burn()], AT + MINUTE, { state }))).toBe(3);
    await world.calls.log(...steadyCalls(AT + MINUTE, AT + HOUR, 60));
    expect(reasonsOf(await world.poll([burn()], AT + 2 * MINUTE))).toEqual(['new']);
    const again = await asked(async (state) => {
      const report = await world.poll([burn()], AT + 3 * MINUTE, { state });
      expect(reasonsOf(report)).toEqual(['duplicate']);
      expect(report.queued).toEqual([]);
    });
    expect(again).toBe(4);
  });

  it('is no more for a group that fires anew, even if it was notified earlier in the day', async () => {
    await world.calls.log(
      ...steadyCalls(AT - MINUTE, AT + HOUR, 60),
      { at: AT - MINUTE, cost: 60, service: 'chat' },
      { at: AT + 20 * MINUTE, cost: 60, service: 'chat' },
      { at: AT + 20 * MINUTE, cost: 60, service: 'ads' },
    );
    expect(reasonsOf(await world.poll([burn()], AT))).toEqual(['new', 'new']);
    expect(reasonsOf(await world.poll([burn()], AT + 15 * MINUTE))).toContain('escalated');
    const more = await asked(async (state) => {
      const report = await world.poll([burn()], AT + 21 * MINUTE, { state });
      expect(
        alertsQueuedBy(report).flatMap(({ alerts }) => alerts.map(({ finding }) => finding.group)),
      ).toEqual([{ service: 'ads' }]);
      expect(reasonsOf(report).sort()).toEqual(['duplicate', 'duplicate', 'new']);
    });
    expect(more).toBe(4);
  });

  it('includes what a check has notified since the last poll', async () => {
    await world.calls.log(...steadyCalls(AT - MINUTE, AT + HOUR, 60));
    expect(reasonsOf(await world.poll([burn()], AT))).toEqual(['new']);
    await world.calls.log({ at: AT, cost: 60 });
    const checked = await poll(world.parts([burn()]), AT + MINUTE, () => AT, { onlyLatest: true });
    expect(reasonsOf(checked)).toEqual(['escalated']);
    expect(reasonsOf(await world.poll([burn()], AT + 2 * MINUTE))).toEqual(['duplicate']);
  });

  it('reaches back before the watermark where the clock was set back', async () => {
    await world.calls.log(...steadyCalls(AT - MINUTE, AT + 2 * DAY, 40));
    const ofSeveralDays = [burn({ thresholds: { warning: 50 } })];
    expect(reasonsOf(await world.poll(ofSeveralDays, AT + 5 * MINUTE))).toEqual(['new']);
    expect(reasonsOf(await world.poll(ofSeveralDays, AT + DAY))).toEqual(['duplicate', 'ongoing']);
    expect(reasonsOf(await world.poll(ofSeveralDays, AT + 6 * MINUTE))).toEqual(['duplicate']);
    expect(reasonsOf(await world.poll(ofSeveralDays, AT + 7 * MINUTE))).toEqual(['duplicate']);
  });
});

describe('missed polls', () => {
  it('are caught up on: a breach that came and went is notified as of its worst evaluation time', async () => {
    await world.poll([burn()], AT);
    await world.calls.log({ at: AT + HOUR, cost: 60 }, { at: AT + HOUR + 5 * MINUTE, cost: 61 });
    const report = await world.poll([burn()], AT + 5 * HOUR);
    expect(reasonsOf(report)).toEqual(['new']);
    expect(report.rules[0]?.latest?.status).toBe('ok');
    expect(alertsQueuedBy(report)).toMatchObject([
      {
        severity: 'critical',
        at: '2026-11-20T15:11:00Z',
        alerts: [{ since: '2026-11-20T15:11:00Z', finding: { value: 121 } }],
      },
    ]);
    expect((await world.poll([burn()], AT + 6 * HOUR)).queued).toEqual([]);
  });

  it('of two days make a message each', async () => {
    const evening = Date.parse('2026-11-20T22:00:00Z');
    await world.poll([burn()], evening);
    await world.calls.log({ at: evening + HOUR, cost: 60 }, { at: evening + 3 * HOUR, cost: 70 });
    const report = await world.poll([burn()], evening + 5 * HOUR);
    expect(alertsQueuedBy(report)).toMatchObject([
      { at: '2026-11-20T23:01:00Z', alerts: [{ ongoing: false, finding: { value: 60 } }] },
      { at: '2026-11-21T01:01:00Z', alerts: [{ ongoing: false, finding: { value: 70 } }] },
    ]);
    expect(new Set(report.queued.map(({ id }) => id)).size).toBe(2);
  });

  it('are caught up on as far back as a day', async () => {
    await world.poll([burn()], AT);
    await world.calls.log({ at: AT + HOUR, cost: 60 }, { at: AT + 4 * HOUR, service: 'chat', cost: 70 });
    const report = await world.poll([burn()], AT + DAY + 2 * HOUR);
    expect(
      alertsQueuedBy(report).flatMap(({ alerts }) => alerts.map(({ finding }) => finding.value)),
    ).toEqual([70]);
  });

  it('of a schedule of seconds are caught up on to the second, and by whole minutes where they are long ago', async () => {
    const schedule = cronSchedule('* * * * * *', 'UTC');
    const brief = burn({ window: '2s' });
    await world.poll([brief], AT, { schedule });
    const long = AT + 5 * MINUTE;
    await world.calls.log(
      { at: long - 1_000, service: 'long-ago-on-the-minute', cost: 60 },
      { at: long + 30_500, service: 'long-ago', cost: 60 },
      { at: AT + HOUR - 90_500, service: 'a-time-ago', cost: 70 },
    );
    const report = await world.poll([brief], AT + HOUR, { schedule });
    expect(
      alertsQueuedBy(report).flatMap(({ alerts }) => alerts.map(({ finding }) => finding.group.service)),
    ).toEqual(['a-time-ago', 'long-ago-on-the-minute']);
    expect(report.rules[0]?.latest?.status).toBe('ok');
  });

  it('are not evaluated at the first start, nor by a check', async () => {
    await world.calls.log({ at: AT - HOUR, cost: 60 }, { at: AT + HOUR, cost: 70 });
    expect(reasonsOf(await world.poll([burn()], AT))).toEqual([]);
    const once = await poll(world.parts([burn()]), AT + 5 * HOUR, () => AT, { onlyLatest: true });
    expect(once.error).toBeNull();
    expect(reasonsOf(once)).toEqual([]);
  });

  it('are left to the worker by a check, which still notifies what fires now', async () => {
    const checked = (at: number) => poll(world.parts([burn()]), at, () => at, { onlyLatest: true });
    await world.poll([burn()], AT);
    await world.calls.log(
      { at: AT + HOUR, cost: 70 },
      { at: AT + 3 * HOUR - MINUTE, cost: 80, service: 'chat' },
    );
    expect(alertsQueuedBy(await checked(AT + 3 * HOUR))).toMatchObject([{ at: '2026-11-20T17:05:00Z' }]);
    const worker = await world.poll([burn()], AT + 3 * HOUR + MINUTE);
    expect(alertsQueuedBy(worker)).toMatchObject([
      { at: '2026-11-20T15:06:00Z', alerts: [{ finding: { group: { service: 'search' } } }] },
    ]);
    expect(alertsQueuedBy(worker)).toHaveLength(1);
  });

  it('do not exist where only checks run, which remember since when a group has held', async () => {
    const held = burn({ dedupe: 'episode' });
    const checked = (at: number) => poll(world.parts([held]), at, () => at, { onlyLatest: true });
    const spent = Array.from({ length: 40 }, (_, i) => ({ at: AT + i * MINUTE, cost: 60 }));
    await world.calls.log(...spent);
    const [first] = alertsQueuedBy(await checked(AT + 20 * MINUTE));
    expect(first?.alerts[0]?.since).toBe('2026-11-20T14:07:00Z');
    expect(reasonsOf(await checked(AT + 30 * MINUTE))).toEqual(['duplicate']);
    await world.calls.sql.query('DELETE FROM api_audit_logs');
    expect(reasonsOf(await checked(AT + 2 * HOUR))).toEqual([]);
    await world.calls.log({ at: AT + 3 * HOUR - 1, cost: 60 });
    expect(reasonsOf(await checked(AT + 3 * HOUR))).toEqual(['new']);
    // A worker that begins now begins with its own first instant.
    expect(alertsQueuedBy(await world.poll([held], AT + 5 * HOUR))).toEqual([]);
  });

  it('are those of each instant while a store was unreachable', async () => {
    await world.poll([burn()], AT);
    const away: AuditStore = {
      ...world.calls.store,
      read: () => Promise.reject(new AppError('store_unreachable', 'connection refused')),
    };
    const failed = await world.poll([burn()], AT + MINUTE, { store: away, source: away });
    expect(failed).toMatchObject({ queued: [], rules: [], error: { code: 'store_unreachable' } });
    await world.calls.log({ at: AT + MINUTE, cost: 60 });
    expect(alertsQueuedBy(await world.poll([burn()], AT + HOUR))).toMatchObject([
      { at: '2026-11-20T14:07:00Z' },
    ]);
  });
});

describe('rules that kept sums do not cover yet', () => {
  const month = burn({ name: 'month', window: '30d' });
  /** Knows all but the first. */
  const source: Source = {
    read: () => Promise.reject(new Error('only the store is read')),
    refresh: async (queries, before) => {
      const known = await collectDirectly(world.calls.store, queries, before);
      return { ...known, series: known.series.map((series, i) => (i === 0 ? null : series)) };
    },
  };

  it('are read from the store itself after the others were recorded', async () => {
    await world.calls.log({ at: AT - MINUTE, cost: 60 });
    const order: string[] = [];
    const store: AuditStore = {
      ...world.calls.store,
      read: async (reads, before) => {
        const isOfMonth = reads.some(({ ranges }) => ranges.some(({ from }) => from < AT - 20 * DAY));
        if (!isOfMonth) return world.calls.store.read(reads, before);
        const [burning] = (
          await world.state.readRuleStates([...world.parts([month, burn()]).fingerprints.values()])
        ).values();
        order.push(burning === undefined ? 'nothing is recorded' : 'the other is recorded');
        return world.calls.store.read(reads, before);
      },
    };
    const report = await world.poll([month, burn()], AT, { store, source });
    expect(order[0]).toBe('the other is recorded');
    expect(report.error).toBeNull();
    expect(report.rules.map(({ rule, latest }) => [rule.name, latest?.status])).toEqual([
      ['month', 'firing'],
      ['burn', 'firing'],
    ]);
    expect(alertsQueuedBy(report).map(({ rule }) => rule)).toEqual(['burn', 'month']);
  });

  /** Sums that a worker keeps, and what is done before the poll reads the past into them. */
  function keptSums(beforeBackfill: () => Promise<void>): Source {
    const sums = openLiveSums(world.calls.store, { latenessMs: 15 * MINUTE, kept: null });
    return {
      read: () => Promise.reject(new Error('nothing is read directly')),
      refresh: sums.refresh,
      known: sums.known,
      async backfill(budgetMs) {
        await beforeBackfill();
        await sums.backfill(budgetMs);
      },
    };
  }
  const recorded = async (rules: readonly Rule[]): Promise<number> =>
    (await world.state.readRuleStates([...world.parts(rules).fingerprints.values()])).size;

  it('wait until the others were recorded, and are answered from sums that the poll reads then', async () => {
    await world.calls.log({ at: AT - 20 * DAY, cost: 70 }, { at: AT - MINUTE, cost: 60 });
    const rules = [month, burn()];
    const before: number[] = [];
    const sums = keptSums(async () => void before.push(await recorded(rules)));
    const store: AuditStore = { ...world.calls.store, read: sums.read };
    const report = await world.poll(rules, AT, { store, source: sums });
    expect(before).toEqual([1]);
    expect(report.error).toBeNull();
    expect(alertsQueuedBy(report).map(({ rule, severity }) => [rule, severity])).toEqual([
      ['burn', 'warning'],
      ['month', 'critical'],
    ]);
  });

  it('are read from the store itself where the sums are not there in time', async () => {
    await world.calls.log({ at: AT - 20 * DAY, cost: 70 }, { at: AT - MINUTE, cost: 60 });
    const budgets: number[] = [];
    const late: Source = {
      ...keptSums(async () => undefined),
      backfill: async (ms) => void budgets.push(ms),
    };
    const report = await world.poll([month, burn()], AT, { source: late });
    expect(budgets).toEqual([60_000]);
    expect(report.error).toBeNull();
    expect(alertsQueuedBy(report).map(({ rule }) => rule)).toEqual(['burn', 'month']);
  });

  it('fail alone where the store takes too long', async () => {
    await world.calls.log({ at: AT - MINUTE, cost: 60 });
    const store: AuditStore = {
      ...world.calls.store,
      read: () => Promise.reject(new AppError('store_timeout', 'it takes too long')),
    };
    const report = await world.poll([month, burn()], AT, { store, source });
    expect(report.error?.code).toBe('store_timeout');
    expect(alertsQueuedBy(report).map(({ rule }) => rule)).toEqual(['burn']);
  });
});

describe('a rule that fails', () => {
  const byUser = burn({ name: 'by-user', group_by: ['user'] });

  it('does not stop the others, and its instants are caught up on', async () => {
    await world.poll([byUser, burn()], AT);
    await world.calls.log({ at: AT, cost: 60, user: 'ann' });
    await world.calls.sql.query('ALTER TABLE api_audit_logs RENAME COLUMN user_id TO gone');
    const broken = await world
      .poll([byUser, burn()], AT + MINUTE)
      .finally(() => world.calls.sql.query('ALTER TABLE api_audit_logs RENAME COLUMN gone TO user_id'));
    expect(broken.rules.map(({ rule, error }) => [rule.name, error === null])).toEqual([
      ['by-user', false],
      ['burn', true],
    ]);
    expect(broken.error).toBe(broken.rules[0]?.error);
    expect(alertsQueuedBy(broken).map(({ rule }) => rule)).toEqual(['burn']);

    const mended = await world.poll([byUser, burn()], AT + HOUR);
    expect(mended.error).toBeNull();
    expect(alertsQueuedBy(mended)).toMatchObject([{ rule: 'by-user', at: '2026-11-20T14:06:00Z' }]);
  });
});

describe('an edited rule', () => {
  beforeEach(async () => {
    await world.calls.log(...steadyCalls(AT - HOUR, AT + HOUR, 30));
    await world.poll([burn()], AT);
  });

  it('keeps its identity where only wording, channels and order changed', async () => {
    const edited = burn({ name: 'renamed', message: 'Do something', notify: ['finance'] });
    const other = burn({ name: 'other', thresholds: { critical: 1e6 } });
    const report = await world.poll([other, edited], AT + MINUTE);
    expect(reasonsOf(report)).toEqual(['duplicate']);
  });

  it('is new where a limit changed, and is evaluated at the latest instant only', async () => {
    const edited = burn({ thresholds: { warning: 55, critical: 100 } });
    const report = await world.poll([edited], AT + 30 * MINUTE);
    expect(reasonsOf(report)).toEqual(['new']);
    expect(alertsQueuedBy(report)).toMatchObject([{ at: '2026-11-20T14:35:00Z' }]);
  });
});

describe('two replicas that poll at the same time', () => {
  let shared: PollWorld;
  beforeAll(async () => {
    shared = await openPollWorld('postgres');
  });
  afterAll(() => shared.stop());

  it('notify once together, at the first poll and at every later one', async () => {
    const rules = [burn(), burn({ name: 'by-model', group_by: ['model'] })];
    await shared.calls.log({ at: AT - MINUTE, cost: 60 });
    for (const [i, expected] of [2, 0, 2].entries()) {
      const at = AT + i * MINUTE;
      if (i === 2) await shared.calls.log({ at: at - 1, cost: 60 });
      const reports = await Promise.all([1, 2, 3].map(() => shared.poll(rules, at)));
      expect(reports.map(({ error }) => error)).toEqual([null, null, null]);
      expect(reports.flatMap(({ queued }) => queued)).toHaveLength(expected);
    }
    expect(await shared.state.queueLengths()).toEqual(new Map([['oncall', 4]]));
  });
});
