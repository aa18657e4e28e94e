/** `drain.ts TARGET PORT`: receives the log until all that the server had is stored, then ends the receiver as Kubernetes does. */
import { spawn } from 'node:child_process';
import { endReceiver, lagBytes } from '../../test/kit/receiver-process.ts';
import { until } from '../../test/kit/until.ts';

/** The last of the log waits for the interval, and is stored at once when the receiver ends. */
const lastBytes = 4 << 20;

const [target = '', port = ''] = process.argv.slice(2);
const receiver = spawn('grill-backup', ['receive', target, '--port', port], { stdio: 'inherit' });
await until(async () => (await lagBytes(Number(port))) <= lastBytes, 600);
const code = await endReceiver(receiver, 'SIGTERM');
if (code !== 0) throw new Error(`the receiver ended with ${code}`);
