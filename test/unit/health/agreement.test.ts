import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { stateReader } from '../../../runtime/src/health/state.ts';
import { startDirectory } from '../../conformance/stores/directory.ts';
import type { StoreFixture } from '../../conformance/stores/fixture.ts';
import { bothSides } from '../../kit/agreement.ts';
import { answersOf } from '../../kit/answers.ts';
import { redisTarget, testApp } from '../../kit/app.ts';
import { enactEvents } from '../../kit/enact.ts';
import { history, type ArchiveEvent, type Event, type RunEvent } from '../../kit/histories.ts';
import { removeFolder } from '../../kit/private-server.ts';

const begin = Date.parse('2024-03-10T12:00:00Z');
const skewMs = 300_000;

let fixture: StoreFixture;
beforeAll(async () => {
  fixture = await startDirectory();
});
afterAll(() => fixture.stop());

const startOf = ({ ago }: Event): number => begin - ago * 1000;

/** What is true of a history, by what was done and without reading the store. */
const truthOf = (events: readonly Event[], now: number) => {
  const isPast = (time: number): boolean => time - now <= skewMs;
  const backups = events
    .filter((each): each is ArchiveEvent => each.kind === 'archive' && each.tier !== 'safety')
    .map(startOf)
    .filter(isPast);
  const runs = events.filter(
    (each): each is RunEvent =>
      each.kind === 'run' &&
      each.signer === 'plan' &&
      each.failure !== 'lock.held' &&
      isPast(startOf(each) + each.seconds * 1000),
  );
  const last = (command: string, accept: (run: RunEvent) => boolean = () => true) =>
    runs
      .filter((each) => each.command === command && accept(each))
      .toSorted((a, b) => startOf(b) - startOf(a))[0];
  const decisive = last('backup', ({ failure }) => failure !== 'store.full');
  return {
    archives: backups.length,
    recoveryPoint: backups.length > 0 ? Math.max(...backups) / 1000 : undefined,
    lastBackupOk: last('backup') && last('backup')!.failure === null,
    frozen: decisive !== undefined && decisive.failure !== null,
    aside: events.filter(({ kind }) => kind === 'plant').length,
  };
};

/** Histories that are played. @default 60 - a sample for CI; AGREEMENT_HISTORIES=500 is the whole of it */
const count = Number(process.env['AGREEMENT_HISTORIES'] ?? 60);

test(
  'status and metrics say the same of a target, whatever happened to it, and both say what is true',
  async () => {
    await fc.assert(
      fc.asyncProperty(history, async ({ events, rpo, rto, schedule, pause }) => {
        const store = await fixture.open();
        let now = begin;
        const app = testApp({
          stores: { primary: store, replicas: [] },
          targets: [redisTarget({ host: '127.0.0.1', port: 6379 }, { rpo, rto, schedule })],
          run: { now: () => new Date(now), scratchDir: store.location },
        });
        const read = stateReader(app);
        for (const late of [false, true]) {
          if (late) now += pause * 1000;
          await enactEvents(store, events, late, new Date(begin), new Date(now));
          const [fromStatus, fromMetrics] = bothSides(await answersOf(app, read), new Date(now));
          expect(fromStatus).toEqual(fromMetrics);
          const happened = events.filter((each) => late || !each.late);
          const { aside, ...truth } = truthOf(happened, now);
          const future = happened.filter(
            (each) => each.kind === 'archive' && startOf(each) - now > skewMs,
          ).length;
          expect(fromStatus).toMatchObject(truth);
          expect(Number(fromStatus['broken']) + Number(fromStatus['withoutKey'])).toBe(aside + future);
        }
        await removeFolder(store.location);
      }),
      { numRuns: count },
    );
  },
  20 * 60_000,
);
