import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { startReading } from '../../src/commands/top-reading.ts';
import { AppError } from '../../src/model/errors.ts';
import type { Status } from '../../src/status/status.ts';
import { figuresOf } from '../top/view-fixtures.ts';

const AT = Date.parse('2026-11-20T02:05:00Z');
const SECOND = 1_000;
beforeEach(() => void vi.useFakeTimers({ now: AT }));
afterEach(() => void vi.useRealTimers());

/** Both stores, read for so long. `asked` are the seconds at which the audit store was asked, with the incidents that were known. */
function reading({ tookMs = 10, isAway = () => false }: { tookMs?: number; isAway?: () => boolean } = {}) {
  const open: string[] = [];
  const asked: [second: number, ...incidents: string[]][] = [];
  const idsOf = (status: Status | null): string[] => (status?.incidents ?? []).map(({ id }) => id);
  const stores = {
    status: async () => ({ incidents: open.map((id) => ({ id })) }) as unknown as Status,
    async figures(_: number, status: Status | null) {
      asked.push([Math.round((Date.now() - AT) / SECOND), ...idsOf(status)]);
      await new Promise((resolve) => setTimeout(resolve, tookMs));
      if (isAway()) throw new AppError('store_unreachable', 'it is away');
      return figuresOf({ incidents: new Set(idsOf(status)) });
    },
  };
  const { stop } = startReading(stores, SECOND, () => undefined);
  return { open, asked, stop };
}

const pass = (seconds: number) => vi.advanceTimersByTimeAsync(seconds * SECOND);

it('the audit store is asked once a minute, and at once for an incident that is new', async () => {
  const { open, asked, stop } = reading();
  await pass(20);
  open.push('inc-1');
  await pass(70);
  stop();
  expect(asked).toEqual([[0], [21, 'inc-1'], [60, 'inc-1']]);
});

it('after a read that took long the audit store rests, also from a new incident', async () => {
  const { open, asked, stop } = reading({ tookMs: 10 * SECOND });
  await pass(1);
  open.push('inc-1');
  // Nineteen times as long as the read took without one, three times with one.
  await pass(300);
  stop();
  expect(asked).toEqual([[0], [40, 'inc-1'], [240, 'inc-1']]);
});

it('an audit store that is away is not asked more often because of an incident', async () => {
  let isAway = false;
  const { open, asked, stop } = reading({ isAway: () => isAway });
  await pass(20);
  isAway = true;
  await pass(50);
  open.push('inc-1');
  await pass(60);
  stop();
  expect(asked).toEqual([[0], [60], [120, 'inc-1']]);
});
