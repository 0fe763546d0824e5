// The rules against their limits, worst first.

import { displayName, displayText } from '../model/display-text.ts';
import { localMinute } from '../model/display-time.ts';
import { displayAgainst, displayCount, displayValue } from '../model/display-value.ts';
import { groupObject } from '../model/finding.ts';
import type { Cell } from '../model/fitted-table.ts';
import { groupLabel } from '../model/group-label.ts';
import type { Painter } from '../model/painter.ts';
import { quantityOf } from '../model/quantity.ts';
import { firesBelow } from '../model/rule.ts';
import { leastOf } from '../model/unpriced-text.ts';
import { ruleTypeOf } from '../rules/index.ts';
import type { AlertNow } from '../status/status.ts';
import { tableLines } from './dropping-table.ts';
import type { RuleRow, RuleState } from './rule-row.ts';
import type { Place } from './view-data.ts';

export interface RuleLines {
  readonly lines: readonly string[];
  /** Which are shown, where not all are. */
  readonly shown: string;
  readonly furthest: number;
  readonly page: number;
}

/** From this width on, the table also says since when, and draws the shares. */
const WIDE = 110;
const BAR = 20;

const STYLES: Readonly<Record<RuleState, Parameters<Painter>[0]>> = {
  critical: 'critical',
  warning: 'warning',
  info: 'info',
  silenced: 'dim',
  pending: 'warning',
  ok: 'delivered',
  'no data': 'dim',
  'not known': 'critical',
};

/** A table in `height` lines, without the first `scroll` rules. */
export function ruleLines(place: Place, height: number, scroll: number): RuleLines {
  const { data, width, paint } = place;
  const rules = data.audit.answer?.rules ?? [];
  const page = Math.max(1, height - 1);
  const furthest = Math.max(0, rules.length - page);
  const first = Math.min(Math.max(0, scroll), furthest);
  if (rules.length === 0) {
    const lines = data.audit.answer === null ? [] : ['no rule is enabled'];
    return { lines: lines.slice(0, height), shown: '', furthest, page };
  }
  const isWide = width >= WIDE;
  const since = sinceOf(data.state.answer?.alerts ?? [], data.zone);
  // All rows are laid out, so that columns stay where they are when the table scrolls.
  const rows = rules.map((row) => cellsOf(row, isWide, since(row), paint));
  const [head = '', ...lines] = tableLines(columnsOf(isWide), rows, width, (text) => paint('dim', text));
  const last = Math.min(rules.length, first + page);
  return {
    lines: [head, ...lines.slice(first, last)].slice(0, height),
    shown: furthest === 0 ? '' : `rules ${first + 1} to ${last} of ${displayCount(rules.length)}`,
    furthest,
    page,
  };
}

function columnsOf(isWide: boolean) {
  return [
    { head: 'state', least: 8 },
    { head: 'rule', least: 8 },
    { head: 'worst', least: 6, drop: 1 },
    { head: 'value', align: 'right' as const },
    { head: 'limit', least: 10 },
    { head: 'share', align: 'right' as const, drop: 2 },
    ...(isWide ? [{ head: '', drop: 4 }] : []),
    { head: 'window', drop: 3 },
    ...(isWide ? [{ head: 'fires since', drop: 5 }] : []),
  ];
}

function cellsOf(row: RuleRow, isWide: boolean, since: string, paint: Painter): Cell[] {
  const { rule, state, key, share, firing, window } = row;
  const painted = (text: string): Cell => ({ text, paint: (shown) => paint(STYLES[state], shown) });
  const [value, limit] = comparison(row);
  const more = firing > 1 ? ` (and ${displayCount(firing - 1)} more)` : '';
  return [
    painted(state),
    displayName(rule.name, 60),
    key === null ? displayText(row.error ?? '-', 200) : `${groupLabel(rule.groupBy, key)}${more}`,
    value,
    limit,
    share === null ? '' : painted(percent(share)),
    ...(isWide ? [painted(share === null ? '' : barOf(share))] : []),
    window,
    ...(isWide ? [since] : []),
  ];
}

/** The value and the limit, with enough digits to tell them apart. */
function comparison(row: RuleRow): [value: string, limit: string] {
  const { rule, value, limit } = row;
  const quantity = quantityOf(rule);
  if (limit === null) {
    const shown =
      value === null ? '' : leastOf({ ...rule, unpriced: row.unpriced }, displayValue(quantity, value));
    return [shown, row.error === null ? ruleTypeOf(rule).limitText(rule) : ''];
  }
  const [shown, bound] =
    value === null ? ['', displayValue(quantity, limit.bound)] : displayAgainst(quantity, value, limit.bound);
  return [
    shown === '' ? '' : leastOf({ ...rule, unpriced: row.unpriced }, shown),
    firesBelow(limit.operator) ? `${limit.operator} ${bound}` : bound,
  ];
}

/** Only what has reached its limit has 100 %. */
function percent(share: number): string {
  const whole = share < 1 ? Math.min(99, Math.round(share * 100)) : Math.floor(share * 100);
  return whole > 9_999 ? '>9,999%' : `${displayCount(whole)}%`;
}

function barOf(share: number): string {
  const length = Math.min(BAR, Math.round(share * BAR));
  return `${'█'.repeat(length)}${'░'.repeat(BAR - length)}`;
}

/** Since when the group of a row fires, as the state store knows it. */
function sinceOf(alerts: readonly AlertNow[], zone: string): (row: RuleRow) => string {
  const idOf = (rule: string, group: object): string => JSON.stringify([rule, group]);
  const known = new Map(
    alerts.flatMap(({ rule, group, since }) => (group === null ? [] : [[idOf(rule, group), since] as const])),
  );
  return ({ rule, key }) => {
    const since = key === null ? undefined : known.get(idOf(rule.name, groupObject(rule.groupBy, key)));
    return since === undefined ? '' : localMinute(since, zone);
  };
}
