import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openTrail } from '../../../runtime/src/console/auth/trail.ts';
import { verifyAudit } from '../../../runtime/src/runs/audit-verify.ts';
import { readAudit } from '../../../runtime/src/runs/audit.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { startDirectory } from '../../conformance/stores/directory.ts';
import { redisTarget, testApp, testKeys } from '../../kit/app.ts';

let primary: Store;
const directory = startDirectory();
beforeAll(async () => (primary = await (await directory).open()));
afterAll(async () => (await directory).stop());

test('deeds have an entry each; refusals are counted, so that nobody can fill the trail', async () => {
  const targets = [redisTarget({ host: '127.0.0.1', port: 6379 })];
  const trail = openTrail(testApp({ stores: { primary, replicas: [] }, targets }));
  await trail.done({ who: 'ada', what: 'backup', target: 'redis', figures: { job: 'redis-backup-1' } });
  for (let time = 0; time < 500; time++) {
    trail.refused({ who: 'eve', what: 'GET /api/v1/plan', code: 'access.refused' });
    trail.refused({ what: `GET /${time}`, code: 'access.unknown' });
    trail.refused({ who: 'eve', what: `GET /${time}\u0007`, code: 'access.refused' });
  }
  await trail.flush();
  await trail.flush();
  const entries = [];
  for await (const { entry } of readAudit(primary)) entries.push(entry!);
  expect(entries[0]).toMatchObject({
    command: 'console',
    target: 'redis',
    ok: true,
    figures: { who: 'ada', what: 'backup', job: 'redis-backup-1' },
  });
  expect(entries).toHaveLength(22);
  expect(entries[1]).toMatchObject({
    ok: false,
    failure: 'access.refused',
    figures: { who: 'eve', what: 'GET /api/v1/plan', times: 500 },
  });
  expect(entries[2]).toMatchObject({ failure: 'access.unknown', figures: { who: 'unknown', times: 500 } });
  expect(entries.slice(1).reduce((sum, { figures }) => sum + Number(figures['times']), 0)).toBe(1500);
  expect(entries.map(({ figures }) => String(figures['what'])).join()).not.toContain('\u0007');
  expect(await verifyAudit(primary, testKeys, 'test')).toMatchObject({ ok: true, proved: 22 });
});
