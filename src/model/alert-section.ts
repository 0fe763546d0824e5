// Turns one alert into a headline, a sentence, facts and tables.

import { linksIn, ruleText } from './alert-context.ts';
import { breakdownTables, commonFact } from './breakdown-table.ts';
import { localSpan } from './display-time.ts';
import { displayCount, displayValue } from './display-value.ts';
import { earlierFact, onsetFact, paceFact, sinceFact } from './facts.ts';
import type { Alert, Finding } from './finding.ts';
import { firstSentence } from './first-sentence.ts';
import { groupLabel, groupWithKinds } from './group-label.ts';
import type { Fact, MessageSection } from './message.ts';
import { type Rule, windowOf } from './rule.ts';
import type { AlertContext } from './rule-texts.ts';
import { changeFact, whyFact } from './split-facts.ts';
import { unexplainedText } from './unexplained-text.ts';
import { belowOnlyIf, estimatedText, uncountedText, unpricedText } from './unpriced-text.ts';
import type { WindowSpec } from './window.ts';

/** An alert in one line: `search $312.46 in 1h (limit $100.00)`. */
export function alertSummary(rule: Rule, { finding }: Alert): string {
  const { value, reason } = finding.description;
  const doubt = belowOnlyIf(finding);
  const why = doubt === null ? reason : `${reason}; ${doubt}`;
  const group = groupLabel(finding.groupBy, finding.key);
  return `${group === '' ? '' : `${group} `}${value} ${windowText(windowOf(rule, finding.window))} (${why})`;
}

/**
 * One alert in full: its headline, what happened, its facts, a table for each breakdown, and how it was judged. `at` is the
 * instant of the poll that tells it.
 */
export function alertSection(
  rule: Rule,
  alert: Alert,
  context: AlertContext,
  at: number,
  zone: string,
): MessageSection {
  const { finding } = alert;
  const { window } = finding;
  const unexplained = unexplainedText(finding);
  const group = groupWithKinds(finding.groupBy, finding.key);
  const ongoing = alert.ongoing ? ', ongoing' : '';
  const { description, severity } = finding;
  const facts: (Fact | null)[] = [
    ['Rule', ruleText(rule.name, severity, rule.owner)],
    ...description.facts,
    changeFact(rule, finding, zone),
    whyFact(finding),
    paceFact(rule, finding),
    onsetFact(finding, zone),
    sinceFact(alert, zone),
    ['Window', `${localSpan(window.from, window.to, zone)} (${windowOf(rule, window).text})`],
    finding.metric === 'calls' ? null : ['Calls', displayCount(finding.value.calls)],
    commonFact(finding),
    earlierFact(finding),
    unpricedFact(finding),
    estimatedFact(finding),
    unexplained === null ? null : ['Drivers', unexplained],
  ];
  return {
    headline: `${group === '' ? '' : `${group}: `}${description.value} ${windowText(windowOf(rule, finding.window))}${ongoing}`,
    sentence: firstSentence(rule, finding, at, zone),
    facts: facts.filter((fact) => fact !== null),
    ...linksIn(context),
    tables: breakdownTables(finding),
    ...(description.judged.length > 0 && { judged: description.judged }),
  };
}

/** A rule's window after its value: `in 1h`, `today`, `this week`. */
export function windowText(window: WindowSpec): string {
  return window.kind === 'rolling' ? `in ${window.text}` : window.word.replaceAll('_', ' ');
}

function estimatedFact(finding: Finding): Fact | null {
  const text = estimatedText(finding);
  return text === null ? null : ['Estimated', text];
}

function unpricedFact(finding: Finding): Fact | null {
  const { metric, value, unpriced } = finding;
  if (unpriced === null) return null;
  const isDoubtful = belowOnlyIf(finding) !== null;
  if (finding.quantity === 'share') return ['Unpriced', uncountedText(unpriced)];
  const text = `at least ${displayValue(metric, value.fixed)}: ${unpricedText(unpriced)}`;
  return ['Unpriced', isDoubtful ? `${text}; it is low only if they cost next to nothing` : text];
}
