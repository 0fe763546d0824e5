/**
 * Looks for planted secrets as they are and in the forms that URLs, JSON, HTML, hexadecimal and base64 give them; in base64
 * also inside of anything longer, as in a login.
 */
export function secretsIn(text: string, secrets: readonly string[]): string[] {
  return secrets.flatMap(formsOf).filter((form) => text.includes(form));
}

function formsOf(secret: string): string[] {
  const bytes = Buffer.from(secret);
  const inside = [0, 1, 2].map((before) => {
    const code = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    return code.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
  });
  const html = secret
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
  return [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    html,
    bytes.toString('base64'),
    bytes.toString('hex'),
    ...inside.filter((code) => code.length >= 8),
  ];
}
