// The far ends, for the demo and the tests.

/** Local far ends of every kind of channel: what the demo shows, and what the tests send to. All on 127.0.0.1. */
export { startSlackReceiver } from './slack-receiver.ts';
export { type ReceivedMail, startSmtpReceiver } from './smtp-receiver.ts';
export { type ReceivedHook, startWebhookReceiver } from './webhook-receiver.ts';
