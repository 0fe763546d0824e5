import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { Secret } from '../../src/model/secret.ts';
import { evaluateRules, refuseQuiet } from '../../src/pipeline/evaluate-rules.ts';
import { openState, type State } from '../../src/state/open.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { sqlite } from '../../src/stores/sqlite/sqlite.ts';
import { openWorkerSums } from '../../src/worker/worker-sums.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';
import { type CallStore, openCallStore } from '../support/call-store.ts';
import {
  hasSqliteDriver,
  insertAll,
  makeSqliteFile,
  openSqliteStore,
  type SqliteFile,
} from '../support/sqlite-file.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AT = Date.parse('2026-03-10T10:07:00Z');
const CALLS = { table: 'calls', columns: { time: 'at', cost: 'cost', service: 'service' } };
const rule = ruleOf('threshold', {
  metric: 'spend',
  window: '24h',
  group_by: ['service'],
  threshold: 1_000_000,
});

describe.skipIf(!(await hasSqliteDriver()))('a worker that starts again', () => {
  let file: SqliteFile;
  let calls: CallStore;
  let state: State;
  let store: AuditStore;
  beforeAll(async () => {
    file = await makeSqliteFile();
    file.database.exec('CREATE TABLE calls (id INTEGER PRIMARY KEY, at TEXT, cost TEXT, service TEXT)');
    const rows = [20, 10, 1].map((hours) => [
      new Date(AT - hours * HOUR).toISOString(),
      hours === 10 ? '$5' : '5',
    ]);
    insertAll(
      file.database,
      'INSERT INTO calls (at, cost, service) VALUES (?, ?, ?)',
      rows.map(([at = '', cost = '']) => [at, cost, 'search']),
    );
    calls = await openCallStore();
    state = await openState(calls.sql);
    store = openSqliteStore(file, CALLS);
  });
  afterAll(async () => {
    await store?.close();
    await Promise.all([calls?.stop(), file?.stop()]);
  });

  const config = () =>
    ({
      audit: {
        url: new Secret(file.url),
        mapping: sqlite.mapping(CALLS),
        prices: null,
        latenessMs: 15 * MINUTE,
        reconcileMs: HOUR,
      },
      rules: [rule],
      timezone: 'UTC',
    }) as unknown as Config;

  /** What a worker that has just started says of the rule, from its sums alone; null where it would ask the store. */
  async function toldAt(at: number, sums: ReturnType<typeof openWorkerSums>): Promise<unknown> {
    const { outcomes } = await evaluateRules(
      sums.source,
      'UTC',
      [{ rule, times: [{ at, earlier: [] }] }],
      at,
    );
    const [outcome] = outcomes.map(refuseQuiet);
    if (outcome === undefined || outcome.isOpen) return null;
    return outcome.error?.code ?? outcome.evaluations[0]?.judgement.status;
  }

  it('fails the rule over costs that are no numbers from the sums that were kept', async () => {
    const first = openWorkerSums(config(), store, state);
    expect(await toldAt(AT, first)).toBeNull();
    while (!(await first.maintain(AT)).isDone);
    expect(await toldAt(AT + MINUTE, first)).toBe('cost_unreadable');
    // Hours of long ago are not read again until they are compared: from here on, only the kept sums know of it.
    file.database.exec(`UPDATE calls SET cost = '5'`);
    const second = openWorkerSums(config(), store, state);
    expect(await toldAt(AT + 2 * MINUTE, second)).toBe('cost_unreadable');
  });
});
