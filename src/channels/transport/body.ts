// Reads the body of a response, within limits.

/** How much of a body is read, and for how long. With `untilMs` null it is read until the request is aborted. */
export interface BodyLimits {
  readonly mostBytes: number;
  readonly untilMs: number | null;
}

export interface Body {
  /** The beginning of the body, decoded and decompressed. */
  readonly text: string;
  /** Whether `text` is the whole body, and the receiver ended it. */
  readonly isWhole: boolean;
}

/**
 * The beginning of a response's body. A receiver that breaks the body off, never ends it or sends more than `mostBytes`
 * has still answered: what came so far is returned, and nothing waits for the rest.
 */
export async function readBody(response: Response, { mostBytes, untilMs }: BodyLimits): Promise<Body> {
  const reader = response.body?.getReader();
  if (reader === undefined) return { text: '', isWhole: true };
  const chunks: Uint8Array[] = [];
  let size = 0;
  let isWhole = false;
  let isLate = false;
  const tooLate = (): void => {
    isLate = true;
    void reader.cancel().catch(() => undefined);
  };
  const timer = untilMs === null ? undefined : setTimeout(tooLate, untilMs);
  try {
    while (size <= mostBytes && !isWhole) {
      const { done, value } = await reader.read();
      if (done) isWhole = !isLate;
      if (done) break;
      chunks.push(value);
      size += value.length;
    }
  } catch {
    // The status has arrived. Whether the body matters too is up to the caller.
  } finally {
    clearTimeout(timer);
    void reader.cancel().catch(() => undefined);
  }
  const text = new TextDecoder().decode(Buffer.concat(chunks).subarray(0, mostBytes));
  // A cut could leave half of a secret, which would not be redacted.
  return { text: size > mostBytes ? text.replace(/\S{1,400}$/, '') : text, isWhole };
}
