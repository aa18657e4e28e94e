import { dayMs } from '../../runtime/src/core/units.ts';
import { startDirectory } from '../conformance/stores/directory.ts';
import { testApp } from './app.ts';
import { startConsoleCluster } from './console-cluster.ts';
import { consoleTargets, startConsole } from './console.ts';
import { simulateBackup, simulateVerification } from './simulated-runs.ts';

const now = new Date('2024-03-10T12:00:00Z');
const ago = (days: number): Date => new Date(now.getTime() - days * dayMs);

/** The console over stores in which one target is well, one has an old backup and failed since, and one has none. */
export const startConsoleStory = async () => {
  await using stack = new AsyncDisposableStack();
  const directory = await startDirectory();
  stack.defer(() => directory.stop());
  const cluster = await startConsoleCluster('access');
  stack.defer(() => cluster.stop());
  const primary = await directory.open();
  const app = testApp({ stores: { primary, replicas: [] }, targets: consoleTargets });
  for (const days of [2.4, 1.4, 0.4]) await simulateBackup(app, 'postgresql', { at: ago(days) });
  await simulateVerification(app, 'postgresql', { at: ago(0.3), level: 'drill' });
  await simulateBackup(app, 'redis', { at: ago(3) });
  await simulateBackup(app, 'redis', { at: ago(2), failure: 'source.refused' });
  const web = await startConsole({ stores: { primary, replicas: [] }, cluster, run: { now: () => now } });
  stack.defer(() => web.stop());
  const kept = stack.move();
  return { url: web.url, token: cluster.tokenOf('oncall'), stop: () => kept.disposeAsync() };
};
