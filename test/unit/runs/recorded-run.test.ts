import { hostname } from 'node:os';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { readAudit } from '../../../runtime/src/runs/audit.ts';
import { findLock } from '../../../runtime/src/runs/lock-state.ts';
import { takeLock, type HeldLock } from '../../../runtime/src/runs/lock.ts';
import { writeRun, type RunRecord } from '../../../runtime/src/runs/records.ts';
import type { App } from '../../../runtime/src/session/app.ts';
import { recorded, type Summary } from '../../../runtime/src/runs/recorded-run.ts';
import { BackupError } from '../../../runtime/src/core/errors.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { recordsOf, redisTarget, testApp, testKeys } from '../../kit/app.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { listed } from '../../kit/objects.ts';
import { streamOf } from '../../kit/streams.ts';
import { keepIndexes } from '../../../runtime/src/health/keep-index.ts';

let store: Store;
let lines: string[];
beforeEachStore((fresh) => (store = fresh));
beforeEach(() => {
  lines = [];
});

const appOver = (primary: Store, signal?: AbortSignal): App =>
  testApp({
    stores: { primary, replicas: [] },
    targets: [redisTarget({ host: '127.0.0.1', port: 6379 })],
    run: {
      log: pino({ level: 'warn', base: null }, { write: (line: string) => void lines.push(line) }),
      ...(signal && { signal }),
    },
  });

const summary: Summary = { figures: { archive: 'redis/a', archiveBytes: 7, equal: true } };
const options = {
  command: 'backup',
  target: 'redis',
  lock: true,
  summarise: () => summary,
  keepIndexes,
} as const;

const runs = (): Promise<readonly RunRecord[]> => recordsOf(store, 'redis');

const trail = async () => {
  const entries: unknown[] = [];
  for await (const { entry } of readAudit(store)) entries.push(entry);
  return entries;
};

const caught = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error);

describe('a recorded run', () => {
  test('that succeeds leaves its result, a record, an audit entry and a free lock', async () => {
    const result = await recorded(appOver(store), options, async () => {
      expect((await findLock(store, 'redis', new Date()))?.state).toBe('held');
      return 'done';
    });
    expect(result).toBe('done');
    expect((await findLock(store, 'redis', new Date()))?.state).toBe('released');
    expect(await runs()).toMatchObject([
      { command: 'backup', target: 'redis', ok: true, exitCode: 0, figures: summary.figures },
    ]);
    expect(await trail()).toMatchObject([
      {
        host: hostname(),
        command: 'backup',
        target: 'redis',
        ok: true,
        figures: summary.figures,
        key: { id: 'primary' },
      },
    ]);
    expect(lines).toEqual([]);
  });

  test('that fails throws its own error, and tells its code', async () => {
    const error = new BackupError('dump.empty', 'database 0 holds nothing');
    expect(await caught(recorded(appOver(store), options, () => Promise.reject(error)))).toBe(error);
    expect(await runs()).toMatchObject([
      { ok: false, exitCode: 4, failure: { code: 'dump.empty', message: 'database 0 holds nothing' } },
    ]);
    expect(await trail()).toMatchObject([{ ok: false, failure: 'dump.empty' }]);
    expect((await findLock(store, 'redis', new Date()))?.state).toBe('released');
  });

  test('that finds something wrong is a failed one, and still gives its result', async () => {
    const problem = new BackupError('verification.failed', '1 of 2 archives did not pass');
    const summarise = () => ({ figures: { failed: 1 }, problem });
    expect(await recorded(appOver(store), { ...options, summarise }, async () => 'report')).toBe('report');
    expect(await runs()).toMatchObject([
      { ok: false, exitCode: 8, failure: { code: 'verification.failed' } },
    ]);
  });

  test('that meets a lock leaves a record, and the lock as it is', async () => {
    const outcome = await recorded(appOver(store), options, () =>
      caught(recorded(appOver(store), { ...options, command: 'prune' }, async () => 'never')),
    );
    expect(outcome).toMatchObject({ code: 'lock.held', exitCode: 9 });
    expect((await runs()).map(({ command, exitCode }) => [command, exitCode]).toSorted()).toEqual([
      ['backup', 0],
      ['prune', 9],
    ]);
  });

  /** A run of a Job that finds the lock of another, which ends `whenWaiting` and the first look of the Job is over. */
  const meetsLock = async (whenWaiting: (other: HeldLock, stop: AbortController) => unknown) => {
    const stop = new AbortController();
    const app = appOver(store, stop.signal);
    const other = await takeLock(app.run, store, 'redis', 'restore');
    const log = pino(
      { base: null },
      {
        write: (line: string) => {
          lines.push(line);
          if (line.includes('waits until the other run has ended')) void whenWaiting(other, stop);
        },
      },
    );
    const job = { ...options, deadlineSeconds: 3600 };
    const outcome = await caught(recorded({ ...app, run: { ...app.run, log } }, job, async () => 'done'));
    await other.release();
    return outcome;
  };

  test('of a Job waits for a held lock, and says for whom', async () => {
    expect(await meetsLock((other) => other.release())).toBe('done');
    expect(lines.join('')).toMatch(/"atMost":"15m.*redis (is|has been) locked by restore/);
    expect(await runs()).toMatchObject([{ command: 'backup', ok: true }]);
  });

  test('of a Job that is stopped while it waits ends', async () => {
    const outcome = await meetsLock((_, stop) => stop.abort(new Error('SIGTERM')));
    expect(outcome).toMatchObject({ code: 'run.interrupted' });
  });

  test('without a lock meets none', async () => {
    const inner = { ...options, command: 'verify', lock: false } as const;
    const outcome = await recorded(appOver(store), options, () =>
      recorded(appOver(store), inner, async () => 'done'),
    );
    expect(outcome).toBe('done');
  });

  test('keeps its error where the store fails too, and says in the log what was not written', async () => {
    let full = false;
    const failing: Store = {
      ...store,
      put: (key, body, more) =>
        full
          ? Promise.reject(new BackupError('store.full', `no space left for ${key}`))
          : store.put(key, body, more),
    };
    const error = new BackupError('store.full', 'no space left for the archive');
    const run = recorded(appOver(failing), options, () => {
      full = true;
      return Promise.reject(error);
    });
    expect(await caught(run)).toBe(error);
    const log = lines.join('');
    for (const part of ['the lock could not be released', 'the record of the run could not be written'])
      expect(log).toContain(part);
    expect(log).toContain('the audit trail could not be written');
    expect(await runs()).toEqual([]);
  });

  test('gives its result although nothing of it could be written down', async () => {
    let full = false;
    const failing: Store = {
      ...store,
      put: (key, body, more) =>
        full ? Promise.reject(new Error('input/output error')) : store.put(key, body, more),
    };
    const result = await recorded(appOver(failing), options, async () => {
      full = true;
      return 'done';
    });
    expect(result).toBe('done');
  });

  test('that SIGTERM stops says so, whatever the stop itself threw', async () => {
    const controller = new AbortController();
    const run = recorded(appOver(store, controller.signal), options, async ({ run: { signal } }) => {
      controller.abort(new Error('received SIGTERM'));
      signal.throwIfAborted();
    });
    expect(await caught(run)).toMatchObject({
      code: 'run.interrupted',
      message: 'the run was stopped: received SIGTERM',
    });
    expect(await runs()).toMatchObject([{ failure: { code: 'run.interrupted' } }]);
  });

  test('that its deadline stops says so, whatever the stop itself threw', async () => {
    const run = recorded(
      appOver(store),
      { ...options, lock: false, deadlineSeconds: 0.01 },
      ({ run: { signal } }) =>
        new Promise((_, reject) =>
          signal.addEventListener('abort', () =>
            reject(new BackupError('run.interrupted', 'pg_dump was stopped')),
          ),
        ),
    );
    expect(await caught(run)).toMatchObject({
      code: 'run.deadline',
      cause: expect.objectContaining({ message: 'pg_dump was stopped' }),
    });
  });
});

describe('a store that hangs', () => {
  const operations = ['list', 'put', 'get', 'head'] as const;
  const cases = operations.flatMap((operation) =>
    (['SIGTERM', 'deadline'] as const).map((end) => [operation, end] as const),
  );

  /** The first call of an operation never answers; later ones do. */
  const hangingOnce = (operation: (typeof operations)[number], reached: () => void): Store => {
    let hangs = true;
    const never = (): Promise<never> => {
      hangs = false;
      reached();
      return new Promise(() => {});
    };
    async function* silence(): AsyncGenerator<never> {
      yield await never();
    }
    const hang = { list: silence, put: never, get: silence, head: never }[operation];
    const works = (...args: never[]): unknown => store[operation](...(args as [never, never]));
    return { ...store, [operation]: (...args: never[]) => (hangs ? hang() : works(...args)) };
  };

  const codeOf = async (operation: (typeof operations)[number], end: 'SIGTERM' | 'deadline') => {
    const target = `${operation}-${end.toLowerCase()}`;
    await store.put(`locks/${target}/00000001.json`, streamOf('{}'));
    const sigterm = new AbortController();
    const hanging = hangingOnce(operation, () => {
      if (end === 'SIGTERM') sigterm.abort(new Error('received SIGTERM'));
    });
    const deadlineSeconds = end === 'deadline' ? (process.uptime() + 1) / 0.9 : undefined;
    const run = recorded(
      appOver(hanging, sigterm.signal),
      { ...options, target, deadlineSeconds },
      async ({ stores: { primary } }) => {
        await primary.head('redis/a');
        for await (const _ of primary.get('redis/a'));
      },
    );
    const error = await caught(run);
    expect(await recordsOf(store, target)).toHaveLength(1);
    return (error as BackupError).code;
  };

  test('is left soon after SIGTERM and deadline, from the first step on, and the run is recorded', async () => {
    await store.put('redis/a', streamOf('x'));
    const codes = await Promise.all(cases.map(([operation, end]) => codeOf(operation, end)));
    expect(codes).toEqual(cases.map(([, end]) => (end === 'SIGTERM' ? 'run.interrupted' : 'run.deadline')));
  });
});

describe('records', () => {
  const record = (number: number): RunRecord => ({
    format: 1,
    command: number % 2 ? 'verify' : 'backup',
    target: 'redis',
    startedAt: new Date(Date.UTC(2024, 0, 1, 0, 0, number)).toISOString(),
    finishedAt: '2024-01-02T00:00:00.000Z',
    ok: true,
    exitCode: 0,
    figures: { number },
  });

  test('come newest first, and what is no record is left out', async () => {
    for (const number of [1, 2, 3, 4]) await writeRun(store, testKeys, record(number), 'abcdef');
    await store.put('runs/redis/20240101_000009_backup_000000.json', async function* () {
      yield Buffer.from('{"format":');
    });
    expect((await runs()).map(({ figures }) => figures['number'])).toEqual([4, 3, 2, 1]);
  });

  test('are a hundred at most', async () => {
    for (let number = 1; number <= 103; number++) await writeRun(store, testKeys, record(number), 'abcdef');
    expect(await listed(store, 'runs/')).toHaveLength(100);
    expect((await runs()).at(-1)!.figures['number']).toBe(4);
  });
});
