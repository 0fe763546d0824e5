// The files that a local stand-in for Slack takes.

import type { HttpReply, ReceivedRequest } from './http-receiver.ts';

/** A call of the Web API. */
interface Call {
  readonly method: string;
  readonly args: Readonly<Record<string, unknown>>;
}

/** A file that was shared in a channel. */
export interface SharedFile {
  readonly name: string;
  readonly title: string;
  readonly alt: string;
  readonly channelId: string;
  /** The message below which it was shared; null for the channel itself. */
  readonly threadTs: string | null;
  readonly bytes: Buffer;
}

interface Upload {
  readonly name: string;
  readonly alt: string;
  readonly length: number;
  bytes: Buffer | null;
}

/** Uploads in three steps, as Slack documents them: ask for a URL, send the bytes there, say where they belong. */
export interface SlackFiles {
  /** The answer to a call of `files.*`; null for other methods. */
  answer(call: Call, base: string): Record<string, unknown> | null;
  /** The answer to bytes; null for requests to other addresses. */
  take(request: ReceivedRequest): HttpReply | null;
}

const UPLOADS = '/upload/v1/';

export function slackFiles(share: (file: SharedFile) => void): SlackFiles {
  const uploads = new Map<string, Upload>();
  return {
    answer({ method, args }, base) {
      if (method === 'files.getUploadURLExternal') {
        const { filename, length, alt_txt: alt = '' } = args;
        if (filename === undefined || !(Number(length) > 0)) return { ok: false, error: 'missing_argument' };
        if (String(alt).length > 1000) return { ok: false, error: 'alt_txt_too_large' };
        const id = `F0DEMO${String(uploads.size + 1).padStart(4, '0')}`;
        uploads.set(id, { name: String(filename), alt: String(alt), length: Number(length), bytes: null });
        return { ok: true, upload_url: `${base}${UPLOADS}${id}`, file_id: id };
      }
      if (method !== 'files.completeUploadExternal') return null;
      for (const { id, title = '' } of args.files as { id: string; title?: string }[]) {
        const upload = uploads.get(id);
        if (upload === undefined || upload.bytes === null) return { ok: false, error: 'file_not_found' };
        const { name, alt, bytes } = upload;
        const threadTs = args.thread_ts === undefined ? null : String(args.thread_ts);
        share({ name, title, alt, channelId: String(args.channel_id), threadTs, bytes });
      }
      return { ok: true, files: args.files };
    },
    take({ path, bytes }) {
      if (!path.startsWith(UPLOADS)) return null;
      const upload = uploads.get(path.slice(UPLOADS.length));
      if (upload === undefined || upload.length !== bytes.length) return { status: 400 };
      upload.bytes = bytes;
      return { status: 200, body: `OK - ${bytes.length}` };
    },
  };
}
