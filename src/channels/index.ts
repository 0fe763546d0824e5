// The registry of this folder.

import type { ChannelType } from './channel.ts';
import { email } from './email/email.ts';
import { slack } from './slack/slack.ts';
import { webhook } from './webhook/webhook.ts';

/** Every kind of channel. A new one is a file beside this one and a line here. */
export const channelTypes: readonly ChannelType[] = [email, slack, webhook];
