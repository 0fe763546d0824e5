// The keys that every channel has: what it is told of incidents.

import { z } from 'zod';
import { type ChannelTerms, type ChannelType, USUAL_TERMS } from './channel.ts';

const group = z
  .boolean()
  .exactOptional()
  .describe(
    'For channels that people read: `false` gives a message per rule, not per incident (default: `true`)',
  );

const sendResolved = z
  .boolean()
  .exactOptional()
  .describe('Whether ends of alerts are sent (default: `true`; `false` for email and webhook)');

/** The schema of a channel type with these keys. Its own part does not see them. */
export function withTermKeys({ schema }: ChannelType): z.ZodType<{ type: string }> {
  // The contract does not say that each schema is an object with a transformation. A test of the schema does.
  const { in: keys, out } = schema as unknown as z.ZodPipe<
    z.ZodObject,
    z.ZodTransform<unknown, Record<string, unknown>>
  >;
  return z.pipe(keys.safeExtend({ group, send_resolved: sendResolved }), out) as unknown as z.ZodType<{
    type: string;
  }>;
}

/** What the file says of a channel; `given` are its keys after validation. */
export function termsOf(
  given: Readonly<Record<string, unknown>>,
  type: Pick<ChannelType, 'sendResolved'> | undefined,
): ChannelTerms {
  const { byIncident: grouped, sendResolved: sent } = { ...USUAL_TERMS, ...type };
  const { group: byIncident = grouped, send_resolved: resolved = sent } = given;
  return { byIncident: byIncident === true, sendResolved: resolved === true };
}
