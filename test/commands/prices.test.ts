import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Io } from '../../src/commands/io.ts';
import { checkPrices } from '../../src/commands/prices/check.ts';
import { importPrices } from '../../src/commands/prices/import.ts';
import { type AuditDatabase, createAuditDatabase } from '../support/audit-table.ts';
import { makeFolder } from '../support/folder.ts';

function lines(stdin = '') {
  const out: string[] = [];
  const err: string[] = [];
  const io = {
    out: (line: string) => out.push(line),
    err: (line: string) => err.push(line),
    stdin: Readable.from([stdin]),
    env: {},
  } as unknown as Io;
  return { io, out, err };
}

const MODELS = JSON.stringify({
  'gpt-4o': {
    mode: 'chat',
    input_cost_per_token: 2.5e-6,
    output_cost_per_token: 1e-5,
    input_cost_per_audio_token: 1e-4,
  },
  llama: { mode: 'chat', input_cost_per_token: 0, output_cost_per_token: 0 },
  'dall-e': { mode: 'image_generation', input_cost_per_pixel: 1e-8 },
});

describe('prices import', () => {
  it('writes a new file, and says what is not in it', async (test) => {
    const folder = await makeFolder({ 'models.json': MODELS });
    test.onTestFinished(() => folder.remove());
    const out = join(folder.path, 'prices.yaml');
    const { io, err } = lines();
    expect(await importPrices({ file: join(folder.path, 'models.json'), out }, io)).toBe(0);
    expect(
      await readFile(out, 'utf8'),
    ).toBe(`# USD per million tokens, by models.json (model prices of LiteLLM).
version: 2
models:
  gpt-4o: { input: 2.5, output: 10 }
  llama: { input: 0, output: 0 }
`);
    expect(err).toEqual([
      `wrote the prices of 2 models to ${out}, 1 of which is free`,
      'left out 1 model: image generation (1)',
      'left out prices of models in the list: audio (1)',
    ]);
  });

  it('never writes over a file', async (test) => {
    const folder = await makeFolder({ 'prices.yaml': 'mine' });
    test.onTestFinished(() => folder.remove());
    const out = join(folder.path, 'prices.yaml');
    const { io, err } = lines(MODELS);
    expect(await importPrices({ file: '-', out }, io)).toBe(1);
    expect(err).toEqual([`${out} exists and was left as it is`]);
    expect(await readFile(out, 'utf8')).toBe('mine');
  });

  it.each([
    ['models: {}', 'stdin is not JSON'],
    ['[1]', 'stdin is not a JSON object of models'],
    ['{"a": {"mode": "chat"}}', 'stdin has no model with a price'],
  ])('refuses %s: %s', async (text, message) => {
    await expect(importPrices({ file: '-' }, lines(text).io)).rejects.toMatchObject({
      message,
      hint: "give LiteLLM's model_prices_and_context_window.json",
    });
  });
});

describe('prices check', () => {
  let audit: AuditDatabase;
  let folder: Awaited<ReturnType<typeof makeFolder>>;
  const config = () => join(folder.path, 'alerts.yaml');
  const list = (text: string) => writeFile(join(folder.path, 'prices.yaml'), text);

  beforeAll(async () => {
    audit = await createAuditDatabase();
    const at = new Date(Date.now() - 3_600_000);
    const call = (model: string, cost: string | null, day = at) =>
      audit.log({ at: day, service: 's', model, cost });
    // A call has 1,000 tokens of input and 100 of output.
    await call('right', '0.003');
    await call('right', '0.003005');
    await call('dear', '0.0045');
    await call('azure/dear', '0.003');
    await call('gifted', '0.01');
    await call('unknown', null);
    await call('recorded', '0.5');
    await call('long-ago', null, new Date(Date.now() - 31 * 86_400_000));
    folder = await makeFolder({
      'alerts.yaml': `version: 1
audit: { url: "${audit.url}", preset: api_audit_logs, prices: prices.yaml }
rules: [{ name: r, type: threshold, metric: spend, window: 1h, threshold: 1 }]
`,
    });
  });
  afterAll(async () => {
    await audit?.drop();
    await folder?.remove();
  });

  const PRICES = `version: 2
models:
  right: { input: 2, output: 10 }
  dear: { input: 2, output: 10 }
  gifted: { input: 0, output: 0 }
strip: ["azure/"]
`;

  it('lists models without a price, and those that cost something else than the list says', async () => {
    await list(PRICES);
    const { io, out } = lines();
    expect(await checkPrices({ config: config(), format: 'table' }, io)).toBe(1);
    expect(out.join('\n')).toBe(`model     price                calls  recorded  by the list        difference
recorded  none, recorded only      1     $0.50
unknown   none                     1
dear      differs                  1   $0.0045       $0.003           +50.0 %
gifted    differs                  1     $0.01        $0.00  free by the list

6 models of the last 30 days: 2 without a price, 2 with another than recorded`);
  });

  it('does the same as JSON', async () => {
    await list(PRICES);
    const { io, out } = lines();
    expect(await checkPrices({ config: config(), format: 'json' }, io)).toBe(1);
    const { models, found } = JSON.parse(out.join('\n')) as { models: number; found: unknown[] };
    expect(models).toBe(6);
    expect(found).toHaveLength(4);
    expect(found.slice(1, 3)).toEqual([
      {
        model: 'unknown',
        problem: 'no_price',
        listed_as: null,
        calls: 1,
        unpriced_calls: 1,
        recorded: null,
        by_list: null,
        difference_pct: null,
      },
      {
        model: 'dear',
        problem: 'differs',
        listed_as: 'dear',
        calls: 1,
        unpriced_calls: 0,
        recorded: 0.0045,
        by_list: 0.003,
        difference_pct: 50,
      },
    ]);
  });

  it('finds nothing where the list says what was recorded', async () => {
    await list(`version: 2
models: { "*": { input: 2, output: 10 }, dear: { input: 3, output: 15 }, gifted: { per_call: 0.01, input: 0, output: 0 }, recorded: { input: 0, output: 5000 } }
`);
    const { io, out } = lines();
    expect(await checkPrices({ config: config(), format: 'table' }, io)).toBe(0);
    expect(out).toEqual(['6 models of the last 30 days have prices, and cost what the list says']);
  });

  it('needs a list', async () => {
    const other = join(folder.path, 'other.yaml');
    await writeFile(other, (await readFile(config(), 'utf8')).replace(', prices: prices.yaml', ''));
    await expect(checkPrices({ config: other, format: 'table' }, lines().io)).rejects.toMatchObject({
      code: 'usage',
      message: `${other} names no price list`,
    });
  });
});
