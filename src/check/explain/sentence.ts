// The first sentence of an answer: whether the rule fires, and whether people are told.

import { displayText } from '../../model/display-text.ts';
import { localTime } from '../../model/display-time.ts';
import { counted, displayPhrase, displayValue } from '../../model/display-value.ts';
import { groupLabel } from '../../model/group-label.ts';
import { quantityOf } from '../../model/quantity.ts';
import { type Rule, windowOf } from '../../model/rule.ts';
import { formatDuration } from '../../model/window.ts';
import { ruleTypeOf } from '../../rules/index.ts';
import type { Told } from '../../state/told.ts';
import type { Answer, GroupAnswer, Outcome } from './answer.ts';

type Of<Kind extends Outcome['kind']> = Extract<Outcome, { kind: Kind }>;

/** One sentence, with its full stop, about the worst group. */
export function sentenceOfAnswer(answer: Answer): string {
  const { rule, groups, firing, error } = answer;
  const name = displayText(rule.name);
  const [group] = groups;
  if (error !== null) return `It is not known whether ${name} fires: ${error}.`;
  if (group === undefined)
    return `${disabledText(rule)}${name} has nothing to judge: no group has calls in ${rule.window.text}.`;
  const more = group.firing !== null && firing > 1 ? ` (and for ${firing - 1} more)` : '';
  return `${disabledText(rule)}${clauseOf(answer, group, more)}.`;
}

function disabledText(rule: Rule): string {
  return rule.enabled
    ? ''
    : `${displayText(rule.name)} is disabled, so that nobody is told; if it were enabled: `;
}

function clauseOf(answer: Answer, group: GroupAnswer, more: string): string {
  const { rule, zone } = answer;
  const { outcome } = group;
  const name = displayText(rule.name);
  const of = forGroup(rule, group);
  const time = (at: number): string => localTime(at, zone);
  switch (outcome.kind) {
    case 'notify':
      return `${name} fires${of}${more}${sinceText(outcome.since, zone)}: ${valueText(rule, group)}, and ${notifyText(answer, group, outcome)}`;
    case 'duplicate':
      return `${name} fires${of}${more}${sinceText(outcome.since, zone)}: ${valueText(rule, group)}, ${duplicateText(rule, outcome, zone)}`;
    case 'silenced': {
      const why = outcome.silence.reason === '' ? '' : ` (${displayText(outcome.silence.reason)})`;
      return `${name} fires${of}${more}${sinceText(outcome.since, zone)}: ${valueText(rule, group)}, but it is silenced until ${time(outcome.until)}${why}`;
    }
    case 'pending':
      return `${name} does not fire${of} yet: ${valueText(rule, group)} has held since ${time(outcome.since)}, and \`for\` asks for ${formatDuration(rule.forMs)}, so that it fires at ${time(outcome.firesAt)} if it goes on`;
    case 'resolved':
      return overText(rule, group, outcome, zone);
    case 'reset':
      return `${name} does not fire${of}: its window (${rule.window.text}) began anew at ${time(outcome.began)}, and ${valueText(rule, group)}${outcome.before === null ? '' : `; the window before ended with ${displayValue(quantityOf(rule), outcome.before.fixed)}`}`;
    case 'quiet':
      return `${name} does not fire${of}: ${valueText(rule, group)}`;
    case 'few_calls':
      return `${name} does not fire${of}: it takes at least ${counted(rule.minCalls, 'call')}, and the window has ${counted(outcome.calls, 'call')}`;
    case 'no_data':
      return `${name} does not fire${of}: there is no data to judge it by, ${noDataText(answer, group)}`;
    case 'not_judged':
      return `${name} does not fire${of}: it has ${counted(group.calls, 'call')} ${windowText(rule, group.window)} and is none of the groups that the rule judges (${ruleTypeOf(rule).limitText(rule)})`;
    case 'short_history':
      return `${name} does not fire${of}: there is not enough history to judge it by, ${historyText(rule, outcome)}`;
  }
}

/** `$312.46 in 1h, >= $100.00`; what it has and the limit that it does not reach. */
function valueText(rule: Rule, { firing, value, window }: GroupAnswer): string {
  const long = windowText(rule, window);
  if (firing !== null) {
    const { comparison, note } = ruleTypeOf(rule).describe(rule, firing);
    return `${comparison[0]} ${comparison[1]} ${long}${note === null ? '' : ` (${note})`}`;
  }
  if (value === null) return `no calls ${long}`;
  const shown = displayPhrase(quantityOf(rule), displayValue(quantityOf(rule), value.fixed));
  return `${shown} ${long} does not reach its limit (${ruleTypeOf(rule).limitText(rule)})`;
}

function windowText(rule: Rule, window: GroupAnswer['window']): string {
  const own = windowOf(rule, window);
  return own.kind === 'rolling' ? `in ${own.text}` : own.text.replaceAll('_', ' ');
}

function notifyText(
  { rule, ledgerTrouble, zone }: Answer,
  group: GroupAnswer,
  { reason }: Of<'notify'>,
): string {
  const channels = group.severity === null ? [] : rule.notify[group.severity];
  const to = channels.length === 0 ? '' : ` to ${channels.join(', ')}`;
  if (ledgerTrouble !== null)
    return `would be notified${to} unless it was already, as the ledger could not be read`;
  const last = group.told[0];
  const before = last === undefined ? '' : `, last told at ${localTime(last.at, zone)}`;
  return `would be notified now${to}, because ${BECAUSE[reason]}${before}`;
}

const BECAUSE: Readonly<Record<Of<'notify'>['reason'], string>> = {
  new: 'it is new',
  reopened: 'it fires again after its end was told',
  escalated: 'its severity has risen',
  grown: 'its value has grown so much',
  ongoing: 'it still fires in a new period',
};

function duplicateText(rule: Rule, { told, until, growsTo }: Of<'duplicate'>, zone: string): string {
  const was =
    told === null
      ? 'and was notified already'
      : `and was notified at ${localTime(told.at, zone)}${toldTo(rule, told)}`;
  const again = until === null ? 'while it goes on' : `before ${localTime(until, zone)}`;
  const unless =
    growsTo === null
      ? 'its severity rises'
      : `its severity rises or it reaches ${displayValue(quantityOf(rule), growsTo)}`;
  return `${was}; it is not told again ${again} unless ${unless}`;
}

/** The channels of the rule that had a message about it; those of the file where the messages are gone. */
function toldTo({ notify }: Rule, { messages, severity }: Told): string {
  const ofRule = new Set(Object.values(notify).flat());
  const had = [...new Set(messages.map(({ channel }) => channel))].filter((name) => ofRule.has(name));
  const channels = had.length > 0 ? had : notify[severity];
  return channels.length === 0 ? '' : ` to ${channels.join(', ')}`;
}

function overText(
  rule: Rule,
  group: GroupAnswer,
  { how, at, overAt, told }: Of<'resolved'>,
  zone: string,
): string {
  const name = displayText(rule.name);
  const was =
    told === null ? '' : `, after it was notified at ${localTime(told.at, zone)}${toldTo(rule, told)}`;
  const since = at === null ? '' : ` since ${localTime(at, zone)}`;
  const end =
    how === 'pausing'
      ? `; it is resolved at ${localTime(overAt as number, zone)} if that goes on`
      : how === 'resolved'
        ? '; it is resolved'
        : '; it is over';
  return `${name} does not fire${forGroup(rule, group)} any more${since}: ${valueText(rule, group)}${was}${end}`;
}

function noDataText({ newestRow, zone, rule }: Answer, { calls }: GroupAnswer): string {
  const rows =
    calls === 0
      ? `as ${rule.window.text} has no calls`
      : `though ${rule.window.text} has ${counted(calls, 'call')}`;
  return newestRow === null
    ? `${rows} and the store has none`
    : `${rows}; the newest row is of ${localTime(newestRow, zone)}`;
}

function historyText(rule: Rule, { periods }: Of<'short_history'>): string {
  const has = periods === null ? '' : `with ${counted(periods, 'earlier period')} that can be compared; `;
  return `${has}its limit is ${ruleTypeOf(rule).limitText(rule)}`;
}

function sinceText(since: number | null, zone: string): string {
  return since === null ? '' : ` since ${localTime(since, zone)}`;
}

function forGroup({ groupBy }: Rule, { key }: GroupAnswer): string {
  const label = groupLabel(groupBy, key);
  return label === '' ? '' : ` for ${label}`;
}
