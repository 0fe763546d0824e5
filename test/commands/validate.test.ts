// biome-ignore-all lint/suspicious/noTemplateCurlyInString: variables of alerts.yaml are written like this
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { validate } from '../../src/commands/validate.ts';
import { folderWith, minimal } from '../config/support.ts';

async function run(text: string, env: Record<string, string> = {}) {
  const folder = await folderWith({ 'alerts.yaml': text });
  const path = join(folder, 'alerts.yaml');
  const out: string[] = [];
  const err: string[] = [];
  const result = await validate(path, { out: (line) => out.push(line), err: (line) => err.push(line), env });
  return { ...result, path, out, err };
}

describe('validate', () => {
  it('counts the reports of a valid file that has some', async () => {
    const { out } = await run(`${minimal()}
reports: [{ name: weekly, schedule: "0 8 * * mon", period: week }]
`);
    expect(out).toEqual([expect.stringMatching(/: valid \(1 rule, 0 channels, 1 report\)$/)]);
  });

  it('counts the rules and channels of a valid file', async () => {
    const { exitCode, path, out, err, config } = await run(minimal());
    expect([exitCode, out, err]).toEqual([
      0,
      [`${path}: valid (1 rule, 0 channels)`],
      [
        `${path}:3:1 channels: warning: the file has no channel, so nobody is told`,
        '    hint: add `channels`',
      ],
    ]);
    expect(config?.path).toBe(path);
  });

  it('prints every fault with its place and hint, and exits 2', async () => {
    const { exitCode, path, out, err, config } = await run(minimal('timezone: UCT1\nhealt: {}\n'));
    expect([exitCode, out, config]).toEqual([2, [], null]);
    expect(err).toEqual([
      `${path}:5:11 timezone: "UCT1" is not an IANA time zone`,
      '    hint: did you mean "UTC"?',
      `${path}:6:1 healt: unknown key "healt"`,
      '    hint: did you mean "health"?',
      `${path}: not valid (2 faults)`,
    ]);
  });

  it('never shows what a variable held', async () => {
    const { exitCode, err } = await run(minimal('timezone: "${ZONE}"\n'), { ZONE: 'hush-hush-zone' });
    expect(exitCode).toBe(2);
    expect(err.join('\n')).not.toContain('hush');
  });
});
