// The registry of this folder.

import type { ChannelType } from './channel.ts';
import { email } from './email.ts';
import { slack } from './slack.ts';
import { webhook } from './webhook.ts';

/** Every kind of channel. A new one is a file beside this one and a line here. */
export const channelTypes: readonly ChannelType[] = [email, slack, webhook];
