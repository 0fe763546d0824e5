import fc from 'fast-check';
import { Temporal } from 'temporal-polyfill';
import { describe, expect, it } from 'vitest';
import { fixedFromNumber, ONE } from '../../src/model/money.ts';
import { expectedDays, expectedSum, spreadOf } from '../../src/model/projection.ts';
import { type Cell, type Series, seriesOfCells } from '../../src/model/series.ts';
import { wholePeriod } from '../../src/model/window.ts';
import type { BudgetRule } from '../../src/rules/budget/budget-rule.ts';
import { budget } from '../../src/rules/budget.ts';

const DAY = 86_400_000;
const HOUR = DAY / 24;

function budgetOf(keys: object = {}): BudgetRule {
  const given = {
    type: 'budget',
    name: 'b',
    period: 'month',
    forecast: 'warning',
    group_by: ['service'],
    ...keys,
  };
  return budget.schema.parse(given)({ severity: 'warning', notify: ['oncall'] });
}

/** Dollars at instants. */
type Calls = readonly (readonly [at: number, cost: number])[];

function seriesAt(rule: BudgetRule, calls: Calls, at: number, zone: string): readonly Series[] {
  return budget.queries(rule, { at, zone }).map(({ windows }) => {
    const cells = windows.map(({ from, to }): Cell | null => {
      const within = calls.filter(([when]) => when >= from && when < to);
      if (within.length === 0) return null;
      const cost = within.reduce((sum, [, one]) => sum + fixedFromNumber(one), 0n);
      return { sums: { cost, calls: BigInt(within.length) * ONE }, sketches: {} };
    });
    return seriesOfCells(cells.some((cell) => cell !== null) ? [{ key: ['search'], cells }] : []);
  });
}

/** What is foreseen at an instant; null where nothing fires. */
function foreseen(rule: BudgetRule, calls: Calls, when: string, zone = 'UTC') {
  const at = Date.parse(when);
  const { firing } = budget.judge(rule, { at, zone }, seriesAt(rule, calls, at, zone));
  const one = firing.find(({ variant }) => variant === 'forecast');
  if (one === undefined) return null;
  const { budget: fields } = budget.describe(rule, one).fields as { budget: Record<string, unknown> };
  return {
    ...fields,
    projected: Number(fields.projected) / Number(ONE),
    bound: one.steps[0].bound / ONE,
    sentence: budget.describe(rule, one).sentence[1],
  };
}

/** The last local date of the running period. */
function lastDayOf(rule: BudgetRule, at: number, zone: string): Temporal.PlainDate {
  const { to } = wholePeriod(rule.window, at, zone);
  return Temporal.Instant.fromEpochMilliseconds(to - 1)
    .toZonedDateTimeISO(zone)
    .toPlainDate();
}

/** A call every hour from one instant up to another. */
function hourly(from: string, to: string, costAt: (at: number) => number): Calls {
  const calls: [number, number][] = [];
  for (let at = Date.parse(from); at < Date.parse(to); at += HOUR) calls.push([at, costAt(at)]);
  return calls;
}

const isWeekend = (at: number): boolean => [0, 6].includes(new Date(at).getUTCDay());

describe('the forecast of a budget', () => {
  it('adds the mean of the same weekday for each day left, and says when the amount is gone', () => {
    const calls = hourly('2026-10-01T00:00:00Z', '2026-11-20T12:00:00Z', (at) => (isWeekend(at) ? 1 : 10));
    // Nineteen days are over: 14 weekdays of $240 and 5 of $24, then half a Friday; 4 weekend days and 6 weekdays are to come.
    const spent = 14 * 240 + 5 * 24 + 120;
    const projected = spent + 120 + 6 * 240 + 4 * 24;
    expect(foreseen(budgetOf({ amount: projected + 0.01 }), calls, '2026-11-20T12:00:00Z')).toBeNull();
    expect(foreseen(budgetOf({ amount: 4300 }), calls, '2026-11-20T12:00:00Z')).toMatchObject({
      projected,
      reached_on: '2026-11-25',
      sentence: expect.stringMatching(
        /^on course for \$5,260 by the end of November \(.* to .*\); the \$4,300 are gone on the 25th$/,
      ),
    });
  });

  it('takes the rest of today from the same hours of the weekday, not from the day as a whole', () => {
    const atNight = (at: number): number => (new Date(at).getUTCHours() < 6 ? 10 : 0);
    const calls = hourly('2026-10-01T00:00:00Z', '2026-11-20T18:00:00Z', atNight);
    expect(foreseen(budgetOf({ period: 'day', amount: 60.01 }), calls, '2026-11-20T18:00:00Z')).toBeNull();
    expect(foreseen(budgetOf({ period: 'day', amount: 60 }), calls, '2026-11-20T03:00:00Z')).toMatchObject({
      projected: 60,
      reached_on: '2026-11-20',
    });
  });

  it('takes the mean of all days with less than two weeks of them, and that of its weekday then', () => {
    const days = (count: number) =>
      hourly(new Date(Date.UTC(2026, 10, 20) - count * DAY).toISOString(), '2026-11-20T00:00:00Z', (at) =>
        isWeekend(at) ? 0 : 1,
      );
    const at = '2026-11-20T00:00:00Z';
    // The 19th is over. Of the ten days before it eight are weekdays, and eleven days are to come.
    expect(foreseen(budgetOf({ amount: 300 }), days(11), at)?.projected).toBeCloseTo(9 * 24 + 11 * 19.2, 6);
    expect(foreseen(budgetOf({ amount: 300 }), days(16), at)?.projected).toBe(12 * 24 + 7 * 24);
  });

  it('waits for three whole days of history and a tenth of the period', () => {
    const rule = budgetOf({ amount: 10 });
    const since = (from: string, to: string) =>
      foreseen(
        rule,
        hourly(from, to, () => 0.02),
        to,
      );
    // Three days after the first call, and in the fourth day of a month of thirty.
    expect(since('2026-11-01T00:00:00Z', '2026-11-03T23:00:00Z')).toBeNull();
    expect(since('2026-11-01T00:00:00Z', '2026-11-04T01:00:00Z')).not.toBeNull();
    expect(since('2026-11-01T15:00:00Z', '2026-11-04T14:00:00Z')).toBeNull();
    expect(since('2026-11-01T15:00:00Z', '2026-11-04T16:00:00Z')).not.toBeNull();
    expect(since('2026-10-01T00:00:00Z', '2026-11-03T23:00:00Z')).toBeNull();
    expect(since('2026-10-01T00:00:00Z', '2026-11-04T00:00:00Z')).not.toBeNull();
  });

  it('leaves out the day of the first call where that began late', () => {
    const calls = hourly('2026-11-08T22:00:00Z', '2026-11-12T00:00:00Z', () => 1);
    expect(foreseen(budgetOf({ amount: 500 }), calls, '2026-11-12T00:00:00Z')).toMatchObject({
      projected: 74 + 19 * 24,
    });
  });

  it('is moot once the amount is spent, and fires beside a step with the amount as its bound', () => {
    const calls = hourly('2026-10-01T00:00:00Z', '2026-11-20T00:00:00Z', () => 1);
    const at = Date.parse('2026-11-20T00:00:00Z');
    const variants = (amount: number) => {
      const rule = budgetOf({ amount });
      return budget
        .judge(rule, { at, zone: 'UTC' }, seriesAt(rule, calls, at, 'UTC'))
        .firing.map(({ variant, steps, value, window }) => [
          variant,
          steps.at(-1)?.severity,
          value.number,
          window.to - at,
        ]);
    };
    expect(variants(19 * 24 + 1)).toEqual([
      [undefined, 'warning', 456, 0],
      ['forecast', 'warning', 456, 0],
    ]);
    expect(variants(19 * 24)).toEqual([[undefined, 'critical', 456, 0]]);
  });

  it('knows the days of its zone, where one has 25 hours', () => {
    const zone = 'America/New_York';
    const calls = hourly('2026-09-20T04:00:00Z', '2026-11-06T05:00:00Z', () => 1);
    // The first of November, a Sunday, has 25 hours. Four Sundays are to come, of which one in four has them.
    expect(foreseen(budgetOf({ amount: 700 }), calls, '2026-11-06T05:00:00Z', zone)).toMatchObject({
      projected: 5 * 24 + 1 + 25 * 24 + 4 * 0.25,
      period: { from: '2026-11-01T04:00:00Z', to: '2026-12-01T05:00:00Z' },
    });
  });

  it('is what the calendar gives, day by day, in any zone and period', () => {
    const zones = fc.constantFrom('UTC', 'America/New_York', 'Asia/Kathmandu', 'Australia/Lord_Howe');
    const keys = fc.constantFrom<object>(
      { period: 'week' },
      { period: 'month' },
      { period: 'month', starts: 15 },
      { period: 'quarter', starts: 10 },
    );
    let compared = 0;
    const costs = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 130, maxLength: 130 });
    fc.assert(
      fc.property(
        zones,
        keys,
        costs,
        fc.integer({ min: 0, max: 100 * 24 * 4 }),
        (zone, period, spends, step) => {
          // A call at noon of each day from August on, and an instant from September to November.
          const first = Temporal.PlainDate.from('2026-08-01');
          const noons = spends.map((cost, i): [Temporal.PlainDate, number, number] => {
            const date = first.add({ days: i });
            return [
              date,
              date.toZonedDateTime({ timeZone: zone, plainTime: '12:00' }).epochMilliseconds,
              cost,
            ];
          });
          const at = Date.UTC(2026, 8, 1) + (step % (90 * 96)) * (HOUR / 4);
          const rule = budgetOf({ ...period, amount: 1 });
          const now = Temporal.Instant.fromEpochMilliseconds(at - 1).toZonedDateTimeISO(zone);
          const [window] = budget.queries(rule, { at, zone })[0]?.windows ?? [];
          const from = window?.from ?? 0;
          const past = noons.filter(([, when]) => when < at);
          const spent = past.filter(([, when]) => when >= from).reduce((sum, [, , cost]) => sum + cost, 0);
          const costOn = (date: Temporal.PlainDate): number =>
            noons.find(([one]) => one.equals(date))?.[2] ?? 0;
          const today = now.toPlainDate();
          const weekly = (date: Temporal.PlainDate): number => {
            const same = Array.from({ length: 28 }, (_, i) => today.subtract({ days: i + 1 })).filter(
              (one) => one.dayOfWeek === date.dayOfWeek,
            );
            return same.reduce((sum, one) => sum + costOn(one), 0) / same.length;
          };
          const hasNoonToCome = Temporal.PlainTime.compare(
            Temporal.Instant.fromEpochMilliseconds(at).toZonedDateTimeISO(zone).toPlainTime(),
            '12:00',
          );
          const isOver = at === today.add({ days: 1 }).toZonedDateTime(zone).epochMilliseconds;
          let projected = spent + (hasNoonToCome <= 0 && !isOver ? weekly(today) : 0);
          const end = lastDayOf(rule, at, zone);
          for (
            let day = today.add({ days: 1 });
            Temporal.PlainDate.compare(day, end) <= 0;
            day = day.add({ days: 1 })
          ) {
            projected += weekly(day);
          }
          const { to } = wholePeriod(rule.window, at, zone);
          if (projected < spent + 1 || at - from < (to - from) / 10) return;
          compared += 1;
          const found = foreseen(
            { ...rule, amount: fixedFromNumber(spent + 0.5) },
            past.map(([, when, cost]) => [when, cost] as const),
            new Date(at).toISOString(),
            zone,
          );
          expect(found?.projected).toBeCloseTo(projected, 4);
        },
      ),
      { numRuns: 60 },
    );
    expect(compared).toBeGreaterThan(30);
  });

  it('has a query of the same form at every instant', () => {
    const rule = budgetOf({ amount: 1 });
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 400 * 24 * 12 }),
        fc.constantFrom('UTC', 'America/New_York', 'Asia/Kathmandu', 'America/Havana'),
        (step, zone) => {
          const at = Date.UTC(2026, 0, 1) + step * 300_000;
          const [query] = budget.queries(rule, { at, zone });
          expect(query?.windows).toHaveLength(34);
          for (const { from, to } of query?.windows ?? []) {
            expect(from).toBeLessThan(to);
            expect(to).toBeLessThanOrEqual(at);
          }
          const dates = query?.windows
            .slice(1, 29)
            .map(({ from }) =>
              Temporal.Instant.fromEpochMilliseconds(from).toZonedDateTimeISO(zone).toPlainDate().toString(),
            );
          expect(new Set(dates).size).toBe(28);
        },
      ),
      { numRuns: 100 },
    );
  });
});

describe('a projection', () => {
  const days = fc.array(fc.double({ min: 0, max: 1e4, noNaN: true }), { minLength: 2, maxLength: 28 });

  it('has the same sum in one step and day by day', () => {
    fc.assert(
      fc.property(
        days,
        fc.integer({ min: 0, max: 366 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (past, left, today) => {
          const of = { days: past, rests: past.filter((_, i) => i % 7 === 6).map((sum) => sum * today) };
          const ahead = { today, days: left };
          const expected = expectedDays(of, ahead);
          expect(expected).toHaveLength(left + 1);
          const sum = expected.reduce((a, b) => a + b, 0);
          expect(Math.abs(expectedSum(of, ahead) - sum)).toBeLessThanOrEqual(1e-9 * (1 + sum));
          const spread = spreadOf(of, ahead);
          expect(Number.isFinite(spread) && spread >= 0).toBe(true);
        },
      ),
    );
  });

  it('is as sure as its days are alike, and surer near the end', () => {
    const past = (noise: number) => ({
      days: Array.from({ length: 28 }, (_, i) => 100 + noise * (i % 2)),
      rests: [],
    });
    const spread = (noise: number, left: number) => spreadOf(past(noise), { today: 0, days: left });
    expect(spread(50, 10)).toBeGreaterThan(2 * spread(1, 10));
    expect(spread(50, 20)).toBeGreaterThan(spread(50, 10));
    // A level may always drift: 2 % a week over the five weeks between the middles of both.
    expect(spread(0, 10)).toBeGreaterThan(0);
    expect(spread(0, 10)).toBeLessThan(50);
  });
});
