// How many rows and users a table has.

import { AppError } from '../model/errors.ts';
import { ONE } from '../model/money.ts';
import type { Retention } from '../model/report.ts';
import type { Series } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import { readInParts } from '../pipeline/ask-in-parts.ts';
import type { ReportParts } from './parts.ts';
import type { Asking } from './sums.ts';

/** A table of many years may take longer, and is then not counted. */
const WITHIN_MS = 60_000;

/** The rows of a window, and their users; null for users that the table does not have. An error where they were not counted. */
export async function countedRows(
  window: Window,
  { dimensions }: Pick<ReportParts, 'dimensions'>,
  { source, before }: Asking,
): Promise<Pick<Retention, 'rows' | 'users'> | AppError> {
  const groupBy = dimensions.has('user') ? ['user'] : [];
  const query = { measures: ['calls'], where: {}, groupBy, windows: [window] } as const;
  const users = new Set<string>();
  let rows = 0n;
  // A company may have served a million users: nothing but their names is kept.
  const take = (series: Series): void => {
    for (const [group, [user = null]] of series.keys.entries()) {
      rows += series.cell(group, 0)?.sums.calls ?? 0n;
      if (user !== null) users.add(user);
    }
  };
  const [known = null] = await readInParts(source, [query], before, take, { withinMs: WITHIN_MS });
  if (known instanceof AppError) return known;
  if (known !== null) take(known);
  return { rows: Number(rows / ONE), users: groupBy.length === 0 ? null : users.size };
}
