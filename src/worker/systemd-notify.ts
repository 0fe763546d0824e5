// Tells systemd about readiness, status and the watchdog.

import { spawn } from 'node:child_process';

/** What the worker tells the service manager that started it. Nothing here throws or delays the worker. */
export interface ServiceManager {
  /** The worker is at work. Also ends a reload. `status` is shown by `systemctl status`. */
  ready(status: string): void;
  /** Replaces the line in `systemctl status`. */
  status(text: string): void;
  /** The configuration is being read again. `ready` must follow, also if the old one stays. */
  reloading(): void;
  /** The worker was asked to stop and is doing so. */
  stopping(): void;
  /** How often `alive` must be called, in ms; null without a watchdog. */
  readonly watchdogIntervalMs: number | null;
  /** A sign of life. If none comes within the watchdog's time, systemd restarts the worker. */
  alive(): void;
}

/** What systemd puts into the environment of a service with `Type=notify` and `WatchdogSec=`. */
export interface NotifyEnvironment {
  readonly NOTIFY_SOCKET?: string | undefined;
  /** The time in µs after which a silent service is restarted. */
  readonly WATCHDOG_USEC?: string | undefined;
  /** Where `systemd-notify` is looked for; the system's default path when absent. */
  readonly PATH?: string | undefined;
}

/** A message that takes longer is given up: a manager that hangs must not pile up processes. */
const TIMEOUT_MS = 2_000;
/** Signs of life are sent at a third of the watchdog's time, so that a lost one causes no restart. */
const BEATS_PER_TIMEOUT = 3;

/**
 * Speaks the protocol of sd_notify(3). Does nothing if NOTIFY_SOCKET is not set.
 *
 * Node has no unix datagram sockets, so each message is one run of `systemd-notify`, which is part of systemd. Such
 * a message comes from a child of the worker and not from the worker itself: the unit needs `NotifyAccess=all`.
 */
export function serviceManager(env: NotifyEnvironment): ServiceManager {
  const send = env.NOTIFY_SOCKET ? sender(env.NOTIFY_SOCKET, env.PATH) : () => undefined;
  return {
    ready: (status) => send('READY=1', statusLine(status)),
    status: (text) => send(statusLine(text)),
    reloading: () => send('RELOADING=1'),
    stopping: () => send('STOPPING=1'),
    watchdogIntervalMs: env.NOTIFY_SOCKET ? watchdogInterval(env.WATCHDOG_USEC) : null,
    alive: () => send('WATCHDOG=1'),
  };
}

/** One message after the other: a READY that overtook its RELOADING would leave the unit reloading for ever. */
function sender(socket: string, path: string | undefined): (...assignments: string[]) => void {
  // Only these two: the worker's environment holds secrets.
  const env = { NOTIFY_SOCKET: socket, ...(path === undefined ? {} : { PATH: path }) };
  let last = Promise.resolve();
  return (...assignments) => {
    last = last.then(() => run(assignments, env));
  };
}

/** Assignments and not options such as --stopping, which systemd has only since version 253. */
function run(assignments: readonly string[], env: NodeJS.ProcessEnv): Promise<void> {
  return new Promise((resolve) => {
    const child = spawn('systemd-notify', assignments, { env, stdio: 'ignore', timeout: TIMEOUT_MS });
    // In a container with NOTIFY_SOCKET there is no systemd-notify; the worker works all the same.
    child.on('error', () => resolve());
    child.on('exit', () => resolve());
    child.unref();
  });
}

/** On one line: text after a line break would be another assignment. */
function statusLine(text: string): string {
  return `STATUS=${text.replace(/\p{Cc}+/gu, ' ').trim()}`;
}

function watchdogInterval(usec: string | undefined): number | null {
  const timeoutMs = Number(usec) / 1_000;
  return timeoutMs > 0 && Number.isFinite(timeoutMs) ? Math.max(1, timeoutMs / BEATS_PER_TIMEOUT) : null;
}
