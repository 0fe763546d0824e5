import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { init, printStarter } from '../../src/commands/init.ts';
import { loadConfig } from '../../src/config/load.ts';
import { AppError } from '../../src/model/errors.ts';
import { PRESETS, type PresetName } from '../../src/stores/presets/index.ts';
import type { Preset } from '../../src/stores/presets/preset.ts';
import { folderWith } from '../config/support.ts';

function recorder() {
  const out: string[] = [];
  const err: string[] = [];
  return { out, err, io: { out: (line: string) => out.push(line), err: (line: string) => err.push(line) } };
}

describe('init', () => {
  it('writes a commented file that is valid as it is', async () => {
    const path = join(await folderWith({}), 'alerts.yaml');
    const { io, out } = recorder();
    expect(await init(path, io)).toBe(0);
    expect(out[0]).toBe(`wrote ${path}`);
    expect((await loadConfig(path, {})).rules.map(({ name }) => name)).toContain('hourly-burn');
    const text = await readFile(path, 'utf8');
    const example = await readFile(join(import.meta.dirname, '../../alerts.yaml'), 'utf8');
    expect(text).toMatch(/neither cost nor price count as 0.*\n.*once a day/);
    expect(text).toContain('health: { unpriced: off }');
    expect(text.match(/#/g)?.length).toBeGreaterThan(10);
    expect(text.length).toBeLessThan(example.length);
  });

  it('leaves an existing file as it is and says so', async () => {
    const path = join(await folderWith({ 'alerts.yaml': 'mine' }), 'alerts.yaml');
    const { io, err } = recorder();
    expect(await init(path, io)).toBe(1);
    expect(err).toEqual([
      `${path} exists and was left as it is`,
      '  hint: name another file with --config FILE or $SPENDWATCH_CONFIG',
    ]);
    expect(await readFile(path, 'utf8')).toBe('mine');
  });

  it('prints the same file for --stdout, and writes none', async () => {
    const folder = await folderWith({});
    const { io, out } = recorder();
    expect(printStarter(io)).toBe(0);
    expect(await readdir(folder)).toEqual([]);
    await init(join(folder, 'alerts.yaml'), recorder().io);
    expect(`${out.join('\n')}\n`).toBe(await readFile(join(folder, 'alerts.yaml'), 'utf8'));
  });

  it.each(Object.keys(PRESETS) as PresetName[])(
    'writes a file for the preset %s that needs one address',
    async (preset) => {
      const path = join(await folderWith({}), 'alerts.yaml');
      const { io, out } = recorder();
      await init(path, io, preset);
      const { onlyIn }: Preset = PRESETS[preset];
      const url = `${onlyIn ?? 'postgres'}://reader:x@db/gateway`;
      const config = await loadConfig(path, { AUDIT_DATABASE_URL: url });
      expect(config.audit.url.reveal()).toBe(url);
      expect(await readFile(path, 'utf8')).toContain(`preset: ${preset}`);
      const isOwn = preset === 'api_audit_logs';
      expect(config.state.url?.reveal()).toBe(isOwn ? undefined : 'pglite:./spendwatch-state');
      expect(out.join('\n').includes('--create-table')).toBe(isOwn);
      expect(existsSync(join(import.meta.dirname, `../../docs/presets/${preset}.md`))).toBe(!isOwn);
    },
  );

  it('says where it could not write', async () => {
    const path = join(await folderWith({}), 'no-such-folder', 'alerts.yaml');
    const error = await init(path, recorder().io).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AppError);
    expect((error as AppError).code).toBe('config_unwritable');
    expect((error as AppError).message).toContain(path);
  });
});
