// Checks an http(s) URL and says what is wrong with it.

/** What is wrong with a text that should be an http(s) URL. Nothing of the text is quoted, as it may hold a secret. */
export interface UrlFault {
  readonly message: string;
  readonly hint: string;
}

/** Null for a usable URL. URL parsers are lenient: they drop line breaks, and take half of a password for a host. */
export function httpUrlFault(text: string): UrlFault | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return {
      message: 'not an http(s) URL',
      hint: `write https://host/path${text.includes('@') ? `; ${IN_LOGIN}` : ''}`,
    };
  }
  if (/[\s\p{Cc}]/u.test(text)) {
    return {
      message: 'holds a space or a line break, which no URL may have',
      hint: 'give the URL alone, in one line',
    };
  }
  if (text.includes('#')) {
    return {
      message: 'holds a #, and what follows it is never sent',
      hint: `drop it, or write %23; ${IN_LOGIN}`,
    };
  }
  if (!isDecodable(url.username) || !isDecodable(url.password)) {
    return {
      message: 'has a % in its login without two hex digits after it',
      hint: `write %25; ${IN_LOGIN}`,
    };
  }
  return null;
}

const IN_LOGIN = 'in a login % / ? # @ : are percent-encoded: %25 %2F %3F %23 %40 %3A';

/** Whether every % begins the code of a character. */
export function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
