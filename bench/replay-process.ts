import { startChild } from './child.ts';
import type { ReplayAnswer } from './replayer.ts';

/** A backtest in a process of its own: what other parts of the bench have left on the heap is none of it. */
export async function replayed(config: string, from: string, to: string): Promise<ReplayAnswer> {
  const child = startChild('replayer', [config, from, to]);
  const answer = await child.answer<ReplayAnswer>();
  await child.exited;
  return answer;
}
