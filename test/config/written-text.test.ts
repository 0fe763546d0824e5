import { describe, expect, it } from 'vitest';
import { parsePrices } from '../../src/config/prices/read.ts';
import { alertsJsonSchema } from '../../src/config/schema.ts';
import type { Condition } from '../../src/model/series.ts';
import { faultsOf, load, minimal } from './support.ts';

/** Texts that YAML reads as a number or a boolean whose own text is another one, or that look as if it did. */
const WRITTEN = [
  '007',
  '1e3',
  '0x10',
  '1.10',
  '0o7',
  '1_000',
  '-0',
  '.inf',
  '.nan',
  'true',
  'True',
  'no',
  '2026-11-20',
  '12345678901234567890',
];

const ruleWith = (where: string) => minimal().replace('window: 1h', `window: 1h, where: { ${where} }`);
const whereOf = async (where: string): Promise<Readonly<Record<string, Condition>> | undefined> =>
  (await load(ruleWith(where))).rules[0]?.where;

describe('a value without quotes', () => {
  it.each(WRITTEN)('names in `where` what is written: %s', async (text) => {
    expect(await whereOf(`session: ${text}`)).toEqual({ session: { in: [text] } });
    expect(await whereOf(`session: [a, ${text}]`)).toEqual({ session: { in: ['a', text] } });
    expect(await whereOf(`session: { not: ${text} }`)).toEqual({ session: { notIn: [text] } });
    expect(await whereOf(`session: { not: [${text}] }`)).toEqual({ session: { notIn: [text] } });
  });

  it.each(WRITTEN)(
    'names rules, channels, silences, addresses and secrets as it is written: %s',
    async (text) => {
      const config = await load(`version: 1
audit: { url: "pglite:./data", columns: { time: ${text}, cost: ${text}, service: { sql: ${text} } } }
defaults: { notify: [${text}] }
channels:
  ${text}: { type: email, to: [a@example.com], from: a@example.com, host: ${text}, user: ${text}, password: ${text} }
  chat: { type: slack, token: ${text}, channel: ${text} }
rules:
  - { name: ${text}, type: threshold, metric: spend, window: 1h, threshold: 1, message: ${text} }
silences:
  - { match: { rule: ${text}, service: ${text} }, from: 2026-11-20T00:00:00Z, until: 2026-11-21T00:00:00Z, reason: ${text} }
`);
      expect(config.audit.mapping).toMatchObject({
        columns: { time: text, cost: text, service: { sql: text } },
      });
      expect(config.rules[0]).toMatchObject({ name: text, message: text, notify: { critical: [text] } });
      expect(config.silences[0]).toMatchObject({ rule: text, match: { service: text }, reason: text });
      const [mail, chat] = [config.channels.get(text)?.options, config.channels.get('chat')?.options];
      expect(mail).toMatchObject({ host: text, login: { user: text } });
      expect(chat).toMatchObject({ channel: text });
      const secrets = [mail, chat] as unknown as [
        { login: { password: { reveal(): string } } },
        { token: { reveal(): string } },
      ];
      expect([secrets[0].login.password.reveal(), secrets[1].token.reveal()]).toEqual([text, text]);
    },
  );

  it('is a number and a boolean where those are expected', async () => {
    const config = await load(
      `${minimal('health: { blind_after: 07 }').replace('100.10', '1e3, growth: 0x10, enabled: True')}`,
    );
    expect(config.health.blindAfter).toBe(7);
    expect(config.rules[0]).toMatchObject({
      growth: 16,
      enabled: true,
      steps: [{ bound: 1_000n * 10n ** 12n }],
    });
  });

  it.each(['null', 'Null', 'NULL', '~'])(
    'is the group without a value where null is written: %s',
    async (text) => {
      expect(await whereOf(`user: ${text}`)).toEqual({ user: { in: [null] } });
      expect(await whereOf(`user: { not: [x, ${text}] }`)).toEqual({ user: { notIn: ['x', null] } });
    },
  );

  it('is text in quotes, whatever it looks like', async () => {
    expect(await whereOf('user: ["null", \'~\', "007", "true"]')).toEqual({
      user: { in: ['null', '~', '007', 'true'] },
    });
  });

  it.each(['user:', 'user: ""'])('that is empty: `%s`', async (where) => {
    const text = ruleWith(where);
    if (where.endsWith('""'))
      return expect((await load(text)).rules[0]?.where).toEqual({ user: { in: [''] } });
    expect((await faultsOf(text)).map(({ message, hint }) => [message, hint])).toEqual([
      [
        'no value is written here',
        'write null for the calls without one; put quotes around a value that begins with #',
      ],
    ]);
  });

  it.each([...WRITTEN, 'null', '~'])('names a model of the price list as it is written: %s', (text) => {
    const { prices } = parsePrices('prices.yaml', `models: { ${text}: { input: 1, output: 2 } }`);
    expect(Object.keys(prices?.models ?? {})).toEqual([text]);
  });

  it('may be a number or a boolean in editors, too', () => {
    const text = JSON.stringify(alertsJsonSchema());
    expect(text).toContain('{"type":["string","number","boolean"]}');
    expect(text).not.toContain('asWritten');
  });
});
