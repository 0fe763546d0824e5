/** Looks for planted secrets as they are and in the forms that URLs, JSON and basic authentication give them. */
export function secretsIn(text: string, secrets: readonly string[]): string[] {
  const traces = secrets.flatMap((secret) => [
    secret,
    encodeURIComponent(secret),
    JSON.stringify(secret).slice(1, -1),
    Buffer.from(secret).toString('base64'),
  ]);
  return traces.filter((trace) => text.includes(trace));
}
