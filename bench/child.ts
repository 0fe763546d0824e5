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

export function startChild(module: string, parameters: readonly string[]): Child {
  const child = fork(fileURLToPath(new URL(`./${module}.js`, import.meta.url)), parameters);
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
