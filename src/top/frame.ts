// One frame of the view: data and the size of a window -> lines.

import { displayText } from '../model/display-text.ts';
import { localClock, localTime } from '../model/display-time.ts';
import { counted } from '../model/display-value.ts';
import { cutToWidth } from '../model/fitted-table.ts';
import type { Painter } from '../model/painter.ts';
import { pollText } from '../status/table.ts';
import { groupLines } from './group-lines.ts';
import { incidentLines } from './incident-lines.ts';
import { queueLines } from './queue-lines.ts';
import { ruleLines } from './rule-lines.ts';
import { spendLines } from './spend-lines.ts';
import type { Place, ViewData } from './view-data.ts';

export interface Size {
  readonly width: number;
  readonly height: number;
}

export interface Frame {
  /** At most as many as the window is high, none wider than it. */
  readonly lines: readonly string[];
  /** How many rules can be scrolled past. */
  readonly furthest: number;
  /** How many rules are shown. */
  readonly page: number;
}

/** Smaller windows show nothing useful. */
const LEAST: Size = { width: 40, height: 10 };
/** From this height on, parts have their full size, with room between them. */
const TALL = 36;
const FEWEST_RULES = 3;
const MINUTE = 60_000;

/** Draws all parts, each as large as there is room for; `scroll` is how many rules are above the first that is shown. */
export function frame(data: ViewData, { width, height }: Size, scroll: number, paint: Painter): Frame {
  if (width < LEAST.width || height < LEAST.height) return tooSmall({ width, height });
  const place: Place = { data, width, paint };
  const head = headLines(place);
  const { above, below } = partsThatFit(place, height - head.length - 1);
  const used = head.length + above.length + below.length + 1;
  const rules = ruleLines(place, height - used, scroll);
  const body = [...head, ...above, ...rules.lines, ...below];
  const filled = [...body, ...Array<string>(Math.max(0, height - 1 - body.length)).fill('')];
  return {
    lines: [...filled.slice(0, height - 1), keysLine(place, rules.shown)],
    furthest: rules.furthest,
    page: rules.page,
  };
}

function tooSmall({ width, height }: Size): Frame {
  const text = `at least ${LEAST.width} x ${LEAST.height} is needed`;
  return { lines: [cutToWidth(text, Math.max(1, width))].slice(0, height), furthest: 0, page: 1 };
}

/** What stands around the rules. Where the window is low, parts are left out, the least urgent first. */
function partsThatFit(
  place: Place,
  height: number,
): { readonly above: readonly string[]; readonly below: readonly string[] } {
  const isTall = height >= TALL;
  const gap = height >= 18 ? [''] : [];
  const part = (lines: readonly string[]): readonly string[] =>
    lines.length === 0 ? [] : [...gap, ...lines];
  const spend = [...spendLines(place, isTall ? 6 : 1), ...gap];
  const few = Math.max(1, Math.floor(height / 7));
  const rules = place.data.audit.answer?.rules.length ?? 0;
  const incidents = part(incidentLines(place, few));
  const queues = part(queueLines(place, isTall));
  // Who spends gets what the others leave.
  const left = height - spend.length - rules - incidents.length - queues.length - 2 - 2 * gap.length;
  const groups = part(groupLines(place, Math.max(few, left)));
  let room = height - spend.length - 1 - Math.min(rules, FEWEST_RULES);
  const below = [incidents, groups, queues].filter(({ length }) => {
    if (length > room) return false;
    room -= length;
    return true;
  });
  return { above: spend, below: below.flat() };
}

function headLines({ data, width, paint }: Place): string[] {
  const { now, zone, name, state, audit } = data;
  const title = [
    'spendwatch top',
    ...(name === null ? [] : [displayText(name, 30)]),
    localTime(now - (now % 1000), zone),
  ].join('  ');
  const poll =
    state.answer === null
      ? []
      : [pollText({ ...state.answer, at: now }, { zone, paint: (_, text) => text })].map((text) =>
          paint(state.answer?.worker === 'leads' ? 'dim' : 'warning', cutToWidth(text, width)),
        );
  const waiting = [
    ...(isWaiting(state) ? ['reading the state store …'] : []),
    ...(isWaiting(audit) ? ['reading the audit store …'] : []),
  ];
  const troubles = [
    ...(state.trouble === null
      ? []
      : [
          `state store${state.answer === null ? '' : ` (as of ${localClock(state.answer.at - (state.answer.at % MINUTE), zone)})`}: ${state.trouble}`,
        ]),
    ...(audit.trouble === null
      ? []
      : [
          `audit store${audit.answer === null ? '' : ` (figures of ${localClock(audit.answer.at, zone)})`}: ${audit.trouble}`,
        ]),
  ];
  const unknown = (audit.answer?.rules ?? []).filter(({ error }) => error !== null);
  for (const { rule, error } of unknown.slice(0, 1)) {
    const more = unknown.length > 1 ? ` (and ${counted(unknown.length - 1, 'more rule')})` : '';
    troubles.push(`${displayText(rule.name, 40)}${more}: ${error}`);
  }
  return [
    paint('bold', cutToWidth(title, width)),
    ...poll,
    ...(waiting.length === 0 ? [] : [paint('dim', cutToWidth(waiting.join('  '), width))]),
    ...troubles.map((text) => paint('critical', cutToWidth(displayText(text, 500), width))),
  ];
}

function isWaiting({ answer, trouble }: ViewData['state'] | ViewData['audit']): boolean {
  return answer === null && trouble === null;
}

function keysLine({ width, paint }: Place, shown: string): string {
  return paint('dim', cutToWidth(['q quit', '↑ ↓ PgUp PgDn scroll', shown].join('   ').trimEnd(), width));
}
