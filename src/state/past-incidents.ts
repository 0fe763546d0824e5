// Reads the incidents that were open in a span of time.

import { type Subject, subjectOfKey } from '../model/incident.ts';
import { type Severity, severityOf } from '../model/rule.ts';
import type { Window } from '../model/window.ts';
import type { SqlSession } from '../sql/port.ts';
import type { RuleFile } from './removed-rules.ts';

/** An incident, open or over. Instants in ms. */
export interface PastIncident {
  readonly id: string;
  readonly subject: Subject;
  /** The highest that was notified. */
  readonly severity: Severity;
  /** The names of the file's rules that told of it, as they were called then. */
  readonly rules: readonly string[];
  readonly openedAt: number;
  /** Null while it is open. */
  readonly closedAt: number | null;
}

/**
 * Those of a file's rules that were open at some instant of the span, the first opened first; those too of which it is not known
 * whose they are. The schema must be current.
 */
export async function readIncidentsIn(
  sql: SqlSession,
  { id: file, fingerprints }: RuleFile,
  { from, to }: Window,
): Promise<PastIncident[]> {
  const rows = await sql.query<{
    id: string;
    subject: string;
    step: number;
    opened_at: Date;
    closed_at: Date | null;
    rules: readonly string[];
  }>(
    `SELECT incident.id, subject, incident.step, opened_at, closed_at,
       COALESCE(array_agg(DISTINCT rule_name ORDER BY rule_name) FILTER (WHERE rule_name IS NOT NULL), '{}') AS rules
     FROM spendwatch.incident AS incident
     LEFT JOIN spendwatch.notification AS told ON told.incident = incident.id
     WHERE opened_at < $2 AND (closed_at IS NULL OR closed_at > $1)
       AND (told.file IS NULL OR told.file = $3 OR told.fingerprint = ANY ($4::text[]))
     GROUP BY incident.id ORDER BY opened_at, incident.id`,
    [new Date(from), new Date(to), file, fingerprints],
  );
  return rows.map(({ id, subject, step, opened_at, closed_at, rules }) => ({
    id,
    subject: subjectOfKey(subject),
    severity: severityOf(Math.max(step, 1)),
    rules,
    openedAt: opened_at.getTime(),
    closedAt: closed_at?.getTime() ?? null,
  }));
}
