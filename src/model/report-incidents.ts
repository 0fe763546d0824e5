// The incidents of a report in words; on a quiet period, that somebody watched.

import { displayName } from './display-text.ts';
import { durationText, localTime } from './display-time.ts';
import { counted } from './display-value.ts';
import type { Fact, MessageSection } from './message.ts';
import { formatMoney } from './money.ts';
import type { Report, ReportIncident } from './report.ts';
import { restOf } from './report-tables.ts';

const LONGEST_NAME = 40;
const SHOWN = 10;

/** Incidents of the period, the longest first; on a quiet one, that somebody watched. */
export function incidentSection({
  incidents,
  incidentCount,
  quiet,
  ...report
}: Report): MessageSection | null {
  if (incidents === null || incidents.length === 0) {
    return quiet === null ? null : { headline: 'Alerts', sentence: quietText(quiet), facts: [], tables: [] };
  }
  const shown = incidents.slice(0, SHOWN);
  const count = incidentCount ?? incidents.length;
  return {
    headline: counted(count, 'incident'),
    ...restOf(count - shown.length, 'incident', 'shorter ones'),
    facts: shown.map((one) => incidentFact(one, report)),
    tables: [],
  };
}

/** `critical (hourly-burn), 3 h 10 min from 2026-11-24 02:05 UTC: $311.10`; `… within the week` where it was open beyond that */
function incidentFact(
  { subject, severity, rules, openedAt, closedAt, cost }: ReportIncident,
  { zone, currency, at, window, period }: Pick<Report, 'zone' | 'currency' | 'at' | 'window' | 'period'>,
): Fact {
  const names = rules.map((rule) => displayName(rule, LONGEST_NAME)).join(', ');
  const open = closedAt === null ? 'open for ' : '';
  const lasted = `${open}${durationText((closedAt ?? at) - openedAt)} from ${localTime(openedAt, zone)}`;
  const within = openedAt < window.from || (closedAt ?? at) > window.to ? ` within the ${period}` : '';
  const spent = cost === null ? 'cost unknown' : `${formatMoney(cost, currency)}${within}`;
  return [displayName(subject, LONGEST_NAME), `${severity} (${names}), ${lasted}: ${spent}`];
}

function quietText({ evaluations, nearest }: NonNullable<Report['quiet']>): string {
  const near =
    nearest === null
      ? ''
      : `, nearest rule: ${displayName(nearest.rule, LONGEST_NAME)}, ${Math.floor(nearest.share * 100)} % of the way to an alert`;
  return `${counted(evaluations, 'evaluation')}, nothing fired${near}.`;
}
