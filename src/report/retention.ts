// How many rows and users a table has.

import { AppError } from '../model/errors.ts';
import { ONE } from '../model/money.ts';
import type { Retention } from '../model/report.ts';
import type { Series } from '../model/series.ts';
import type { Window } from '../model/window.ts';
import { askInParts } from '../pipeline/ask-in-parts.ts';
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
  const [series] = (await askInParts(source, [query], before, { withinMs: WITHIN_MS })) as [
    Series | AppError,
  ];
  if (series instanceof AppError) return series;
  const rows = series.keys.reduce((sum, _, group) => sum + (series.cell(group, 0)?.sums.calls ?? 0n), 0n);
  const users = series.keys.filter(([user = null]) => user !== null).length;
  return { rows: Number(rows / ONE), users: groupBy.length === 0 ? null : users };
}
