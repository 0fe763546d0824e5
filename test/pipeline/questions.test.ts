import { expect, it } from 'vitest';
import type { Firing } from '../../src/model/finding.ts';
import { questionsOf } from '../../src/pipeline/questions.ts';
import { ruleTypeOf } from '../../src/rules/index.ts';
import { cellOf, ruleOf, seriesOf } from '../rules/rule-fixtures.ts';

const AT = Date.UTC(2026, 10, 20, 14, 0);

it('findings with the same question about details share it, and one with another has its own', () => {
  const rule = ruleOf('absence', { metric: undefined, group_by: ['service'] });
  const silent = Array.from({ length: 28 }, () => cellOf(1));
  const series = seriesOf(...['a', 'b', 'c'].map((name) => [[name], null, ...silent] as [[string], never]));
  const firingAt = (at: number): readonly Firing[] =>
    ruleTypeOf(rule).judge(rule, { at, zone: 'UTC' }, [series, seriesOf([[], cellOf(1)])]).firing;
  const [first, second, ...rest] = firingAt(AT) as [Firing, Firing, Firing];
  const [later] = firingAt(AT + 60_000) as [Firing];
  const [questions = []] = questionsOf([{ rule, firing: [first, second, ...rest, later] }], new Set(), 'UTC');
  const details = questions.filter((question) => question.asks === 'detail');
  expect(details.map(({ of }) => of)).toEqual([[first, second, ...rest], [later]]);
  expect(details.map(({ query }) => query.windows[0]?.to)).toEqual([first.window.from, later.window.from]);
});
