import PostalMime from 'postal-mime';
import { describe, expect, test } from 'vitest';
import { compose } from '../../src/channels/email/compose.ts';
import { renderPage } from '../../src/channels/email/html.ts';
import { emailSchema } from '../../src/channels/email/options.ts';
import { renderEmail } from '../../src/channels/email/render.ts';
import type { DaysChart } from '../../src/model/chart.ts';
import { reportMessage } from '../../src/model/report-message.ts';
import { hostileReport, quietReport, sampleReport } from './sample-reports.ts';

const week = reportMessage(sampleReport(), { timestamp: sampleReport().at });
const OPTIONS = emailSchema.parse({
  type: 'email',
  to: ['finance@example.com'],
  from: 'spendwatch@example.org',
  host: '127.0.0.1',
});

describe('a report as a page', () => {
  test('has its picture within it and loads nothing', () => {
    const page = renderPage(week, Buffer.from('PNG'));
    expect(page).toContain(`src="data:image/png;base64,${Buffer.from('PNG').toString('base64')}"`);
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/https?:\/\/|cid:|<script|<link/);
    expect(page).toContain('@media print');
  });

  test('goes without a picture that could not be drawn', () => {
    expect(renderPage(week, null)).not.toContain('<img');
    const quiet = reportMessage(quietReport(), { timestamp: quietReport().at });
    expect(renderPage(quiet, Buffer.from('PNG'))).not.toContain('<img');
  });

  test('makes no markup of names', () => {
    const page = renderPage(reportMessage(hostileReport(), { timestamp: 0 }), null);
    expect(page).not.toContain('<script');
    expect(page).toContain('&lt;script&gt;alert(1)');
  });
});

describe('a report as a mail', () => {
  test('carries the picture of its days', async () => {
    const mail = await PostalMime.parse(await compose(renderEmail(week, 'dlv_1', 'example.org'), OPTIONS));
    expect(mail.subject).toBe(week.title);
    expect(mail.attachments).toMatchObject([
      { mimeType: 'image/png', contentId: '<chart.dlv_1@example.org>' },
    ]);
    expect(mail.html).toContain('alt="Chart of the spend per day from Monday 23');
    expect(mail.html).toContain('>REPORT</div>');
    expect(mail.text).toContain('svc-indexer');
  });

  test('loses nothing where the picture cannot be drawn', async () => {
    const broken = { ...week, chart: { ...(week.chart as DaysChart), ticks: null as unknown as [] } };
    const mail = await PostalMime.parse(await compose(renderEmail(broken, 'dlv_1', 'example.org'), OPTIONS));
    expect(mail.attachments).toEqual([]);
    expect(mail.html).not.toContain('<img');
    expect(mail.html).toContain('Spend by service');
  });
});
