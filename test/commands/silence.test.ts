import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CommanderError } from 'commander';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Io } from '../../src/commands/io.ts';
import { createProgram } from '../../src/commands/program.ts';
import { inVain, parsedMatch } from '../../src/commands/silence/match.ts';
import { silencesTable } from '../../src/commands/silence/table.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import { displayWidth } from '../../src/model/display-text.ts';
import { AppError } from '../../src/model/errors.ts';
import { painter } from '../../src/model/painter.ts';
import type { StoredSilence } from '../../src/state/silences.ts';
import { silenced } from '../support/silenced.ts';

const FILE = `version: 1
audit: { url: "pglite:./none" }
rules:
  - { name: hourly-burn, type: threshold, metric: spend, window: 1h, group_by: [service], threshold: 1 }
  - { name: of-gpt, type: threshold, metric: spend, window: 1h, where: { model: gpt }, threshold: 1 }
  - { name: off, type: threshold, metric: spend, window: 1h, group_by: [user], threshold: 1, enabled: false }
`;
let folder: string;
let file: string;
let config: Config;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spendwatch-silence-'));
  file = join(folder, 'alerts.yaml');
  await writeFile(file, FILE);
  config = await loadConfig(file, {});
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** The words of a command's fault, which must be one of its usage. */
async function faultOf(...args: string[]): Promise<string> {
  const lines: string[] = [];
  const io = { env: {}, err: (line: string) => lines.push(line), out: () => undefined } as unknown as Io;
  try {
    await createProgram(io, '0', () => undefined).parseAsync(['silence', ...args, '-c', file], {
      from: 'user',
    });
  } catch (error) {
    if (error instanceof CommanderError) return lines.join('\n');
    if (error instanceof AppError && error.code === 'usage') return `${error.message}\n${error.hint}`;
    throw error;
  }
  throw new Error('the command was taken');
}

it.each([
  [['servce=a', '--for', '1h'], /no dimension is named servce\ndid you mean "service"\?/],
  [['rule=hourly-brun', '--for', '1h'], /no rule hourly-brun in .*\ndid you mean "hourly-burn"\?/],
  [['incidnt=a', '--for', '1h'], /did you mean "incident"\?/],
  [['service', '--for', '1h'], /"service" says not what to silence/],
  [['=a', '--for', '1h'], /"=a" says not what to silence/],
  [['service=a', 'service=b', '--for', '1h'], /service is given twice/],
  [['incident=', '--for', '1h'], /incident needs a value/],
  [['rule=null', '--for', '1h'], /rule needs a value/],
  [['service="\\x"', '--for', '1h'], /not a text in quotes/],
  [['service=a'], /not said for how long/],
  [['service=a', '--for', '1h', '--until', '2100-01-01T00:00:00Z'], /exclude each other/],
  [['service=a', '--for', '91d'], /from 1m to 90d\n.* alerts.yaml/],
  [
    ['service=a', '--for', '20s', '--from', '2099-01-01T00:00:00Z'],
    /--from is in the past, or more than 90 days/,
  ],
  [['service=a', '--for', '1h', '--from', '2020-01-01T00:00:00Z'], /--from is in the past/],
  [['service=a', '--for', '0s'], /It is 0/],
  [['service=a', '--for', 'soon'], /Write a number and a unit/],
  [['service=a', '--until', '2020-01-01T00:00:00Z'], /ends before it begins/],
  [['service=a', '--until', 'tomorrow'], /ISO 8601/],
  [['service=a', '--for', '1h', '--reason', 'x'.repeat(501)], /--reason has more than 500/],
  [['service=a', '--for', '1h', '--by', 'x'.repeat(101)], /--by has more than 100/],
  [['--for', '1h'], /missing required argument/],
])('silence add %j is refused, and says why', async (args, words) => {
  expect(await faultOf('add', ...args)).toMatch(words);
});

it.each([
  [['rule=of-gpt'], { rule: 'of-gpt', incident: null, match: {} }],
  [['incident=inc_1', 'user=null'], { rule: null, incident: 'inc_1', match: { user: null } }],
  [
    ['service=a=b c', 'user="null"'],
    { rule: null, incident: null, match: { service: 'a=b c', user: 'null' } },
  ],
  [['service=', 'user="a\\nb"'], { rule: null, incident: null, match: { service: '', user: 'a\nb' } }],
  [['service=a\nb'], { rule: null, incident: null, match: { service: 'a\nb' } }],
])('%j names what is to match', (pairs, expected) => {
  expect(parsedMatch(pairs, config)).toEqual(expected);
});

it.each([
  [['service=a'], null],
  [['service=a', 'rule=hourly-burn'], null],
  [['model=gpt'], null],
  [['incident=inc_1'], null],
  [['model=claude'], /^no enabled rule of .* groups by model, or filters to that value alone/],
  [['user=a'], /^no enabled rule of .* groups by user/],
  [['service=a', 'model=gpt'], /groups by service and model/],
  [['rule=of-gpt', 'service=a'], /^the rule of-gpt does not group by service/],
  [['rule=off'], /^the rule off is not enabled/],
])('%j is warned of where it can match nothing: %s', (pairs, words) => {
  const warning = inVain(parsedMatch(pairs, config), config);
  if (words === null) expect(warning).toBeNull();
  else expect(warning).toMatch(words);
});

it('the list fits 80 columns, whatever people wrote; ids and times are never cut', () => {
  const at = Date.UTC(2026, 10, 20, 2, 5);
  const silence = (id: string, more: Partial<StoredSilence>): StoredSilence => ({
    ...silenced(at, at + 7_200_000, { rule: 'hourly-burn', match: { service: 'search' }, reason: '' }),
    times: { from: at, until: at + 7_200_000 },
    id,
    createdAt: at,
    createdBy: 'ann',
    endedAt: null,
    ...more,
  });
  const silences = [
    silence('k3x9q', { reason: 'planned load test of the new index, see the ticket\nand its comments' }),
    silence('b2c4d', {
      rule: null,
      match: { service: '検索'.repeat(40) },
      createdBy: 'somebody@a-long-host',
    }),
  ];
  const shown = { zone: 'Europe/Berlin', paint: painter(false) };
  const lines = silencesTable(silences, at + 1, { ...shown, width: 80 }).split('\n');
  for (const line of lines) expect(displayWidth(line)).toBeLessThanOrEqual(80);
  expect(lines[0]).toMatch(/^id +state +what +from +until +by +reason$/);
  for (const line of lines.slice(1, 3))
    expect(line).toMatch(/active .* 2026-11-20 03:05 {2}2026-11-20 05:05/);
  expect(lines.slice(1).map((line) => line.slice(0, 5))).toEqual(['k3x9q', 'b2c4d', 'times']);
  expect(lines.at(-1)).toBe('times are in Europe/Berlin');
  expect(silencesTable(silences, at, { ...shown, width: Number.POSITIVE_INFINITY })).toContain(
    'and its comments',
  );
});
