import { existsSync, readFileSync } from 'node:fs';

/** An hour of real requests to each of two services; not part of the repository. */
export const REAL_SERVICES = ['code', 'conv'] as const;

/** The lines of a service, without the header: time of UTC, input tokens, output tokens. Null, with a word about it, where it is not there. */
export function realTraffic(service: (typeof REAL_SERVICES)[number]): string[] | null {
  const path = new URL(`../../../shared/data/azure-llm-2023-${service}.csv`, import.meta.url).pathname;
  if (!existsSync(path)) {
    console.warn(`real traffic skipped: ../shared/data/azure-llm-2023-${service}.csv is not there`);
    return null;
  }
  return readFileSync(path, 'utf8').trim().split(/\r?\n/).slice(1);
}
