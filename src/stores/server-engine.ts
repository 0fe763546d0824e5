// What the engines that are reached by a URL of a server have in common.

import type { UrlFault } from '../model/database-url.ts';
import { AppError } from '../model/errors.ts';

/** How such an engine answers of a URL, by its parser. `unnamed` stands for the place of a URL that is none. */
export function serverUrls<U extends { readonly place: string }>(
  parse: (text: string) => U | UrlFault,
  unnamed: string,
) {
  return {
    placeOf(text: string): string {
      const url = parse(text);
      return 'fault' in url ? unnamed : url.place;
    },
    urlFault(text: string): UrlFault | null {
      const url = parse(text);
      return 'fault' in url ? url : null;
    },
    /** The URL, of a file that was checked; throws an AppError where it is none. */
    parsed(text: string): U {
      const url = parse(text);
      if ('fault' in url) throw new AppError('usage', url.fault, { hint: url.hint });
      return url;
    },
  };
}
