// The body of a webhook that its owner has written as a template.

import type { Message } from '../../model/message.ts';
import { plainBody } from '../../model/plain-text.ts';
import { jsonValues } from '../../templates/json-values.ts';
import { type Fill, type JsonObject, TemplateError } from '../../templates/template.ts';

/** What the template can name: the standard body, its delivery's id, and the message for people as plain text. */
export function bodyValues(message: Message, id: string): JsonObject {
  return { ...jsonValues(message.json), id, title: message.title, text: plainBody(message) };
}

/** The body that the template makes. Where it makes no JSON, the standard one, which says why: no message is lost. */
export function filledBody(fill: Fill, message: Message, id: string): string {
  try {
    const body = fill(bodyValues(message, id));
    JSON.parse(body);
    return body;
  } catch (error) {
    const why = error instanceof TemplateError ? error.message : 'it makes no JSON';
    return `${MARK}${JSON.stringify(why)},${message.json.slice(1)}`;
  }
}

const MARK = '{"body_error":';

/** Why a stored body is the standard one, in words; null where the template made it. */
export function bodyFault(body: string): string | null {
  if (!body.startsWith(MARK)) return null;
  const { body_error: why } = JSON.parse(body) as { readonly body_error: unknown };
  return `sent in the standard form, as its template failed: ${String(why)}`;
}
