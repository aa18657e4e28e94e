import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { auditFolder } from '../../../runtime/src/contract/names.ts';
import { oneChunk } from '../../../runtime/src/core/one-chunk.ts';
import { readAudit } from '../../../runtime/src/runs/audit.ts';
import { directoryStore } from '../../../runtime/src/store/directory.ts';
import { testApp } from '../../kit/app.ts';
import { startConsoleCluster } from '../../kit/console-cluster.ts';
import { consoleTargets, startConsole } from '../../kit/console.ts';
import { removeFolder, workFolder } from '../../kit/private-server.ts';
import { simulateBackup } from '../../kit/simulated-runs.ts';
import { canMount } from '../../kit/small-volume.ts';

const mount = (...args: readonly string[]) => execFileSync('mount', args, { stdio: 'ignore' });

/** As the console's pod has the archives: read-only, and its folder of the audit trail once more, to write. */
const mountAsInPod = (volume: string, path: string): (() => void) => {
  mkdirSync(join(volume, auditFolder), { recursive: true }); // the kubelet does so, by subPath
  mount('--bind', volume, path);
  mount('-o', 'remount,bind,ro', path);
  mount('--bind', join(volume, auditFolder), join(path, auditFolder));
  return () => execFileSync('umount', ['--recursive', path], { stdio: 'ignore' });
};

const filesOf = (volume: string): readonly string[] =>
  readdirSync(volume, { recursive: true, encoding: 'utf8' }).filter((path) => !path.startsWith(auditFolder));

if (canMount)
  test('with archives that it cannot write the console shows them, and writes the audit trail', async () => {
    await using stack = new AsyncDisposableStack();
    const [volume, path] = [workFolder('console-volume'), workFolder('console-mount')];
    stack.defer(() => Promise.all([volume, path].map(removeFolder)).then(() => {}));
    const primary = directoryStore({ path: volume });
    const night = testApp({ stores: { primary, replicas: [] }, targets: consoleTargets });
    await simulateBackup(night, 'redis', { at: new Date() });
    stack.defer(mountAsInPod(volume, path));
    const cluster = await startConsoleCluster('access');
    stack.defer(() => cluster.stop());
    const before = filesOf(volume);

    const stores = { primary: directoryStore({ path }), replicas: [] };
    await expect(stores.primary.put('redis/new', oneChunk(Buffer.from('x')))).rejects.toThrow(/EROFS/);
    const web = await startConsole({ stores, cluster });
    const shown = await web.ask('/api/v1/targets', cluster.tokenOf('oncall'));
    const refused = await web.ask('/api/v1/targets/redis', cluster.tokenOf('nobody'));
    await web.stop();

    expect([shown.status, refused.status]).toEqual([200, 403]);
    expect(((await shown.json()) as { targets: object[] }).targets).toContainEqual(
      expect.objectContaining({ target: 'redis', archives: 1 }),
    );
    const entries = [];
    for await (const { entry } of readAudit(primary)) entries.push(entry);
    expect(entries.filter((entry) => entry?.command === 'console')).toEqual([
      expect.objectContaining({ ok: false, failure: 'access.refused' }),
    ]);
    expect(filesOf(volume)).toEqual(before);
  });
else test.skip('with archives that it cannot write the console shows them: mounting takes root', () => {});
