// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of alerts.yaml are written like this
import { readFileSync } from 'node:fs';
import { cp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { ConfigError } from '../../src/config/problem.ts';
import { folderWith } from './support.ts';

const ROOT = join(import.meta.dirname, '../..');
const EXAMPLE = readFileSync(join(ROOT, 'alerts.yaml'), 'utf8');
const VALUES = [
  'null',
  '[]',
  '{}',
  '""',
  '-1',
  '1e309',
  '.nan',
  'true',
  '[[[',
  '&a [*a]',
  '!!binary x',
  '${X}',
  '|',
  '>',
];
const LETTERS = [...':-[]{}&*!|>\'"%@`#,?\n\t ${}\\0a\u0000\ud800😀'];

/** One change to a text; numbers in 0..1 say where. */
type Change = (text: string) => string;

const at = (text: string, where: number): number => Math.floor(where * text.length);
const place = fc.double({ min: 0, max: 0.999_999, noNaN: true });

const onLines = (where: number, edit: (lines: string[], i: number) => void): Change => {
  return (text) => {
    const lines = text.split('\n');
    edit(lines, at(text, where) % lines.length);
    return lines.join('\n');
  };
};

const change: fc.Arbitrary<Change> = fc.oneof(
  fc.tuple(place, fc.nat(6)).map(([where, length]): Change => {
    return (text) => text.slice(0, at(text, where)) + text.slice(at(text, where) + length);
  }),
  fc.tuple(place, fc.constantFrom(...LETTERS)).map(([where, letter]): Change => {
    return (text) => text.slice(0, at(text, where)) + letter + text.slice(at(text, where));
  }),
  place.map((where) => onLines(where, (lines, i) => lines.splice(i, 1))),
  place.map((where) => onLines(where, (lines, i) => lines.splice(i, 0, lines[i] ?? ''))),
  fc.tuple(place, place).map(
    ([a, b]): Change =>
      (text) => {
        const lines = text.split('\n');
        const [i, j] = [Math.floor(a * lines.length), Math.floor(b * lines.length)];
        [lines[i], lines[j]] = [lines[j] ?? '', lines[i] ?? ''];
        return lines.join('\n');
      },
  ),
  fc.tuple(place, fc.constantFrom(...VALUES)).map(([where, value]) =>
    onLines(where, (lines, i) => {
      lines[i] = (lines[i] ?? '').replace(/: .*/, `: ${value}`);
    }),
  ),
);

describe('a damaged alerts.yaml', () => {
  it('is either valid or has faults with places, whatever the damage', async () => {
    const folder = await folderWith({});
    const path = join(folder, 'alerts.yaml');
    await cp(join(ROOT, 'prices.yaml'), join(folder, 'prices.yaml'));
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        await writeFile(
          path,
          changes.reduce((text, edit) => edit(text), EXAMPLE),
        );
        const outcome = await loadConfig(path, {}).catch((reason: unknown) => reason);
        if (!(outcome instanceof Error)) return;
        expect(outcome).toBeInstanceOf(ConfigError);
        const { problems } = outcome as ConfigError;
        expect(problems.length).toBeGreaterThan(0);
        for (const { line, column, message } of problems) {
          expect(Number.isInteger(line) && line >= 1 && Number.isInteger(column) && column >= 1).toBe(true);
          expect(message).not.toMatch(/^$|undefined|\[object|Invalid input/);
        }
      }),
      { numRuns: 250 },
    );
  });

  it('is refused in good time when it nests or repeats itself without end', async () => {
    const folder = await folderWith({
      'brackets.yaml': '['.repeat(20_000),
      'braces.yaml': `a: ${'{a: '.repeat(20_000)}`,
      'deep.yaml': Array.from({ length: 400 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      'aliases.yaml': `version: &a [1]\nrules: [${'*a, '.repeat(50_000)}]`,
    });
    for (const name of ['brackets', 'braces', 'deep', 'aliases']) {
      await expect(loadConfig(join(folder, `${name}.yaml`), {}), name).rejects.toThrow(ConfigError);
    }
  });
});
