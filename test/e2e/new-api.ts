import { expect } from 'vitest';
import { spendwatch } from '../support/command.ts';
import type { Receivers } from '../support/receivers.ts';

/** Follows the page of the preset from an empty folder, over the rows of its fixture in an engine that is only read. */
export async function followPage(folder: string, url: string, engine: string): Promise<void> {
  const run = (args: readonly string[], stdin = '') =>
    spendwatch(args, { cwd: folder, env: { AUDIT_DATABASE_URL: url }, stdin });
  expect(await run(['init', '--preset', 'newapi'])).toMatchObject({ code: 0 });
  const connected = await run(['validate', '--connect']);
  expect(connected).toMatchObject({ code: 0, stdout: expect.stringContaining('audit store: ok') });
  const checked = await run(['check', '--at', '2026-03-10T10:00:00Z', '--format', 'json']);
  expect(checked).toMatchObject({ code: 0, stderr: '' });
  // 61 and 250,000 units of the service "search".
  expect(checked.stdout).toContain('0.500122');
  const span = ['--from', '2026-03-10T08:00:00Z', '--to', '2026-03-10T11:00:00Z'];
  const replayed = await run(['backtest', ...span, '--rule', 'hourly-burn']);
  expect(replayed).toMatchObject({ code: 0, stdout: expect.stringContaining('no alerts from') });
  for (const args of [
    ['import', '-'],
    ['init', '--create-table'],
  ]) {
    const refused = await run(args, '{"time":"2026-03-10T09:00:00Z","service":"s","model":"m"}\n');
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain(`${engine} is only read: nothing is created or inserted there.`);
  }
}

/** A file that tells of a user who spends $3 in an hour. */
export function burnYaml(url: string, { channels }: Pick<Receivers, 'channels'>): string {
  return `version: 1
schedule: "* * * * * *"
http: { listen: 127.0.0.1:0 }
audit: { url: "${url}", preset: newapi, stale_after: "off" }
${channels}
rules:
  - { name: burn, type: threshold, metric: spend, window: 1h, group_by: [user], threshold: 3, notify: [oncall] }
`;
}

/** $4 of ann. */
export function charge(now = Date.now()): string {
  return `INSERT INTO logs (created_at, type, username, token_name, model_name, quota) VALUES
    (${Math.floor(now / 1000)}, 2, 'ann', 'search', 'gpt-4o', 2000000)`;
}
