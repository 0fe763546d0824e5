// The spend of each day that forecasts and invoices need, back to the beginning of the year.

import type { AppError } from '../model/errors.ts';
import { dayStart, localDay } from '../model/local-time.ts';
import type { Fixed } from '../model/money.ts';
import type { ReportConfig, ReportInvoice } from '../model/report.ts';
import type { Query, Series } from '../model/series.ts';
import { type Window, wholePeriod } from '../model/window.ts';
import { askInParts } from '../pipeline/ask-in-parts.ts';
import { daysIn } from './period.ts';
import { type Asking, cellIn, type DaySum } from './sums.ts';

const FOUR_WEEKS = 28;
/** The newest invoices; older ones stay in the file. */
const MOST_INVOICES = 12;

/** A month that was billed. */
export type InvoicedMonth = Omit<ReportInvoice, 'recorded'>;

/** The months with an invoice that are over at an instant, the newest first. */
export function invoicedMonths(
  { invoices }: Pick<ReportConfig, 'invoices'>,
  end: number,
  zone: string,
): InvoicedMonth[] {
  return [...invoices]
    .map(([month, billed]) => ({ month, billed, window: windowOfMonth(month, zone) }))
    .filter(({ window }) => window.to <= end)
    .sort((a, b) => b.window.from - a.window.from)
    .slice(0, MOST_INVOICES);
}

/** `2026-10` */
function windowOfMonth(month: string, zone: string): Window {
  const first = dayStart(Date.parse(`${month}-01T00:00:00Z`) / 86_400_000, zone);
  return wholePeriod({ word: 'this_month' }, first + 1, zone);
}

/**
 * The days from the beginning of the year, four weeks before the end or the oldest month on, up to the end of `known`, ascending.
 * `known` are the days of the report's own periods. Days before the oldest row are left out.
 */
export async function pastDays(
  { where }: Pick<ReportConfig, 'where'>,
  known: readonly DaySum[],
  { months, oldest, zone }: { months: readonly InvoicedMonth[]; oldest: number | null; zone: string },
  { source, before }: Asking,
): Promise<readonly DaySum[] | AppError> {
  const [first, last] = [known[0], known.at(-1)];
  if (oldest === null || first === undefined || last === undefined) return known;
  const end = last.window.to;
  const begins = [
    wholePeriod({ word: 'this_year' }, end, zone).from,
    dayStart(localDay(end - 1, zone) + 1 - FOUR_WEEKS, zone),
    ...months.map(({ window }) => window.from),
  ];
  const from = Math.max(
    begins.reduce((earliest, begin) => Math.min(earliest, begin)),
    dayStart(localDay(oldest, zone), zone),
  );
  const windows = daysIn({ from, to: first.window.from }, zone);
  if (windows.length === 0) return known;
  const query: Query = { measures: ['calls', 'cost'], where, groupBy: [], windows };
  const [answer] = (await askInParts(source, [query], before)) as [Series | AppError];
  if (answer instanceof Error) return answer;
  return [...windows.map((window, i) => ({ window, cell: cellIn(answer, i) })), ...known];
}

/** What was spent on the days within a window. */
export function spentIn(days: readonly DaySum[], { from, to }: Window): Fixed {
  const within = days.filter(({ window }) => window.from >= from && window.to <= to);
  return within.reduce((sum, { cell }) => sum + (cell?.sums.cost ?? 0n), 0n);
}
