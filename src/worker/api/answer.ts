// What the API answers with: JSON, or an error as JSON.

import { z } from 'zod';

/** A request, as far as the API looks at it. */
export interface ApiRequest {
  readonly method: string;
  /** Without the query string. */
  readonly path: string;
  /** The query string, without its question mark. */
  readonly query: string;
  readonly authorization: string | undefined;
  readonly host: string | undefined;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** JSON text. */
  readonly text: string;
}

export const errorSchema = z.strictObject({
  error: z.strictObject({
    code: z.string().describe('For programs'),
    message: z.string().describe('What is wrong, for people'),
    hint: z.string().optional().describe('What to do'),
  }),
});

/** Something that keeps a request from being answered. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly hint: string | undefined;
  readonly headers: Readonly<Record<string, string>>;

  constructor(
    status: number,
    code: string,
    message: string,
    { hint, headers = {} }: { hint?: string; headers?: Readonly<Record<string, string>> } = {},
  ) {
    super(message);
    this.status = status;
    this.code = code;
    this.hint = hint;
    this.headers = headers;
  }
}

export function errorAnswer({ status, code, message, hint, headers }: ApiError): ApiAnswer {
  const body: z.infer<typeof errorSchema> = { error: { code, message, hint } };
  return { status, headers, text: JSON.stringify(body, null, 2) };
}
