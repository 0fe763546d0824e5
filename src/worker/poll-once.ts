// One poll of a worker: asks for the lease, polls, and drops what was not recorded.

import type { App } from '../app.ts';
import { asAppError } from '../model/errors.ts';
import type { Source } from '../pipeline/collect.ts';
import { type PollReport, poll } from '../pipeline/poll.ts';
import type { State } from '../state/open.ts';
import type { Leadership } from './leadership.ts';

/**
 * Polls as of `at` if this worker has the lease. Null where another worker polls, or has taken over since this poll
 * began; what was recorded until then is still reported. Never rejects: a fault is part of the report.
 *
 * `openSums` gives the source of kept sums; null reads the store alone.
 */
export async function pollOnce(
  app: App,
  leadership: Leadership,
  openSums: (() => Promise<Source>) | null,
  at: number,
): Promise<PollReport | null> {
  try {
    if (!(await leadership.ask())) return null;
    const parts = await app.pollParts();
    const source = openSums === null ? parts.source : await openSums();
    const state: State = {
      ...parts.state,
      record: (recordings, now, options) =>
        parts.state.record(recordings, now, { ...options, leader: leadership.candidate }),
    };
    const report = await poll({ ...parts, source, state }, at, app.now);
    return report.error?.code === 'lease_lost' ? recordedPart(report) : report;
  } catch (error) {
    const failure = asAppError(error, 'poll_failed');
    return { at, newestRow: null, rowsRead: 0, rules: [], queued: [], error: failure };
  }
}

function recordedPart(report: PollReport): PollReport | null {
  const rules = report.rules.filter(({ error }) => error === null);
  return rules.length === 0 ? null : { ...report, rules, error: null };
}
