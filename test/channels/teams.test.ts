import { describe, expect, test } from 'vitest';
import { renderTeams, teams } from '../../src/channels/teams.ts';
import { json, sender } from '../support/posting-receiver.ts';
import { hostileMessage, sampleAlert, sampleNews } from './sample-messages.ts';
import { SAMPLES } from './samples.ts';

const through = sender(teams, (base) => ({ url: `${base}/workflows/0ec499be/invoke?sig=SiGnAtUrE` }));

const parts = Array.from({ length: 5 }, (_, i) => ({
  key: `${i}${'家'.repeat(79)}`,
  value: sampleAlert().finding.value,
}));
const LONG = sampleNews(
  Array.from({ length: 30 }, (_, i) =>
    sampleAlert({
      key: [`${'家'.repeat(75)}${i}`],
      breakdown: { model: parts, user: parts, endpoint: parts },
    }),
  ),
  { message: '家'.repeat(1999) },
);

interface Node {
  readonly type?: string;
  readonly [key: string]: unknown;
}

function nodesOf(node: unknown): Node[] {
  if (typeof node !== 'object' || node === null) return [];
  return [node as Node, ...Object.values(node).flatMap(nodesOf)];
}

describe('a card', () => {
  test('is posted to the workflow as a message with one attachment', async (context) => {
    const { server, send, body } = await through(context, { status: 202 });
    expect(await send()).toEqual({ answer: 'HTTP 202' });
    expect(server.requests[0]?.path).toContain('sig=SiGnAtUrE');
    expect(body()).toMatchObject({
      type: 'message',
      attachments: [
        {
          contentType: 'application/vnd.microsoft.card.adaptive',
          content: { type: 'AdaptiveCard', body: expect.any(Array) },
        },
      ],
    });
  });

  test.each([...Object.entries(SAMPLES), ['hostile', hostileMessage()] as const, ['long', LONG] as const])(
    '%s is short enough, and has no element whose text is Markdown',
    (_, message) => {
      const post = renderTeams(message);
      expect(Buffer.byteLength(JSON.stringify(post))).toBeLessThanOrEqual(20_000);
      const types = new Set(nodesOf(post).map(({ type }) => type));
      for (const markdown of ['TextBlock', 'FactSet', 'Fact']) expect(types).not.toContain(markdown);
      for (const { inlines } of nodesOf(post).filter(({ type }) => type === 'RichTextBlock')) {
        expect(inlines).toHaveLength((inlines as Node[]).filter(({ text }) => text !== '').length);
      }
    },
  );

  test.each([
    ['alert', 'attention'],
    ['anomaly', 'warning'],
    ['drill', 'accent'],
    ['sees', 'good'],
  ])('of the message %s is of the style %s', (name, style) => {
    const message = SAMPLES[name] ?? hostileMessage();
    expect(nodesOf(renderTeams(message))).toContainEqual(expect.objectContaining({ style }));
  });

  test.each(['<at>all</at>', '{{DATE(2026-11-20T02:05:00Z)}}', 'https://evil.example'])(
    'with %s in a name neither mentions, computes nor links',
    (name) => {
      const text = JSON.stringify(renderTeams(sampleNews([sampleAlert({ key: [name] })])));
      expect(text).not.toMatch(/<at>|\{\{DATE|https:\/\/evil/);
    },
  );
});

describe('a failure', () => {
  const relayed = (status: number) => ({
    status: 200,
    body: `Webhook message delivery failed with error: Microsoft Teams endpoint returned HTTP error ${status} with ContextId tcid=0`,
  });

  test.for([
    [relayed(429), { reason: 'rate_limited', kind: 'passing' }],
    [relayed(413), { kind: 'final' }],
    [relayed(403), { kind: 'person' }],
    [{ status: 200, body: 'Webhook Bad Request - Null or empty event' }, { kind: 'passing' }],
    [
      { status: 429, headers: { 'retry-after': '17' } },
      { reason: 'rate_limited', retryAfterMs: 17_000 },
    ],
    [json(400, { error: { code: 'WorkflowTriggerIsNotEnabled', message: 'x' } }), { kind: 'person' }],
    [json(404, { error: { code: 'WorkflowNotFound', message: 'x' } }), { kind: 'person' }],
    [json(400, { error: { code: 'TriggerInputSchemaMismatch', message: 'x' } }), { kind: 'final' }],
    [json(401, { error: { code: 'AuthorizationFailed' } }), { kind: 'person', reason: 'auth' }],
    [{ status: 413 }, { kind: 'final' }],
    [{ status: 502 }, { kind: 'passing', reason: 'server' }],
  ] as const)('%j is told apart', async ([reply, failure], context) => {
    const { send } = await through(context, reply);
    await expect(send()).rejects.toMatchObject({ name: 'SendError', ...failure });
  });

  test.for([
    ['1, as incoming webhooks say it', { status: 200, body: '1' }],
    ['nothing', { status: 202 }],
  ] as const)('is not what is answered with %s', async ([, reply], context) => {
    const { send } = await through(context, reply);
    await expect(send()).resolves.toEqual({ answer: `HTTP ${reply.status}` });
  });
});
