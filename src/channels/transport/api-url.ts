// The address of a provider's API, as a key in alerts.yaml.

import { z } from 'zod';
import { httpUrlFault, type UrlFault } from '../../model/http-url.ts';

/** The key of an address that is no secret; `login` names what signs in there in place of a login in the URL. */
export function apiUrlKey(description: string, fallback: string, login: string) {
  return z
    .string()
    .meta({ title: 'URL' })
    .superRefine((url, context) => {
      const fault = apiUrlFault(url, login);
      if (fault !== null)
        context.addIssue({ code: 'custom', message: fault.message, params: { hint: fault.hint } });
    })
    .default(fallback)
    .describe(description);
}

/** A base URL that ends with a slash, so that the name of a method can be appended. */
export function withSlash(url: string): string {
  return url.endsWith('/') ? url : `${url}/`;
}

function apiUrlFault(text: string, login: string): UrlFault | null {
  const fault = httpUrlFault(text);
  if (fault !== null) return fault;
  const { username, password, search } = new URL(text);
  if (username !== '' || password !== '') {
    return {
      message: `holds a login, but spendwatch signs in with the ${login}`,
      hint: 'drop what stands before the @',
    };
  }
  return search === '' ? null : { message: 'holds a ?, which this address does not take', hint: 'drop it' };
}
