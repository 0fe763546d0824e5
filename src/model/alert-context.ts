// What readers of an alert are told beside its figures: who owns it, and where to look.

import { displayText } from './display-text.ts';
import type { Alert, Finding } from './finding.ts';
import { findingJson } from './finding-json.ts';
import type { JsonValue } from './json.ts';
import { linkUrl, type MessageLink } from './link.ts';
import type { Rule } from './rule.ts';
import type { AlertContext, AlertFields, RuleTexts } from './rule-texts.ts';
import { isoInstant } from './window.ts';

/** The context of an alert. Where messages only count it, texts that are templates are left out. */
export function alertContext(rule: Rule, alert: Alert, isShown = true): AlertContext {
  const { owner, runbook, labels } = rule;
  const texts = isShown || rule.fill === undefined ? textsOf(rule, alert.finding, alert) : NO_TEXTS;
  return { ...texts, owner, runbook, labels };
}

const NO_TEXTS: RuleTexts = { message: null, links: {} };

/** The texts of a finding that nobody is notified of. */
export function findingTexts(rule: Rule, finding: Finding): RuleTexts {
  return textsOf(rule, finding, null);
}

/** Links that lead nowhere are left out. */
function textsOf(rule: Rule, finding: Finding, alert: Alert | null): RuleTexts {
  const { message, links } = rule.fill?.(alertFields(rule, finding, alert)) ?? rule;
  const usable = Object.entries(links).flatMap(([label, text]) => {
    const url = linkUrl(text);
    return url === null ? [] : [[label, url] as const];
  });
  return { message, links: Object.fromEntries(usable) };
}

/** The links of an alert for the section of a message, the runbook first; nothing where there are none. */
export function linksIn({ runbook, links }: Pick<AlertContext, 'runbook' | 'links'>): {
  readonly links?: readonly MessageLink[];
} {
  const all = [...(runbook === null ? [] : [['Runbook', runbook] as const]), ...Object.entries(links)];
  if (all.length === 0) return {};
  return { links: all.map(([label, url]) => ({ label: displayText(label), url })) };
}

/** The rule of an alert, for people: `hourly-burn, critical; owner: search team`. */
export function ruleText(rule: string, severity: string, owner: string | null): string {
  return `${displayText(rule)}, ${severity}${owner === null ? '' : `; owner: ${displayText(owner)}`}`;
}

/** The context in JSON. What a rule does not give is left out. */
export function contextJson({ owner, runbook, labels }: Omit<AlertContext, keyof RuleTexts>) {
  const hasLabels = Object.keys(labels).length > 0;
  return { owner: owner ?? undefined, runbook: runbook ?? undefined, labels: hasLabels ? labels : undefined };
}

/** What the texts of one alert are in JSON, beside those of its rule. */
export function textsJson({ message, links }: RuleTexts, { fill }: Pick<Rule, 'fill'>) {
  return { message: fill === undefined ? undefined : message, ...linksJson({ links }) };
}

export function linksJson({ links }: Pick<RuleTexts, 'links'>) {
  return { links: Object.keys(links).length > 0 ? links : undefined };
}

/**
 * What templates can name: the finding as in JSON, with what is known of its rule and of its alert. What is null or left out
 * here is empty there.
 */
export function alertFields(rule: Rule, finding: Finding, alert: Alert | null): AlertFields {
  return {
    ...findingJson(finding),
    rule: rule.name,
    owner: rule.owner,
    runbook: rule.runbook,
    labels: rule.labels,
    id: alert?.id ?? null,
    at: alert === null ? null : isoInstant(alert.at),
    since: alert === null ? null : isoInstant(alert.since),
    ongoing: alert?.ongoing ?? false,
    reason: alert?.reason ?? null,
    previous: previousJson(alert?.previous ?? null),
  };
}

/** What was notified of an alert before, in JSON. */
export function previousJson(previous: Alert['previous']): JsonValue {
  if (previous === null) return null;
  return { value: previous.value, severity: previous.severity, at: isoInstant(previous.at) };
}
