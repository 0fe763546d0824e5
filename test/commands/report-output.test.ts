import { describe, expect, test } from 'vitest';
import { reportOutput } from '../../src/commands/report-output.ts';
import { displayWidth } from '../../src/model/display-text.ts';
import { quietReport, sampleReport } from '../channels/sample-reports.ts';

const output = (format: 'text' | 'html' | 'json' | 'csv', columns = 80) =>
  reportOutput(sampleReport(), format, { columns });

describe('report --format', () => {
  test.each([80, 120])('text fits a terminal of %d columns', async (columns) => {
    const lines = (await output('text', columns)).split('\n');
    expect(Math.max(...lines.map(displayWidth))).toBeLessThanOrEqual(columns);
    expect(lines.join('\n')).toContain('████████████');
  });

  test('html is a page of its own with the picture of the days', async () => {
    const page = await output('html');
    expect(page).toMatch(/^<!DOCTYPE html>/);
    expect(page).toMatch(/<\/html>$/);
    expect(page).toContain('src="data:image/png;base64,iVBOR');
    expect(await reportOutput(quietReport(), 'html', { columns: 80 })).not.toContain('<img');
  });

  test('json and csv hold the exact total', async () => {
    expect(JSON.parse(await output('json'))).toMatchObject({
      report: 'weekly',
      spend: { value: 1214.624699 },
    });
    expect(await output('csv')).toMatch(/^section,[\s\S]*1214\.624699[\s\S]*[^\n]$/);
  });
});
