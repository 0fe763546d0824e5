// Makes a delivery due that was given up or waits for its next attempt.

import { type DeliveryState, OPEN_STATES } from '../model/delivery.ts';
import type { Sql } from '../sql/port.ts';

/** A delivery as it was before it was asked for again. */
export interface Requeued {
  readonly channel: string;
  /** It was queued again where this is `given_up`, and nothing was changed where it is `delivered`. */
  readonly before: DeliveryState;
  /** When it was delivered or given up, ms; null while it is pending. */
  readonly settledAt: number | null;
  /** When it would have been tried next, ms. */
  readonly nextAt: number;
}

/**
 * Makes a delivery due at once, under its id, with its body and without the recipients who have it. One that was given up gets a new
 * day of attempts; one that is pending keeps its own. The other channels, which know of it, get no second report. `mayQueue` is asked with its channel, and throws
 * where it may not. Null where no delivery has the id.
 */
export async function requeue(
  sql: Sql,
  id: string,
  now: number,
  mayQueue: (channel: string) => void,
): Promise<Requeued | null> {
  return sql.transaction({}, async (session) => {
    const [row] = await session.query<{
      channel: string;
      state: DeliveryState;
      settled_at: Date | null;
      next_at: Date;
    }>('SELECT channel, state, settled_at, next_at FROM spendwatch.delivery WHERE id = $1 FOR UPDATE', [id]);
    if (row === undefined) return null;
    const { channel, state } = row;
    if (state === 'given_up') {
      mayQueue(channel);
      await session.query(
        `UPDATE spendwatch.delivery
         SET state = 'queued', backoff_step = 0, first_tried_at = NULL, settled_at = NULL, next_at = $2,
             lease_token = NULL, lease_until = NULL
         WHERE id = $1`,
        [id, new Date(now)],
      );
    } else if (OPEN_STATES.includes(state)) {
      mayQueue(channel);
      await session.query(
        'UPDATE spendwatch.delivery SET next_at = LEAST(next_at, $2::timestamptz) WHERE id = $1',
        [id, new Date(now)],
      );
    }
    return {
      channel,
      before: state,
      settledAt: row.settled_at?.getTime() ?? null,
      nextAt: row.next_at.getTime(),
    };
  });
}
