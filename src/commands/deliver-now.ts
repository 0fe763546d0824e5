// Sends what is due once, for commands that run without a worker.

import type { App } from '../app.ts';
import type { DeliveryReport } from '../pipeline/deliver.ts';
import { openDeliverer } from '../worker/deliverer.ts';
import type { Io } from './io.ts';

/** How long each due delivery is tried. The rest is left to the next run. */
const PATIENCE_MS = 30_000;

/**
 * Sends all that is due, whoever queued it, and says on stderr what became of each and what stays queued. `nameOf` gives what a
 * delivery is called, by its id, where it is about no rule.
 */
export async function deliverNow(
  app: App,
  io: Pick<Io, 'err'>,
  nameOf: (id: string) => string | null = () => null,
): Promise<void> {
  const state = await app.state();
  const deliverer = openDeliverer(app, state, null, (report) => io.err(sentence(report, nameOf)));
  await deliverer.deliverDue({ patienceMs: PATIENCE_MS });
  for (const [channel, count] of await state.queueLengths()) {
    const who = app.channels.has(channel) ? 'the next run tries again' : 'this file has no such channel';
    if (count > 0) io.err(`spendwatch: ${count} still queued for ${channel}; ${who}`);
  }
}

function sentence(
  { id, channel, rule, outcome, answer }: DeliveryReport,
  nameOf: (id: string) => string | null,
): string {
  const what = rule ?? (id === null ? null : nameOf(id)) ?? 'a message';
  return outcome === 'delivered'
    ? `spendwatch: sent ${what} to ${channel} (${answer})`
    : `spendwatch: ${what} to ${channel}: ${outcome.replace('_', ' ')}: ${answer}`;
}
