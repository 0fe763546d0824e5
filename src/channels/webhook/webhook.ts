// Posts messages as signed JSON to a webhook.

import { redactor } from '../../model/redact.ts';
import { openTemplates } from '../../templates/open.ts';
import type { ChannelType, Receipt } from '../channel.ts';
import { checkConnection } from '../transport/connect-check.ts';
import { within } from '../transport/deadline.ts';
import { answerFailure, exchange, peerOf } from '../transport/http.ts';
import { openProxy } from '../transport/proxy.ts';
import { chooseProxy, NO_PROXIES } from '../transport/proxy-choice.ts';
import { secretsOfHeader, secretsOfUrl } from '../transport/redact.ts';
import { bodyFault, bodyValues, filledBody } from './body.ts';
import { type WebhookOptions, webhookSchema } from './options.ts';
import { signatureHeaders, signingKey } from './signature.ts';

const TIMEOUT_MS = 15_000;

/** POSTs the message's JSON, signed. Receivers drop repeats by `webhook-id`. */
export const webhook: ChannelType<WebhookOptions> = {
  type: 'webhook',
  sendResolved: false,
  schema: webhookSchema,
  template: { key: 'body', values: bodyValues },
  async open(name, options, proxies = NO_PROXIES) {
    const url = options.url.reveal();
    const peer = peerOf(url);
    const via = await openProxy(chooseProxy(url, options.proxy, proxies));
    const fill = options.body === null ? null : (await openTemplates()).compile(options.body, 'json');
    const keys = options.secrets.map((secret) => signingKey(secret.reveal())).filter((key) => key !== null);
    const custom = Object.fromEntries(
      Object.entries(options.headers).map(([key, value]) => [key, value.reveal()]),
    );
    const redact = redactor([
      ...secretsOfUrl(url),
      ...options.secrets.flatMap((secret) => [secret.reveal(), secret.reveal().replace(/^whsec_/, '')]),
      ...Object.values(custom).flatMap(secretsOfHeader),
      ...(via?.secrets ?? []),
    ]);
    return {
      name,
      type: 'webhook',
      audience: 'programs',
      timeoutMs: TIMEOUT_MS,
      spacingMs: 0,
      render: (message, id) => (fill === null ? message.json : filledBody(fill, message, id)),
      async send({ id, body }, signal): Promise<Receipt> {
        const headers = {
          'user-agent': 'spendwatch',
          ...custom,
          'content-type': 'application/json',
          'webhook-id': id,
          ...signatureHeaders(options.signature, keys, id, Date.now(), body),
        };
        const request = { method: 'POST', headers, body, via } as const;
        const answer = await within(TIMEOUT_MS, signal, (limit) => exchange(url, request, redact, limit));
        const failure = answerFailure(peer, answer, redact);
        if (failure !== null) throw failure;
        const fault = fill === null ? null : bodyFault(body);
        return { answer: `HTTP ${answer.status}${fault === null ? '' : `; ${fault}`}` };
      },
      async probe(signal): Promise<Receipt> {
        return {
          answer: await within(TIMEOUT_MS, signal, (limit) => checkConnection(url, redact, limit, via)),
        };
      },
      close: async () => via?.close(),
    };
  },
};
