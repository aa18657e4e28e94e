import { deepEqual, equal, match } from 'node:assert/strict';
import { join } from 'node:path';
import { names } from '../../runtime/src/contract/names.ts';
import { partVariables } from '../../runtime/src/contract/parts.ts';
import { synthesizeManifests, writeFiles } from '../../src/synth/manifests.ts';
import { environmentOf, environmentWith } from '../kit/environments.ts';
import { removeFolder, workFolder } from '../kit/private-server.ts';
import { until } from '../kit/until.ts';
import { applyTwice, modes, removeAll, type Mode } from './applied.ts';
import { kubectl, refusalOf } from './kubectl.ts';
import { personOf } from './people.ts';
import { hasNodes } from './scheduling.ts';
import { step } from './steps.ts';

// Verification and drill by four pods: what the API server and the controller of Jobs make of it.

const prod = environmentOf('prod');
const redis = prod.targets.find(({ engine }) => engine === 'redis')!;

const environment = environmentWith('prod', {
  targets: [...prod.targets, { ...redis, name: 'sessions' }],
  verification: { ...prod.verification, parallelism: 4 },
  drill: { ...prod.drill, parallelism: 4 },
});

const inNamespace = (...args: readonly string[]): readonly string[] => [
  ...args,
  '-n',
  environment.namespace.name,
];

const oncall = personOf(environment, 'oncall');
const jobName = 'lane-several';

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- a Job as a person may write it
type Job = any;

const jobOf = async (cronJob: string): Promise<Job> =>
  JSON.parse(
    await kubectl(
      inNamespace('create', 'job', `--from=cronjob/${cronJob}`, jobName, '--dry-run=client', '-o', 'json'),
    ),
  );

const variable = (job: Job, name: string): Job =>
  job.spec.template.spec.containers[0].env.find((each: { name: string }) => each.name === name);

/** Ways to have another number of pods than the CronJob, or other variables. */
const alterations: Readonly<Record<string, (job: Job) => unknown>> = {
  'more pods': ({ spec }) => Object.assign(spec, { completions: 100, parallelism: 100 }),
  'one pod of several': ({ spec }) => Object.assign(spec, { completions: 1, parallelism: 1 }),
  'another number of parts': (job) => (variable(job, partVariables.count).value = '7'),
  'a run of its own choice': (job) => {
    delete variable(job, partVariables.run).valueFrom;
    variable(job, partVariables.run).value = 'mine';
  },
  'another field of the pod': (job) =>
    (variable(job, partVariables.run).valueFrom.fieldRef.fieldPath = 'status.hostIP'),
};

const answerTo = (job: Job): Promise<string> =>
  kubectl(['create', '--dry-run=server', '-f', '-'], JSON.stringify(job), oncall).then(
    () => 'allowed',
    refusalOf,
  );

/** People on call may start what the CronJobs are, and nothing else. */
const policiesKnowThePods = async (): Promise<void> => {
  for (const cronJob of [names.verification, names.drill]) {
    const job = await jobOf(cronJob);
    for (const [title, alter] of Object.entries(alterations)) {
      const altered = structuredClone(job);
      alter(altered);
      await until(async () => (await answerTo(altered)).startsWith('grill-stats-backup-jobs: ')); // read a moment later
      match(await answerTo(altered), /^grill-stats-backup-jobs: /, title);
    }
    equal(await answerTo(job), 'allowed');
  }
  const backup = await jobOf('sessions-backup');
  equal(await answerTo(backup), 'allowed');
  alterations['more pods']!(backup);
  match(await answerTo(backup), /^grill-stats-backup-jobs: /);
};

interface Pod {
  readonly name: string;
  readonly index: string;
  readonly phase: string;
}

const podsOfJob = async (): Promise<readonly Pod[]> => {
  const template =
    'jsonpath={range .items[*]}{.metadata.name} {.metadata.annotations.batch\\.kubernetes\\.io/job-completion-index} {.status.phase}{"\\n"}{end}';
  const selector = `-l=batch.kubernetes.io/job-name=${jobName}`;
  const text = await kubectl(inNamespace('get', 'pods', selector, '-o', template));
  return text.split('\n').map((line) => {
    const [name = '', index = '', phase = ''] = line.split(' ');
    return { name, index, phase };
  });
};

/** Pods that have not ended, by index. */
const living = async (): Promise<Readonly<Record<string, string>>> =>
  Object.fromEntries(
    (await podsOfJob()).filter(({ phase }) => phase === 'Pending').map(({ index, name }) => [index, name]),
  );

/** As a kubelet reports it; there is none here. */
const end = async (pod: string, exitCode: number): Promise<void> => {
  const terminated = { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error' };
  const container = { name: 'backup', image: 'x', imageID: '', ready: false, restartCount: 0 };
  const status = {
    phase: exitCode === 0 ? 'Succeeded' : 'Failed',
    containerStatuses: [{ ...container, state: { terminated } }],
  };
  const patch = JSON.stringify({ status });
  await kubectl(inNamespace('patch', 'pod', pod, '--subresource=status', '--type=merge', '-p', patch));
};

const statusOf = async (field: string): Promise<string> =>
  kubectl(inNamespace('get', 'job', jobName, '-o', `jsonpath={.status.${field}}`));

/** Longer than the pause before a second try. */
const retrySeconds = 60;

/** Killed, an index is started again and no other is; with a code that another try cannot change it fails, and no other does. */
const indexesAreAlone = async (): Promise<void> => {
  await kubectl(inNamespace('create', 'job', `--from=cronjob/${names.verification}`, jobName), '', oncall);
  const first = await until(async () => {
    const pods = await living();
    return Object.keys(pods).length === 4 ? pods : undefined;
  });
  deepEqual(Object.keys(first).toSorted(), ['0', '1', '2', '3']);
  const others = ['0', '1', '3'].map((index) => first[index]!);

  await end(first['2']!, 137);
  const second = await until(async () => {
    const { 2: pod } = await living();
    return pod === first['2'] ? undefined : pod;
  }, retrySeconds);
  deepEqual(await living(), { ...first, 2: second }, 'no other index is started again');

  await end(second, 8);
  await until(async () => (await statusOf('failedIndexes')) === '2', retrySeconds);
  deepEqual(Object.values(await living()).toSorted(), others.toSorted(), 'the others go on');
  equal(await statusOf('conditions[?(@.type=="Failed")].status'), '');

  for (const pod of others) await end(pod, 0);
  await until(
    async () => (await statusOf('conditions[?(@.type=="Failed")].reason')) === 'FailedIndexes',
    retrySeconds,
  );
  equal(await statusOf('completedIndexes'), '0,1,3');
  equal((await podsOfJob()).length, 5);
};

const tryIndexes = async (): Promise<void> => {
  if (await hasNodes())
    return console.log('skip several pods: indexes alone, as a kubelet would report other ends');
  await step('several pods: an index is tried again alone', indexesAreAlone);
  await kubectl(inNamespace('delete', 'job', jobName));
};

export const severalPods = async (): Promise<void> => {
  const root = workFolder('several');
  writeFiles(root, synthesizeManifests([environment]));
  const folder = join(root, environment.environment);
  try {
    for (const mode of Object.keys(modes) as Mode[]) {
      await step(`several pods: second apply ${mode} unchanged`, () => applyTwice(folder, mode));
      await removeAll(folder);
    }
    await applyTwice(folder, 'server-side');
    await step('several pods: people on call start no other number of them', policiesKnowThePods);
    await tryIndexes();
  } finally {
    await removeAll(folder);
    await removeFolder(root);
  }
};
