import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApp } from '../src/app.ts';
import { loadConfig } from '../src/config/load.ts';
import { poll } from '../src/pipeline/poll.ts';
import { openWorkerSums } from '../src/worker/worker-sums.ts';
import type { Cluster } from './cluster.ts';
import { arrive, type DataSet } from './data-set.ts';
import { alertsYaml, type Rollup, type RuleKeys } from './rules.ts';

/** Time as the bench plays it: a minute passes when its calls have arrived. */
export interface Minutes {
  readonly now: number;
  pass(): Promise<void>;
}

const MINUTE = 60_000;

export function minutesAfter(cluster: Cluster, dataSet: DataSet): Minutes {
  let now = dataSet.until;
  return {
    get now() {
      return now;
    },
    async pass() {
      await arrive(cluster.owner, dataSet, now);
      now += MINUTE;
    },
  };
}

/** The program as the worker runs it, without its clock. */
export interface Program {
  /** One poll; throws where the worker would log. */
  poll(at: number): Promise<void>;
  /** What the worker does between polls, until nothing is due. */
  maintain(at: number): Promise<void>;
}

/** Writes alerts.yaml with these rules over an empty state for as long as `work` runs. */
export async function withConfig<T>(
  cluster: Cluster,
  rules: readonly RuleKeys[],
  rollup: Rollup,
  work: (path: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'spendwatch-bench-rules-'));
  const path = join(folder, 'alerts.yaml');
  try {
    const urls = { audit: cluster.auditUrl, state: await cluster.createStateDatabase() };
    await writeFile(path, alertsYaml(rules, urls, rollup));
    return await work(path);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** Opens the program on an alerts.yaml, whose state may be that of an earlier opening. */
export async function withProgram<T>(path: string, work: (program: Program) => Promise<T>): Promise<T> {
  const app = await openApp(await loadConfig(path, {}));
  try {
    const { config, store } = app;
    const keeper = config.audit.rollup === 'off' ? null : openWorkerSums(config, store, await app.state());
    return await work({
      async poll(at) {
        const parts = await app.pollParts();
        const report = await poll({ ...parts, source: keeper?.source ?? parts.source }, at, () => at);
        if (report.error !== null) throw report.error;
      },
      async maintain(at) {
        while (keeper !== null && !(await keeper.maintain(at)).isDone);
      },
    });
  } finally {
    await app.close();
  }
}
