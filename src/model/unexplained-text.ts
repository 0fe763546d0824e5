// Which parts of an alert are missing, in words.

import { displayText } from './display-text.ts';
import type { Finding } from './finding.ts';

/** How long a poll or a check waits, in all, for the reads that only explain its alerts. */
export const EXPLAINED_WITHIN_MS = 5_000;

/** What a finding lacks, for people; null where nothing is missing. */
export function unexplainedText({ unexplained }: Finding): string | null {
  const late = unexplained.filter(({ isLate }) => isLate);
  const failed = unexplained.filter(({ isLate }) => !isLate);
  const parts = [
    ...(late.length === 0 ? [] : [`${namesOf(late)}: not known in ${EXPLAINED_WITHIN_MS / 1000} s`]),
    ...(failed.length === 0 ? [] : [`${namesOf(failed)}: could not be read`]),
  ];
  return parts.length === 0 ? null : parts.join('; ');
}

function namesOf(unexplained: Finding['unexplained']): string {
  const dimensions = unexplained.flatMap(({ dimension }) =>
    dimension === null ? [] : [displayText(dimension)],
  );
  return [
    ...(dimensions.length === 0 ? [] : [`by ${dimensions.join(', ')}`]),
    ...(unexplained.some(({ dimension }) => dimension === null) ? ['calls without a price'] : []),
  ].join(' and ');
}
