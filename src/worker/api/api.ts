// The read-only JSON API of a worker: answers one request.

import type { App } from '../../app.ts';
import type { Worker } from '../worker.ts';
import { type Door, ensureAccess } from './access.ts';
import { type ApiAnswer, ApiError, type ApiRequest, errorAnswer } from './answer.ts';
import { ENDPOINTS } from './endpoints.ts';
import { OPENAPI_PATH, openApiText } from './openapi.ts';
import { askedBy } from './parameters.ts';
import { openStateReads } from './state-reads.ts';

/** The file in force and its worker, asked at each request. */
export type Running = () => { readonly app: App; readonly worker: Worker | null };

/** Answers a request that came in through a door. Rejects only for faults of the program. */
export type Api = (door: Door, request: ApiRequest) => Promise<ApiAnswer>;

export function openApi(running: Running, version: string): Api {
  const reads = openStateReads(Date.now);

  const textOf = async ({ path, query }: ApiRequest): Promise<string> => {
    if (path === OPENAPI_PATH) {
      askedBy(query, []);
      return openApiText(version);
    }
    const endpoint = ENDPOINTS.find((one) => one.path === path);
    if (endpoint === undefined) {
      const paths = [...ENDPOINTS.map((one) => one.path), OPENAPI_PATH];
      throw new ApiError(404, 'not_found', 'there is nothing here', {
        hint: `there are: ${paths.join(', ')}`,
      });
    }
    const asked = askedBy(query, endpoint.parameters);
    const { app, worker } = running();
    const answer = () => endpoint.answer({ app, worker, asked });
    return endpoint.asksState ? reads.read(`${path}?${JSON.stringify(asked)}`, answer) : answer();
  };

  return async (door, request) => {
    try {
      ensureAccess(door, request);
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        throw new ApiError(
          405,
          'method_not_allowed',
          'the API is read-only: only GET and HEAD are answered',
          {
            headers: { allow: 'GET, HEAD' },
          },
        );
      }
      return { status: 200, headers: {}, text: await textOf(request) };
    } catch (error) {
      if (error instanceof ApiError) return errorAnswer(error);
      throw error;
    }
  };
}
