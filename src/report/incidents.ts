// The incidents that were open in a report's period, and what their subjects spent in that time.

import { AppError } from '../model/errors.ts';
import { type Subject, subjectName } from '../model/incident.ts';
import type { ReportIncident } from '../model/report.ts';
import type { Query, Where } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import { askInParts } from '../pipeline/ask-in-parts.ts';
import type { PastIncident } from '../state/past-incidents.ts';
import type { ReportParts } from './parts.ts';
import { type Asking, cellIn } from './sums.ts';

const MOST = 20;
/** A longer value is not kept as it was. */
const LONGEST_VALUE = 200;

/** The longest first; one that is still open counts up to the end of the period. */
export async function incidentsOf(
  incidents: readonly PastIncident[],
  period: Window,
  { rules, dimensions }: Pick<ReportParts, 'rules' | 'dimensions'>,
  { source, before }: Asking,
): Promise<ReportIncident[]> {
  const length = ({ openedAt, closedAt }: PastIncident): number => (closedAt ?? period.to) - openedAt;
  const longest = [...incidents].sort((a, b) => length(b) - length(a)).slice(0, MOST);
  const queries = longest.map(({ subject, openedAt, closedAt }): Query | null => {
    const where = whereOf(subject, { rules, dimensions });
    const window = {
      from: Math.max(openedAt, period.from),
      to: Math.min(closedAt ?? period.to, period.to),
    };
    return where && { measures: ['calls', 'cost'], where, groupBy: [], windows: [window] };
  });
  const asked = queries.filter((query) => query !== null);
  const answers = await askInParts(source, asked, before);
  return longest.map(({ subject, ...incident }, i) => {
    const query = queries[i] ?? null;
    const answer = query === null ? null : (answers[asked.indexOf(query)] ?? null);
    const isKnown = answer !== null && !(answer instanceof AppError);
    return {
      ...incident,
      subject: subjectName(subject),
      cost: isKnown ? (cellIn(answer, 0)?.sums.cost ?? 0n) : null,
    };
  });
}

/** The calls of a subject; null where they cannot be told. */
function whereOf(
  { dimension, value }: Subject,
  { rules, dimensions }: Pick<ReportParts, 'rules' | 'dimensions'>,
): Where | null {
  if (dimension === null) return rules.find(({ name }) => name === value)?.where ?? null;
  if (!dimensions.has(dimension) || (value?.length ?? 0) > LONGEST_VALUE) return null;
  return { [dimension]: { in: [value] } };
}
