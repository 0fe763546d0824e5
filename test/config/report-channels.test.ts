import { expect, test } from 'vitest';
import { load, minimal } from './support.ts';

const CHANNELS = `
channels:
  pager: { type: pagerduty, routing_key: R0123456789abcdef0123456789abcdef }
  finance: { type: slack, token: xoxb-2, channel: "#b" }
  alertmanager: { type: alertmanager, url: "http://127.0.0.1:9093" }
reports: [{ name: weekly, schedule: "0 8 * * mon", period: week }]
`;

test('a report that names no channel leaves out those that raise alarms', async () => {
  const every = await load(`${minimal()}${CHANNELS}`);
  expect(every.reports.map(({ notify }) => notify)).toEqual([['finance']]);
  expect(every.rules[0]?.notify.critical).toEqual(['pager', 'finance', 'alertmanager']);
  const defaults = await load(`${minimal()}${CHANNELS}\ndefaults: { notify: [pager] }\n`);
  expect(defaults.reports.map(({ notify }) => notify)).toEqual([[]]);
});
