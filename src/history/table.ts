// Prints `history --format table`.

import { displayText, displayWidth } from '../model/display-text.ts';
import { localMinute, localTime } from '../model/display-time.ts';
import { counted, displayCount } from '../model/display-value.ts';
import { type Cell, cutToWidth, fittedTable, type TableRow } from '../model/fitted-table.ts';
import { namesLabel } from '../model/group-label.ts';
import type { Shown } from '../model/painter.ts';
import type { HistoryEntry } from './entry.ts';
import type { History } from './json.ts';

const COLUMNS = [
  { head: 'time' },
  { head: 'severity' },
  { head: 'rule', least: 6 },
  { head: 'group', least: 6 },
  { head: 'reason', least: 9 },
  { head: 'channel', least: 6 },
  { head: 'outcome' },
];

/** A row for each delivery; below those that have not arrived, their id and why. */
export function historyTable({ since, entries, isCut }: History, shown: Shown): string {
  const { zone, width, paint } = shown;
  if (entries.length === 0) return `nothing was told since ${localTime(since - (since % 60_000), zone)}`;
  const rows = entries.flatMap((entry): TableRow[] => [
    rowOf(entry, shown),
    ...(entry.outcome === 'delivered' ? [] : missingLines(entry, shown)),
  ]);
  const title = cutToWidth(`since ${localTime(since - (since % 60_000), zone)}, the newest first`, width);
  const table = `${title}\n\n${fittedTable(COLUMNS, rows, width, (text) => paint('dim', text))}`;
  const more = `the newest ${entries.length}; --limit shows more, --since asks for less`;
  return isCut ? `${table}\n\n${cutToWidth(more, width)}` : table;
}

function rowOf(entry: HistoryEntry, { zone, paint }: Shown): Cell[] {
  const { severity, outcome } = entry;
  return [
    localMinute(entry.createdAt, zone),
    { text: severity, paint: (text) => paint(severity, text) },
    rulesText(entry),
    groupsText(entry),
    reasonText(entry),
    displayText(entry.channel, 40),
    { text: outcome.replace('_', ' '), paint: (text) => paint(outcome, text) },
  ];
}

/** The first name, and how many more. */
function first(names: readonly string[], more = 0): string {
  const [one = '', ...others] = [...new Set(names)];
  const rest = others.length + more;
  return rest === 0 ? one : `${one} +${rest}`;
}

function rulesText({ rule, alerts }: HistoryEntry): string {
  const names = alerts.length === 0 ? (rule === null ? [] : [rule]) : alerts.map((alert) => alert.rule);
  return first(names.map((name) => displayText(name, 60)));
}

function groupsText({ alerts, more, title }: HistoryEntry): string {
  if (alerts.length === 0) return displayText(title);
  const names = alerts.map(({ group }) => namesLabel(Object.values(group))).filter((name) => name !== '');
  return first(names, more);
}

/** Why it was sent: the reasons of its alerts; for what is about spendwatch itself, its kind. */
function reasonText({ alerts, isReport, type }: HistoryEntry): string {
  if (isReport) return 'undelivered';
  const reasons = alerts.flatMap(({ reason }) => reason ?? []);
  if (reasons.length > 0) return [...new Set(reasons)].join(', ');
  return type === 'alert.resolved' ? 'resolved' : type.replace(/^(health|alert)\./, '').replaceAll('_', ' ');
}

/** What must be known of a delivery that has not arrived: its id, which is never cut, and why. In one line where that fits. */
function missingLines(
  { id, outcome, attempts, nextAt, failure }: HistoryEntry,
  { zone, width }: Shown,
): string[] {
  const tried =
    attempts === 0 ? 'not tried yet' : `tried ${attempts === 1 ? 'once' : `${displayCount(attempts)} times`}`;
  const next = outcome === 'pending' ? `, next ${localMinute(nextAt, zone)}` : '';
  const line = `  ${displayText(id)} ${tried}${next}`;
  if (failure === null) return [line];
  const why = displayText(failure.text, 300);
  const together = `${line}: ${why}`;
  return displayWidth(together) <= width ? [together] : [line, `  ${why}`];
}

/** For the last line of output: what can be done about those that were given up. */
export function retryHint(entries: readonly HistoryEntry[]): string | null {
  const lost = entries.filter(({ outcome }) => outcome === 'given_up').length;
  return lost === 0
    ? null
    : `${counted(lost, 'message')} given up; to send one again: spendwatch history retry ID`;
}
