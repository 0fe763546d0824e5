import { expect, it } from 'vitest';
import { createAuditDatabase, justNow } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';
import { makeFolder } from '../support/folder.ts';
import { startReceivers } from '../support/receivers.ts';

const DAY = 86_400_000;

it('sends a report by hand, once in its period, and says so the next time', async () => {
  let isOpen = true;
  const audit = await createAuditDatabase();
  const ends = await startReceivers({ respond: () => ({ status: isOpen ? 204 : 503 }) });
  const folder = await makeFolder({
    'alerts.yaml': `version: 1
audit: { url: "${audit.url}", preset: api_audit_logs }
${ends.channels}
rules: [{ name: burn, type: threshold, metric: spend, window: 1h, threshold: 50, notify: [billing] }]
reports: [{ name: last-month, schedule: "0 8 1 * *", period: month, notify: [billing, finance] }]
`,
  });
  const send = (...more: string[]) =>
    spendwatch(['report', 'last-month', '--send', ...more], { cwd: folder.path });
  try {
    await audit.log({ at: new Date(justNow().getTime() - 40 * DAY), service: 'search', cost: '60.000000' });
    const first = await send();
    expect(first.code).toBe(0);
    expect(first.stdout).toMatch(/^queued the report last-month of \S+ to \S+ for billing, finance\n$/);
    expect(first.stderr).toMatch(
      /^spendwatch: sent the report last-month of \S+ to \S+ to billing \(HTTP 204\)$/m,
    );
    expect(first.stderr).toMatch(/^spendwatch: sent the report last-month of .* to finance \(250 .*\)$/m);
    expect(ends.hooks.map(({ body }) => (JSON.parse(body) as { type: string }).type)).toEqual(['report']);
    expect(ends.mails).toHaveLength(1);

    const second = await send();
    expect([second.code, second.stderr]).toEqual([0, '']);
    expect(second.stdout).toMatch(/^the report last-month of .* was sent before/);
    expect(ends.hooks).toHaveLength(1);

    // Another period, while one channel is down: what could not be sent stays in the outbox, as it is for a worker.
    isOpen = false;
    const earlier = new Date(Date.now() - 62 * DAY).toISOString();
    const third = await send('--at', earlier);
    expect(third.code).toBe(0);
    expect(third.stderr).toContain('to finance (250');
    expect(third.stderr).toContain('1 still queued for billing');
    isOpen = true;
    const unknown = await spendwatch(['report', 'last-moth', '--send'], { cwd: folder.path });
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('last-month');
  } finally {
    await Promise.all([ends.close(), audit.drop(), folder.remove()]);
  }
});
