import { expect, it } from 'vitest';
import { ONE } from '../../../src/model/money.ts';
import type { Window } from '../../../src/model/window.ts';
import { addUpRows, cellsOf } from '../../../src/stores/rows/answers.ts';
import type { RowSource } from '../../../src/stores/rows/row-source.ts';

const at = (time: string): number => Date.parse(`2026-03-10T${time}Z`);

it('repeats are found within their minute, wherever a range ends, and only hours of calls are kept', async () => {
  const calls = ['05:59:50', '06:00:10', '06:00:20', '12:10:10', '12:10:50'].map(at);
  const asked: Window[] = [];
  const source: Pick<RowSource, 'rows'> = {
    async *rows(names, span) {
      asked.push(span);
      yield calls
        .filter((one) => one >= span.from && one < span.to)
        .map((one) => ({ at: one, values: names.map((name) => (name === 'input_tokens' ? 5 : 'same')) }));
    },
  };
  const [from, middle, to] = [at('00:00:30'), at('12:10:30'), at('23:00:00')];
  const read = {
    measures: ['calls' as const, 'repeated' as const],
    where: {},
    groupBy: [],
    edges: [from, to],
    ranges: [
      { from, to: middle },
      { from: middle, to },
    ],
  };
  const pricing = { prices: null, priced: [] };
  const [cell] = await cellsOf((lines, rows) => addUpRows(source as RowSource, lines, rows, pricing), read);
  expect(cell?.cell.sums).toEqual({ calls: 5n * ONE, repeated: 2n * ONE });
  expect(asked.every((span) => span.to - span.from <= 6 * 3_600_000)).toBe(true);
  expect(asked.reduce((sum, span) => sum + span.to - span.from, 0)).toBe(to - from);
});
