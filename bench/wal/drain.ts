/** `drain.ts TARGET PORT`: receives the log until all that the server had is stored, then ends the receiver as Kubernetes does. */
import { spawn } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { endReceiver, lagBytes } from '../../test/kit/receiver-process.ts';
import { receiverCommand } from './receivers.ts';

/** The last of the log waits for the interval, and is stored at once when the receiver ends. */
const lastBytes = 4 << 20;

/** Each look costs the receiver some milliseconds of CPU time. */
const lookMs = 200;

const [target = '', port = ''] = process.argv.slice(2);
const [node = '', ...args] = receiverCommand(target, Number(port));
const receiver = spawn(node, args, { stdio: 'inherit' });
const lag = (): Promise<number> => lagBytes(Number(port)).catch(() => Infinity);
while ((await lag()) > lastBytes && receiver.exitCode === null) await sleep(lookMs);
const code = await endReceiver(receiver, 'SIGTERM');
if (code !== 0) throw new Error(`the receiver ended with ${code}`);
