import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import config from '../../vitest.config.ts';
import { LANES } from '../lanes.ts';

const ROOT = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');
const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };

interface Job {
  readonly env?: Record<string, string>;
  readonly strategy?: {
    readonly matrix: {
      readonly node: number[];
      readonly zone: string[];
      readonly include: { zone: string }[];
    };
  };
  readonly steps: readonly { readonly run?: string }[];
}
const workflow = parse(read('.github/workflows/ci.yml')) as { jobs: Record<string, Job> };
const runs = (job: Job | undefined): string[] => job?.steps.flatMap(({ run }) => run ?? []) ?? [];

describe('the lanes', () => {
  it('take each test file exactly once', () => {
    const taken = (config.test?.projects ?? []).flatMap(
      (project) => (project as { test: { include: string[] } }).test.include,
    );
    const files = readdirSync(join(ROOT, 'test'), { recursive: true, encoding: 'utf8' });
    const tests = files.filter((file) => file.endsWith('.test.ts')).map((file) => `test/${file}`);
    expect(taken.sort()).toEqual(tests.sort());
  });

  it('have a script each; npm test runs all but those that need other programs or much time', () => {
    for (const lane of LANES) expect(scripts[`test:${lane}`]).toBe(`vitest run --project ${lane}`);
    const projects = [...(scripts.check ?? '').matchAll(/--project (\w+)/g)].map(([, lane]) => lane);
    expect(projects).toEqual(['unit', 'integration', 'faults']);
    expect(scripts.test).toBe('npm run check');
  });

  it('are all run by .ci/run, and by the jobs of the workflow', () => {
    const script = read('.ci/run');
    for (const command of [
      'npm test',
      '.ci/install-engines',
      'SPENDWATCH_SKIPS=fail npm run test:engines',
      'npm run test:programs',
      'npm run test:studies',
    ]) {
      expect(script).toContain(command);
    }
    const { test, long } = workflow.jobs;
    expect(runs(test)).toEqual(
      expect.arrayContaining(['unit', 'integration', 'faults'].map((lane) => `npm run test:${lane}`)),
    );
    expect(runs(long)).toEqual(
      expect.arrayContaining(['engines', 'programs', 'studies'].map((lane) => `npm run test:${lane}`)),
    );
  });
});

describe('the workflow', () => {
  it('runs only scripts that package.json has', () => {
    const named = Object.values(workflow.jobs).flatMap((job) =>
      runs(job).flatMap((run) => [...run.matchAll(/npm run (\S+)/g)].map(([, name = '']) => name)),
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((name) => scripts[name] === undefined)).toEqual([]);
  });

  it('tests on each Node.js that is supported, and in a second zone', () => {
    const { node, zone, include } = workflow.jobs.test?.strategy?.matrix ?? {
      node: [],
      zone: [],
      include: [],
    };
    expect(node).toEqual([20, 22, 24, 26]);
    expect([...zone, ...include.map((job) => job.zone)]).toEqual(['UTC', 'Pacific/Chatham']);
    expect(workflow.jobs.test?.env?.TZ).toContain('matrix.zone');
  });
});

it.each([
  'dependabot.yml',
  ...readdirSync(join(ROOT, '.github/ISSUE_TEMPLATE')).map((file) => `ISSUE_TEMPLATE/${file}`),
])('.github/%s is YAML without a duplicate key', (file) => {
  expect(parse(read(`.github/${file}`))).toBeTypeOf('object');
});
