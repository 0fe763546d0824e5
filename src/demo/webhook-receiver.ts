// A local webhook receiver that verifies signatures.

import { Webhook } from 'standardwebhooks';
import { type HttpReply, type ReceivedRequest, startHttpReceiver } from './http-receiver.ts';

export interface ReceivedHook extends ReceivedRequest {
  /** Whether the signature is valid by the receiver's own secret. */
  readonly verified: boolean;
}

export interface WebhookReceiver {
  readonly url: string;
  readonly received: readonly ReceivedHook[];
  close(): Promise<void>;
}

/** Receives hooks as a billing department's server would, and verifies their signature with the reference library. */
export async function startWebhookReceiver(options: {
  readonly secret: string;
  readonly onHook?: (hook: ReceivedHook) => void;
  readonly respond?: (hook: ReceivedHook, attempt: number) => HttpReply;
  readonly tls?: { readonly key: string; readonly cert: string };
}): Promise<WebhookReceiver> {
  const received: ReceivedHook[] = [];
  const { secret, tls = null } = options;
  const isEncoded = secret.startsWith('whsec_');
  const verifier = isEncoded ? new Webhook(secret) : new Webhook(Buffer.from(secret), { format: 'raw' });
  const server = await startHttpReceiver((request) => {
    const hook = { ...request, verified: isVerified(verifier, request) };
    received.push(hook);
    options.onHook?.(hook);
    return options.respond?.(hook, received.length) ?? { status: hook.verified ? 204 : 401 };
  }, tls);
  const scheme = tls === null ? 'http' : 'https';
  return { url: `${scheme}://127.0.0.1:${server.port}/hooks/spend`, received, close: server.close };
}

function isVerified(verifier: Webhook, { body, headers }: ReceivedRequest): boolean {
  try {
    verifier.verify(body, { ...headers });
    return true;
  } catch {
    return false;
  }
}
