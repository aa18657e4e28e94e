import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startApiServer } from '../../demo/console/api-server.ts';
import type { Jobs, JobRun } from '../../demo/console/jobs.ts';
import { dayMs } from '../../runtime/src/core/units.ts';
import { startDirectory } from '../conformance/stores/directory.ts';
import { testApp } from './app.ts';
import { consoleTargets, startConsole, type TestConsole } from './console.ts';
import { plantGenuine } from './planted.ts';
import { removeFolder, workFolder } from './private-server.ts';
import { simulateBackup, simulateVerification } from './simulated-runs.ts';

/** Jobs that have succeeded as soon as they are started. */
const endedJobs = (): Jobs => {
  const runs = new Map<string, JobRun>();
  return {
    find: (name) => runs.get(name),
    start: (name) => {
      const at = '2026-11-29T12:00:00Z';
      const run = { name, startedAt: at, log: '', ended: { at, ok: true } };
      runs.set(name, run);
      return run;
    },
    stop: () => Promise.resolve(),
  };
};

const namespace = 'grill-stats';

/** An API server in which somebody may do everything, as what somebody may is tested against a real one's answers. */
export const startOpenCluster = async () => {
  const server = await startApiServer({
    namespace,
    may: () => true,
    cronJob: (name) => ({ metadata: { name, uid: name }, spec: { jobTemplate: { spec: {} } } }),
    jobs: endedJobs(),
    refusal: () => undefined,
  });
  const { api, tokenOf } = server;
  const accountFolder = workFolder('account');
  for (const [file, content] of Object.entries({ namespace, 'ca.crt': api.certificate, token: api.tokenOf('backup-console') }))
    writeFileSync(join(accountFolder, file), content); // prettier-ignore
  return {
    access: { host: api.host, port: api.port, accountFolder },
    token: tokenOf({ name: 'oncall', groups: [] }),
    stop: async () => {
      await server.stop();
      await removeFolder(accountFolder);
    },
  };
};

export interface ConsoleApi extends TestConsole {
  readonly token: string;
}

/** The console over a system in which every request of its API finds something. @param days how long ago each backup was */
export const startConsoleApi = async (days: readonly number[] = [1.2, 0.2]): Promise<ConsoleApi> => {
  await using stack = new AsyncDisposableStack();
  const directory = await startDirectory();
  stack.defer(() => directory.stop());
  const cluster = await startOpenCluster();
  stack.defer(cluster.stop);
  const [primary, replica] = [await directory.open(), await directory.open()];
  const stores = { primary, replicas: [replica] };
  const app = testApp({ stores, targets: consoleTargets });
  const ago = (past: number): Date => new Date(Date.now() - past * dayMs);
  for (const past of days) await simulateBackup(app, 'redis', { at: ago(past) });
  await simulateVerification(app, 'redis', { at: ago(0.1), level: 'drill' });
  await simulateBackup(app, 'postgresql', { at: ago(0.3), failure: 'source.refused' });
  await plantGenuine(primary, { at: ago(2), tier: 'daily', id: '9'.repeat(32), environment: 'elsewhere' });
  const web = await startConsole({ stores, cluster, pauseMs: 60_000, callerRate: { perSecond: 1e6, burst: 1e6 } });
  stack.defer(web.stop);
  const kept = stack.move();
  return { ...web, token: cluster.token, stop: () => kept.disposeAsync() };
}; // prettier-ignore
