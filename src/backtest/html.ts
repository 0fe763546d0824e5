// Prints `backtest --format html`.

import { Temporal } from 'temporal-polyfill';
import { windowText } from '../model/alert-section.ts';
import { displayText } from '../model/display-text.ts';
import { durationText, localTime } from '../model/display-time.ts';
import { counted, displayCount, displayValue } from '../model/display-value.ts';
import { groupLabel } from '../model/group-label.ts';
import { htmlText } from '../model/html-text.ts';
import { fixedFromNumber, toNumber } from '../model/money.ts';
import { quantityName, quantityOf } from '../model/quantity.ts';
import type { Rule } from '../model/rule.ts';
import { ruleTypeOf } from '../rules/index.ts';
import { type Chart, chartSvg, hasRoom } from './chart.ts';
import type { Moved } from './difference.ts';
import { PAGE_STYLE } from './page-style.ts';
import type { BacktestedRule, BacktestResult } from './result.ts';
import type { Line, SeriesPoint } from './rule-series.ts';
import type { SentAlert } from './sent-alert.ts';
import { againstText, differenceText, reasonText, sentTogether, suggestionText } from './sentence.ts';

/** Messages listed per rule; the chart marks all of them. */
const LISTED = 100;
const DAY = 86_400_000;

/** The report as one file that needs nothing else, not even a script. */
export function backtestHtml(result: BacktestResult): string {
  const { from, to, zone, step, instants, alerts, rules, diff } = result;
  const title = `Backtest ${localTime(from, zone)} to ${localTime(to, zone)}`;
  const every = step === 'schedule' ? 'on the schedule of the file' : `every ${step}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${htmlText(title)}</title>
<style>${PAGE_STYLE}</style>
</head>
<body>
<header>
<h1>${counted(alerts.length, 'alert')} would have been sent</h1>
<p>${htmlText(localTime(from, zone))} to ${htmlText(localTime(to, zone))}, judged ${htmlText(every)}: ${counted(instants, 'instant')}.</p>
</header>
${overview(result)}
${rules.map((one) => section(one, result)).join('\n')}
${diff === null ? '' : difference(diff, zone)}
</body>
</html>`;
}

function overview(result: BacktestResult): string {
  const rows = result.rules.map((one) => {
    const { rule, values, suggested } = one;
    const shown = (value: bigint | undefined): string =>
      value === undefined ? '' : htmlText(displayValue(quantityOf(rule), value));
    const cells = [
      `<td>${htmlText(displayText(rule.name))}</td>`,
      `<td class="n">${displayCount(one.alerts.length)}</td>`,
      `<td class="n">${displayCount(one.messages)}</td>`,
      `<td class="n">${displayCount(one.silenced)}</td>`,
      `<td>${htmlText(limitText(rule))} ${htmlText(windowText(rule.window))}</td>`,
      `<td class="n">${shown(values?.p50)}</td>`,
      `<td class="n">${shown(values?.p95)}</td>`,
      `<td class="n">${shown(values?.max)}</td>`,
      ...(result.perWeek === null
        ? []
        : [`<td>${suggested === null ? '' : htmlText(suggestionText(one, suggested, result))}</td>`]),
    ];
    return `<tr>${cells.join('')}</tr>`;
  });
  const suggestion = result.perWeek === null ? '' : `<th>for about ${result.perWeek} a week</th>`;
  return table(
    `<th>rule</th><th class="n">alerts</th><th class="n">messages</th><th class="n">silenced</th><th>limit</th><th class="n">p50</th><th class="n">p95</th><th class="n">highest</th>${suggestion}`,
    rows,
  );
}

function section(one: BacktestedRule, result: BacktestResult): string {
  const { rule, alerts, byWeek, error } = one;
  const weeks = [...byWeek].filter(([, count]) => count > 0);
  const perWeek = weeks.map(([week, count]) => `${week}: ${displayCount(count)}`).join(', ');
  return `<section>
<h2>${htmlText(displayText(rule.name))}</h2>
<p>${htmlText(quantityName(quantityOf(rule)))} ${htmlText(limitText(rule))} ${htmlText(windowText(rule.window))}${rule.groupBy.length === 0 ? '' : `, by ${htmlText(rule.groupBy.map((name) => displayText(name)).join(', '))}`}. ${counted(alerts.length, 'alert')}${perWeek === '' ? '' : ` (${perWeek})`}.</p>
${error === null ? '' : `<p class="fault">This rule could not be judged: ${htmlText(error)}</p>`}
${chartsOf(one, result)}
${alertTable(alerts, result.zone, false)}
</section>`;
}

function chartsOf({ rule, series, alerts }: BacktestedRule, result: BacktestResult): string {
  if (series === null || series.lines.length === 0) return '<p>There were no values.</p>';
  // Each group has its own usual value, so each has its own chart.
  if (ruleTypeOf(rule).band !== undefined) {
    return series.lines
      .map((line) => figure(rule, [line], line.points, ofGroup(alerts, line), result))
      .join('\n');
  }
  const grouped = rule.groupBy.length > 0;
  const lines = [...(grouped ? series.lines : []), { key: null, points: series.worst }];
  return figure(rule, lines, null, alerts, result);
}

/** A line of a chart. The line of the worst value of all groups has no key. */
type Drawn = Line | { readonly key: null; readonly points: Line['points'] };

function figure(
  rule: Rule,
  lines: readonly Drawn[],
  band: readonly (SeriesPoint | null)[] | null,
  alerts: readonly SentAlert[],
  { from, to, zone }: BacktestResult,
): string {
  const points = lines.map((line) => line.points);
  const limits = limitsOf(rule);
  const above = limits.filter(({ value }) => !hasRoom({ lines: points }, value));
  const chart: Chart = {
    from,
    to,
    lines: points,
    band,
    limits: limits.filter((limit) => !above.includes(limit)),
    alerts: alerts.map(({ notification }) => ({
      severity: notification.severity,
      at: notification.at,
      value: toNumber(notification.value),
    })),
    timeLabel: (at) => tickLabel(at, to - from, zone),
    valueLabel: (value) => displayValue(quantityOf(rule), fixedFromNumber(value)),
  };
  const named = lines.map(
    ({ key }, i) => `<span class="key line-${i + 1}">${htmlText(lineName(rule, key))}</span>`,
  );
  const usual =
    band === null
      ? []
      : [
          `<span class="key usual">${ruleTypeOf(rule).bandName ?? 'usual'}</span>`,
          '<span class="key edge">fires from here</span>',
        ];
  return `<figure>
<figcaption>${[...named, ...usual].join(' ')} <span class="mark">alert</span>${above.map(({ label }) => `<span>far above: ${htmlText(label)}</span>`).join('')}</figcaption>
${chartSvg(chart, 'broad')}
${chartSvg(chart, 'narrow')}
</figure>`;
}

function lineName(rule: Rule, key: Line['key'] | null): string {
  if (key !== null && key.length > 0) return groupLabel(rule.groupBy, key);
  return rule.groupBy.length === 0 ? quantityName(quantityOf(rule)) : 'the worst of all groups';
}

function limitsOf(rule: Rule) {
  const limits = ruleTypeOf(rule).fixedLimits?.(rule);
  return (limits?.steps ?? []).map(({ severity, bound }) => ({
    severity,
    value: toNumber(bound),
    label: `${severity} ${limits?.operator} ${displayValue(quantityOf(rule), bound)}`,
  }));
}

function limitText(rule: Rule): string {
  return ruleTypeOf(rule).limitText(rule);
}

function ofGroup(alerts: readonly SentAlert[], { key }: Line): SentAlert[] {
  const name = JSON.stringify(key);
  return alerts.filter(({ notification }) => JSON.stringify(notification.group) === name);
}

function alertTable(alerts: readonly SentAlert[], zone: string, namesRules = true): string {
  const sent = sentTogether(alerts);
  if (sent.length === 0) return '';
  const rows = sent.slice(0, LISTED).map(({ rule, at, worst, more }) => {
    const { severity, group } = worst.notification;
    const others = more > 0 ? ` (+${displayCount(more)} more)` : '';
    return `<tr><td>${htmlText(localTime(at, zone))}</td><td class="${severity}">${severity}</td>${namesRules ? `<td>${htmlText(displayText(rule.name))}</td>` : ''}<td>${htmlText(groupLabel(rule.groupBy, group))}${others}</td><td>${htmlText(againstText(worst))}</td><td>${htmlText(reasonText(worst))}</td></tr>`;
  });
  const hidden = sent.length - LISTED;
  const head = `<th>time</th><th>severity</th>${namesRules ? '<th>rule</th>' : ''}<th>group</th><th>what</th><th>why</th>`;
  return `${table(head, rows)}${hidden > 0 ? `\n<p>And ${displayCount(hidden)} later ones.</p>` : ''}`;
}

function difference(diff: NonNullable<BacktestResult['diff']>, zone: string): string {
  const list = (name: string, alerts: readonly SentAlert[]): string =>
    alerts.length === 0 ? '' : `<h3>${name}</h3>\n${alertTable(alerts, zone)}`;
  return `<section>
<h2>With ${htmlText(displayText(diff.file))}</h2>
<p>Alerts: ${differenceText(diff)}.</p>
${diff.failed.map(({ rule, error }) => `<p class="fault">${htmlText(displayText(rule))} could not be judged: ${htmlText(error)}</p>`).join('\n')}
${list('Added', diff.added)}
${list('Dropped', diff.dropped)}
${movedTable('Earlier', diff.earlier, zone)}
${movedTable('Later', diff.later, zone)}
</section>`;
}

function movedTable(name: string, moved: readonly Moved[], zone: string): string {
  if (moved.length === 0) return '';
  const rows = moved.slice(0, LISTED).map(({ own, other }) => {
    const { severity, group, at } = other.notification;
    const times = [localTime(at, zone), localTime(own.notification.at, zone)].map(htmlText);
    const by = durationText(Math.abs(at - own.notification.at));
    return `<tr><td>${times.join('</td><td>')}</td><td>${by}</td><td class="${severity}">${severity}</td><td>${htmlText(displayText(other.rule.name))}</td><td>${htmlText(groupLabel(other.rule.groupBy, group))}</td></tr>`;
  });
  const hidden = moved.length - LISTED;
  return `<h3>${name}</h3>
${table('<th>time</th><th>instead of</th><th>by</th><th>severity</th><th>rule</th><th>group</th>', rows)}${hidden > 0 ? `\n<p>And ${displayCount(hidden)} more.</p>` : ''}`;
}

/** A table that scrolls sideways in its frame where the page is narrow. */
function table(head: string, rows: readonly string[]): string {
  return `<div class="wide"><table>
<thead><tr>${head}</tr></thead>
<tbody>
${rows.join('\n')}
</tbody>
</table></div>`;
}

/** The date, with the hour where the chart covers only a few days. */
function tickLabel(at: number, span: number, zone: string): string {
  const local = Temporal.Instant.fromEpochMilliseconds(Math.round(at)).toZonedDateTimeISO(zone);
  const date = local.toPlainDate().toString().slice(5);
  return span > 8 * DAY ? date : `${date} ${local.toPlainTime().toString({ smallestUnit: 'minute' })}`;
}
