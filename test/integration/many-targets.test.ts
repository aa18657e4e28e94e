import { randomInt, randomUUID } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startPod, type Pod } from '../../demo/pod/pod.ts';
import type { VerificationReport } from '../../runtime/src/commands/verify/result.ts';
import { shareOf } from '../../runtime/src/core/part.ts';
import { makeManyTargets, type ManyTargets } from '../kit/many-targets.ts';
import { until } from '../kit/until.ts';

// The pods of CronJob backup-verification as its manifest starts them, each a process. `MANY_TARGETS=1000` takes as many
// targets, and prints how long one pod takes and how long several.

const count = Number(process.env['MANY_TARGETS'] ?? 24);
const isWhole = count > 100;
const kibibytes = isWhole ? 512 : 16;
const of = 4;
const indexes = Array.from({ length: of }, (_, index) => index);
const never = new AbortController().signal;

/** Longest that all targets may take a pod on a busy machine. */
const limitMs = 30_000 + count * 3000;

let many: ManyTargets;
let one: ReturnType<ManyTargets['withPods']>;
let several: typeof one;
/** One target has a bad archive: the third of part 1. */
let damaged: string;

beforeAll(async () => {
  many = await makeManyTargets(count, kibibytes);
  [one, several] = [many.withPods(1), many.withPods(of)];
  damaged = many.targets[9]!;
  const archive = readdirSync(join(many.backup, damaged)).find((name) => name.endsWith('.enc'))!;
  writeFileSync(join(many.backup, damaged, archive), 'short');
}, limitMs);

afterAll(() => many.remove());

interface Job {
  readonly uid: string;
  readonly index: number;
}

/** A pod that waits to be started: one of several where it has an index. */
const makePod = async (job?: Job): Promise<Pod> => {
  const { cluster, cronJob } = job ? several : one;
  const pod = await startPod(cluster, cronJob, job);
  many.giveTo(pod.userId);
  return pod;
};

/** Resolves to the exit code of a pod, or to the signal that ended it. */
const run = async ({ exec, command }: Pod, kill: AbortSignal = never): Promise<number | string> =>
  exec(command, kill, { endWith: 'SIGKILL' }).then(
    () => 0,
    (error: unknown) => {
      if (kill.aborted) return 'SIGKILL';
      const [, code] = /ended with (\d+):/.exec((error as Error).message) ?? [];
      if (code === undefined) throw error;
      return Number(code);
    },
  );

const makePods = (uid: string): Promise<readonly Pod[]> =>
  Promise.all(indexes.map((index) => makePod({ uid, index })));

const timed = async <T>(what: string, work: () => Promise<T>): Promise<T> => {
  const started = performance.now();
  const result = await work();
  if (isWhole) console.log(`${what}: ${((performance.now() - started) / 1000).toFixed(1)} s`);
  return result;
};

/** The report without what is a matter of time. */
const report = (): object => {
  const text = readFileSync(join(many.backup, 'verification/latest_verification.json'), 'utf8');
  const { generatedAt: _, results, ...rest } = JSON.parse(text) as VerificationReport;
  return { ...rest, results: results.map(({ seconds: _seconds, ...result }) => result) };
};

const targetsOf = (told: object) => (told as VerificationReport).results.map(({ target }) => target);

/** How often a target was verified to its end, by the records of runs. */
const timesOf = (target: string): number =>
  readdirSync(join(many.backup, 'runs', target)).filter((name) => /_verify_[0-9a-f]+\.json$/.test(name))
    .length;

const total = (): number => many.targets.reduce((sum, target) => sum + timesOf(target), 0);

let ofOnePod: object;

test(
  'one pod reports on every target',
  async () => {
    const pod = await makePod();
    expect(await timed('1 pod', () => run(pod))).toBe(8);
    ofOnePod = report();
    expect(targetsOf(ofOnePod)).toEqual(many.targets);
    expect(ofOnePod).toMatchObject({ status: 'failed', archives: count, failed: 1, notReached: [] });
    expect(new Set(many.targets.map(timesOf))).toEqual(new Set([1]));
  },
  limitMs,
);

test(
  'several pods, of which one is killed on its way and started again alone, make the same report',
  async () => {
    const uid = randomUUID();
    const [killed, kill] = [2, new AbortController()];
    const share = shareOf(many.targets, { index: killed, of });
    const others = many.targets.filter((target) => !share.includes(target));
    const fatal = share[randomInt(share.length - 1)]!;
    const parts = () =>
      readdirSync(join(many.backup, 'verification/parts')).filter((name) => name.startsWith(uid));
    const pods = await makePods(uid);
    const killing = until(() => timesOf(fatal) > 1, limitMs / 1000).then(() =>
      kill.abort(new Error('killed')),
    );

    const codes = await timed(`${of} pods at once, one of them killed`, () =>
      Promise.all(pods.map((pod, index) => run(pod, index === killed ? kill.signal : never))),
    );
    await killing;
    expect(codes).toEqual([0, 8, 'SIGKILL', 0]);
    expect(parts()).toHaveLength(of - 1);

    const again = await makePod({ uid, index: killed });
    expect(
      await timed(`the killed one again, after ${share.indexOf(fatal) + 1} of its targets`, () => run(again)),
    ).toBe(0);
    expect(parts()).toHaveLength(of);
    expect(report()).toEqual(ofOnePod);
    expect(new Set(others.map(timesOf))).toEqual(new Set([2])); // nobody else was started again
    expect(timesOf(fatal)).toBe(3);
  },
  limitMs,
);

test(
  'the audit trail that they wrote at once is whole',
  async () => {
    const { exec } = await makePod();
    const { stdout } = await exec(['grill-backup', 'audit', 'verify', '--json'], never);
    const trail = JSON.parse(stdout) as { ok: boolean; entries: number };
    expect(trail.ok).toBe(true);
    expect(trail.entries).toBeGreaterThanOrEqual(total() - 1); // the killed pod may have come to a record and no further
  },
  limitMs,
);

if (isWhole)
  test(
    'several pods, at once and each alone',
    async () => {
      const pods = await makePods(randomUUID());
      const codes = await timed(`${of} pods at once`, () => Promise.all(pods.map((pod) => run(pod))));
      expect(codes).toEqual([0, 8, 0, 0]);
      expect(report()).toEqual(ofOnePod);
      const uid = randomUUID();
      for (const index of indexes) {
        const pod = await makePod({ uid, index });
        await timed(`pod ${index} alone`, () => run(pod));
      }
      expect(report()).toEqual(ofOnePod);
    },
    2 * limitMs,
  );
