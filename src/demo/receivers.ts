// Local receivers for the demo and the tests.

/** Receivers for every kind of channel, on 127.0.0.1. The demo shows what they get, and tests send to them. */
export { startSlackReceiver } from './slack-receiver.ts';
export { type ReceivedMail, startSmtpReceiver } from './smtp-receiver.ts';
export { type ReceivedHook, startWebhookReceiver } from './webhook-receiver.ts';
