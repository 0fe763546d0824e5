import { expect, it } from 'vitest';
import { digestsOf } from '../../../src/stores/rows/changes.ts';
import type { RowSource, RowValue } from '../../../src/stores/rows/row-source.ts';

const VALUES: readonly RowValue[] = [
  null,
  ...[0, 1, 0.1, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  ...[0n, 1n, 2n ** 60n, 2n ** 60n + 1n],
  ...['', '0', '1', 'null', 'NaN', false, true, Uint8Array.of(), Uint8Array.of(1)],
];

it('rows that differ in a value or in its type have different digests', async () => {
  const digests = await Promise.all(
    VALUES.map(async (value) => {
      const source = {
        async *rows(names: readonly string[]) {
          yield [{ at: 5, values: names.map((name) => (name === 'cost' ? value : null)) }];
        },
      } as Partial<RowSource> as RowSource;
      const aggregates = [{ dimensions: [], measures: ['cost' as const], sketch: null }];
      return (await digestsOf(source, aggregates, [0, 10], { prices: null, priced: [] }))[0]?.digest;
    }),
  );
  expect(new Set(digests).size).toBe(VALUES.length);
});
