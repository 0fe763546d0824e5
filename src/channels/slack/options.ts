// The keys of a slack channel in alerts.yaml.

import { z } from 'zod';
import { httpUrlFault, type UrlFault } from '../../model/http-url.ts';
import type { Secret } from '../../model/secret.ts';
import { secretHeaderKey, secretUrlKey } from '../../model/secret-key.ts';
import { proxyKey } from '../transport/proxy-choice.ts';

/** Where a slack channel posts: as a bot through the Web API, or through an incoming webhook. */
export type SlackOptions = { readonly type: 'slack'; readonly proxy: Secret | null } & (
  | { readonly token: Secret; readonly channel: string; readonly apiUrl: string; readonly webhookUrl: null }
  | { readonly webhookUrl: Secret }
);

/** The keys of a slack channel: `token` and `channel`, or `webhook_url`. */
export const slackSchema: z.ZodType<SlackOptions> = z
  .strictObject({
    type: z.literal('slack'),
    token: secretHeaderKey(
      'Bot token (`xoxb-…`) with the scope `chat:write`; needs `channel`',
      /^[\x21-\x7e]+$/,
    ).exactOptional(),
    channel: z
      .string()
      .min(1)
      .describe('Channel to post to: its id (`C0123456789`) or its name in quotes (`"#llm-spend"`)')
      .exactOptional(),
    webhook_url: secretUrlKey('Incoming webhook, in place of `token` and `channel`').exactOptional(),
    api_url: z
      .string()
      .meta({ title: 'URL' })
      .superRefine((url, context) => {
        const fault = apiUrlFault(url);
        if (fault !== null)
          context.addIssue({ code: 'custom', message: fault.message, params: { hint: fault.hint } });
      })
      .default('https://slack.com/api/')
      .describe('Base URL of the Web API'),
    proxy: proxyKey.exactOptional(),
  })
  .transform((keys, context): SlackOptions => {
    const fault = (key: string, message: string): never => {
      context.issues.push({ code: 'custom', input: keys, path: [key], message });
      return z.NEVER;
    };
    const { type, token, channel, webhook_url: webhookUrl, proxy = null } = keys;
    if (webhookUrl !== undefined) {
      if (token !== undefined)
        return fault('webhook_url', 'give either `token` and `channel`, or `webhook_url`');
      if (channel !== undefined) {
        return fault(
          'channel',
          'an incoming webhook posts to the channel that it was made for; drop `channel`',
        );
      }
      return { type, webhookUrl, proxy };
    }
    if (token === undefined) return fault('token', 'missing: give `token` and `channel`, or `webhook_url`');
    if (channel === undefined) return fault('channel', 'missing: `token` needs a `channel` to post to');
    const apiUrl = keys.api_url.endsWith('/') ? keys.api_url : `${keys.api_url}/`;
    return { type, token, channel, apiUrl, webhookUrl: null, proxy };
  });

/** No login, because the token uses its header; no query, because the method's name is appended. */
function apiUrlFault(text: string): UrlFault | null {
  const fault = httpUrlFault(text);
  if (fault !== null) return fault;
  const { username, password, search } = new URL(text);
  if (username !== '' || password !== '') {
    return {
      message: 'holds a login, but spendwatch signs in with the token',
      hint: 'drop what stands before the @',
    };
  }
  return search === ''
    ? null
    : { message: 'holds a ?, but the name of the method is appended', hint: 'drop it' };
}
