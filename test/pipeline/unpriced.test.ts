import { expect, it } from 'vitest';
import { ONE } from '../../src/model/money.ts';
import { type Query, seriesOfCells } from '../../src/model/series.ts';
import { unpricedQuestions } from '../../src/pipeline/unpriced.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';

const AT = Date.parse('2026-11-20T02:00:00Z');

/** How many calls a rule's value lacks, where the calls of each measure are these. */
function lacking(metric: string, calls: Readonly<Record<string, number>>): number | null {
  const rule = ruleOf('threshold', { metric, threshold: 1 });
  const { queries, valuesIn } = unpricedQuestions(new Set(['model']), [rule], AT, 'UTC');
  const answerTo = ({ measures, groupBy }: Query) => {
    const sums = Object.fromEntries(measures.map((measure) => [measure, BigInt(calls[measure] ?? 0) * ONE]));
    return seriesOfCells([{ key: groupBy.map(() => 'm'), cells: [{ sums, sketches: {} }] }]);
  };
  return valuesIn(queries.map(answerTo)).of(rule, []);
}

it.each([
  ['spend', { unpriced: 3 }, 3],
  ['spend', { unpriced: 0 }, null],
  ['wasted_spend', { unpriced: 3, failed_unpriced: 2 }, 2],
  ['repeated_spend', { unpriced: 3, repeated_unpriced: 1 }, 1],
  // All costs are recorded, and the list does not have the model.
  ['list_spend', { unpriced: 0, list_cost_unknown: 4 }, 4],
  ['list_spend', { unpriced: 3, list_cost_unknown: 0 }, null],
  ['calls', { unpriced: 3 }, null],
])('a value of %s lacks what it says of %j', (metric, calls, expected) => {
  expect(lacking(metric, calls)).toBe(expected);
});

it('counts costs that are no numbers among the calls without a price, where the store takes such for unknown', () => {
  const rule = ruleOf('threshold', { metric: 'spend', threshold: 1 });
  const asked = (store: { costPlace?: string }) =>
    unpricedQuestions(new Set(['model']), [rule], AT, 'UTC', store);
  const seriesOf = (query: Query | undefined) =>
    seriesOfCells(
      [1n, 2n].map((count) => ({
        key: [`m${count}`],
        cells: [
          {
            sums: Object.fromEntries((query?.measures ?? []).map((measure) => [measure, count * ONE])),
            sketches: {},
          },
        ],
      })),
    );
  const text = asked({ costPlace: 'audit.columns.cost' });
  expect(text.valuesIn(text.queries.map(seriesOf)).all?.unreadable).toEqual({
    calls: 3,
    place: 'audit.columns.cost',
  });
  const numbers = asked({});
  expect(numbers.valuesIn(numbers.queries.map(seriesOf)).all?.unreadable).toBeNull();
});
