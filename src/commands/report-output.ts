// Prints a report in each of its formats.

import { renderPage } from '../channels/email/html.ts';
import { pictureOf } from '../charts/picture.ts';
import { jsonText } from '../model/json.ts';
import { plainText } from '../model/plain-text.ts';
import type { Report } from '../model/report.ts';
import { reportJson } from '../model/report-json.ts';
import { reportMessage } from '../model/report-message.ts';
import { reportCsv } from '../report/csv.ts';
import type { Io } from './io.ts';

export type ReportFormat = 'text' | 'html' | 'json' | 'csv';

/** A report as text for so many columns, as a page, JSON or CSV; without its last line break. */
export async function reportOutput(
  report: Report,
  format: ReportFormat,
  { columns }: Pick<Io, 'columns'>,
): Promise<string> {
  const message = () => reportMessage(report, { timestamp: report.at });
  switch (format) {
    case 'text':
      return plainText(message(), columns).trimEnd();
    case 'html':
      return (await pageOf(message())).trimEnd();
    case 'json':
      return jsonText(reportJson(report), 2);
    case 'csv':
      return reportCsv(report).replace(/\r\n$/, '');
  }
}

async function pageOf(message: ReturnType<typeof reportMessage>): Promise<string> {
  return renderPage(message, message.chart === null ? null : await pictureOf(message.chart));
}
