import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { alertMessage } from '../../src/model/alert-message.ts';
import type { Firing } from '../../src/model/finding.ts';
import type { Rule } from '../../src/model/rule.ts';
import { evaluateRules } from '../../src/pipeline/evaluate-rules.ts';
import { explain } from '../../src/pipeline/explain.ts';
import { limitedReads } from '../../src/pipeline/limited-reads.ts';
import { openSql } from '../../src/sql/open.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { openLiveSums } from '../../src/sums/live/live-sums.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';

const MINUTE = 60_000;
const AT = Date.parse('2026-11-20T02:05:00Z');
const DIMENSIONS = new Set(['service', 'model', 'user', 'endpoint']);

let calls: CallStore;
beforeAll(async () => {
  calls = await openCallStore('postgres');
  await calls.log({ at: AT - MINUTE, cost: 5, user: 'ann' }, { at: AT - MINUTE, cost: 2, user: null });
});
afterAll(() => calls.stop());

const byService = (keys: Record<string, unknown> = {}): Rule =>
  ruleOf('threshold', { group_by: ['service'], threshold: 1, window: '1h', ...keys });

async function firingOf(rule: Rule): Promise<readonly Firing[]> {
  const assignments = [{ rule, times: [{ at: AT, earlier: [] }] }];
  const { outcomes } = await evaluateRules(calls.store, 'UTC', assignments, AT);
  return outcomes[0]?.evaluations[0]?.judgement.firing ?? [];
}

describe('what drives an alert', () => {
  it('leaves out the dimensions that are slow, cancels their statements, and says so', async () => {
    const sql = await openSql(calls.url);
    const slowly = (column: string) => ({ sql: `(SELECT ${column} FROM pg_sleep(3600))` });
    const slow = postgres.open(
      sql,
      { columns: { user: slowly('user_id'), endpoint: slowly('endpoint') } },
      null,
    );
    try {
      const rule = byService();
      const firing = await firingOf(rule);
      const reader = limitedReads(slow, 5_000);
      const [findings] = await explain(
        reader,
        { dimensions: DIMENSIONS, zone: 'UTC' },
        [{ rule, firing }],
        AT,
      );
      if (findings === undefined || findings instanceof Error) throw findings;
      const [finding] = findings;
      if (finding === undefined) throw new Error('nothing fires');
      expect(Object.keys(finding.breakdown)).toEqual(['model']);
      expect(finding.unexplained).toEqual([
        { dimension: 'user', isLate: true },
        { dimension: 'endpoint', isLate: true },
      ]);
      const told = { reason: 'new', previous: null } as const;
      const alert = { id: 'a', finding, at: AT, since: AT, ongoing: false, period: 'day', ...told };
      const batch = { rule, alerts: [alert], at: AT, dataAsOf: AT, zone: 'UTC', timestamp: AT };
      const { sections, json } = alertMessage(batch);
      expect(sections[0]?.facts).toContainEqual(['Drivers', 'by user, endpoint: not known in 5 s']);
      expect(Object.keys(JSON.parse(json).data.alerts[0].finding.breakdown)).toEqual(['model']);
      await vi.waitFor(
        async () =>
          expect(
            await calls.sql.query(
              `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%pg_sleep%'
                 AND pid <> pg_backend_pid() AND datname = current_database()`,
            ),
          ).toEqual([]),
        { timeout: 60_000, interval: 100 },
      );
      // The time is that of all: who asks later has none left.
      const [later] = await explain(
        reader,
        { dimensions: new Set(['service', 'model']), zone: 'UTC' },
        [{ rule, firing }],
        AT,
      );
      expect(later).toMatchObject([{ breakdown: {}, unexplained: [{ isLate: true }, { isLate: true }] }]);
    } finally {
      await sql.close();
    }
  });

  it('needs no read where kept sums answer, with the same result', async () => {
    const rule = byService();
    const firing = await firingOf(rule);
    const rollup = openLiveSums(calls.store, { latenessMs: 15 * MINUTE, kept: null });
    // Other rules ask for these groups, and so they are kept.
    const others = ['model', 'user'].map((dimension) => ({
      measures: ['calls', 'cost', 'unpriced', 'input_tokens', 'output_tokens'] as const,
      where: {},
      groupBy: ['service', dimension],
      windows: [1, 2].map((hours) => ({
        from: AT - hours * 60 * MINUTE,
        to: AT - (hours - 1) * 60 * MINUTE,
      })),
    }));
    const DAY = 24 * 60 * MINUTE;
    others.push({
      ...(others[0] as (typeof others)[number]),
      groupBy: ['service'],
      windows: [0, 1, 7].map((days) => ({ from: AT - 60 * MINUTE - days * DAY, to: AT - days * DAY })),
    });
    const looked = await rollup.refresh(others, AT);
    if (looked.series.includes(null)) {
      await rollup.backfill(Number.POSITIVE_INFINITY);
      await rollup.refresh(others, AT);
    }
    let reads = 0;
    const read: AuditStore['read'] = (...asked) => {
      reads += 1;
      return calls.store.read(...asked);
    };
    const wanted = [{ rule, firing }];
    const known = { read, known: rollup.known };
    const kept = await explain(
      known,
      { dimensions: new Set(['service', 'model', 'user']), zone: 'UTC' },
      wanted,
      AT,
    );
    expect(reads).toBe(0);
    expect(kept).toEqual(
      await explain(
        calls.store,
        { dimensions: new Set(['service', 'model', 'user']), zone: 'UTC' },
        wanted,
        AT,
      ),
    );
    expect(kept[0]).toMatchObject([
      { breakdown: { user: [{ key: 'ann' }, { key: null }] }, unexplained: [] },
    ]);
    // Endpoints are not kept.
    await explain(known, { dimensions: DIMENSIONS, zone: 'UTC' }, wanted, AT);
    expect(reads).toBe(1);
  });
});
