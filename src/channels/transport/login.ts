// The login in a URL, and its Authorization header.

/** The login of a URL as HTTP sends it: `user:password`; null when the URL has none. */
export function loginOf({ username, password }: URL): string | null {
  if (username === '' && password === '') return null;
  return `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
}

/** The value of the header that signs in with a login. */
export function basicAuth(login: string): string {
  return `Basic ${Buffer.from(login).toString('base64')}`;
}
