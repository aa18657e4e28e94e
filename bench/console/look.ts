/**
 * Starts the console as its pod does, and looks at it: `node bench/console/look.ts <endpoint of S3> <file>` writes figures into the
 * file. The plan names an endpoint that is not there: the proxy that counts is.
 */
import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { env } from 'node:process';
import { mountVariables } from '../../runtime/src/contract/mounts.ts';
import { consolePaths } from '../../runtime/src/contract/console.ts';
import { programPath } from '../../runtime/src/contract/names.ts';
import { median } from '../../runtime/src/core/median.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { serverCommand } from '../../src/constructs/server-command.ts';
import { startOpenCluster } from '../../test/kit/console-api.ts';
import { freePort } from '../../test/kit/private-server.ts';
import { until } from '../../test/kit/until.ts';
import { startCountingProxy } from './counting-proxy.ts';

const [endpoint, file] = process.argv.slice(2).map((arg) => mustExist(arg, 'argument'));
const looks = 20;
const readingSeconds = 600;

await using stack = new AsyncDisposableStack();
const proxy = await startCountingProxy(mustExist(endpoint, 'endpoint'));
stack.defer(proxy.stop);
const cluster = await startOpenCluster();
stack.defer(cluster.stop);

const planFile = mustExist(env[mountVariables.plan], 'plan');
const plan = JSON.parse(readFileSync(planFile, 'utf8')) as { stores: { s3: { endpoint: string } } };
plan.stores.s3.endpoint = proxy.endpoint;
const ownPlan = `${planFile}.console`;
writeFileSync(ownPlan, JSON.stringify(plan));

const port = await freePort();
const [program = '', ...args] = [
  ...serverCommand('console'),
  '--port',
  String(port),
  '--address',
  '127.0.0.1',
];
const { host = '', port: apiPort, accountFolder } = cluster.access;
const bin = join(import.meta.dirname, '../../runtime/bin/grill-backup');
const child = spawn(program, args.map((arg) => (arg === programPath ? bin : arg)), {
  stdio: ['ignore', 'ignore', 'inherit'],
  env: {
    ...env,
    [mountVariables.plan]: ownPlan,
    [mountVariables.serviceAccount]: accountFolder,
    KUBERNETES_SERVICE_HOST: host,
    KUBERNETES_SERVICE_PORT: String(apiPort),
  },
}); // prettier-ignore
stack.defer(() => void child.kill());

const ask = async (path: string): Promise<Response> => {
  const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
    headers: { authorization: `Bearer ${cluster.token}` },
  });
  if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}`);
  return answer;
};

/** Milliseconds of an answer, read to its end. */
const timed = async (path: string): Promise<number> => {
  const begun = performance.now();
  await (await ask(path)).text();
  return performance.now() - begun;
};

const medianOf = async (path: string): Promise<number> => {
  await timed(path);
  const all: number[] = [];
  for (let look = 0; look < looks; look++) all.push(await timed(path));
  return Math.round(median(all));
};

const begun = performance.now();
await until(() => ask(consolePaths.ready), readingSeconds);
const firstSeconds = (performance.now() - begun) / 1000;
const first = proxy.taken();
const asOf = async () => ((await (await ask('/api/v1/targets/target-0001')).json()) as { asOf: string }).asOf;
const known = await asOf();
const pages = { overview: await medianOf('/'), target: await medianOf('/targets/target-0001') };
await until(async () => (await asOf()) !== known, readingSeconds);
const second = proxy.taken();
const peak = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1];
const figures = {
  'first reading s': Math.round(firstSeconds),
  'overview ms': pages.overview,
  'target ms': pages.target,
  'listings, first reading': first.listings,
  'other requests': first.others,
  'listings, second reading': second.listings,
  'others, second reading': second.others,
  'console MiB': Math.round(Number(peak) / 1024),
};
writeFileSync(mustExist(file, 'file'), JSON.stringify(figures));
