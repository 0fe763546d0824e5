// What is stored with a delivery to Slack.

import type { MessageChart } from '../../model/chart.ts';
import type { Message } from '../../model/message.ts';
import type { Root } from '../channel.ts';
import { plainSlackText, renderSlack, type SlackPost } from './blocks.ts';

/** A post, and the plain text that is sent if Slack refuses its blocks. */
export interface StoredPost extends SlackPost {
  readonly plain: string;
  /** What the picture shows; absent where there is none. */
  readonly chart?: MessageChart;
  /** Absent in a post that begins a thread. */
  readonly answers?: {
    /** Whether the channel sees it too, and not only its thread. */
    readonly isNews: boolean;
    /** What the first message of the thread says from now on. */
    readonly root: SlackPost;
  };
}

/** Pure. The body of a delivery, as JSON. */
export function storedPost(message: Message, id: string, root: Root | null, showsPictures: boolean): string {
  const { chart, incident } = message;
  const post: StoredPost = {
    ...renderSlack(message, id),
    plain: plainSlackText(message),
    ...(showsPictures && chart !== null && { chart }),
    ...(root !== null && {
      answers: { isNews: incident?.isNews !== false, root: renderSlack(root.now, root.id) },
    }),
  };
  return JSON.stringify(post);
}
