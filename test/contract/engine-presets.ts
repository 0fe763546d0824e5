import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Measure } from '../../src/model/measure.ts';
import { formatFixed } from '../../src/model/money.ts';
import type { Cell, CellRead } from '../../src/model/series.ts';
import type { AuditStore, EngineScheme } from '../../src/stores/audit-store.ts';
import type { TableOptions } from '../../src/stores/options.ts';
import { PRESETS } from '../../src/stores/presets/index.ts';
import { FIXTURES } from '../fixtures/presets/index.ts';

const TO = Date.parse('2026-03-10T10:00:00Z');
const FROM = TO - 3_600_000;

/** An empty database of an engine, for the tables of one preset. */
export interface PresetEngine {
  start(): Promise<void>;
  run(sql: string): Promise<void>;
  open(options: TableOptions): AuditStore;
  stop(): Promise<void>;
}

export function hour(measures: readonly Measure[], groupBy: readonly string[] = []): CellRead {
  return { measures, where: {}, groupBy, edges: [FROM, TO], ranges: [{ from: FROM, to: TO }] };
}

export async function cellsOf(store: AuditStore, read: CellRead) {
  const [answer] = (await store.read([read], TO)).answers;
  if (!Array.isArray(answer)) throw answer;
  return answer as readonly { key: readonly (string | null)[]; cell: Cell }[];
}

/** Tries every preset with a mapping for an engine on the tables that its program makes there. */
export function testPresets(
  scheme: Extract<EngineScheme, 'sqlite' | 'mysql'>,
  isThere: boolean,
  engine: PresetEngine,
): void {
  const tried = Object.entries(FIXTURES).flatMap(([name, fixture]) => {
    const own = fixture[scheme];
    return own === undefined ? [] : [{ preset: name as keyof typeof FIXTURES, ...fixture, ...own }];
  });

  it('every preset with a mapping for the engine is tried', () => {
    const mapped = Object.entries<(typeof PRESETS)[keyof typeof PRESETS]>(PRESETS).filter(
      ([name, { engines }]) => engines?.[scheme] !== undefined && name !== 'api_audit_logs',
    );
    expect(tried.map(({ preset }) => preset).sort()).toEqual(mapped.map(([name]) => name).sort());
  });

  describe.skipIf(!isThere).each(tried)(
    'the preset $preset',
    ({ preset, tables, rows, late, sums, cost, lateCost, groups, warns = [] }) => {
      const opened: AuditStore[] = [];
      let store: AuditStore;
      const open = (options: TableOptions): AuditStore => {
        const store = engine.open(options);
        opened.push(store);
        return store;
      };
      beforeAll(async () => {
        await engine.start();
        await engine.run(tables);
        await engine.run(rows);
        store = open({ preset });
      });
      afterAll(async () => {
        for (const store of opened) await store.close();
        await engine.stop();
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
        const digests = () =>
          store.snapshot(async ({ changes }) => changes?.digests([aggregate], [FROM, TO]));
        const before = await digests();
        await engine.run(late);
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
}
