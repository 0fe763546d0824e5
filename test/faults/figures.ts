import PostalMime from 'postal-mime';
import { afterAll } from 'vitest';
import type { Receivers } from '../support/receivers.ts';

/** What a fault suite prints at its end: how much it did, and what came of it. */
export interface Figures {
  faults: number;
  /** Messages that people were to get, and ids that have arrived. */
  due: number;
  delivered: number;
  /** Arrivals beyond the first that carried the id of an earlier one, so that the receiver can drop them. */
  repeated: number;
}

export function printedFigures(suite: string): Figures {
  const figures = { faults: 0, due: 0, delivered: 0, repeated: 0 };
  afterAll(() => {
    const { faults, due, delivered, repeated } = figures;
    console.log(
      `${suite}: ${faults} faults injected, ${due} messages due, ${delivered} delivered, ` +
        `${due - delivered} told of on other channels instead, ${repeated} repeated with the same id`,
    );
  });
  return figures;
}

/** Adds what arrived: one id for each delivery, however often it came. */
export function countArrivals(figures: Figures, ids: readonly string[]): void {
  const distinct = new Set(ids).size;
  figures.delivered += distinct;
  figures.repeated += ids.length - distinct;
}

/** The id of everything that receivers took, by which a receiver drops a repeat. */
export async function arrivedIds({ mails, posts, hooks }: Receivers): Promise<string[]> {
  const parsed = await Promise.all(mails.map(({ raw }) => PostalMime.parse(raw)));
  return [
    ...parsed.map(({ messageId = '' }) => messageId),
    ...posts.map(slackIdOf),
    ...hooks.map(({ headers }) => headers['webhook-id'] ?? ''),
  ];
}

export function slackIdOf(post: Readonly<Record<string, unknown>>): string {
  const { metadata } = post as { metadata: { event_payload: { delivery_id: string } } };
  return metadata.event_payload.delivery_id;
}
