// What makes two rules, groups or alerts the same.

import { createHash } from 'node:crypto';
import type { Severity } from './rule.ts';
import type { GroupKey } from './series.ts';
import type { PeriodKey } from './window.ts';

/**
 * Fingerprints by rule name: a hash of what each rule measures and of its limits (`RuleType.identity`, plain JSON), so that
 * wording, channels and order may be edited freely. Rules that are equal in this sense get a rank (`#2`, …) in the order
 * given, because otherwise one would suppress the other's notifications. So pass all rules of a file, the disabled ones too.
 */
export function ruleFingerprints(
  rules: readonly { readonly name: string; readonly identity: unknown }[],
): Map<string, string> {
  const seen = new Map<string, number>();
  return new Map(
    rules.map(({ name, identity }) => {
      const hash = sha256(canonicalJson(identity)).slice(0, 32);
      const rank = (seen.get(hash) ?? 0) + 1;
      seen.set(hash, rank);
      return [name, rank === 1 ? hash : `${hash}#${rank}`];
    }),
  );
}

/**
 * The id of a group's alert in the ledger. A hash, because group values may be long; JSON distinguishes NULL from a string
 * `(none)`. `variant` names an alert beside the main one.
 */
export function groupId(key: GroupKey, variant?: string): string {
  if (variant !== undefined) return sha256(JSON.stringify([key, variant]));
  const known = groupIds.get(key);
  if (known !== undefined) return known;
  const id = sha256(JSON.stringify(key));
  groupIds.set(key, id);
  return id;
}

/** A cache: a poll needs the id of each firing group three times. */
const groupIds = new WeakMap<GroupKey, string>();

/** An alert's id: the same over retries, replicas and restarts. */
export function alertId(fingerprint: string, group: string, period: PeriodKey, severity: Severity): string {
  return `alert_${sha256(JSON.stringify([fingerprint, group, period, severity])).slice(0, 32)}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** JSON with the keys of every object in order. */
function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) =>
    part !== null && typeof part === 'object' && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );
}
