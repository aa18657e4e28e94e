import { instanceOf } from '../../runtime/src/core/instance.ts';
import { openKey, type Key } from '../../runtime/src/crypto/key-ring.ts';
import { sign } from '../../runtime/src/crypto/signature.ts';
import { keyStart, runLabel, type RunRecord } from '../../runtime/src/runs/records.ts';
import { lockKey } from '../../runtime/src/runs/lock-state.ts';
import type { Store } from '../../runtime/src/store/store.ts';
import { testKeys } from './app.ts';
import type { ArchiveEvent, Event, LockEvent, RunEvent } from './histories.ts';
import { plantGenuine, plants } from './planted.ts';
import { streamOf } from './streams.ts';

/** Leaves in a store of target `redis` what an event leaves. @param index tells events apart, and orders locks */
type Leave<E> = (store: Store, event: E, at: Date, index: number, now: Date) => Promise<unknown>;

const idOf = (index: number): string => String(index).padStart(32, '0');

const after = (at: Date, seconds: number): string => new Date(at.getTime() + seconds * 1000).toISOString();

const leaveArchive: Leave<ArchiveEvent> = (
  store,
  { tier, seconds, archiveBytes, verifications },
  at,
  index,
) =>
  plantGenuine(store, {
    at,
    tier,
    seconds,
    archiveBytes,
    id: idOf(index),
    verifications: verifications.map(({ level, ok, after: passed, seconds: took }) => ({
      at: after(at, passed),
      level,
      ok,
      ...(!ok && { problem: 'archive.damaged' }),
      ...(level === 'drill' && ok && { seconds: took }),
    })),
  });

const stranger = openKey('primary', 'the passphrase of a stranger');

const signers: Readonly<Record<RunEvent['signer'], Key | undefined>> = {
  plan: testKeys[0],
  stranger,
  nobody: undefined,
};

const recordOf = ({ command, level, seconds, failure }: RunEvent, at: Date): RunRecord => ({
  format: 1,
  command,
  target: 'redis',
  environment: 'test',
  startedAt: at.toISOString(),
  finishedAt: after(at, seconds),
  ok: failure === null,
  exitCode: failure === null ? 0 : 3,
  ...(failure !== null && { failure: { code: failure, message: 'simulated' } }),
  figures: {
    ...(command === 'verify' && { level }),
    ...(command === 'verify' &&
      level === 'drill' &&
      failure === null && { restoreSeconds: 7 + (seconds & 1023) }),
  },
});

const leaveRun: Leave<RunEvent> = async (store, event, at, index) => {
  const record = recordOf(event, at);
  const text = JSON.stringify(await sign(runLabel, record, signers[event.signer]));
  await store.put(`${keyStart(record)}${idOf(index).slice(-6)}.json`, streamOf(text));
};

/** This process as it would be had it begun at another time: it is gone. */
const goneInstance = (): string => instanceOf(process.pid)!.replace(/\d+$/, '1');

const leaveLock: Leave<LockEvent> = async (store, { state }, at, index, now) => {
  const owner = { host: 'pod', pid: process.pid, id: 'a', command: 'backup' };
  const lock = {
    owner: state === 'dead' ? { ...owner, instance: goneInstance() } : owner,
    startedAt: at.toISOString(),
    expiresAt: after(now, state === 'expired' ? -1 : 90),
    ...(state === 'released' && { releasedAt: now.toISOString() }),
  };
  const text = state === 'unreadable' ? '{}' : JSON.stringify(lock);
  await store.put(lockKey('redis', index + 1), streamOf(text));
};

const enact = (store: Store, event: Event, index: number, begin: Date, now: Date): Promise<unknown> => {
  const at = new Date(begin.getTime() - event.ago * 1000);
  switch (event.kind) {
    case 'archive':
      return leaveArchive(store, event, at, index, now);
    case 'plant':
      return plants[event.how]!(store, { at, tier: event.tier, id: idOf(index) });
    case 'run':
      return leaveRun(store, event, at, index, now);
    case 'lock':
      return leaveLock(store, event, at, index, now);
  }
};

/** What a history leaves before its first look, or between the two. @param begin the first look @param now the look that follows */
export const enactEvents = async (
  store: Store,
  events: readonly Event[],
  late: boolean,
  begin: Date,
  now: Date,
): Promise<void> => {
  for (const [index, event] of events.entries())
    if (event.late === late) await enact(store, event, (late ? 100 : 0) + index, begin, now);
};
