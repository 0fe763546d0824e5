// Who may read the API.

import { createHash, timingSafeEqual } from 'node:crypto';
import { isLoopback, parseListen } from '../../config/listen.ts';
import type { Secret } from '../../model/secret.ts';
import { ApiError, type ApiRequest } from './answer.ts';

/** Where the worker listens, and what programs must show there. */
export interface Door {
  readonly host: string;
  readonly token: Secret | null;
}

/** Whether nobody may read the API: its port is open to other machines, and no token is set. */
export function isApiOff({ host, token }: Door): boolean {
  return token === null && !isLoopback(host);
}

/** Throws ApiError 401 or 403 for who may not read it. */
export function ensureAccess(door: Door, request: ApiRequest): void {
  if (door.token !== null) {
    ensureToken(door.token, request);
    return;
  }
  if (isApiOff(door)) {
    throw new ApiError(
      403,
      'api_off',
      'the API is off: the worker listens beyond loopback and has no token',
      {
        hint: 'set http.token or http.token_file in alerts.yaml',
      },
    );
  }
  // A page in a browser can reach loopback under a name of its own, but only under that name.
  if (!isLoopback(hostOf(request.host))) {
    throw new ApiError(403, 'host_refused', 'without a token the API answers only to localhost', {
      hint: 'ask http://127.0.0.1, or set http.token in alerts.yaml',
    });
  }
}

function ensureToken(token: Secret, { authorization }: ApiRequest): void {
  const [, given] = /^Bearer +([^ ]+) *$/i.exec(authorization ?? '') ?? [];
  if (given !== undefined && isSame(given, token.reveal())) return;
  const fault = given === undefined ? '' : ', error="invalid_token"';
  throw new ApiError(
    401,
    given === undefined ? 'token_missing' : 'token_wrong',
    given === undefined ? 'a token is needed' : 'this is not the token',
    {
      hint: 'send the header Authorization: Bearer TOKEN, with http.token of alerts.yaml',
      headers: { 'www-authenticate': `Bearer realm="spendwatch"${fault}` },
    },
  );
}

/** In a time that says nothing about the letters or the length of either. */
function isSame(a: string, b: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}

/** `localhost` of `localhost:9464`, which browsers may leave without a port. */
function hostOf(header = ''): string {
  return (parseListen(header) ?? parseListen(`${header}:80`))?.host.toLowerCase() ?? '';
}
