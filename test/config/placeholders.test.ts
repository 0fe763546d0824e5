import { expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { placeholdersOf } from '../../src/config/placeholders.ts';
import { folderWith } from './support.ts';

const RULES = 'rules: [{ name: burn, type: threshold, metric: spend, window: 1h, threshold: 1 }]\n';

async function found(channels: string): Promise<string[]> {
  const folder = await folderWith({
    'alerts.yaml': `version: 1\naudit: { url: "pglite:./data", preset: litellm }\nchannels:\n${channels}${RULES}`,
  });
  const config = await loadConfig(`${folder}/alerts.yaml`, {});
  return placeholdersOf(config).map(({ channel, message, hint }) => `${channel}: ${message}; ${hint}`);
}

it('tokens, signing secrets, hosts and addresses of the example are placeholders', async () => {
  expect(
    await found(`  a: { type: slack, token: xoxb-replace-me, channel: "#x" }
  b: { type: webhook, url: "https://hooks.acme.test/a", secret: replace-me-with-a-long-random-text }
  c: { type: webhook, url: "https://billing.example.com/hooks", secret: a-secret-of-sixteen-bytes }
  d: { type: email, to: [a@acme.test], from: b@acme.test, host: "\${SMTP_SERVER:-smtp.example.com}" }
  e: { type: slack, webhook_url: "\${SLACK_HOOK:-https://hooks.example.com/services/T0/B0/x}" }
  f: { type: slack, token: xoxb-1234, channel: "#x", api_url: "https://slack.example.org/api/" }
`),
  ).toEqual([
    'a: token is still the placeholder of the example; write the real one as token',
    'b: secret is still the placeholder of the example; write the real one as secret',
    'c: url is still the placeholder of the example; write the real one as url',
    'd: host is still the placeholder of the example; set SMTP_SERVER, or write host',
    'e: webhook_url is still the placeholder of the example; set SLACK_HOOK, or write webhook_url',
    'f: api_url is still the placeholder of the example; write the real one as api_url',
  ]);
});

it('real ones are not, nor are mail addresses at an example domain', async () => {
  expect(
    await found(`  a: { type: slack, token: xoxb-1234, channel: "#x" }
  b: { type: webhook, url: "https://hooks.notexample.com/a", secret: a-secret-of-sixteen-bytes }
  d: { type: email, to: [a@example.com], from: b@example.com, host: 127.0.0.1 }
`),
  ).toEqual([]);
});

it("the repository's own alerts.yaml names each of its three", async () => {
  const config = await loadConfig(new URL('../../alerts.yaml', import.meta.url).pathname, {});
  expect(placeholdersOf(config).map(({ hint }) => hint)).toEqual([
    'set SLACK_BOT_TOKEN, or write token',
    'set SMTP_SERVER, or write host',
    'write the real one as url',
  ]);
});
