import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Measure } from '../../src/model/measure.ts';
import { formatFixed } from '../../src/model/money.ts';
import type { Cell, CellRead } from '../../src/model/series.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { mappingOf, type TableOptions } from '../../src/stores/options.ts';
import { PRESETS } from '../../src/stores/presets/index.ts';
import { fromSql } from '../../src/stores/sqlite/table.ts';
import { FIXTURES } from '../fixtures/presets/index.ts';
import { hasSqliteDriver, makeSqliteFile, openSqliteStore, type SqliteFile } from '../support/sqlite-file.ts';

const TO = Date.parse('2026-03-10T10:00:00Z');
const FROM = TO - 3_600_000;

const IN_SQLITE = Object.entries(FIXTURES).flatMap(([name, { sqlite, ...fixture }]) =>
  sqlite === undefined ? [] : [{ preset: name as keyof typeof FIXTURES, ...fixture, ...sqlite }],
);

function hour(measures: readonly Measure[], groupBy: readonly string[] = []): CellRead {
  return { measures, where: {}, groupBy, edges: [FROM, TO], ranges: [{ from: FROM, to: TO }] };
}

async function cellsOf(store: AuditStore, read: CellRead) {
  const [answer] = (await store.read([read], TO)).answers;
  if (!Array.isArray(answer)) throw answer;
  return answer as readonly { key: readonly (string | null)[]; cell: Cell }[];
}

it("every preset with a mapping for SQLite is tried on its program's table", () => {
  const mapped = Object.entries<(typeof PRESETS)[keyof typeof PRESETS]>(PRESETS).filter(
    ([name, { engines }]) => engines?.sqlite !== undefined && name !== 'api_audit_logs',
  );
  expect(IN_SQLITE.map(({ preset }) => preset).sort()).toEqual(mapped.map(([name]) => name).sort());
});

describe.skipIf(!(await hasSqliteDriver())).each(IN_SQLITE)(
  'the preset $preset over a SQLite file',
  ({ preset, tables, rows, late, sums, cost, lateCost, groups, warns = [] }) => {
    let file: SqliteFile;
    const opened: AuditStore[] = [];
    let store: AuditStore;
    const open = (options: TableOptions): AuditStore => {
      const store = openSqliteStore(file, options);
      opened.push(store);
      return store;
    };
    beforeAll(async () => {
      file = await makeSqliteFile('delete');
      file.database.exec(tables);
      file.database.exec(rows);
      store = open({ preset });
    });
    afterAll(async () => {
      for (const store of opened) await store.close();
      await file?.stop();
    });

    it('finds the table in order, and is proposed where the file names no preset', async () => {
      const found = (await store.inspect()).map(({ level, message }) => `${level}: ${message}`);
      expect(found).toEqual(warns.map((text) => expect.stringContaining(`warning: ${text}`)));
      const proposed = (await open({}).inspect()).map(({ level, hint }) => `${level}: ${hint}`);
      expect(proposed).toContainEqual(expect.stringContaining(`Write \`preset: ${preset}\` under`));
    });

    it('groups the calls by every dimension', async () => {
      const told: Record<string, unknown> = {};
      for (const dimension of Object.keys(groups)) {
        const keys = (await cellsOf(store, hour(['calls'], [dimension]))).map(({ key }) => key[0] ?? null);
        told[dimension] = [
          ...keys.filter((key) => key !== null).sort(),
          ...keys.filter((key) => key === null),
        ];
      }
      expect(told).toEqual(groups);
    });

    it('sums exactly, before and after the program changes rows', async () => {
      const measures = Object.keys(sums) as Measure[];
      const [told] = await cellsOf(store, hour([...measures, 'cost']));
      const written = Object.fromEntries(
        measures.map((one) => [one, formatFixed(told?.cell.sums[one] ?? 0n, 12)]),
      );
      expect(written).toEqual(sums);
      expect(formatFixed(told?.cell.sums.cost ?? 0n, 12)).toBe(cost);
      const aggregate = {
        dimensions: ['model'],
        measures: ['cost' as const, 'calls' as const],
        sketch: null,
      };
      const digests = () => store.snapshot(async ({ changes }) => changes?.digests([aggregate], [FROM, TO]));
      const before = await digests();
      file.database.exec(late);
      expect(await digests()).not.toEqual(before);
      const [later] = await cellsOf(store, hour(['cost']));
      expect(formatFixed(later?.cell.sums.cost ?? 0n, 12)).toBe(lateCost);
    });

    it('lets a column be mapped otherwise, and leaves the others', async () => {
      const own = open({ preset, columns: { service: { sql: "'mine'" }, session: null } });
      const cells = await cellsOf(own, hour(['calls'], ['service', 'model']));
      expect(new Set(cells.map(({ key }) => key[0]))).toEqual(new Set(['mine']));
      expect(cells.length).toBe(groups.model?.length);
    });
  },
);

it.skipIf(!(await hasSqliteDriver()))(
  'a column that older tables lack reads as NULL, and the index of the time still serves',
  async () => {
    const file = await makeSqliteFile();
    const fixture = FIXTURES.oneapi;
    file.database.exec(fixture.sqlite?.tables ?? '');
    file.database.exec(fixture.rows);
    file.database.exec('ALTER TABLE logs DROP COLUMN elapsed_time');
    const store = openSqliteStore(file, { preset: 'oneapi' });
    try {
      const [told] = await cellsOf(store, hour(['cost', 'calls', 'latency_count']));
      expect(formatFixed(told?.cell.sums.cost ?? 0n, 12)).toBe(fixture.cost);
      expect(told?.cell.sums.latency_count).toBe(0n);
      expect(await store.inspect()).toEqual([]);
      const from = fromSql(mappingOf({ preset: 'oneapi' }, 'sqlite'), new Set(['created_at']));
      const plan = file.database.prepare(`EXPLAIN QUERY PLAN SELECT quota ${from} WHERE created_at >= 1`);
      expect(JSON.stringify([...plan.iterate()])).toMatch(/SEARCH logs USING INDEX idx_created_at_type/);
    } finally {
      await store.close();
      await file.stop();
    }
  },
);
