// What fires at the first evaluation time without being known to the ledger (pure).

import { groupId } from '../model/fingerprint.ts';
import type { Episode } from '../model/notification.ts';
import { type Severity, stepOf } from '../model/rule.ts';
import type { GroupKey } from '../model/series.ts';
import type { Evaluation } from './evaluate.ts';

/** A step that a group holds at the first evaluation time, unknown to the ledger. The data must tell since when. */
export interface UnknownBeginning {
  readonly groupId: string;
  readonly key: GroupKey;
  /** As in Reached. */
  readonly variant?: string | undefined;
  readonly severity: Severity;
  readonly at: number;
}

/**
 * The steps that fire at the first evaluation time and are not in the ledger. If the time before it was not polled (a new
 * rule, a first start, an outage), they may have held for longer.
 */
export function unknownBeginnings(
  first: Evaluation | undefined,
  recorded: readonly Episode[],
): UnknownBeginning[] {
  if (first === undefined) return [];
  const known = new Set(
    recorded
      .filter(({ since, heldTo }) => since <= first.at && (heldTo === null || heldTo >= first.at))
      .map(({ groupId: id, step }) => `${id}/${step}`),
  );
  return first.judgement.firing.flatMap(({ key, variant, steps }) => {
    const id = groupId(key, variant);
    return steps
      .filter(({ severity }) => !known.has(`${id}/${stepOf(severity)}`))
      .map(({ severity }) => ({ groupId: id, key, variant, severity, at: first.at }));
  });
}
