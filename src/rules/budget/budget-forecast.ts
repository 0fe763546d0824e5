// Foresees the end of a period.

import { dayStart } from '../../model/local-time.ts';
import { type Fixed, fixedFromNumber, toNumber } from '../../model/money.ts';
import { type DaysLeft, expectedDays, expectedSum, type PastDays, spreadOf } from '../../model/projection.ts';
import type { BudgetObservation, Forecast } from './budget-rule.ts';

/** No forecast is made before this part of the period is over. */
const BEGINS_AFTER = 0.1;

/** How much of the period is to come at its window's end; null where a forecast would be too early. */
export function leftOf(
  {
    window: { to: at },
    period,
    days: [, last],
    today,
  }: Omit<BudgetObservation, 'key' | 'value' | 'badness' | 'amount'>,
  zone: string,
): DaysLeft | null {
  if (at - period.from < BEGINS_AFTER * (period.to - period.from)) return null;
  const [begin, end] = [dayStart(today, zone), dayStart(today + 1, zone)];
  return { today: (end - at) / (end - begin), days: last - today };
}

/** The forecast of a group that has not spent its amount yet; null where it is not on course to. */
export function forecastOf(
  { value, amount, today }: BudgetObservation,
  past: PastDays,
  left: DaysLeft,
): Forecast | null {
  const projected = value.fixed + fixedOf(expectedSum(past, left));
  if (value.fixed >= amount || projected < amount) return null;
  const spread = fixedOf(spreadOf(past, left));
  const low = projected - spread;
  return {
    projected,
    // What is spent is spent, where nothing is expected to come back.
    low: low < value.fixed && projected >= value.fixed ? value.fixed : low,
    high: projected + spread,
    reachedOn: today + daysUntil(amount - value.fixed, expectedDays(past, left)),
  };
}

/** After how many days, 0 for today, what is expected adds up to so much. */
function daysUntil(missing: Fixed, expected: readonly number[]): number {
  let sum = 0;
  const least = toNumber(missing);
  const found = expected.findIndex((day) => {
    sum += day;
    return sum >= least;
  });
  return found < 0 ? expected.length - 1 : found;
}

/** To the micro-dollar. */
function fixedOf(amount: number): Fixed {
  return fixedFromNumber(Number(amount.toFixed(6)));
}
