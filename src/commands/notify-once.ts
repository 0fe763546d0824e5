// `check --notify`: polls once and sends what is due.

import { openApp } from '../app.ts';
import type { Config } from '../config/config.ts';
import { AppError, wordsOf } from '../model/errors.ts';
import type { Rule } from '../model/rule.ts';
import { poll } from '../pipeline/poll.ts';
import { deliverNow } from './deliver-now.ts';
import type { Io } from './io.ts';

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
    await deliverNow(app, io);
  } catch (error) {
    io.err(`spendwatch: nothing was sent: ${wordsOf(error)}`);
    if (error instanceof AppError && error.hint !== null) io.err(`  hint: ${error.hint}`);
  } finally {
    await app.close();
  }
}
