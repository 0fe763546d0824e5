import { describe, expect, test } from 'vitest';
import { pagerduty, renderPagerduty } from '../../src/channels/pagerduty.ts';
import { channelReportMessage } from '../../src/model/health-message.ts';
import type { Message } from '../../src/model/message.ts';
import { json, sender } from '../support/posting-receiver.ts';
import { AT, hostileMessage, sampleAlert, sampleNews } from './sample-messages.ts';
import { SAMPLES } from './samples.ts';

const KEY = 'e93facc04764012d7bfb002500d5d1a6';
const through = sender(pagerduty, (base) => ({ routing_key: KEY, url: `${base}/v2/enqueue` }));
const processed = json(202, { status: 'success', message: 'Event processed', dedup_key: 'x' });

const alert = sampleNews([sampleAlert()]);
const incident = { id: 'inc_1', subject: 'service search', isClosed: false };
const over = (message: Message): Message => ({
  ...message,
  type: 'alert.resolved',
  alerts: message.alerts.map((one) => ({ ...one, resolvedAt: AT })),
});
const report = (original: Message): Message =>
  channelReportMessage({
    channel: 'oncall',
    detail: 'x',
    reason: 'auth',
    kind: 'person',
    attempts: 1,
    firstTriedAt: AT,
    original,
    at: AT,
    zone: 'UTC',
    timestamp: AT,
  });

describe('an event', () => {
  test('has the key on the wire and not in what is stored', async (context) => {
    const { send, body, channel } = await through(context, processed);
    expect(await send()).toEqual({ answer: 'HTTP 202 Event processed' });
    expect(body()).toMatchObject({ routing_key: KEY, event_action: 'trigger', client: 'spendwatch' });
    expect(channel.render(alert, 'dlv_7')).not.toContain(KEY);
  });

  test('says what fires, for people and for programs', () => {
    const { payload } = renderPagerduty(SAMPLES['alert-many'] ?? alert, 'dlv_7');
    expect(payload).toMatchObject({
      summary: expect.stringContaining('(+12 more)'),
      timestamp: '2026-11-20T02:05:01.500Z',
      severity: 'critical',
      source: 'spendwatch',
      group: 'hourly-burn',
      class: 'alert.firing',
      custom_details: {
        Limit: '$100.00 or more is critical',
        'By model': [
          expect.stringMatching(/^gpt-4\.1: spend \$300\.10, calls 890,000, share 96%$/),
          expect.anything(),
          expect.anything(),
        ],
      },
    });
    expect(payload.custom_details).toHaveProperty('alerts.length', 10);
  });

  test.each<[string, Message, string, string]>([
    ['an alert', alert, 'trigger', 'hourly-burn/alrt_5f0c2a9e41'],
    ['an alert of an incident', { ...alert, incident }, 'trigger', 'inc_1'],
    ['an alert that is over', over(alert), 'resolve', 'hourly-burn/alrt_5f0c2a9e41'],
    [
      'an incident that is over',
      { ...over(alert), incident: { ...incident, isClosed: true } },
      'resolve',
      'inc_1',
    ],
    ['an alert that is over in an incident that is not', { ...over(alert), incident }, 'none', 'inc_1'],
    ['an outage', SAMPLES.blind ?? alert, 'trigger', 'spendwatch/health.blind'],
    ['the end of an outage', SAMPLES.sees ?? alert, 'resolve', 'spendwatch/health.blind'],
    ['calls without a price', SAMPLES.unpriced ?? alert, 'trigger', 'spendwatch/health.unpriced'],
    ['a drill', SAMPLES.drill ?? alert, 'trigger', 'spendwatch/drill/dlv_7'],
    [
      'a report of an end that was not delivered',
      report({ ...over(alert), incident: { ...incident, isClosed: true } }),
      'trigger',
      'spendwatch/health.channel/inc_1',
    ],
  ])('of %s has its action and key', (_, message, action, key) => {
    expect(renderPagerduty(message, 'dlv_7')).toMatchObject({ event_action: action, dedup_key: key });
  });

  test('that would say that nothing is over is not sent', async (context) => {
    const { send, server } = await through(context, processed, { message: { ...over(alert), incident } });
    expect(await send()).toEqual({ answer: 'nothing to send' });
    expect(server.requests).toEqual([]);
  });

  test('is marked when it is a drill', () => {
    const { payload } = renderPagerduty(SAMPLES.drill ?? alert, 'dlv_7');
    expect(payload).toMatchObject({
      summary: expect.stringMatching(/^\[DRILL\]/),
      severity: 'info',
      class: 'drill',
    });
  });

  test.each([
    ['hostile', hostileMessage()],
    ['with a name of a megabyte', sampleNews([sampleAlert({ key: ['x'.repeat(1_000_000)] })])],
    ['of a long rule', sampleNews([sampleAlert()], { name: '家'.repeat(3000) })],
  ])('%s keeps within the limits of PagerDuty', (_, message) => {
    const event = renderPagerduty(message, 'dlv_7');
    expect(event.dedup_key.length).toBeLessThanOrEqual(255);
    expect(String(event.payload.summary).length).toBeLessThanOrEqual(1024);
    expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(512_000);
  });

  test.each(Object.values(SAMPLES).map((message) => [message.type, message] as const))(
    'of a message %s has what PagerDuty requires',
    (_, message) => {
      const { payload } = renderPagerduty(message, 'dlv_7');
      expect(payload).toMatchObject({
        summary: expect.stringMatching(/./),
        source: 'spendwatch',
        severity: expect.stringMatching(/^(critical|error|warning|info)$/),
      });
    },
  );
});

describe('a failure', () => {
  const invalid = (error: string) =>
    json(400, { status: 'invalid event', message: 'Event object is invalid', errors: [error] });

  test.for([
    [
      invalid("Length of 'routing_key' is incorrect (should be 32 characters)"),
      { kind: 'person', reason: 'auth' },
    ],
    [invalid("'payload.severity' is invalid"), { kind: 'final', reason: 'invalid' }],
    [
      { status: 429, headers: { 'retry-after': '30' } },
      { reason: 'rate_limited', retryAfterMs: 30_000 },
    ],
    [{ status: 403 }, { kind: 'person', reason: 'auth' }],
    [{ status: 500 }, { kind: 'passing', reason: 'server' }],
    [json(200, { status: 'throttled' }), { kind: 'passing' }],
    [
      { status: 202, body: 'fine' },
      { kind: 'passing', reason: 'server' },
    ],
  ] as const)('%j is told apart', async ([reply, failure], context) => {
    const { send } = await through(context, reply);
    await expect(send()).rejects.toMatchObject({ name: 'SendError', ...failure });
  });
});
