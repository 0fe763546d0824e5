// Says in every message of a channel which installation of spendwatch it is from.

import { displayText } from '../model/display-text.ts';
import type { Message } from '../model/message.ts';
import { namedJson } from '../model/message-json.ts';
import type { Channel } from './channel.ts';

/** The channel of an installation; the same channel where it has no name. */
export function ofInstallation(channel: Channel, name: string | null): Channel {
  if (name === null) return channel;
  return {
    ...channel,
    render: (message, id, root = null) =>
      channel.render(from(message, name), id, root && { ...root, now: from(root.now, name) }),
  };
}

function from(message: Message, name: string): Message {
  return {
    ...message,
    installation: name,
    footer: [...message.footer, `Sent by spendwatch ${displayText(name)}.`],
    json: namedJson(message.json, name),
  };
}
