// The registry of channel types.

import { alertmanager } from './alertmanager.ts';
import type { ChannelType } from './channel.ts';
import { dingtalk } from './dingtalk.ts';
import { discord } from './discord.ts';
import { email } from './email/email.ts';
import { feishu } from './feishu.ts';
import { pagerduty } from './pagerduty.ts';
import { slack } from './slack/slack.ts';
import { teams } from './teams.ts';
import { telegram } from './telegram.ts';
import { webhook } from './webhook/webhook.ts';
import { wecom } from './wecom.ts';

/** Every channel type. A new one is a file or folder here, and one line. */
export const channelTypes: readonly ChannelType[] = [
  email,
  slack,
  webhook,
  discord,
  teams,
  telegram,
  pagerduty,
  alertmanager,
  feishu,
  dingtalk,
  wecom,
];
