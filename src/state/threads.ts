// What a delivery finds in its thread when it is sent.

import type { SqlSession } from '../sql/port.ts';

/** The messages of an incident that a channel has got before. */
export interface ThreadSoFar {
  /** What the receiver called the first message of the thread; null where there is none, or it did not say. */
  readonly rootRef: string | null;
  /** Whether no later message of the thread has been delivered: only the latest one may say how things are now. */
  readonly isLatest: boolean;
  /** For the first message of a thread: what the receiver called that of the incident's thread before; null without one. */
  readonly previousRef: string | null;
}

/** Reads the thread of a delivery. Its first message comes first, whatever the clocks of the replicas that queued them said. */
export async function threadSoFar(sql: SqlSession, { id }: { readonly id: string }): Promise<ThreadSoFar> {
  const [row] = await sql.query<{
    root_ref: string | null;
    is_latest: boolean;
    previous_ref: string | null;
  }>(
    `SELECT
       (SELECT ref FROM spendwatch.delivery AS root WHERE root.thread = own.thread AND root.state = 'delivered'
        ORDER BY id <> thread, created_at, id LIMIT 1) AS root_ref,
       NOT EXISTS (SELECT FROM spendwatch.delivery AS later
         WHERE later.thread = own.thread AND later.id <> later.thread AND later.state = 'delivered'
           AND (later.created_at, later.id) > (own.created_at, own.id)) AS is_latest,
       CASE WHEN own.thread = own.id THEN (
         SELECT ref FROM spendwatch.delivery AS old
         WHERE old.incidents && own.incidents AND old.channel = own.channel AND old.thread = old.id
           AND old.id <> own.id AND old.state = 'delivered'
         ORDER BY created_at DESC, id DESC LIMIT 1) END AS previous_ref
     FROM spendwatch.delivery AS own WHERE id = $1`,
    [id],
  );
  return {
    rootRef: row?.root_ref ?? null,
    isLatest: row?.is_latest ?? true,
    previousRef: row?.previous_ref ?? null,
  };
}
