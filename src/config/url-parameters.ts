// Warns of parameters in a database's URL that have no effect.

import { parseDatabaseUrl, READ, withoutEffect } from '../model/database-url.ts';
import { nearest } from './nearest.ts';
import type { Path } from './path.ts';
import type { Problem } from './problem.ts';
import type { Alerts } from './schema.ts';
import type { YamlFile } from './yaml-file.ts';

/** Warns of parameters in the databases' URLs that have no effect. */
export function ineffectiveParameters(
  { audit, state }: Alerts,
  source: YamlFile,
  writtenAt: (path: Path) => Path,
): Problem[] {
  const stores = [
    ['audit', audit.url],
    ['state', state.url],
  ] as const;
  return stores.flatMap(([part, url]) => {
    const parsed = parseDatabaseUrl(url?.reveal() ?? '');
    if ('fault' in parsed) return [];
    return withoutEffect(parsed).map((name) => {
      const path = writtenAt([part, 'url']);
      return source.fault(path, `the parameter "${name}" of the URL has no effect`, hintFor(name, part));
    });
  });
}

function hintFor(name: string, part: 'audit' | 'state'): string {
  if (name === 'statement_timeout' && part === 'audit') return 'set audit.statement_timeout instead';
  const meant = nearest(name, [...READ]);
  return meant === null ? `take it out; these are read: ${[...READ].join(', ')}` : `did you mean "${meant}"?`;
}
