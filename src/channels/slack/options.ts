// The keys of a slack channel in alerts.yaml.

import { z } from 'zod';
import type { Secret } from '../../model/secret.ts';
import { secretHeaderKey, secretUrlKey } from '../../model/secret-key.ts';
import { picturesKey } from '../pictures-key.ts';
import { apiUrlKey, withSlash } from '../transport/api-url.ts';
import { proxyKey } from '../transport/proxy-choice.ts';

/** Where a slack channel posts: as a bot through the Web API, or through an incoming webhook. */
export type SlackOptions = {
  readonly type: 'slack';
  readonly proxy: Secret | null;
  readonly pictures: boolean;
} & (
  | { readonly token: Secret; readonly channel: string; readonly apiUrl: string; readonly webhookUrl: null }
  | { readonly webhookUrl: Secret }
);

/** The keys of a slack channel: `token` and `channel`, or `webhook_url`. */
export const slackSchema: z.ZodType<SlackOptions> = z
  .strictObject({
    type: z.literal('slack'),
    token: secretHeaderKey(
      'Bot token (`xoxb-…`) with the scope `chat:write`, and `files:write` for pictures; needs `channel`',
      /^[\x21-\x7e]+$/,
    ).exactOptional(),
    channel: z
      .string()
      .min(1)
      .describe('Channel to post to: its id (`C0123456789`) or its name in quotes (`"#llm-spend"`)')
      .exactOptional(),
    webhook_url: secretUrlKey('Incoming webhook, in place of `token` and `channel`').exactOptional(),
    api_url: apiUrlKey('Base URL of the Web API', 'https://slack.com/api/', 'token'),
    proxy: proxyKey.exactOptional(),
    pictures: picturesKey,
  })
  .transform((keys, context): SlackOptions => {
    const fault = (key: string, message: string): never => {
      context.issues.push({ code: 'custom', input: keys, path: [key], message });
      return z.NEVER;
    };
    const { type, token, channel, webhook_url: webhookUrl, proxy = null, pictures } = keys;
    if (webhookUrl !== undefined) {
      if (token !== undefined)
        return fault('webhook_url', 'give either `token` and `channel`, or `webhook_url`');
      if (channel !== undefined) {
        return fault(
          'channel',
          'an incoming webhook posts to the channel that it was made for; drop `channel`',
        );
      }
      return { type, webhookUrl, proxy, pictures };
    }
    if (token === undefined) return fault('token', 'missing: give `token` and `channel`, or `webhook_url`');
    if (channel === undefined) return fault('channel', 'missing: `token` needs a `channel` to post to');
    return { type, token, channel, apiUrl: withSlash(keys.api_url), webhookUrl: null, proxy, pictures };
  });
