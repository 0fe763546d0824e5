// `spendwatch run`: the worker, until it is asked to stop.

import { growHeapSlowly } from '../worker/heap.ts';
import { openLog } from '../worker/log.ts';
import { reloadOnChange } from '../worker/reload.ts';
import { startService, stopService } from '../worker/service.ts';
import { serviceManager } from '../worker/systemd-notify.ts';
import { openBackfillBar } from './backfill-bar.ts';
import type { Io } from './io.ts';

export interface RunOptions {
  readonly config: string;
  readonly version: string;
}

/** A part that has not stopped by then is abandoned: the process must end in under five seconds. */
const STOP_LIMIT_MS = 4_300;

/** Runs until the process is asked to stop. Resolves to 0. */
export async function run({ config: file, version }: RunOptions, io: Io): Promise<number> {
  // Read `stopped` first, which installs the signal handlers: process 1 of a container loses a signal that comes before
  // them.
  const { env, stopped } = io;
  growHeapSlowly();
  const bar = io.stderrIsTerminal ? openBackfillBar() : null;
  const terminal = bar && { colour: io.colour, print: bar.print };
  const log = openLog({ level: env.SPENDWATCH_LOG_LEVEL, terminal });
  const manager = serviceManager(env);

  const service = await startService({ file, env, version, log, bar });
  manager.ready('watching');
  const watchdog =
    manager.watchdogIntervalMs === null ? null : setInterval(manager.alive, manager.watchdogIntervalMs);
  const reloading = reloadOnChange(service, manager);

  await stopped;
  manager.stopping();
  log.info('stopping');
  if (watchdog !== null) clearInterval(watchdog);
  const limit = setTimeout(() => process.exit(0), STOP_LIMIT_MS);
  await reloading.stop();
  await stopService(service);
  clearTimeout(limit);
  log.info('stopped');
  return 0;
}
