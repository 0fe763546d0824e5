import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callRowOf } from '../../src/import/call-row.ts';
import { importColumns } from '../../src/import/column-names.ts';
import { COLUMNS, type Column, describeColumn } from '../../src/model/columns.ts';
import { columnsOf } from '../../src/model/measure-columns.ts';
import type { AuditStore, ColumnSource } from '../../src/stores/audit-store.ts';
import { typeFault, wantedOf } from '../../src/stores/column-types.ts';
import { createTable } from '../../src/stores/create-table.ts';
import { mappingOf, tableOptions } from '../../src/stores/options.ts';
import { PRESETS } from '../../src/stores/presets/index.ts';
import { expectedOf, measuresOfColumn, readBack, SAMPLE_CALL, SAMPLES } from '../support/sample-call.ts';
import { type EngineUnderTest, startEngine } from '../support/sql-engines.ts';
import { STORES } from '../support/stores-under-test.ts';

const DEFAULT = PRESETS.api_audit_logs;
const sampleOf = (column: Column) => SAMPLES[describeColumn(column).kind];

describe.each(COLUMNS)('the column %s of the catalogue', (column) => {
  const { doc, table, alsoCalled = [] } = describeColumn(column);

  it('has a line in the docs, which is no sentence', () => {
    expect(doc).toMatch(/^\S.*[^.\s]$/);
  });

  it('can be mapped to a column, to an expression and to nothing', () => {
    for (const source of ['some_column', { sql: 'upper(some_column)' }]) {
      const options = { table: 'calls', columns: { time: 'at', [column]: source } };
      expect(mappingOf(tableOptions.parse(options)).columns[column]).toEqual(source);
    }
    const without = { preset: 'api_audit_logs' as const, columns: { [column]: null } };
    expect(mappingOf(without).columns[column]).toBeUndefined();
    expect(tableOptions.safeParse(without).success).toBe(column !== 'time');
  });

  it('gives its name to no dimension of an own table', () => {
    const options = { preset: 'api_audit_logs', dimensions: { [column]: 'team' } };
    expect(JSON.stringify(tableOptions.safeParse(options).error?.issues)).toContain('canonical column');
  });

  it('is imported under each of its names, which no other column has', () => {
    const columns = importColumns(DEFAULT.mapping);
    const { value, wrong } = sampleOf(column);
    const { [column]: own, ...others } = SAMPLE_CALL;
    for (const name of [column, table.name, ...alsoCalled]) {
      expect(columns.find(name.toUpperCase())?.name).toBe(column);
      expect(callRowOf({ ...others, [name]: value }, columns)).toMatchObject({ [column]: expect.anything() });
      if (wrong !== null) expect(callRowOf({ ...others, [name]: wrong }, columns)).toMatch(/ is not /);
    }
    expect(own).toBe(value);
  });

  it('is refused, with a cure, over a type that cannot be read', () => {
    const wanted = wantedOf(column);
    const fault = typeFault(column, 'uuid', 'key');
    if (wanted === null) expect(fault).toBeNull();
    else expect(fault).toEqual({ wanted, cure: expect.stringMatching(/./) });
  });

  it('takes NULL where tables of an earlier version lack it', () => {
    if (!DEFAULT.own?.later.some(({ name }) => name === table.name)) return;
    expect(table.type).not.toMatch(/NOT NULL|PRIMARY KEY/);
    expect(DEFAULT.mapping.optional).toMatchObject({ [table.name]: table.type });
  });

  it('is what its measures read', () => {
    for (const measure of measuresOfColumn(column)) expect(columnsOf(measure)).toContain(column);
  });
});

describe.each(STORES)('all columns of the catalogue, in $title', ({ type: storeType, engine: name }) => {
  let engine: EngineUnderTest;
  let store: AuditStore;
  beforeAll(async () => {
    engine = await startEngine(name);
    store = storeType.open(engine.sql, {}, null);
    await store.createTable();
  });
  afterAll(() => engine?.stop());

  it('are inserted once: a call that is there already is skipped', async () => {
    expect(await store.insert([SAMPLE_CALL])).toBe(1);
    expect(await store.insert([SAMPLE_CALL])).toBe(0);
    expect(await store.inspect()).toEqual([]);
  });

  it.each(COLUMNS)('%s is read as it was written', async (column) => {
    expect(await readBack(store, column)).toEqual(expectedOf(column, sampleOf(column).value));
  });

  it('are read as nothing where the table has only the time', async () => {
    const columns = Object.fromEntries(
      COLUMNS.map((column) => [column, column === 'time' ? 'request_timestamp' : null]),
    ) as Record<Column, ColumnSource | null>;
    const bare = storeType.open(engine.sql, { table: 'api_audit_logs', columns }, null);
    for (const column of COLUMNS) {
      if (measuresOfColumn(column).length === 0) continue;
      for (const value of Object.values(await readBack(bare, column))) expect(['0', 'null']).toContain(value);
    }
  });

  it('are added to a table of an earlier version, and are read as nothing until then', async () => {
    const added = { name: 'of_tomorrow', type: 'INTEGER' };
    const mapping = {
      ...DEFAULT.mapping,
      table: 'of_yesterday',
      optional: { ...DEFAULT.mapping.optional, [added.name]: added.type },
    };
    const own = DEFAULT.own ?? { columns: [], later: [], indexes: [] };
    const next = { columns: [...own.columns, added], later: [...own.later, added], indexes: own.indexes };
    expect(await createTable(engine.sql, mapping, DEFAULT)).toContain('of_yesterday');
    expect(await createTable(engine.sql, mapping, { ...DEFAULT, own: next })).toEqual([
      'of_yesterday.of_tomorrow',
    ]);
    expect(await createTable(engine.sql, mapping, { ...DEFAULT, own: next })).toEqual([]);
  });
});
