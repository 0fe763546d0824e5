import { describe, expect, test } from 'vitest';
import { alertmanager, renderAlertmanager } from '../../src/channels/alertmanager.ts';
import type { Message } from '../../src/model/message.ts';
import { json, sender } from '../support/posting-receiver.ts';
import { AT, sampleAlert, sampleNews } from './sample-messages.ts';
import { SAMPLES } from './samples.ts';

const alert = sampleNews([sampleAlert()]);
const login = (keys: object) => sender(alertmanager, (base) => ({ url: `${base}/am/`, ...keys }));
const through = login({});
const sampleOf = (name: string): Message => SAMPLES[name] ?? alert;

describe('a post', () => {
  test.for([
    [{}, undefined],
    [{ user: 'me', password: 'p:w' }, `Basic ${Buffer.from('me:p:w').toString('base64')}`],
    [{ token: 'tkn-1' }, 'Bearer tkn-1'],
  ] as const)(
    'with the login %j goes to the API below the address',
    async ([keys, authorization], context) => {
      const { send, server, probe } = await login(keys)(context, { status: 200 });
      expect(await send()).toEqual({ answer: 'HTTP 200' });
      await probe().catch(() => undefined);
      expect(server.requests).toMatchObject([
        { method: 'POST', path: '/am/api/v2/alerts' },
        { method: 'GET', path: '/am/api/v2/status' },
      ]);
      for (const { headers } of server.requests) expect(headers.authorization).toBe(authorization);
    },
  );

  test('has an alert for each of the message, which ends an hour after its period', () => {
    const [first, ...others] = renderAlertmanager(sampleOf('alert-many'));
    expect(first).toMatchObject({
      labels: { alertname: 'hourly-burn', severity: 'critical', service: 'search', source: 'spendwatch' },
      annotations: {
        summary: expect.stringContaining('search $312.46 in 1h (limit $100.00)'),
        description: expect.stringMatching(/Limit: \$100\.00 or more is critical/),
        message: 'Immediate attention required',
        alert_id: 'alrt_5f0c2a9e41',
      },
      startsAt: '2026-11-19T00:05:00Z',
      endsAt: '2026-11-21T00:00:00Z',
    });
    expect(others).toHaveLength(9);
    expect(new Set([first, ...others].map((one) => JSON.stringify(one?.labels))).size).toBe(10);
  });

  test('tells a forecast from the alert that the group has with it', () => {
    const [step, forecast] = [undefined, 'forecast'].map((variant) => {
      const alerts = alert.alerts.map((one) => ({ ...one, ...(variant !== undefined && { variant }) }));
      return renderAlertmanager({ ...alert, alerts })[0]?.labels;
    });
    expect(forecast).toEqual({ ...step, variant: 'forecast' });
    expect(step).not.toHaveProperty('variant');
  });

  test('of an alert that is over ends when it ended, and never before it began', () => {
    const ended = (resolvedAt: number) =>
      renderAlertmanager({ ...alert, alerts: alert.alerts.map((one) => ({ ...one, resolvedAt })) })[0];
    expect(ended(AT)?.endsAt).toBe('2026-11-20T02:05:00Z');
    expect(ended(0)?.endsAt).toBe(ended(0)?.startsAt);
  });

  test('has valid names of labels, one for each dimension', () => {
    const group = { 'team id': 'a', team_id: 'b', '7day': 'c', severity: 'd', alertname: 'e', größe: '' };
    const message = { ...alert, alerts: alert.alerts.map((one) => ({ ...one, group })) };
    const labels = renderAlertmanager(message)[0]?.labels ?? {};
    for (const name of Object.keys(labels)) expect(name).toMatch(/^[A-Za-z_][A-Za-z0-9_]*$/);
    expect(Object.values(labels).sort()).toEqual(
      ['a', 'b', 'c', 'd', 'e', '(empty)', 'hourly-burn', 'critical', 'spendwatch'].sort(),
    );
  });

  test('of an outage fires for 25 hours, and that of its end takes it back', () => {
    const [blind] = renderAlertmanager(sampleOf('blind'));
    const [sees] = renderAlertmanager(sampleOf('sees'));
    expect(blind).toMatchObject({ labels: { alertname: 'health.blind', severity: 'critical' } });
    expect(Date.parse(blind?.endsAt ?? '') - Date.parse(blind?.startsAt ?? '')).toBe(25 * 3_600_000);
    expect(sees?.labels).toEqual(blind?.labels);
    expect(sees?.endsAt).toBe(sees?.startsAt);
  });

  test('of a drill says so and is over in five minutes', () => {
    const [drill] = renderAlertmanager(sampleOf('drill'));
    expect(drill).toMatchObject({
      labels: { alertname: 'drill', severity: 'info' },
      annotations: { summary: expect.stringMatching(/^\[DRILL\]/) },
      endsAt: '2026-11-20T02:10:01.500Z',
    });
  });
});

describe('a failure', () => {
  test.for([
    [json(400, 'bad'), { kind: 'final', reason: 'invalid' }],
    [{ status: 401 }, { kind: 'person', reason: 'auth' }],
    [{ status: 404 }, { kind: 'person' }],
    [
      { status: 503, headers: { 'retry-after': '9' } },
      { kind: 'passing', retryAfterMs: 9000 },
    ],
    [{ status: 200, body: '<!doctype html><html>sign in</html>' }, { kind: 'passing' }],
  ] as const)('%j is told apart', async ([reply, failure], context) => {
    const { send } = await through(context, reply);
    await expect(send()).rejects.toMatchObject({ name: 'SendError', ...failure });
  });

  test('of the probe is an answer that is not an Alertmanager’s', async (context) => {
    const { probe } = await through(context, json(200, { status: 'ok' }));
    await expect(probe()).rejects.toMatchObject({ kind: 'passing' });
  });
});

test.each([
  [{ user: 'me' }, 'password'],
  [{ password: 'x' }, 'user'],
  [{ token: 't', user: 'me', password: 'x' }, 'token'],
])('the login %j is a fault of %s', (keys, key) => {
  const result = alertmanager.schema.safeParse({
    type: 'alertmanager',
    url: 'http://am.example.com',
    ...keys,
  });
  expect(result.error?.issues.map(({ path }) => path.join('.'))).toEqual([key]);
});
