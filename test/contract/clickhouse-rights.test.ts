import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Measure } from '../../src/model/measure.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { clickhouse } from '../../src/stores/clickhouse/clickhouse.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import type { PresetName } from '../../src/stores/presets/index.ts';
import { CLICKHOUSE_FIXTURES, type ClickHouseFixture } from '../fixtures/presets/clickhouse.ts';
import {
  type ClickHouseServer,
  hasClickHouse,
  type Rights,
  startClickHouse,
} from '../support/clickhouse-server.ts';
import { hour } from './engine-presets.ts';
import { sorted } from './row-engine.ts';

const TO = Date.parse('2026-03-10T10:00:00Z');
const FROM = TO - 3_600_000;
const PAGES = join(import.meta.dirname, '../../docs');
/** The profile of a login with `readonly = 1`, as the page of the engine writes it. */
const [, PROFILE = ''] =
  /CREATE SETTINGS PROFILE spendwatch SETTINGS ([^;]*);/.exec(
    readFileSync(join(PAGES, 'engines/clickhouse.md'), 'utf8'),
  ) ?? [];

const SETTINGS: Readonly<Record<string, string>> = {
  'readonly = 2': '<readonly>2</readonly>',
  'readonly = 1 and the profile of its page': PROFILE.split(',')
    .map((one) => one.split('=').map((part) => part.trim()))
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join(''),
};

/** The rights on a table that a preset's page asks for, in the database of the test. */
function grantOf(preset: string, table: string): string {
  const page = readFileSync(join(PAGES, `presets/${preset}.md`), 'utf8');
  const [, columns = ''] =
    new RegExp(`GRANT SELECT ?(\\([^)]*\\))?\\s+ON \\w+\\.${table}\\s+TO`).exec(page) ?? [];
  return `GRANT SELECT${columns.replace(/\s+/g, ' ')} ON audit.${table}`;
}

/** All that is asked of a store in its life. */
async function answersOf(store: AuditStore, fixture: ClickHouseFixture): Promise<unknown> {
  const measures = Object.keys(fixture.sums) as Measure[];
  const aggregate = { dimensions: Object.keys(fixture.groups), measures, sketch: null };
  const { newestRow, answers } = await store.read(
    Object.keys(fixture.groups).map((one) => hour(measures, [one])),
    TO,
  );
  return {
    newestRow,
    cells: answers.map((answer) => {
      if (!Array.isArray(answer)) throw answer;
      return sorted(answer);
    }),
    digests: await store.snapshot(async ({ changes }) => changes?.digests([aggregate], [FROM, TO])),
    occupied: await store.occupied([{ from: FROM, to: TO }]),
    future: await store.futureRows(TO),
    found: await store.inspect(),
  };
}

const TRIED = Object.entries(CLICKHOUSE_FIXTURES).map(([name, fixture]) => ({
  ...{ name, fixture },
  preset: fixture.preset ?? (name as PresetName),
}));

describe.skipIf(!hasClickHouse).each(TRIED)(
  'a login for the preset $name, as its page makes it (needs chdb)',
  ({ preset, fixture }) => {
    const where = Object.entries(fixture.where ?? {}).map(([column, id]) => ({
      column,
      values: { in: [id] },
    }));
    const options: TableOptions = { preset, ...(where.length === 0 ? {} : { where }) };
    const { table } = clickhouse.mapping(options);
    const folder = mkdtempSync(join(tmpdir(), 'spendwatch-rights-'));
    let server: ClickHouseServer | null = null;
    let store: AuditStore | null = null;
    let expected: unknown;
    const open = async (rights?: Rights): Promise<AuditStore> => {
      server = await startClickHouse(folder, rights);
      store = clickhouse.open(server.url, { baseDir: '/', statementTimeoutMs: 20_000 }, options, null);
      return store;
    };
    const close = async (): Promise<void> => {
      await store?.close();
      await server?.stop();
      [store, server] = [null, null];
    };
    beforeAll(async () => {
      const all = await open();
      for (const statement of [...fixture.tables, ...fixture.rows]) server?.run(statement);
      expected = await answersOf(all, fixture);
      await close();
    });
    afterEach(close);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    it.each(Object.keys(SETTINGS))('reads all that is asked, with %s', async (name) => {
      const grants = [grantOf(preset, table)];
      const limited = await open({ grants, settings: SETTINGS[name] ?? '' });
      expect(await answersOf(limited, fixture)).toEqual(expected);
      expect(() => server?.run(`INSERT INTO ${table} SELECT * FROM ${table}`)).toThrow(
        /READONLY|ACCESS_DENIED/,
      );
    });
  },
);
