import { expect, it } from 'vitest';
import { openSql } from '../../src/sql/open.ts';
import { createAuditDatabase } from '../support/audit-table.ts';
import { spendwatch } from '../support/command.ts';
import { createDatabase } from '../support/database.ts';
import { makeFolder } from '../support/folder.ts';
import { startReceivers } from '../support/receivers.ts';

const AT = '2025-03-10T02:05:00Z';

it('delivers what is queued by check --notify although the audit store is away', async () => {
  let isOpen = false;
  const [audit, state] = await Promise.all([createAuditDatabase(), createDatabase()]);
  const ends = await startReceivers({ respond: () => ({ status: isOpen ? 204 : 503 }) });
  const yaml = (url: string): string => `version: 1
audit: { url: "${url}", preset: api_audit_logs }
state: { url: "${state.url}" }
${ends.channels}
rules: [{ name: burn, type: threshold, metric: spend, window: 1h, threshold: 50, notify: [billing] }]
`;
  const folder = await makeFolder({
    'alerts.yaml': yaml(audit.url),
    'away.yaml': yaml('postgres://nobody@127.0.0.1:1/none'),
  });
  const sql = await openSql(state.url);
  try {
    await audit.log({ at: new Date('2025-03-10T02:00:00Z'), service: 'search', cost: '60.000000' });
    const first = await spendwatch(['check', '--notify', '--at', AT], { cwd: folder.path });
    expect(first.stderr).toContain('1 still queued for billing');

    isOpen = true;
    await sql.query('UPDATE spendwatch.delivery SET next_at = now()');
    const refused = ends.hooks.length;
    const second = await spendwatch(['check', '--notify', '--at', AT, '-c', 'away.yaml'], {
      cwd: folder.path,
    });
    expect(second.code).toBe(3);
    expect(second.stderr).toContain('sent burn to billing');
    expect(ends.hooks).toHaveLength(refused + 1);
    expect(ends.hooks.at(-1)?.headers['webhook-id']).toBe(ends.hooks[0]?.headers['webhook-id']);
  } finally {
    await sql.close();
    await Promise.all([ends.close(), audit.drop(), state.drop(), folder.remove()]);
  }
});
