import PostalMime from 'postal-mime';
import { afterEach, describe, expect, test } from 'vitest';
import type { Channel } from '../../src/channels/channel.ts';
import { channelTypes } from '../../src/channels/index.ts';
import { startSlackReceiver, startSmtpReceiver, startWebhookReceiver } from '../../src/demo/receivers.ts';
import { SendError } from '../../src/model/errors.ts';
import { HOSTILE_NAMES, hostileMessage, sampleAlert, sampleNews } from '../channels/sample-messages.ts';
import { SAMPLES } from '../channels/samples.ts';

const SECRET = 'a secret of more than sixteen bytes';
const alert = sampleNews([sampleAlert()]);

/** What one receiver must be able to play for every channel to be held to the same promises. */
interface SampleReceiver {
  readonly keys: Record<string, unknown>;
  /** The id that a receiver would drop a repeat by, of each message taken. */
  ids(): Promise<string[]>;
  /** All that was taken, as text in which no name may do harm. */
  taken(): string[];
  readonly secrets: readonly string[];
}

type Fault = 'busy' | 'refuses us' | 'refuses the message' | 'hangs';

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const FAR_ENDS: Record<string, (fault: Fault | null) => Promise<SampleReceiver>> = {
  async email(fault) {
    const login = { user: 'spendwatch', password: 'a mail password' };
    const replies = {
      busy: { code: 451, text: 'try again later' },
      'refuses us': { code: 530, text: 'who are you' },
      'refuses the message': { code: 554, text: 'no' },
      hangs: 'hang',
    } as const;
    const server = await startSmtpReceiver({
      login,
      respond: (step) => (fault !== null && step === 'rcpt' ? replies[fault] : undefined),
    });
    cleanups.push(server.close);
    return {
      keys: {
        to: ['a@example.com'],
        from: 'x@example.org',
        host: '127.0.0.1',
        port: server.port,
        tls: 'none',
        ...login,
      },
      ids: () =>
        Promise.all(server.received.map(async ({ raw }) => (await PostalMime.parse(raw)).messageId ?? '')),
      taken: () => server.received.map(({ raw }) => raw),
      secrets: [login.password],
    };
  },
  async slack(fault) {
    const replies = {
      busy: { status: 429, headers: { 'retry-after': '7' } },
      'refuses us': { status: 200, body: '{"ok":false,"error":"token_revoked"}' },
      'refuses the message': { status: 200, body: '{"ok":false,"error":"msg_too_long"}' },
      hangs: 'hang',
    } as const;
    const server = await startSlackReceiver({ respond: () => (fault === null ? undefined : replies[fault]) });
    cleanups.push(server.close);
    const idOf = (post: Record<string, unknown>) =>
      (post as { metadata: { event_payload: { delivery_id: string } } }).metadata.event_payload.delivery_id;
    return {
      keys: { token: 'xoxb-very-secret', channel: '#llm-spend', api_url: server.apiUrl },
      ids: () => Promise.resolve(server.posts.map(idOf)),
      taken: () => server.posts.map((post) => JSON.stringify(post)),
      secrets: ['xoxb-very-secret'],
    };
  },
  async webhook(fault) {
    const replies = {
      busy: { status: 503, headers: { 'retry-after': '7' } },
      'refuses us': { status: 403, body: `no ${SECRET} at /hooks/spend` },
      'refuses the message': { status: 422 },
      hangs: 'hang',
    } as const;
    const server = await startWebhookReceiver({
      secret: SECRET,
      ...(fault === null ? {} : { respond: () => replies[fault] }),
    });
    cleanups.push(server.close);
    return {
      keys: { url: server.url, secret: SECRET },
      ids: () => Promise.resolve(server.received.map(({ headers }) => headers['webhook-id'] ?? '')),
      taken: () => server.received.map(({ body }) => body),
      secrets: [SECRET, '/hooks/spend'],
    };
  },
};

test('there is a receiver for every channel of the registry', () => {
  expect(Object.keys(FAR_ENDS).sort()).toEqual(channelTypes.map(({ type }) => type).sort());
});

describe.each(channelTypes.map((type) => [type.type, type] as const))(
  'a channel of type %s',
  (name, type) => {
    async function open(fault: Fault | null = null): Promise<{ channel: Channel; receiver: SampleReceiver }> {
      const receiver = await (FAR_ENDS[name] as (fault: Fault | null) => Promise<SampleReceiver>)(fault);
      const channel = await type.open('oncall', type.schema.parse({ type: name, ...receiver.keys }));
      cleanups.push(channel.close);
      return { channel, receiver };
    }

    const never = new AbortController().signal;
    const envelope = (channel: Channel, message = alert) => ({
      id: 'dlv_0123',
      body: channel.render(message, 'dlv_0123'),
      accepted: [],
    });

    test('delivers a message and says what the receiver answered', async () => {
      const { channel, receiver } = await open();
      const { answer } = await channel.send(envelope(channel), never);
      expect(answer).not.toBe('');
      expect(receiver.taken()).toHaveLength(1);
      expect(receiver.taken()[0]).toContain('312.4');
    });

    test.each(Object.entries(SAMPLES))('delivers the message %s', async (_, message) => {
      const { channel, receiver } = await open();
      await channel.send(envelope(channel, message), never);
      expect(receiver.taken()).toHaveLength(1);
    });

    test('repeats a send with the same id and the same bytes', async () => {
      const { channel, receiver } = await open();
      const twice = envelope(channel);
      await channel.send(twice, never);
      await channel.send(twice, never);
      const [first, second] = await receiver.ids();
      expect(first).toContain('dlv_0123');
      expect(second).toBe(first);
      const [body, repeated] = receiver.taken();
      expect(repeated).toBe(body);
    });

    test('renders the same text for the same message', async () => {
      const { channel } = await open();
      expect(channel.render(alert, 'dlv_1')).toBe(channel.render(alert, 'dlv_1'));
    });

    test('names from the store do no harm', async () => {
      const { channel, receiver } = await open();
      const { body } = envelope(channel, hostileMessage());
      await channel.send({ ...envelope(channel), body }, never);
      expect(receiver.taken()).toHaveLength(1);
      if (name === 'webhook') {
        const { data } = JSON.parse(receiver.taken()[0] ?? '') as {
          data: { alerts: { finding: { group: { service: string } } }[] };
        };
        const names = data.alerts.map(({ finding }) => finding.group.service);
        expect([...names].sort()).toEqual([...HOSTILE_NAMES].sort());
        return;
      }
      const mail = name === 'email' ? await PostalMime.parse(receiver.taken()[0] ?? '') : null;
      const shown = mail === null ? body : `${mail.subject}${mail.html}${mail.text}`;
      // In a plain text part markup is only text.
      const marked = mail === null ? body : (mail.html ?? '');
      for (const control of ['\u202e', '\u2066', '\u001b', '\u0000'])
        expect(shown.includes(control)).toBe(false);
      for (const markup of ['<!channel>', '<@U123>', '<script', '<img'])
        expect(marked.includes(markup)).toBe(false);
      expect(mail?.headers.map(({ key }) => key) ?? []).not.toContain('bcc');
      expect(shown).toContain('家族');
    });

    test('its probe greets the receiver and sends nothing', async () => {
      const { channel, receiver } = await open();
      expect((await channel.probe(never)).answer).not.toBe('');
      expect(receiver.taken()).toEqual([]);
    });

    test.each([
      ['busy', 'passing', ['refused', 'rate_limited', 'server']],
      ['refuses us', 'person', ['auth']],
      ['refuses the message', 'final', ['invalid']],
    ] as const)(
      'a receiver that %s is a failure of kind %s, without a secret',
      async (fault, kind, reasons) => {
        const { channel, receiver } = await open(fault);
        const error = await channel.send(envelope(channel), never).catch((thrown: unknown) => thrown);
        expect(error).toBeInstanceOf(SendError);
        expect(error).toMatchObject({ kind, accepted: [], reason: expect.toBeOneOf([...reasons]) });
        for (const secret of receiver.secrets) expect(String(error)).not.toContain(secret);
      },
    );

    test('a receiver that is not there is a failure that passes', async () => {
      const { channel } = await open();
      for (const cleanup of cleanups.splice(0)) await cleanup();
      const failure = { name: 'SendError', kind: 'passing', reason: 'unreachable' };
      await expect(channel.send(envelope(channel), never)).rejects.toMatchObject(failure);
      await expect(channel.probe(never)).rejects.toMatchObject(failure);
    });

    test('a send stops when its signal aborts', async () => {
      const { channel } = await open('hangs');
      const controller = new AbortController();
      const sending = channel.send(envelope(channel), controller.signal);
      setTimeout(() => controller.abort(), 100);
      await expect(sending).rejects.toMatchObject({ name: 'SendError', kind: 'passing', reason: 'timeout' });
    });

    test('a send whose signal has aborted already reaches nobody', async () => {
      const { channel, receiver } = await open();
      await expect(channel.send(envelope(channel), AbortSignal.abort())).rejects.toMatchObject({
        kind: 'passing',
      });
      expect(receiver.taken()).toEqual([]);
    });
  },
);
