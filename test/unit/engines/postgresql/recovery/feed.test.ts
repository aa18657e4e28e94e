import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { answer, type Spool } from '../../../../../runtime/src/engines/postgresql/recovery/feed.ts';
import { openLogFiles } from '../../../../../runtime/src/engines/postgresql/recovery/log-files.ts';

const segmentBytes = 1 << 20;
const first = '000000010000000000000000';
const last = '000000010000000000000001';

let spool: Spool;
/** From where the log was read. */
let reads: bigint[];

/** Files of the log that lie ready, each by the byte that it is full of. */
const ready = (): Readonly<Record<string, number | undefined>> =>
  Object.fromEntries(
    readdirSync(spool.folder).map((name) => [name, readFileSync(join(spool.folder, name))[0]]),
  );

const take = (name: string): void => rmSync(join(spool.folder, name));

beforeEach(() => {
  reads = [];
  const log = {
    system: '1',
    timelines: [{ timeline: 1, from: 0n }],
    end: BigInt(2 * segmentBytes),
    endTime: new Date(0),
    async *read(from: bigint) {
      reads.push(from);
      for (let at = Number(from) / segmentBytes; at < 2; at++) yield Buffer.alloc(segmentBytes, at + 1);
    },
    history: () => Promise.resolve(undefined),
  };
  const folder = mkdtempSync(join(tmpdir(), 'feed-'));
  spool = { folder, log, segmentBytes, files: openLogFiles(log, segmentBytes), asksAtEnd: 0 };
});

afterEach(() => rmSync(spool.folder, { recursive: true }));

describe('a server that asks for a file of the log', () => {
  test('gets it again, where it took the one that was put there before', async () => {
    await answer(spool, first);
    expect(ready()).toEqual({ [first]: 1 });
    take(first);
    await answer(spool, first);
    expect(ready()).toEqual({ [first]: 1 });
  });

  test('finds the one that lies there, which is not read again', async () => {
    await answer(spool, first);
    await answer(spool, first);
    expect(ready()).toEqual({ [first]: 1 });
    expect(reads).toEqual([0n]);
  });

  test('hears that there is none behind the end, and is counted from the file that the log ends in', async () => {
    await answer(spool, last);
    await answer(spool, '000000010000000000000002');
    await answer(spool, '00000002.history');
    expect(Object.keys(ready())).toEqual([last, '000000010000000000000002.none', '00000002.history.none']);
    expect(spool.asksAtEnd).toBe(2);
  });
});
