import { AUDIT_STORES } from '../../src/stores/index.ts';
import { ENGINES } from './sql-engines.ts';

type StoreName = keyof typeof AUDIT_STORES;

/** The engines that each store of the registry is tried on: a new store does not compile without. */
const ENGINES_OF: Readonly<Record<StoreName, typeof ENGINES>> = { postgres: ENGINES };

/** Every store of the registry, on each of its engines. */
export const STORES = (Object.keys(AUDIT_STORES) as StoreName[]).flatMap((name) =>
  ENGINES_OF[name].map((engine) => ({ title: `${name} on ${engine}`, engine, type: AUDIT_STORES[name] })),
);
