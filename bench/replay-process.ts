import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ReplayAnswer } from './replayer.ts';

/** A backtest in a process of its own: what other parts of the bench have left on the heap is none of it. */
export async function replayed(config: string, from: string, to: string): Promise<ReplayAnswer> {
  const child = fork(fileURLToPath(new URL('./replayer.js', import.meta.url)), [config, from, to]);
  const exited = once(child, 'exit');
  const [answer] = (await Promise.race([once(child, 'message'), exited])) as [ReplayAnswer | number];
  if (typeof answer !== 'object') throw new Error(`the process that replays ended with ${answer}`);
  await exited;
  return answer;
}
