import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Measure } from '../../src/model/measure.ts';
import { formatFixed } from '../../src/model/money.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { clickhouse } from '../../src/stores/clickhouse/clickhouse.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import { PRESETS, type PresetName } from '../../src/stores/presets/index.ts';
import { mappingIn, type Preset } from '../../src/stores/presets/preset.ts';
import {
  CLICKHOUSE_FIXTURES,
  type ClickHouseFixture,
  LANGFUSE_TRACES,
} from '../fixtures/presets/clickhouse.ts';
import { type ClickHouseServer, hasClickHouse, startClickHouse } from '../support/clickhouse-server.ts';
import { cellsOf, hour } from './engine-presets.ts';

const TO = Date.parse('2026-03-10T10:00:00Z');
const FROM = TO - 3_600_000;
const AGGREGATE = { dimensions: ['model'], measures: ['cost' as const, 'calls' as const], sketch: null };

const TRIED = Object.entries<ClickHouseFixture>(CLICKHOUSE_FIXTURES).map(([name, fixture]) => ({
  name,
  preset: fixture.preset ?? (name as PresetName),
  fixture,
}));

it('every preset with a mapping for ClickHouse is tried', () => {
  const mapped = Object.entries<Preset>(PRESETS).filter(([, one]) => mappingIn(one, 'clickhouse') !== null);
  expect([...new Set(TRIED.map(({ preset }) => preset)), 'api_audit_logs'].sort()).toEqual(
    mapped.map(([name]) => name).sort(),
  );
});

describe.skipIf(!hasClickHouse).each(TRIED)(
  'the preset $name in ClickHouse (needs chdb)',
  ({ preset, fixture }) => {
    const where = Object.entries(fixture.where ?? {}).map(([column, id]) => ({
      column,
      values: { in: [id] },
    }));
    const given: TableOptions = { preset, ...(where.length === 0 ? {} : { where }) };
    const opened: AuditStore[] = [];
    let server: ClickHouseServer;
    let store: AuditStore;
    const open = (options: TableOptions): AuditStore => {
      const one = clickhouse.open(server.url, { baseDir: '/', statementTimeoutMs: 20_000 }, options, null);
      opened.push(one);
      return one;
    };
    beforeAll(async () => {
      server = await startClickHouse();
      for (const statement of [...fixture.tables, ...fixture.rows]) server.run(statement);
      store = open(given);
    });
    afterAll(async () => {
      for (const one of opened) await one.close();
      await server?.stop();
    });

    it('finds the table in order, and is proposed where the file names no preset', async () => {
      expect(await store.inspect()).toEqual([]);
      const hints = (await open({ table: 'calls', columns: { time: 'at' } }).inspect()).map(
        ({ hint }) => hint,
      );
      expect(hints).toContainEqual(expect.stringContaining(`Write \`preset: ${preset}\``));
      for (const column of Object.keys(fixture.where ?? {}))
        expect(hints).toContainEqual(expect.stringContaining(`where: { ${column}: … }`));
    });

    it('groups the calls by every dimension', async () => {
      const told: Record<string, unknown> = {};
      for (const dimension of Object.keys(fixture.groups)) {
        const keys = (await cellsOf(store, hour(['calls'], [dimension]))).map(({ key }) => key[0] ?? null);
        told[dimension] = [
          ...keys.filter((key) => key !== null).sort(),
          ...keys.filter((key) => key === null),
        ];
      }
      expect(told).toEqual(fixture.groups);
      const { columns, dimensions } = clickhouse.mapping(given);
      const mapped = ['service', 'model', 'user', 'endpoint', 'session'].filter((one) => one in columns);
      expect(Object.keys(fixture.groups).sort()).toEqual([...mapped, ...Object.keys(dimensions)].sort());
    });

    it('sums exactly, before and after the program writes new versions of rows', async () => {
      const measures = Object.keys(fixture.sums) as Measure[];
      const [told] = await cellsOf(store, hour(measures));
      expect(
        Object.fromEntries(measures.map((one) => [one, formatFixed(told?.cell.sums[one] ?? 0n, 12)])),
      ).toEqual(fixture.sums);
      const digests = () => store.snapshot(async ({ changes }) => changes?.digests([AGGREGATE], [FROM, TO]));
      const before = await digests();
      server.run(fixture.late);
      expect(await digests()).not.toEqual(before);
      const [later] = await cellsOf(store, hour(['cost']));
      expect(formatFixed(later?.cell.sums.cost ?? 0n, 12)).toBe(fixture.lateCost);
    });

    it('lets a column be mapped otherwise, and leaves the others', async () => {
      const own = open({ ...given, columns: { service: { sql: "'mine'" }, session: null } });
      const cells = await cellsOf(own, hour(['calls'], ['service', 'model']));
      expect(new Set(cells.map(({ key }) => key[0]))).toEqual(new Set(['mine']));
      expect(cells.length).toBe(fixture.groups.model?.length);
    });
  },
);

describe.skipIf(!hasClickHouse)('users and sessions of Langfuse 3 (needs chdb)', () => {
  it('are read through the dictionary of its page', async () => {
    const page = readFileSync(new URL('../../docs/presets/langfuse3.md', import.meta.url), 'utf8');
    const [dictionary = ''] = /CREATE DICTIONARY .*?;/s.exec(page) ?? [];
    const [, sql = ''] = /`user: \{ sql: "(.*)" \}`/.exec(page) ?? [];
    const server = await startClickHouse();
    const columns = { user: { sql }, session: { sql: sql.replace('user_id', 'session_id') } };
    const where = [{ column: 'project_id', values: { in: ['p1'] } }];
    const options: TableOptions = { preset: 'langfuse3', table: 'default.observations', where, columns };
    const store = clickhouse.open(server.url, { baseDir: '/', statementTimeoutMs: 20_000 }, options, null);
    try {
      server.run('CREATE DATABASE IF NOT EXISTS default');
      for (const table of [...(CLICKHOUSE_FIXTURES.langfuse3?.tables ?? []), LANGFUSE_TRACES])
        server.run(table.replace('CREATE TABLE ', 'CREATE TABLE default.'));
      server.run(dictionary.replace("USER 'clickhouse' PASSWORD '…' ", ''));
      for (const [user, version] of [
        ['nobody', '00'],
        ['ann', '01'],
      ])
        server.run(`INSERT INTO default.traces (id, timestamp, user_id, project_id, session_id, event_ts)
          VALUES ('t1', '2026-03-10 09:00:00', '${user}', 'p1', 's1', '2026-03-10 09:00:${version}')`);
      server.run(`INSERT INTO default.observations (id, trace_id, project_id, type, start_time, event_ts) VALUES
        ('a', 't1', 'p1', 'GENERATION', '2026-03-10 09:00:00', '2026-03-10 09:00:00'),
        ('b', 'unknown', 'p1', 'GENERATION', '2026-03-10 09:30:00', '2026-03-10 09:30:00')`);
      expect(await store.inspect()).toEqual([]);
      const cells = await cellsOf(store, hour(['calls'], ['user', 'session']));
      expect(cells.map(({ key }) => key)).toEqual(
        expect.arrayContaining([
          ['ann', 's1'],
          [null, null],
        ]),
      );
    } finally {
      await store.close();
      await server.stop();
    }
  });
});

describe.skipIf(!hasClickHouse)('a table api_audit_logs in ClickHouse (needs chdb)', () => {
  it('is read with the names that it has elsewhere', async () => {
    const server = await startClickHouse();
    const store = clickhouse.open(server.url, { baseDir: '/', statementTimeoutMs: 20_000 }, {}, null);
    try {
      server.run(`CREATE TABLE api_audit_logs (id Int64, request_id UUID, request_timestamp DateTime64(6, 'UTC'), service_name LowCardinality(String),
        user_id Nullable(String), model String, endpoint String, input_tokens Int32, expected_output_tokens Nullable(Int32), actual_output_tokens Nullable(Int32),
        session_id Nullable(String), status_code Nullable(Int32), latency_ms Nullable(Float64), time_to_first_token_ms Nullable(Float64),
        error_message Nullable(String), cost_usd Nullable(Decimal(10, 6))) ENGINE = MergeTree ORDER BY request_timestamp`);
      server.run(`INSERT INTO api_audit_logs (id, request_timestamp, service_name, input_tokens, expected_output_tokens, cost_usd)
        VALUES (1, '2026-03-10 09:30:00', 'search', 7, 5, 0.000001)`);
      expect(await store.inspect()).toEqual([]);
      const [told] = await cellsOf(store, hour(['cost', 'output_tokens']));
      expect([told?.cell.sums.cost, told?.cell.sums.output_tokens]).toEqual([1_000_000n, 5_000_000_000_000n]);
    } finally {
      await store.close();
      await server.stop();
    }
  });
});
