import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Query } from '../../../src/model/series.ts';
import { collectDirectly } from '../../../src/pipeline/collect.ts';
import { openState } from '../../../src/state/open.ts';
import { openRollupCells } from '../../../src/state/rollup-cells.ts';
import type { AuditStore } from '../../../src/stores/audit-store.ts';
import { openRollup } from '../../../src/sums/live/aggregate.ts';
import { type CallStore, openCallStore } from '../../support/call-store.ts';
import { comparable } from '../../support/series-cells.ts';
import { ENGINES } from '../../support/sql-engines.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const AT = Date.parse('2026-03-10T10:07:00Z');

/** What an anomaly asks: edges in 56 hours of the past. */
function queryAt(at: number): Query {
  const days = Array.from({ length: 28 }, (_, i) => i + 1);
  return {
    measures: ['cost', 'calls'],
    where: {},
    groupBy: ['service'],
    windows: days.map((day) => ({ from: at - day * DAY - 6 * HOUR, to: at - day * DAY })),
  };
}

describe.each(ENGINES)('the first look of a process at %s, over what an earlier one kept', (engine) => {
  let calls: CallStore;
  beforeAll(async () => {
    calls = await openCallStore(engine);
    await openState(calls.sql);
  });
  afterAll(() => calls?.stop());

  const opened = (store: AuditStore) =>
    openRollup(store, { latenessMs: 15 * MINUTE, kept: openRollupCells(calls.sql, 'test') });

  beforeEach(async () => {
    await calls.clear();
    await calls.sql.query('TRUNCATE spendwatch.rollup_cells, spendwatch.rollup_progress');
    await calls.log(
      ...Array.from({ length: 300 }, (_, i) => ({
        at: AT - DAY - i * 137 * MINUTE,
        service: `s${i % 3}`,
        cost: (i % 7) + 0.1,
      })),
    );
    const earlier = opened(calls.store);
    await earlier.look([queryAt(AT)], AT);
    await earlier.build(60_000);
    await earlier.look([queryAt(AT)], AT);
  });

  /** What a new process sees a minute later, and how many transactions that took; `before` one of them begins. */
  async function restarted(before: (transaction: number) => Promise<void> = async () => undefined) {
    let transactions = 0;
    const counting: AuditStore = {
      ...calls.store,
      snapshot: async (work) => {
        transactions += 1;
        await before(transactions);
        return calls.store.snapshot(work);
      },
    };
    const query = queryAt(AT + MINUTE);
    const { series } = await opened(counting).look([query], AT + MINUTE);
    const direct = (await collectDirectly(calls.store, [query], AT + MINUTE)).series[0] as never;
    return { transactions, seen: comparable(series[0] ?? null, query), direct: comparable(direct, query) };
  }

  it('reads the edges of many windows by two at once, and sees what the store does', async () => {
    const { transactions, seen, direct } = await restarted();
    expect(transactions).toBe(3);
    expect(seen).toBe(direct);
  });

  it('sees a row that comes late to such an hour when its edges have been read', async () => {
    const at = AT - 5 * DAY - 4 * MINUTE;
    const { seen, direct } = await restarted(async (transaction) => {
      if (transaction === 3) await calls.log({ at, service: 's1', cost: 1_000 });
    });
    expect(seen).toBe(direct);
    expect(seen).toContain('1000');
  });
});
