// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of alerts.yaml are written like this
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError, formatProblems, type Problem } from '../../src/config/problem.ts';

const FOLDER = join(import.meta.dirname, '../fixtures/config');
/** Planted into every fixture as variables, secret keys and secret files; none may ever be seen in a fault. */
const PLANTED = /planted/i;
const ENV = { PLANTED: 'planted-secret-value' };

interface Expected {
  readonly file: string | null;
  readonly line: number;
  readonly column: number;
  readonly message: string;
  readonly hint: string | null;
}

/** The comments at the top of a fixture: `# [file:]LINE:COLUMN message | hint`, one for each fault, in order. */
function expectationsOf(text: string): Expected[] {
  const expected: Expected[] = [];
  for (const line of text.split('\n')) {
    const match = /^# (?:([^\s:]+):)?(\d+):(\d+) (.*?)(?: \| (.*))?$/.exec(line);
    if (match === null) break;
    const [, file, row, column, message = '', hint] = match;
    expected.push({
      file: file ?? null,
      line: Number(row),
      column: Number(column),
      message,
      hint: hint ?? null,
    });
  }
  return expected;
}

async function problemsOf(path: string): Promise<readonly Problem[]> {
  const error = await loadConfig(path, ENV).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError))
    throw new Error(`${path}: expected a ConfigError, got ${String(error)}`);
  return error.problems;
}

const fixtures = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

describe('a faulty alerts.yaml', () => {
  it('has at least 35 fixtures', () => {
    expect(fixtures.length).toBeGreaterThan(35);
  });

  it.each(fixtures)('%s: every fault is told at its place, with what to do', async (name) => {
    const path = join(FOLDER, name);
    const expected = expectationsOf(readFileSync(path, 'utf8'));
    expect(expected, 'the fixture says what is expected of it').not.toHaveLength(0);
    const found = (await problemsOf(path)).map(({ file, line, column, message, hint }) => ({
      file: file === path ? null : file.slice(FOLDER.length + 1),
      line,
      column,
      message,
      // Hints may name absolute paths, which differ from machine to machine.
      hint: hint?.replace(FOLDER, '<folder>') ?? null,
    }));
    expect(found).toEqual(expected);
  });

  it.each(fixtures)('%s: no planted secret is shown', async (name) => {
    const problems = await problemsOf(join(FOLDER, name));
    const error = new ConfigError(problems);
    const everything = [
      formatProblems(problems),
      JSON.stringify(problems),
      error.message,
      String(error.stack),
    ];
    for (const text of everything) {
      // A variable may be named, and the fixtures call one ${PLANTED.
      expect(text.replaceAll('${PLANTED', '')).not.toMatch(PLANTED);
    }
  });

  it('reports faults in the order of the file', async () => {
    const problems = await problemsOf(join(FOLDER, 'rule-many-faults.yaml'));
    const places = problems.map(({ line, column }) => line * 1000 + column);
    expect(places).toEqual(places.toSorted((a, b) => a - b));
    expect(problems.length).toBeGreaterThan(4);
  });
});
