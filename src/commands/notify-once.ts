// `check --notify`: polls once and sends what is due.

import { openApp } from '../app.ts';
import type { Config } from '../config/config.ts';
import { AppError, wordsOf } from '../model/errors.ts';
import type { Rule } from '../model/rule.ts';
import type { DeliveryReport } from '../pipeline/deliver.ts';
import { poll } from '../pipeline/poll.ts';
import { openDeliverer } from '../worker/deliverer.ts';
import type { Io } from './io.ts';

/** How long each due delivery is tried. The rest is left to the next run. */
const PATIENCE_MS = 30_000;

/**
 * Runs after the result was printed. Records the findings of one evaluation time in the ledger and sends what is due.
 * Without rules (the audit store is unreachable) it only sends what was queued before. What stays queued is named on stderr.
 * Never changes the exit code.
 */
export async function notifyOnce(config: Config, rules: readonly Rule[], at: number, io: Io): Promise<void> {
  const app = await openApp(config, { mustExist: true });
  try {
    if (rules.length > 0) {
      const parts = await app.pollParts();
      const { error } = await poll({ ...parts, rules }, at, Date.now, { onlyLatest: true });
      if (error !== null) io.err(`spendwatch: not everything could be decided: ${error.message}`);
    }
    const deliverer = openDeliverer(app, await app.state(), null, (report) => io.err(sentence(report)));
    await deliverer.deliverDue({ patienceMs: PATIENCE_MS });
    for (const [channel, count] of await (await app.state()).queueLengths()) {
      const who = app.channels.has(channel) ? 'the next run tries again' : 'this file has no such channel';
      if (count > 0) io.err(`spendwatch: ${count} still queued for ${channel}; ${who}`);
    }
  } catch (error) {
    io.err(`spendwatch: nothing was sent: ${wordsOf(error)}`);
    if (error instanceof AppError && error.hint !== null) io.err(`  hint: ${error.hint}`);
  } finally {
    await app.close();
  }
}

function sentence({ channel, rule, outcome, answer }: DeliveryReport): string {
  const what = rule === null ? 'a message' : rule;
  return outcome === 'delivered'
    ? `spendwatch: sent ${what} to ${channel} (${answer})`
    : `spendwatch: ${what} to ${channel}: ${outcome.replace('_', ' ')}: ${answer}`;
}
