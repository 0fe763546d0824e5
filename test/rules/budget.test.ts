import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonText } from '../../src/model/json.ts';
import { fixedFromNumber, ONE } from '../../src/model/money.ts';
import { type Cell, seriesOfCells } from '../../src/model/series.ts';
import { isoInstant } from '../../src/model/window.ts';
import { amountsFile } from '../../src/rules/budget/amounts-file.ts';
import type { BudgetRule } from '../../src/rules/budget/budget-rule.ts';
import { budget } from '../../src/rules/budget.ts';
import { faultsOf as faultsOfFile, load } from '../config/support.ts';

const AT = Date.parse('2026-11-20T02:05:00Z');
const UTC = { at: AT, zone: 'UTC' };

function budgetOf(keys: object = {}): BudgetRule {
  const given = { type: 'budget', name: 'b', period: 'month', group_by: ['service'], ...keys };
  return budget.schema.parse(given)({ severity: 'warning', notify: ['oncall'] });
}

function spent(fixed: bigint, calls = 100n): Cell {
  return { sums: { cost: fixed, calls: calls * ONE }, sketches: {} };
}

/** The steps that groups reach, in the order of the judgement: `search warning 1600`. */
function reached(rule: BudgetRule, groups: Readonly<Record<string, bigint>>, context = UTC): string[] {
  const series = seriesOfCells(
    Object.entries(groups).map(([name, fixed]) => ({
      key: rule.groupBy.length === 0 ? [] : [name],
      cells: [spent(fixed)],
    })),
  );
  return budget
    .judge(rule, context, [series])
    .firing.map(({ key, steps }) => [key[0] ?? 'all', ...steps.map(({ severity }) => severity)].join(' '));
}

const usd = (amount: number): bigint => fixedFromNumber(amount);

describe('the steps of a budget', () => {
  it('fire from their part of the amount on, exactly', () => {
    const rule = budgetOf({ amount: 2000 });
    expect(reached(rule, { a: usd(1600) - 1n, b: usd(1600), c: usd(2000) - 1n, d: usd(2000) })).toEqual([
      'd warning critical',
      'c warning',
      'b warning',
    ]);
  });

  it('are the amount times the percentage, rounded up where 10^-12 cannot hold it', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 1n, max: 10n ** 21n }),
        fc.bigInt({ min: 1n, max: 10n ** 13n }),
        fc.bigInt({ min: -2n, max: 2n }),
        (amount, part, off) => {
          const rule = { ...budgetOf({ amount: 1 }), amount, steps: [{ severity: 'info' as const, part }] };
          const value = (amount * part) / ONE + off;
          // The naive way: value / amount >= part, multiplied out.
          expect(reached(rule, { a: value })).toEqual(value * ONE >= amount * part ? ['a info'] : []);
        },
      ),
    );
  });

  it('are 80 % and 100 % unless the rule says so, and only those that it names else', () => {
    const parts = (steps?: object) => budgetOf({ amount: 1, ...(steps && { steps }) }).steps;
    expect(parts()).toEqual([
      { severity: 'warning', part: (ONE * 8n) / 10n },
      { severity: 'critical', part: ONE },
    ]);
    expect(parts({ critical: '120%' })).toEqual([{ severity: 'critical', part: (ONE * 12n) / 10n }]);
    expect(parts({ info: 0.5, critical: '99.5 %' })).toEqual([
      { severity: 'info', part: ONE / 2n },
      { severity: 'critical', part: (ONE * 995n) / 1000n },
    ]);
  });

  it('have the severities, so that one of the rule is advised against', () => {
    expect(budget.advice?.({ severity: 'info' })?.message).toBe(
      'the severity of a budget is that of its steps',
    );
    expect(budget.advice?.({})).toBeNull();
  });

  it('need so many calls', () => {
    expect(reached(budgetOf({ amount: 1, min_calls: 101 }), { a: usd(5) })).toEqual([]);
  });
});

describe('the amount of a group', () => {
  it('is its own, else that of the rule; without one it is not judged', () => {
    const amounts = { search: 100, batch: 1000 };
    const groups = { search: usd(90), batch: usd(90), chat: usd(90) };
    expect(reached(budgetOf({ amounts }), groups)).toEqual(['search warning']);
    expect(reached(budgetOf({ amounts, amount: 50 }), groups)).toEqual([
      'chat warning critical',
      'search warning',
    ]);
    const series = seriesOfCells(
      Object.keys(groups).map((name) => ({ key: [name], cells: [spent(usd(90))] })),
    );
    const judged = budget.judge(budgetOf({ amounts }), UTC, [series]);
    expect([...judged.observed].map(({ key }) => key[0])).toEqual(['search', 'batch']);
    expect(judged.observed.numbers).toHaveLength(2);
  });

  it('is never that of another name of the same letters, such as a property of every object', () => {
    const rule = budgetOf({ amounts: { search: 1 } });
    expect(reached(rule, { constructor: usd(5), toString: usd(5) })).toEqual([]);
  });

  it('is that of all together without groups, where no row is a value of 0', () => {
    const rule = budgetOf({ amount: 10, group_by: [] });
    expect(reached(rule, { all: usd(8) })).toEqual(['all warning']);
    const nothing = budget.judge(rule, UTC, [seriesOfCells([])]);
    expect([...nothing.observed].map(({ value }) => value.fixed)).toEqual([0n]);
  });

  it('is the limit of the group, and part of the identity only where it is that of all', () => {
    const identity = (keys: object): string => jsonText(budget.identity(budgetOf(keys)) as never);
    expect(identity({ amount: 1 })).not.toBe(identity({ amount: 2 }));
    expect(identity({ amounts: { a: 1 } })).toBe(identity({ amounts: { a: 2, b: 3 }, amount: 5 }));
    expect(identity({ amount: 1 })).not.toBe(identity({ amount: 1, starts: 15 }));
    expect(identity({ amount: 1 })).not.toBe(identity({ amount: 1, period: 'year' }));
    const series = seriesOfCells([{ key: ['a'], cells: [spent(usd(9))] }]);
    const limit = (keys: object) => budget.judge(budgetOf(keys), UTC, [series]).firing[0]?.limit;
    expect([limit({ amount: 1 }), limit({ amounts: { a: 1.5 } })]).toEqual([undefined, '1.5']);
  });
});

describe('the period of a budget', () => {
  const windowAt = (keys: object, at: string, zone = 'UTC'): string => {
    const instant = Date.parse(at);
    const [query] = budget.queries(budgetOf({ amount: 1, ...keys }), { at: instant, zone });
    const { from, to } = query?.windows[0] ?? { from: 0, to: 0 };
    expect(to).toBe(instant);
    return isoInstant(from);
  };

  it.each([
    [{ period: 'day' }, '2026-11-20T00:00:00Z', '2026-11-19T00:00:00Z'],
    [{ period: 'week' }, '2026-11-20T02:05:00Z', '2026-11-16T00:00:00Z'],
    [{ period: 'month' }, '2028-03-01T00:00:00Z', '2028-02-01T00:00:00Z'],
    [{ period: 'month', starts: 15 }, '2026-11-15T00:00:00Z', '2026-10-15T00:00:00Z'],
    [{ period: 'month', starts: 15 }, '2026-01-02T00:00:00Z', '2025-12-15T00:00:00Z'],
    [{ period: 'quarter' }, '2026-12-31T23:59:00Z', '2026-10-01T00:00:00Z'],
    [{ period: 'quarter', starts: 28 }, '2026-01-27T12:00:00Z', '2025-10-28T00:00:00Z'],
    [{ period: 'year' }, '2027-01-01T00:00:00Z', '2026-01-01T00:00:00Z'],
  ])('%j at %s begins at %s', (keys, at, from) => {
    expect(windowAt(keys, at)).toBe(from);
  });

  it('begins at the midnight of its zone, in summer as in winter', () => {
    expect(windowAt({ period: 'month' }, '2026-11-20T02:05:00Z', 'America/New_York')).toBe(
      '2026-11-01T04:00:00Z',
    );
    expect(windowAt({ period: 'year' }, '2026-11-20T02:05:00Z', 'America/New_York')).toBe(
      '2026-01-01T05:00:00Z',
    );
  });

  it.each([
    [{ period: 'day' }, '20 November'],
    [{ period: 'week' }, 'the week from 16 November'],
    [{ period: 'month' }, 'November'],
    [{ period: 'quarter' }, 'Q4 2026'],
    [{ period: 'year' }, '2026'],
    [{ period: 'month', starts: 15 }, '15 November to 14 December'],
  ])('%j has a name for people: %s', (keys, name) => {
    const rule = budgetOf({ amount: 2000, ...keys });
    const series = seriesOfCells([{ key: ['search'], cells: [spent(usd(1660))] }]);
    const [firing] = budget.judge(rule, UTC, [series]).firing;
    if (firing === undefined) throw new Error('nothing fires');
    expect(budget.describe(rule, firing).sentence).toEqual(['$1,660', `83 % of its $2,000 for ${name}`]);
  });
});

describe('a file of amounts', () => {
  it('may have quotes, a byte order mark, Windows lines, other columns, blank lines and semicolons', () => {
    const amounts = (text: string) => amountsFile.read(text);
    const text = '\uFEFFOwner,Amount,Group\r\nann,1500.50,"batch, nightly"\r\n\r\n,7,"say ""hi"""\r\n';
    expect(amounts(text)).toEqual({ value: { 'batch, nightly': '1500.50', 'say "hi"': '7' }, faults: [] });
    expect(amounts('group;amount\nsearch; 2000 \n').value).toEqual({ search: '2000' });
    expect(amounts('').faults).toEqual([expect.objectContaining({ line: 1, message: 'the file is empty' })]);
  });

  it('never takes a part of a number for the amount', () => {
    const faults = (text: string) =>
      amountsFile.read(text).faults.map(({ line, message }) => [line, message]);
    expect(faults('group,amount\na,1\nsearch,2,000\n')).toEqual([
      [3, 'the line has 3 columns, and the header 2'],
    ]);
    expect(faults('group;amount\nsearch;2.000\nbatch;1.250.000\n')).toEqual([
      [2, '"2.000" may be 2000 or a small number'],
      [3, '"1.250.000" may be 1250000 or a small number'],
    ]);
    // Spreadsheets write empty cells at the end of lines.
    expect(faults('group,amount\nsearch,2.125,,\n')).toEqual([]);
    expect(faults('group;amount\nsearch;2.50\n')).toEqual([]);
  });

  const FILE = `version: 1
audit: { url: "pglite:x" }
rules:
  - { name: b, type: budget, period: month, group_by: [service], amounts_file: budgets.csv }
`;

  it('stands for the amounts of the rule, is watched, and its exact numbers are kept', async () => {
    const config = await load(FILE, { files: { 'budgets.csv': 'group,amount\nsearch,0.1\n' } });
    expect((config.rules[0] as BudgetRule).amounts).toEqual(new Map([['search', ONE / 10n]]));
    expect(config.watchedFiles.map((path) => path.split('/').at(-1))).toEqual(['alerts.yaml', 'budgets.csv']);
  });

  it('that is not there is a fault of its own, and names where it was looked for', async () => {
    const problems = await faultsOfFile(FILE);
    expect(problems.map(({ message }) => message)).toEqual([
      'the file of amounts cannot be read (there is no such file)',
    ]);
  });
});
