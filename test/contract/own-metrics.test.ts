import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { measuresOf } from '../../src/model/metric.ts';
import { sampleOf } from '../../src/model/metric-value.ts';
import { parseFixed } from '../../src/model/money.ts';
import { OWN_AGGREGATES, type OwnAggregate, ownMetric } from '../../src/model/own-metric.ts';
import type { SegmentCell } from '../../src/model/series.ts';
import type { AuditStore } from '../../src/stores/audit-store.ts';
import { postgres } from '../../src/stores/postgres.ts';
import { scaled } from '../support/scaled.ts';
import { type EngineUnderTest, startEngine } from '../support/sql-engines.ts';

const FROM = Date.parse('2026-11-20T02:00:00Z');
const HOUR = 3_600_000;
const KINDS = { number: 'numeric', double: 'float8', whole: 'integer', flag: 'boolean', written: 'text' };

let engine: EngineUnderTest;
let store: AuditStore;

beforeAll(async () => {
  engine = await startEngine('postgres');
  const columns = Object.entries(KINDS).map(([name, type]) => `${name} ${type}`);
  await engine.sql.query(`CREATE TABLE seen (at timestamptz, ${columns.join(', ')})`);
  const measures = Object.fromEntries(
    Object.keys(KINDS).map((name) => [name, { column: name, aggregate: 'min' as const }]),
  );
  const half = { sql: 'number / 2 -- a comment', aggregate: 'max' as const };
  store = postgres.open(
    engine.sql,
    { table: 'seen', columns: { time: 'at' }, measures: { ...measures, half } },
    null,
  );
});

afterAll(() => engine?.stop());

/** The value of a measure in the hour, as exact as it is. */
async function measured(name: string, aggregate: OwnAggregate): Promise<number | null> {
  const metric = ownMetric(name, aggregate, '');
  const window = { from: FROM, to: FROM + HOUR };
  const read = {
    measures: measuresOf(metric, null),
    where: {},
    groupBy: [],
    edges: [FROM, FROM + HOUR],
    ranges: [window],
  };
  const { answers } = await store.read([read], FROM + HOUR);
  const [answer] = answers;
  if (answer instanceof Error || answer === undefined) throw answer;
  const [only] = answer as readonly SegmentCell[];
  return sampleOf(metric, null, only?.cell ?? null)?.number ?? null;
}

async function see(name: keyof typeof KINDS, values: readonly unknown[]): Promise<void> {
  await engine.sql.query('TRUNCATE seen');
  await engine.sql.query(
    `INSERT INTO seen (at, ${name}) SELECT $1, value::${KINDS[name]} FROM unnest($2::text[]) AS value`,
    [new Date(FROM + 1_000), values.map((value) => (value === null ? null : String(value)))],
  );
}

function expected(values: readonly number[], aggregate: OwnAggregate): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  const sum = values.reduce((all, value) => all + (parseFixed(String(value)) as bigint), 0n);
  const at = (q: number): number => sorted[Math.floor(q * (sorted.length - 1))] as number;
  switch (aggregate) {
    case 'sum':
      return Number(sum) / 1e12;
    case 'avg':
      return values.length === 0 ? null : Number(sum) / 1e12 / values.length;
    case 'min':
      return sorted[0] ?? null;
    case 'max':
      return sorted.at(-1) ?? null;
    default:
      return values.length === 0 ? null : at(Number(aggregate.slice(1)) / 100);
  }
}

it.each(OWN_AGGREGATES)(
  '%s is that of the values, whatever they are, and exact to five digits',
  async (aggregate) => {
    const value = fc.oneof(
      fc.constantFrom(null, 0, 1, 100, 1000, 19.9, -7.25, 99_999, 0.00012345, 1e-10, 1e15),
      fc.integer({ min: -99_999, max: 99_999 }).map((digits) => digits / 100),
      fc.double({ min: -1e9, max: 1e9, noNaN: true }).filter((one) => one === 0 || Math.abs(one) > 1e-9),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(value, { minLength: 1, maxLength: 30 }), async (values) => {
        await see('double', values);
        const wanted = expected(
          values.filter((one) => one !== null),
          aggregate,
        );
        const found = await measured('double', aggregate);
        if (wanted === null || found === null) {
          expect(found).toBe(aggregate === 'sum' ? 0 : wanted);
          return;
        }
        const isExact = ['sum', 'avg'].includes(aggregate) || wanted === Number(wanted.toPrecision(5));
        // Smaller values count as 0.
        const slack = Math.abs(wanted) * (isExact ? 1e-12 : 1e-4) + 1e-9;
        expect(Math.abs(found - wanted), `${found} for ${wanted}`).toBeLessThanOrEqual(slack);
      }),
      { numRuns: scaled(15) },
    );
  },
);

it('takes booleans as 0 and 1, numbers that are texts, and expressions', async () => {
  await see('flag', [true, false, null]);
  expect([
    await measured('flag', 'max'),
    await measured('flag', 'min'),
    await measured('flag', 'avg'),
  ]).toEqual([1, 0, 0.5]);
  await see('written', ['12.5', '7']);
  expect([await measured('written', 'max'), await measured('written', 'sum')]).toEqual([12.5, 19.5]);
  await see('number', ['39.8', '-4']);
  expect([await measured('half', 'max'), await measured('half', 'min')]).toEqual([19.9, -2]);
});

it('leaves out what is no number, and what is absurd', async () => {
  await see('double', ['NaN', 'Infinity', '-Infinity', '1e300', 5]);
  expect([
    await measured('double', 'max'),
    await measured('double', 'min'),
    await measured('double', 'sum'),
  ]).toEqual([5, 5, 5]);
  await see('double', ['NaN', null]);
  expect([await measured('double', 'max'), await measured('double', 'avg')]).toEqual([null, null]);
});
