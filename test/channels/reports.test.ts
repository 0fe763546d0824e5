import { describe, expect, test } from 'vitest';
import { alertmanager, renderAlertmanager } from '../../src/channels/alertmanager.ts';
import { renderDingtalk } from '../../src/channels/dingtalk.ts';
import { renderDiscord } from '../../src/channels/discord.ts';
import { renderHtml } from '../../src/channels/email/html.ts';
import { renderFeishu } from '../../src/channels/feishu.ts';
import { pagerduty, renderPagerduty } from '../../src/channels/pagerduty.ts';
import { renderSlack } from '../../src/channels/slack/blocks.ts';
import { storedPost } from '../../src/channels/slack/stored-post.ts';
import { renderTeams } from '../../src/channels/teams.ts';
import { renderTelegram } from '../../src/channels/telegram.ts';
import { renderWecom } from '../../src/channels/wecom.ts';
import type { Report } from '../../src/model/report.ts';
import { reportMessage } from '../../src/model/report-message.ts';
import { hostileReport, monthReport, quietReport, sampleReport } from './sample-reports.ts';
import { faultsForSlack, type SlackBlock } from './slack-limits.ts';

const told = (report: Report) => reportMessage(report, { timestamp: report.at });
const bytes = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** Five dimensions of ten values whose names are as long as names get. */
function longReport(): Report {
  const report = hostileReport();
  const [table] = report.tables;
  if (table === undefined) throw new RangeError('no table');
  const rows = Array.from({ length: 10 }, (_, i) => ({
    ...table.rows[0],
    key: `${i}${'&<"*_x'.repeat(1000)}`,
  }));
  const tables = ['service', 'model', 'user', 'session', 'team'].map((dimension) => ({
    dimension,
    rows: rows as Report['tables'][number]['rows'],
    others: null,
  }));
  return { ...report, tables, troubles: Array.from({ length: 20 }, (_, i) => `${i} ${'&<"'.repeat(500)}`) };
}

const REPORTS = [
  ['a week', told(sampleReport())],
  ['a month', told(monthReport())],
  ['a quiet day', told(quietReport())],
  ['hostile names', told(hostileReport())],
  ['more than any chat takes', told(longReport())],
] as const;

describe.each(REPORTS)('a report of %s', (_, message) => {
  test('keeps within the limits of every chat', () => {
    const { blocks } = renderSlack(message, 'dlv_1');
    expect(faultsForSlack(blocks as unknown as SlackBlock[])).toEqual([]);
    expect(JSON.stringify(blocks).length).toBeLessThanOrEqual(12_500);
    expect(bytes(renderTeams(message))).toBeLessThanOrEqual(20_000);
    for (const { description, footer } of renderDiscord(message).embeds) {
      expect(description.length).toBeLessThanOrEqual(4096);
      expect(description.length + footer.text.length).toBeLessThanOrEqual(6000);
    }
    const shown = renderTelegram(message)
      .text.replace(/<[^>]*>/g, '')
      .replace(/&[a-z#\d]+;/g, '.');
    expect(shown.length).toBeLessThanOrEqual(4096);
    expect(bytes(renderFeishu(message))).toBeLessThanOrEqual(18_000);
    expect(bytes(renderDingtalk(message))).toBeLessThanOrEqual(18_000);
    expect(Buffer.byteLength(renderWecom(message).markdown.content)).toBeLessThanOrEqual(4096);
    // Gmail shows no more of a mail.
    expect(Buffer.byteLength(renderHtml(message))).toBeLessThanOrEqual(102_000);
  });

  test('pages nobody', () => {
    expect(renderPagerduty(message, 'dlv_1').event_action).toBe('none');
    expect(renderAlertmanager(message)).toEqual([]);
    expect([pagerduty.takesReports, alertmanager.takesReports]).toEqual([false, false]);
  });

  test('has its title and first sentence in every chat', () => {
    const { title, lead } = message;
    const [first = ''] = lead;
    for (const render of [renderSlack, renderTeams, renderFeishu]) {
      const text = JSON.stringify(render(message, 'dlv_1'));
      expect(text).toContain(title);
      expect(text).toContain(first);
    }
  });
});

test('what does not fit is counted', () => {
  const message = told(longReport());
  for (const post of [renderDiscord(message), renderTelegram(message), renderWecom(message)]) {
    expect(JSON.stringify(post)).toMatch(/Shortened to fit here: \d+ parts left out\./);
  }
});

test('Slack gets all parts of a week in full, and no bars in its tables', () => {
  const text = JSON.stringify(renderSlack(told(sampleReport()), 'dlv_1').blocks);
  for (const { headline } of told(sampleReport()).sections) expect(text).toContain(`*${headline}*`);
  expect(text).toContain('text-embedding-3-small');
  expect(text).not.toContain('\u2588');
});

test.each([
  ['<script', renderHtml],
  ['<!channel>', renderSlack],
  ['@everyone', renderDiscord],
  ['<script', renderTelegram],
  ['@everyone', renderTeams],
  ['@everyone', renderFeishu],
  ['@everyone', renderDingtalk],
  ['@everyone', renderWecom],
  ['[link](', renderDingtalk],
] as const)('%s in a name does nothing', (obeyed, render) => {
  const post = render(told(hostileReport()), 'dlv_1');
  // Nothing is obeyed in a block of code.
  const text = (typeof post === 'string' ? post : JSON.stringify(post)).replace(/```.*?```/g, '');
  expect(text).not.toContain(obeyed);
});

test('Slack gets the picture of the days, unless pictures are off', () => {
  const message = told(sampleReport());
  expect(JSON.parse(storedPost(message, 'dlv_1', null, true)).chart).toMatchObject({ kind: 'days' });
  expect(JSON.parse(storedPost(message, 'dlv_1', null, false)).chart).toBeUndefined();
});

test('a mail has a bar for each row of a table of spend, as a border, which is printed', () => {
  const bars =
    renderHtml(told(sampleReport())).match(/<table [^>]*width="\d+%"[^>]*border-top:6px solid/g) ?? [];
  // Two budgets, five services, four models, ten users.
  expect(bars).toHaveLength(21);
});

describe('a channel that raises alarms', () => {
  test.each([
    [
      'pagerduty',
      () =>
        pagerduty.open(
          'pager',
          pagerduty.schema.parse({
            type: 'pagerduty',
            routing_key: 'R'.repeat(32),
            url: 'http://127.0.0.1:9/',
          }),
        ),
    ],
    [
      'alertmanager',
      () =>
        alertmanager.open(
          'am',
          alertmanager.schema.parse({ type: 'alertmanager', url: 'http://127.0.0.1:9/' }),
        ),
    ],
  ] as const)('of type %s sends nothing of a report', async (_, open) => {
    const channel = await open();
    const body = channel.render(told(sampleReport()), 'dlv_1');
    const receipt = await channel.send({ id: 'dlv_1', body, accepted: [] }, new AbortController().signal);
    expect(receipt).toEqual({ answer: 'nothing to send' });
    await channel.close();
  });
});
