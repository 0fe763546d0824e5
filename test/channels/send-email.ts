// A process of its own, because Node reads NODE_EXTRA_CA_CERTS only when it starts.
import { email } from '../../src/channels/email/email.ts';
import { sampleAlert, sampleNews } from './sample-messages.ts';

const channel = await email.open('finance', email.schema.parse(JSON.parse(process.argv[2] ?? '{}')));
const body = channel.render(sampleNews([sampleAlert()]), 'dlv_1');
const { answer } = await channel.send({ id: 'dlv_1', body, accepted: [] }, new AbortController().signal);
process.stdout.write(`${answer}\n`);
