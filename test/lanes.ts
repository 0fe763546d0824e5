import { existsSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** The lanes of the tests. Each has its script, `npm run test:<lane>`; CONTRIBUTING.md says what they are for. */
export const LANES = ['unit', 'integration', 'faults', 'engines', 'programs', 'studies'] as const;
export type Lane = (typeof LANES)[number];

/** Folders with a lane of their own. Elsewhere the lane follows from what a test imports. */
const FOLDERS: Readonly<Record<string, Lane>> = {
  contract: 'integration',
  e2e: 'integration',
  faults: 'faults',
  programs: 'programs',
  studies: 'studies',
};

/**
 * Who imports one of these, itself or by a file of test/, starts a server, a database or a program: an integration test.
 * Should another module do so, test/support/no-servers.ts makes its unit tests fail, and it belongs here.
 */
const SERVERS = [
  /^node:(child_process|http|https|net|tls)$/,
  /^smtp-server$/,
  /^src\/(app|sql\/open|worker\/http-server)\.ts$/,
  /^src\/demo\/.*receivers?\.ts$/,
  /^test\/support\/shared\.ts$/,
];

/** Who imports one of these asks an engine whose driver an ordinary install does not bring, whatever its folder is. */
const ENGINES = [/^test\/support\/(sqlite-file|mariadb-server|clickhouse-server)\.ts$/];

const ROOT = join(import.meta.dirname, '..');

/** The lane of a test file: its path from the root of the repository, with forward slashes. */
export function laneOf(file: string): Lane {
  const reached = [...reachedFrom(file, new Set())];
  const reaches = (some: readonly RegExp[]): boolean =>
    reached.some((module) => some.some((one) => one.test(module)));
  if (reaches(ENGINES)) return 'engines';
  return FOLDERS[file.split('/')[1] ?? ''] ?? (reaches(SERVERS) ? 'integration' : 'unit');
}

/** The modules that a file of test/ imports, with those of the files of test/ among them. */
function reachedFrom(file: string, seen: Set<string>): Set<string> {
  for (const [, name = ''] of readFileSync(join(ROOT, file), 'utf8').matchAll(IMPORTS)) {
    const module = name.startsWith('.')
      ? relative(ROOT, join(ROOT, file, '..', name))
          .split(sep)
          .join('/')
      : name;
    if (seen.has(module)) continue;
    seen.add(module);
    if (module.startsWith('test/') && existsSync(join(ROOT, module))) reachedFrom(module, seen);
  }
  return seen;
}

/** Imports and exports with `from` at the beginning of a line, those of types left out. */
const IMPORTS = /^(?:import|export|\} from)\b(?! type)[^'\n]*'([^']+)';$/gm;
