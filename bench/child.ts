import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** A process of the bench's own, which runs one of the modules beside this one. */
export interface Child {
  readonly process: ChildProcess;
  /** Resolves when it has ended. */
  readonly exited: Promise<unknown>;
  /** The next thing that it says; rejects where it ends instead. */
  answer<T extends object>(): Promise<T>;
}

/** As systemd and Docker start the worker. */
const ALLOCATOR = { MALLOC_ARENA_MAX: '1', MALLOC_TRIM_THRESHOLD_: '131072' };

export function startChild(module: string, parameters: readonly string[]): Child {
  const env = { ...process.env, ...ALLOCATOR };
  const child = fork(fileURLToPath(new URL(`./${module}.js`, import.meta.url)), parameters, { env });
  const exited = once(child, 'exit');
  return {
    process: child,
    exited,
    async answer<T extends object>() {
      const [answer] = (await Promise.race([once(child, 'message'), exited])) as [T | number];
      if (typeof answer !== 'object') throw new Error(`the process of ${module} ended with ${answer}`);
      return answer;
    },
  };
}
