// Prints `status --format table`.

import { displayText } from '../model/display-text.ts';
import { durationText, localMinute, localTime } from '../model/display-time.ts';
import { counted, displayCount, displayValue } from '../model/display-value.ts';
import { type Cell, cutToWidth, fittedTable, type TableRow } from '../model/fitted-table.ts';
import { namesLabel } from '../model/group-label.ts';
import { subjectName } from '../model/incident.ts';
import type { Shown } from '../model/painter.ts';
import type { Severity } from '../model/rule.ts';
import { matchText, stateOf } from './silence-shape.ts';
import type { AlertNow, Status } from './status.ts';

/** Rows shown of one table; the rest are counted. */
const SHOWN = 20;

/** A paragraph for each part: the poll, what fires, incidents, silences, queues, what was said about spendwatch itself. */
export function statusTable(status: Status, shown: Shown): string {
  const blocks = [
    headLines(status, shown).join('\n'),
    alertsText(status, shown),
    incidentsText(status, shown),
    silencesText(status, shown),
    channelsText(status, shown),
    reportsText(status, shown),
    healthText(status, shown),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

/** `last poll 2026-11-20 02:05 UTC (12 s ago); a worker leads` */
export function pollText(
  { at, worker, lastPoll }: Pick<Status, 'at' | 'worker' | 'lastPoll'>,
  { zone, paint }: Pick<Shown, 'zone' | 'paint'>,
): string {
  const leads = {
    leads: 'a worker leads',
    other_file: paint('warning', 'only a worker with another file leads'),
    none: paint('warning', 'no worker runs'),
  }[worker];
  const poll =
    lastPoll === null
      ? 'no poll yet'
      : `last poll ${localTime(lastPoll, zone)} (${durationText(Math.max(0, at - lastPoll))} ago)`;
  return `${poll}; ${leads}`;
}

function headLines(status: Status, shown: Shown): string[] {
  const { behind, past } = status;
  const { zone, width, paint } = shown;
  const late = behind.slice(0, SHOWN).map((one) => {
    const last =
      one.lastPoll === null ? 'not evaluated yet' : `last evaluated ${localTime(one.lastPoll, zone)}`;
    return paint('warning', cutToWidth(`  ${displayText(one.rule, 60)}: ${last}`, width));
  });
  const kept =
    past === null
      ? ['no past is kept: polls read the table in full']
      : [
          `past read from ${localTime(past.from, zone)} to ${localTime(past.to, zone)}`,
          ...(past.reconciledAt === null
            ? []
            : [`  compared with the table since ${localTime(whole(past.reconciledAt), zone)}`]),
        ];
  return [pollText(status, shown), ...late, ...kept];
}

function alertsText({ at, alerts, moreAlerts }: Status, shown: Shown): string {
  const { zone, paint } = shown;
  if (alerts.length + moreAlerts === 0) return paint('delivered', 'nothing fires');
  const rows = alerts.map((alert): Cell[] => [
    severityCell(alert.severity, shown),
    displayText(alert.rule, 60),
    alert.group === null ? 'never notified' : namesLabel(Object.values(alert.group)),
    localMinute(alert.since, zone),
    durationText(Math.max(0, at - alert.since)),
    alert.notified === null ? '' : displayValue(alert.quantity, alert.notified.value),
    noteOf(alert, zone),
  ]);
  const columns = [
    { head: 'fires' },
    { head: 'rule', least: 6 },
    { head: 'group', least: 6 },
    { head: 'since' },
    { head: 'for' },
    { head: 'notified', align: 'right' as const },
    { head: '', least: 10 },
  ];
  return tableOf(columns, rows, shown, moreAlerts);
}

function noteOf({ silenced, quietSince }: AlertNow, zone: string): string {
  const parts = [
    ...(silenced === null ? [] : [`silenced until ${localMinute(silenced.until, zone)}`]),
    ...(quietSince === null ? [] : [`quiet since ${localMinute(quietSince, zone)}`]),
  ];
  return parts.join(', ');
}

function incidentsText({ incidents }: Status, shown: Shown): string {
  const rows = incidents.map(({ id, subject, severity, openedAt, alerts, rules }): Cell[] => [
    displayText(id),
    severityCell(severity, shown),
    subjectName(subject),
    localMinute(openedAt, shown.zone),
    displayCount(alerts),
    rules.map((rule) => displayText(rule, 60)).join(', '),
  ]);
  const columns = [
    { head: 'incident' },
    { head: 'severity' },
    { head: 'about', least: 6 },
    { head: 'since' },
    { head: 'alerts', align: 'right' as const },
    { head: 'rules', least: 5 },
  ];
  return tableOf(columns, rows, shown);
}

function silencesText({ at, silences }: Status, shown: Shown): string {
  const rows = silences.map(({ id, times, reason, createdBy, ...match }): Cell[] => [
    id ?? 'file',
    stateOf(times, at),
    matchText(match),
    localMinute(times.from, shown.zone),
    localMinute(times.until, shown.zone),
    [
      ...(createdBy === undefined ? [] : [displayText(createdBy, 40)]),
      ...(reason === '' ? [] : [displayText(reason)]),
    ].join(': '),
  ]);
  const columns = [
    { head: 'silence' },
    { head: 'state' },
    { head: 'what', least: 6 },
    { head: 'from' },
    { head: 'until' },
    { head: 'by', least: 4 },
  ];
  return tableOf(columns, rows, shown);
}

/** A table of the queues. */
export function channelsText({ channels }: Pick<Status, 'channels'>, shown: Shown): string {
  const { zone, paint } = shown;
  const rows = channels.map(({ channel, channelType, pending, oldestAt, failure, givenUp }): Cell[] => [
    displayText(channel, 60),
    displayText(channelType),
    displayCount(pending),
    oldestAt === null ? '' : localMinute(oldestAt, zone),
    { text: displayCount(givenUp), paint: (text) => (givenUp === 0 ? text : paint('given_up', text)) },
    failure === null ? '' : displayText(failure, 200),
  ]);
  const columns = [
    { head: 'channel', least: 6 },
    { head: 'type', least: 5 },
    { head: 'pending', align: 'right' as const },
    { head: 'oldest' },
    { head: 'given up', align: 'right' as const },
    { head: 'why', least: 8 },
  ];
  return tableOf(columns, rows, shown);
}

function reportsText({ reports }: Status, shown: Shown): string {
  const minute = (at: number | null, none: string): string =>
    at === null ? none : localMinute(at, shown.zone);
  const rows = reports.map(({ name, nextAt, queuedAt }): Cell[] => [
    displayText(name, 60),
    minute(nextAt, 'not within a year'),
    minute(queuedAt, 'not yet'),
  ]);
  return tableOf([{ head: 'report', least: 6 }, { head: 'next' }, { head: 'last queued' }], rows, shown);
}

function healthText({ health }: Status, { zone, width }: Shown): string {
  return health
    .map(({ at, message }) =>
      cutToWidth(`${localTime(whole(at), zone)}  ${displayText(message.title, 200)}`, width),
    )
    .join('\n');
}

function severityCell(severity: Severity, { paint }: Shown): Cell {
  return { text: severity, paint: (text) => paint(severity, text) };
}

function tableOf(
  columns: Parameters<typeof fittedTable>[0],
  rows: readonly TableRow[],
  { width, paint }: Shown,
  uncounted = 0,
): string {
  if (rows.length === 0) return '';
  const more = Math.max(0, rows.length - SHOWN) + uncounted;
  const table = fittedTable(columns, rows.slice(0, SHOWN), width, (text) => paint('dim', text));
  return more > 0 ? `${table}\nand ${counted(more, 'more row')}` : table;
}

/** Seconds say nothing here. */
function whole(at: number): number {
  return at - (at % 60_000);
}
