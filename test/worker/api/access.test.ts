import { describe, expect, it } from 'vitest';
import { Secret } from '../../../src/model/secret.ts';
import { ensureAccess } from '../../../src/worker/api/access.ts';
import { ApiError } from '../../../src/worker/api/answer.ts';

const TOKEN = 'a-token-of-the-api-0123456789';

/** `ok`, or the status and the code with which a request is refused. */
function answerTo(
  door: { readonly host: string; readonly token?: string },
  request: { readonly authorization?: string; readonly host?: string } = {},
): string {
  const token = door.token === undefined ? null : new Secret(door.token);
  try {
    ensureAccess(
      { host: door.host, token },
      {
        method: 'GET',
        path: '/api/v1/rules',
        query: '',
        authorization: request.authorization,
        host: request.host ?? '127.0.0.1:9464',
      },
    );
    return 'ok';
  } catch (error) {
    if (error instanceof ApiError) return `${error.status} ${error.code}`;
    throw error;
  }
}

describe('the API', () => {
  it.each(['127.0.0.1', '127.8.9.1', '::1', 'localhost'])('is open on %s without a token', (host) => {
    expect(answerTo({ host })).toBe('ok');
  });

  it.each(['', '0.0.0.0', '::', '10.0.0.7', 'worker.example.com', '127.0.0.1.example.com', '1270.0.0.1'])(
    'is off on "%s" without a token',
    (host) => expect(answerTo({ host })).toBe('403 api_off'),
  );

  it.each([
    [`Bearer ${TOKEN}`, 'ok'],
    [`bearer  ${TOKEN} `, 'ok'],
    [undefined, '401 token_missing'],
    ['', '401 token_missing'],
    [TOKEN, '401 token_missing'],
    [`Basic ${TOKEN}`, '401 token_missing'],
    ['Bearer ', '401 token_missing'],
    ['Bearer wrong', '401 token_wrong'],
    [`Bearer ${TOKEN}x`, '401 token_wrong'],
    [`Bearer ${TOKEN.slice(1)}`, '401 token_wrong'],
    [`Bearer ${TOKEN.toUpperCase()}`, '401 token_wrong'],
  ])('asks for its token wherever it listens: %j', (authorization, expected) => {
    const request = { ...(authorization !== undefined && { authorization }), host: 'worker.example.com' };
    for (const host of ['0.0.0.0', '127.0.0.1']) {
      expect(answerTo({ host, token: TOKEN }, request)).toBe(expected);
    }
  });

  it.each([
    ['localhost:9464', 'ok'],
    ['LOCALHOST', 'ok'],
    ['[::1]:9464', 'ok'],
    ['127.0.0.1', 'ok'],
    ['rebound.example.com:9464', '403 host_refused'],
    ['localhost.example.com', '403 host_refused'],
    ['localhost@example.com', '403 host_refused'],
    ['', '403 host_refused'],
  ])('without a token answers no page that reached loopback as %s', (host, expected) => {
    expect(answerTo({ host: '127.0.0.1' }, { host })).toBe(expected);
  });
});
