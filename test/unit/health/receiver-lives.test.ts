import { expect, test } from '@jest/globals';
import { noteLives } from '../../../runtime/src/health/receiver-lives.ts';
import { readAudit } from '../../../runtime/src/runs/audit.ts';
import { verifyAudit } from '../../../runtime/src/runs/audit-verify.ts';
import type { AuditEntry } from '../../../runtime/src/runs/audit-entry.ts';
import { oneChunk } from '../../../runtime/src/core/one-chunk.ts';
import { BackupError } from '../../../runtime/src/core/errors.ts';
import { findTarget, type App } from '../../../runtime/src/session/app.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { placeOf } from '../../../runtime/src/wal/place.ts';
import { newState } from '../../../runtime/src/wal/receiver-state.ts';
import { beginReception } from '../../../runtime/src/wal/reception-record.ts';
import { listReceptions, readReception } from '../../../runtime/src/wal/receptions.ts';
import { targetWithLog, testApp } from '../../kit/app.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { testRun } from '../../kit/run.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const ten = Date.parse('2026-11-29T10:00:00Z');
const timeAt = (minutes: number): Date => new Date(ten + minutes * 60_000);

/** The trail is in another store than the log, as it is where a directory is the primary one and S3 the replica. */
const appOver = (trail: Store): App =>
  testApp({
    stores: { primary: trail, replicas: [store] },
    targets: [targetWithLog({ host: '127.0.0.1', port: 1 }, 'grill')],
    plan: { stores: { directory: {} } },
  });

let trail: Store;
beforeEachStore((fresh) => (trail = fresh));

const begin = (minutes: number, signal?: AbortSignal) =>
  beginReception(
    testRun({ now: () => timeAt(minutes), ...(signal && { signal }) }),
    placeOf(appOver(trail), 'postgresql'),
    newState(),
  );

const note = (): Promise<void> => noteLives(appOver(trail), findTarget(appOver(trail).plan, 'postgresql'));

const entries = async (): Promise<readonly AuditEntry[]> => {
  const found: AuditEntry[] = [];
  for await (const { entry } of readAudit(trail)) if (entry) found.push(entry);
  return found;
};

test('lives of a receiver that are over get into the audit trail once, in their order, and the one that runs does not', async () => {
  await (await begin(0, AbortSignal.abort(new Error('SIGTERM')))).end(undefined);
  await begin(10); // was killed
  await (await begin(20)).end(new BackupError('log.diverged', 'the store is ahead'));
  await begin(30);
  await note();
  const [first, killed, failed, ...more] = await entries();
  expect(more).toEqual([]);
  const keys = await listReceptions(placeOf(appOver(trail), 'postgresql'));
  expect(first).toMatchObject({
    command: 'receive',
    target: 'postgresql',
    environment: 'test',
    ok: true,
    at: timeAt(0).toISOString(),
    figures: { startedAt: timeAt(0).toISOString(), pieces: 0, record: keys[0] },
  });
  expect(killed).toMatchObject({ ok: false, at: timeAt(20).toISOString(), figures: { endUnknown: true } });
  expect(killed?.failure).toBeUndefined();
  expect(failed).toMatchObject({ ok: false, failure: 'log.diverged' });
  await note();
  expect(await entries()).toHaveLength(3);
  await begin(40); // which ends the life of the one before
  await note();
  expect((await entries()).at(-1)).toMatchObject({ figures: { record: keys[3], endUnknown: true } });
  const app = appOver(trail);
  expect(await verifyAudit(trail, app.keys, 'test')).toMatchObject({ ok: true, entries: 4, problems: [] });
});

test('an entry names the signature that the receiver gave, and the record says that the trail has it', async () => {
  await (await begin(0)).end(new BackupError('store.full', 'no room'));
  const place = placeOf(appOver(trail), 'postgresql');
  const [key] = await listReceptions(place);
  const { mac } = await readReception(place, key!);
  await note();
  expect((await entries())[0]?.figures).toMatchObject({ signature: mac });
  expect(await readReception(place, key!)).toMatchObject({ noted: true, ended: 'store.full: no room' });
});

test('a record that was altered gets into no trail, and keeps no other out; a trail that cannot be written harms no run', async () => {
  await (await begin(0)).end(new BackupError('store.full', 'no room'));
  await (await begin(10)).end(new BackupError('store.full', 'no room'));
  const [altered] = await listReceptions(placeOf(appOver(trail), 'postgresql'));
  await store.put(altered!, () => oneChunk('{}'), { replace: true });
  const away: Store = {
    ...trail,
    put: () => Promise.reject(new BackupError('store.unreachable', 'away')),
  };
  await noteLives(appOver(away), findTarget(appOver(away).plan, 'postgresql'));
  expect(await entries()).toEqual([]);
  await note();
  expect(await entries()).toMatchObject([{ figures: { startedAt: timeAt(10).toISOString() } }]);
});
