import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measuresOf } from '../../src/model/metric.ts';
import { sampleOf } from '../../src/model/metric-value.ts';
import { formatFixed } from '../../src/model/money.ts';
import { OWN_AGGREGATES, ownMetric } from '../../src/model/own-metric.ts';
import type { CellRead, SegmentCell } from '../../src/model/series.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { priceList } from '../support/price-list.ts';
import {
  hasSqliteDriver,
  insertAll,
  makeSqliteFile,
  openSqliteStore,
  type SqliteFile,
} from '../support/sqlite-file.ts';

const FROM = Date.parse('2026-11-20T02:00:00Z');
const TO = FROM + 3_600_000;

function hour(measures: CellRead['measures'], groupBy: CellRead['groupBy'] = []): CellRead {
  return { measures, where: {}, groupBy, edges: [FROM, TO], ranges: [{ from: FROM, to: TO }] };
}

describe.skipIf(!(await hasSqliteDriver()))('what is measured in a SQLite file', () => {
  let file: SqliteFile;
  let store: AuditStore;
  beforeAll(async () => {
    file = await makeSqliteFile();
    file.database.exec(
      'CREATE TABLE seen (at INTEGER, seen, model TEXT, input, output, cached, written, thought, batch, cost, call_type TEXT)',
    );
    const columns = {
      time: { column: 'at', unit: 's' as const },
      service: 'call_type',
      model: 'model',
      input_tokens: 'input',
      output_tokens: 'output',
      cached_tokens: 'cached',
      cache_write_tokens: 'written',
      reasoning_tokens: 'thought',
      batch: 'batch',
      cost: 'cost',
    };
    const measures = {
      seen: { column: 'seen', aggregate: 'min' as const },
      half: { sql: 'seen / 2.0 -- a comment', aggregate: 'max' as const },
      broken: { sql: "json_extract(call_type, '$.x')", aggregate: 'max' as const },
    };
    const prices = priceList({
      'gpt*': {
        ...{ input: '2', output: '8', cachedInput: '0.5', cacheWrite: '2.5', reasoning: '10' },
        ...{ perCall: '0.01', batch: '0.5' },
      },
    });
    store = openSqliteStore(file, { table: 'seen', columns, measures }, { prices });
  });
  afterAll(async () => {
    await store?.close();
    await file?.stop();
  });

  async function cellsOf(read: CellRead): Promise<readonly SegmentCell[]> {
    const [answer] = (await store.read([read], TO)).answers;
    if (!Array.isArray(answer)) throw answer;
    return answer;
  }

  it('metrics of the file are those of the numbers in a column, whatever else it holds', async () => {
    file.database.exec('DELETE FROM seen');
    const values = [19.9, -7.25, 100n, '12.5', 1n, null, 'n/a', '', 1e300, Number.POSITIVE_INFINITY];
    insertAll(
      file.database,
      'INSERT INTO seen (at, seen) VALUES (?, ?)',
      values.map((value) => [FROM / 1000, value]),
    );
    file.database.exec(`INSERT INTO seen (at, seen) VALUES (${FROM / 1000}, x'31')`);
    const found: Record<string, number | null> = {};
    for (const aggregate of OWN_AGGREGATES) {
      const metric = ownMetric('seen', aggregate, '');
      const [only] = await cellsOf(hour(measuresOf(metric, null)));
      found[aggregate] = sampleOf(metric, null, only?.cell ?? null)?.number ?? null;
    }
    expect(found).toEqual({ sum: 126.15, min: -7.25, max: 100, avg: 25.23, p50: 12.5, p95: 19.9, p99: 19.9 });
    const half = ownMetric('half', 'max', '');
    const [only] = await cellsOf(hour(measuresOf(half, null)));
    expect(sampleOf(half, null, only?.cell ?? null)?.number).toBe(50);
  });

  it('a metric of the file whose expression fails on a row fails alone', async () => {
    file.database.exec(
      `DELETE FROM seen; INSERT INTO seen (at, call_type, cost) VALUES (${FROM / 1000}, 'no JSON', 2)`,
    );
    const broken = measuresOf(ownMetric('broken', 'max', ''), null);
    const [answer] = (await store.read([hour(['cost', ...broken])], TO)).answers;
    expect(answer).toMatchObject({ cells: [{ cell: { sums: { cost: 2n * 10n ** 12n } } }] });
    const problems = (await store.inspect()).map(({ message }) => message);
    expect(problems).toContainEqual(expect.stringContaining('audit.measures.broken.sql'));
  });

  it('a call without a cost costs what the list says of its tokens, cached, written and thought ones, and of batches', async () => {
    file.database.exec('DELETE FROM seen');
    const tokens = [1000, 200, 400, 100, 50];
    const rows: (readonly (string | number | bigint | null)[])[] = [
      ['plain', 'gpt-4', ...tokens, null, null],
      ['batch', 'gpt-4', ...tokens, 1, null],
      ['written', 'gpt-4', ...tokens.map(String), 'true', null],
      ['recorded', 'gpt-4', ...tokens, 0, 7],
      ['unknown', 'claude', ...tokens, 0, null],
      ['none', 'gpt-4', 0, 0, null, null, null, 0, null],
    ];
    insertAll(
      file.database,
      `INSERT INTO seen (at, call_type, model, input, output, cached, written, thought, batch, cost)
        VALUES (${FROM / 1000}, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      rows,
    );
    const cells = await cellsOf(hour(['cost', 'unpriced', 'listed_cost', 'list_cost_gap'], ['service']));
    const told = Object.fromEntries(
      cells.map(({ key, cell }) => [
        key[0],
        (['cost', 'unpriced', 'listed_cost', 'list_cost_gap'] as const).map((one) =>
          formatFixed(cell.sums[one] ?? 0n, 12),
        ),
      ]),
    );
    // 500 × 2 + 400 × 0.5 + 100 × 2.5 + 150 × 8 + 50 × 10 millionths, and 0.01 a call.
    expect(told).toEqual({
      plain: ['0.01315', '0', '0.01315', '0'],
      batch: ['0.011575', '0', '0.011575', '0'],
      written: ['0.011575', '0', '0.011575', '0'],
      recorded: ['7', '0', '0', '6.98685'],
      unknown: ['0', '1', '0', '0'],
      none: ['0.01', '0', '0.01', '0'],
    });
  });
});
