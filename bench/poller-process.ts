import { startChild } from './child.ts';
import type { Answer, Request } from './poller.ts';

/** A process of its own that polls. */
export interface Poller {
  poll(at: number): Promise<Answer>;
  /** What the worker does between polls, until nothing is due. */
  maintain(at: number): Promise<Answer>;
}

/** Starts a process that polls with an alerts.yaml, for as long as `work` runs. */
export async function withPoller<T>(config: string, work: (poller: Poller) => Promise<T>): Promise<T> {
  const child = startChild('poller', [config]);
  const ask = async (request: Request): Promise<Answer> => {
    child.process.send(request);
    const answer = await child.answer<Answer>();
    if (answer.error !== null) throw new Error(answer.error);
    return answer;
  };
  try {
    return await work({
      poll: (at) => ask({ what: 'poll', at }),
      maintain: (at) => ask({ what: 'maintain', at }),
    });
  } finally {
    if (child.process.connected) child.process.disconnect();
    await child.exited;
  }
}
