import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { plainText } from '../../src/model/plain-text.ts';
import { reportMessage } from '../../src/model/report-message.ts';
import { sampleReport } from '../channels/sample-reports.ts';

test('docs/reports.md shows a report as it is', () => {
  const page = readFileSync(new URL('../../docs/reports.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split('## What it looks like\n');
  const [, shown = ''] = /```text\n([\s\S]*?)```/.exec(section) ?? [];
  const report = sampleReport();
  const text = plainText(reportMessage(report, { timestamp: report.at }), 80);
  const parts = shown.split('\n…\n').map((part) => part.trim());
  expect(parts).toHaveLength(2);
  for (const part of parts) expect(text).toContain(part);
});
