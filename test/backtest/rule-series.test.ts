import { describe, expect, it } from 'vitest';
import { openSeries } from '../../src/backtest/rule-series.ts';
import { fixedFromNumber, ONE } from '../../src/model/money.ts';
import { seriesOfCells } from '../../src/model/series.ts';
import { ruleTypeOf } from '../../src/rules/index.ts';
import { ruleOf } from '../rules/rule-fixtures.ts';

const AT = Date.parse('2026-03-01T00:00:00Z');
const MINUTE = 60_000;

/** What a rule with so many groups comes to, by the value of a group at an instant. */
function seriesOf(
  operator: '>=' | '<',
  instants: number,
  groups: number,
  valueAt: (group: number, i: number) => number,
) {
  const rule = ruleOf('threshold', { operator, threshold: 1, group_by: ['user'] });
  const log = openSeries(rule, instants);
  for (let i = 0; i < instants; i += 1) {
    const at = AT + i * MINUTE;
    const cells = Array.from({ length: groups }, (_, group) => ({
      key: [`u${group}`],
      cells: [{ sums: { cost: fixedFromNumber(valueAt(group, i)), calls: ONE }, sketches: {} }],
    }));
    const judgement = ruleTypeOf(rule).judge(rule, { at, zone: 'UTC' }, [seriesOfCells(cells)]);
    log.add(i, { at, judgement, pending: [] });
  }
  return log.read();
}

describe('the series of a rule', () => {
  it('shows the three worst groups in every column, however many groups there are', () => {
    const read = seriesOf(
      '>=',
      60,
      700,
      (group, i) => ((group * 37) % 700) + (group === 5 && i === 40 ? 9_000 : 1),
    );
    const name = (rank: number) =>
      `u${Array.from({ length: 700 }, (_, g) => g).find((g) => (g * 37) % 700 === rank)}`;
    expect(read.lines.map(({ key }) => key)).toEqual([['u5'], [name(699)], [name(698)]]);
    expect(read.lines[1]?.points.map((point) => point?.value)).toEqual(new Array(60).fill(700));
    expect(read.lines[0]?.points[40]?.value).toBe(9_185);
    // It was not followed while it was small: nothing is known of it then, and 0 would be a lie.
    expect(read.lines[0]?.points.slice(0, 40)).toEqual(new Array(40).fill(null));
    expect(read.worst.map((point) => point?.value)).toEqual(
      Array.from({ length: 60 }, (_, i) => (i === 40 ? 9_185 : 700)),
    );
  });

  it('shows the worst instant of each column, which is the lowest one where low values are bad', () => {
    const read = seriesOf('<', 1_800, 2, (group, i) => 10 + group + (i % 2));
    expect(read.worst).toHaveLength(900);
    expect(read.worst[3]).toMatchObject({ at: AT + 6 * MINUTE, value: 10, band: null });
    expect(read.lines.map(({ key, points }) => [key, points[3]?.value])).toEqual([
      [['u0'], 10],
      [['u1'], 11],
    ]);
  });
});
