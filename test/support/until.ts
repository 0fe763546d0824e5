import { setTimeout as sleep } from 'node:timers/promises';
import { vi } from 'vitest';

const LOOK_EVERY_MS = 50;
/**
 * How long a test waits for something before it counts as never happening: only so that a broken program ends the run.
 * A right one on a slow or busy machine must not come near it.
 */
const PATIENCE_MS = 15 * 60_000;

/** Waits until `probe` gives something and returns it; fails with what was waited for. A probe that throws is asked again. */
export async function until<T>(
  what: string,
  probe: () => T | null | undefined | false | Promise<T | null | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + PATIENCE_MS;
  let last: unknown = null;
  do {
    try {
      const found = await probe();
      if (found !== null && found !== undefined && found !== false) return found;
    } catch (error) {
      last = error;
    }
    await sleep(LOOK_EVERY_MS);
  } while (performance.now() < deadline);
  throw new Error(`waited ${PATIENCE_MS} ms in vain until ${what}${last === null ? '' : ` (last: ${last})`}`);
}

/** Waits until the assertions of `check` hold, and returns what it returns; fails with the last that did not. */
export function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(check, { timeout: PATIENCE_MS, interval: 20 });
}

/** Waits for an event that a test arranged; fails with its name when it never comes. */
export async function arrives(what: string, event: Promise<void>): Promise<void> {
  const giveUp = new AbortController();
  const never = sleep(PATIENCE_MS, undefined, { signal: giveUp.signal }).then(() => {
    throw new Error(`waited ${PATIENCE_MS} ms in vain until ${what}`);
  });
  await Promise.race([event, never]).finally(() => giveUp.abort());
}
