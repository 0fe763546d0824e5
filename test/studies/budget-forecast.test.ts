import { describe, expect, it } from 'vitest';
import { normal, seededRandom } from '../../src/demo/random.ts';
import { fixedFromNumber, ONE } from '../../src/model/money.ts';
import { type Cell, seriesOfCells } from '../../src/model/series.ts';
import type { Forecast } from '../../src/rules/budget/budget-rule.ts';
import { budget } from '../../src/rules/budget.ts';

const HOUR = 3_600_000;
const DAY_HOURS = 24;
const MONTH = 30;
const BEFORE = 28;
/** November 2026 and the four weeks before it. */
const BEGIN = Date.UTC(2026, 10, 1);
const FIRST = BEGIN - BEFORE * DAY_HOURS * HOUR;
const MONTHS = Array.from({ length: 1000 }, (_, i) => 1000 + i);
/** Months that are judged every day. */
const DAILY = MONTHS.slice(0, 200);

/** Hours of spend, as running totals: the i-th is the sum of the first i. */
type Totals = Float64Array;

interface Ways {
  /** What each day of the month is multiplied by; 1 before the month. */
  readonly factor?: number;
  /** Growth in 30 days: 0.05 is 5 %. By default from -3 % to 10 %. */
  readonly growth?: number;
}

/** Eight weeks with a daily rhythm, weekends, and noise by the day and the hour; each month has its own of all. */
function monthOf(seed: number, { factor = 1, growth }: Ways = {}): Totals {
  const random = seededRandom(seed);
  const variation = 0.05 + 0.45 * random();
  const growing = growth ?? -0.03 + 0.13 * random();
  const weekend = 0.2 + 0.8 * random();
  const night = 0.9 * random();
  const level = 1 + 100 * random();
  const totals = new Float64Array((BEFORE + MONTH) * DAY_HOURS + 1);
  const noise = (of: number): number => {
    const deviation = Math.sqrt(Math.log(1 + of * of));
    return Math.exp(deviation * normal(random) - (deviation * deviation) / 2);
  };
  for (let day = 0; day < BEFORE + MONTH; day += 1) {
    const isWeekend = [0, 6].includes(new Date(FIRST + day * DAY_HOURS * HOUR).getUTCDay());
    const ofDay =
      level *
      (1 + growing) ** (day / MONTH) *
      (isWeekend ? weekend : 1) *
      (day >= BEFORE ? factor : 1) *
      noise(variation);
    for (let hour = 0; hour < DAY_HOURS; hour += 1) {
      const at = day * DAY_HOURS + hour;
      const rhythm = 1 + night * Math.sin((2 * Math.PI * (hour - 8)) / DAY_HOURS);
      totals[at + 1] = (totals[at] as number) + ofDay * rhythm * noise(0.3);
    }
  }
  return totals;
}

function between(totals: Totals, from: number, to: number): number {
  const at = (instant: number): number => totals[Math.max(0, Math.round((instant - FIRST) / HOUR))] as number;
  return at(to) - at(from);
}

function endOf(totals: Totals): number {
  return between(totals, BEGIN, BEGIN + MONTH * DAY_HOURS * HOUR);
}

/** The forecast against an amount, as the rule type judges it; null where nothing is foreseen. */
function foreseen(totals: Totals, at: number, amount: number): Forecast | null {
  const keys = { type: 'budget', name: 'b', period: 'month', forecast: 'warning', amount: amount.toFixed(6) };
  const rule = budget.schema.parse(keys)({ severity: 'warning', notify: [] });
  const context = { at, zone: 'UTC' };
  const series = budget.queries(rule, context).map(({ windows }) => {
    const cells = windows.map(({ from, to }): Cell | null => {
      const cost = fixedFromNumber(Number(between(totals, from, to).toFixed(9)));
      return to <= FIRST ? null : { sums: { cost, calls: 100n * ONE }, sketches: {} };
    });
    return seriesOfCells([{ key: [], cells }]);
  });
  const { firing } = budget.judge(rule, context, series);
  return firing.find(({ variant }) => variant === 'forecast')?.forecast ?? null;
}

const usd = (fixed: bigint): number => Number(fixed) / Number(ONE);
const instantOf = (day: number, hour: number): number => BEGIN + ((day - 1) * DAY_HOURS + hour) * HOUR;

describe('over 1000 seeded months of ordinary life, with noise of 5 to 50 % a day and growth of -3 to 10 % a month', () => {
  it.each([5, 10, 15, 20, 25])('on day %i the range holds the true end in 75 to 85 %', (day) => {
    const at = instantOf(day, 10);
    let within = 0;
    let below = 0;
    let width = 0;
    for (const seed of MONTHS) {
      const totals = monthOf(seed);
      const end = endOf(totals);
      // An amount that is all but spent is foreseen to be reached, whatever the rest.
      const forecast = foreseen(totals, at, between(totals, BEGIN, at) + 0.001);
      if (forecast === null) throw new Error('nothing is foreseen');
      if (end < usd(forecast.low)) below += 1;
      else if (end <= usd(forecast.high)) within += 1;
      width += (usd(forecast.high) - usd(forecast.low)) / 2 / end / MONTHS.length;
    }
    const share = within / MONTHS.length;
    console.info(
      `forecast, day ${day}: the end within the range in ${(100 * share).toFixed(1)} %, below it in ${((100 * below) / MONTHS.length).toFixed(1)} %; ± ${(100 * width).toFixed(1)} % of the end`,
    );
    expect(share).toBeGreaterThanOrEqual(0.75);
    expect(share).toBeLessThanOrEqual(0.85);
  });

  it('nothing is foreseen in the first two days, however small the amount', () => {
    for (const seed of MONTHS.slice(0, 50)) {
      const totals = monthOf(seed, { factor: 1.6 });
      for (let hour = 1; hour <= 48; hour += 1) {
        const at = BEGIN + hour * HOUR;
        expect(foreseen(totals, at, between(totals, BEGIN, at) + 0.001)).toBeNull();
      }
    }
  });

  it('a month that runs 60 % over its amount is told, long before the amount is spent', () => {
    const toldOn: number[] = [];
    const ahead: number[] = [];
    for (const seed of DAILY) {
      const totals = monthOf(seed, { factor: 1.6, growth: 0 });
      const amount = endOf(totals) / 1.6;
      const days = Array.from({ length: MONTH }, (_, i) => i + 1);
      const day = days.find((one) => foreseen(totals, instantOf(one, 10), amount) !== null);
      const spentOn = days.find((one) => between(totals, BEGIN, instantOf(one + 1, 0)) >= amount) ?? MONTH;
      if (day === undefined) continue;
      toldOn.push(day);
      ahead.push(spentOn - day);
    }
    const sorted = [...toldOn].sort((a, b) => a - b);
    const middle = sorted[Math.floor(sorted.length / 2)];
    const least = ahead.reduce((a, b) => Math.min(a, b), MONTH);
    console.info(
      `forecast, a month 60 % over: told in ${toldOn.length} of ${DAILY.length}, in the middle on day ${middle}, at the latest on day ${sorted.at(-1)}, at least ${least} days before the amount is spent`,
    );
    expect(toldOn).toHaveLength(DAILY.length);
    expect(middle).toBeLessThanOrEqual(7);
    expect(least).toBeGreaterThanOrEqual(3);
  });

  it('a month that ends 15 % below its amount is seldom told', () => {
    let told = 0;
    for (const seed of DAILY) {
      const totals = monthOf(seed);
      const amount = endOf(totals) / 0.85;
      const days = Array.from({ length: MONTH }, (_, i) => i + 1);
      if (days.some((day) => foreseen(totals, instantOf(day, 10), amount) !== null)) told += 1;
    }
    console.info(`forecast, a month 15 % below: told in ${told} of ${DAILY.length}`);
    expect(told / DAILY.length).toBeLessThanOrEqual(0.1);
  });
});
