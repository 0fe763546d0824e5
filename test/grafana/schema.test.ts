import { execFile } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DASHBOARD, TEXT } from './dashboard.ts';

const ROOT = join(import.meta.dirname, '../..');
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spendwatch-grafana-'));
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
});

afterAll(() => rm(folder, { recursive: true }));

/** What TypeScript says of a dashboard written out as a value of Grafana's published types. */
async function faultsOf(json: string): Promise<string> {
  const file = join(folder, 'dashboard.ts');
  const types = join(ROOT, 'test/grafana/grafana-types.ts');
  await writeFile(
    file,
    `import type { CheckedDashboard } from '${types}';\nexport const dashboard: CheckedDashboard = ${json};\n`,
  );
  const options =
    '--noEmit --strict --skipLibCheck --module nodenext --target es2023 --allowImportingTsExtensions'.split(
      ' ',
    );
  return new Promise((resolve, reject) => {
    execFile(
      join(ROOT, 'node_modules/.bin/tsc'),
      [...options, '--types', '', file],
      { cwd: folder },
      (error, stdout, stderr) => {
        if (error !== null && stdout === '') reject(new Error(`tsc did not run: ${error.message} ${stderr}`));
        else resolve(stdout);
      },
    );
  });
}

interface Loose {
  readonly options: object;
  readonly fieldConfig: { readonly defaults: { readonly custom: object } };
}

/** The dashboard with its first panel of a type changed. */
function changed(type: string, change: (panel: Loose) => void): string {
  const copy = structuredClone(DASHBOARD);
  change(copy.panels.find((panel) => panel.type === type) as unknown as Loose);
  return JSON.stringify(copy);
}

describe('the dashboard as Grafana’s schema has it', () => {
  it('has no key or value that the schema lacks', async () => {
    expect(await faultsOf(TEXT)).toBe('');
  });

  it.each([
    ['stat', 'tittle', (panel: Loose) => Object.assign(panel, { tittle: '' })],
    ['stat', 'colourMode', ({ options }: Loose) => Object.assign(options, { colourMode: 'value' })],
    ['table', '"large"', ({ options }: Loose) => Object.assign(options, { cellHeight: 'large' })],
    [
      'timeseries',
      '"curve"',
      (panel: Loose) => Object.assign(panel.fieldConfig.defaults.custom, { drawStyle: 'curve' }),
    ],
  ])('would be refused if a panel of type %s had %s', async (type, _, change) => {
    expect(await faultsOf(changed(type, change))).toMatch(/^dashboard\.ts\(\d+,\d+\): error TS/);
  });
});
