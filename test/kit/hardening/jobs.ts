import { exitCodes, finalExitCodes } from '../../../runtime/src/contract/exit-codes.ts';
import { objectRule, unless, type Data, type Rule } from './rule.ts';

const cronJobRule = (
  name: string,
  source: string,
  find: (spec: Data, job: Data) => readonly unknown[],
): Rule => objectRule(name, [source], ['CronJob'], ({ spec }) => find(spec, spec.jobTemplate.spec));

const api = 'Kubernetes API batch/v1';
const leastStartingDeadlineSeconds = 3600;

/** An index of several ends by itself: what one finds is no reason to stop the others. */
const exitRule = ({ podFailurePolicy, completions = 1 }: Data): Data =>
  podFailurePolicy?.rules.find(({ action }: Data) => action === (completions > 1 ? 'FailIndex' : 'FailJob'))
    ?.onExitCodes;

/** When runs start, end, are tried again and are forgotten. */
export const jobRules: readonly Rule[] = [
  cronJobRule('starts late rather than never', api, ({ startingDeadlineSeconds }) =>
    unless(startingDeadlineSeconds >= leastStartingDeadlineSeconds, 'startingDeadlineSeconds'),
  ),
  cronJobRule('never runs twice at once', api, ({ concurrencyPolicy }) =>
    unless(concurrencyPolicy === 'Forbid', 'concurrencyPolicy'),
  ),
  cronJobRule('says that it is not suspended', api, ({ suspend }) => unless(suspend === false, 'suspend')),
  cronJobRule('runs by UTC', api, ({ timeZone }) => unless(timeZone === 'Etc/UTC', 'timeZone')),
  cronJobRule('keeps a bounded history', api, (spec) =>
    ['successfulJobsHistoryLimit', 'failedJobsHistoryLimit'].filter((key) => !(spec[key] >= 1)),
  ),
  cronJobRule('ends in time', 'NSA', (_, job) =>
    unless(job.activeDeadlineSeconds > 0, 'activeDeadlineSeconds'),
  ),
  cronJobRule('is tried a bounded number of times', api, (_, job) =>
    unless((job.completions > 1 ? job.backoffLimitPerIndex : job.backoffLimit) <= 10, 'backoffLimit'),
  ),
  cronJobRule('shares its work by index, all at once, where it has several pods', api, (_, job) => {
    const { completionMode, completions = 1, parallelism = 1 } = job;
    const isIndexed = completionMode === 'Indexed' && parallelism === completions;
    return unless(completions === 1 ? parallelism === 1 : isIndexed, 'completionMode');
  }),
  cronJobRule('cleans up what was started by hand', api, (_, job) =>
    unless(job.ttlSecondsAfterFinished > 0, 'ttlSecondsAfterFinished'),
  ),
  cronJobRule('does not count a drained node as a failure', api, (_, { podFailurePolicy }) =>
    unless(
      podFailurePolicy?.rules.some(
        ({ action, onPodConditions = [] }: Data) =>
          action === 'Ignore' &&
          onPodConditions.some(({ type, status }: Data) => type === 'DisruptionTarget' && status === 'True'),
      ),
      'DisruptionTarget',
    ),
  ),
  cronJobRule('gives up on errors that another try cannot cure', 'exit-codes.ts', (_, job) => {
    const { operator, values = [], containerName } = exitRule(job) ?? {};
    const container = job.template.spec.containers.some(({ name }: Data) => name === containerName);
    return [
      ...unless(operator === 'In' && container, 'onExitCodes'),
      ...finalExitCodes.filter((code) => !values.includes(code)),
    ];
  }),
  cronJobRule('tries transient errors again', 'exit-codes.ts', (_, job) => {
    const { unexpected, source, dump, store, locked } = exitCodes;
    return [unexpected, source, dump, store, locked].filter((code) => exitRule(job)?.values.includes(code));
  }),
  cronJobRule('starts a new pod for each try', api, (_, job) =>
    unless(job.template.spec.restartPolicy === 'Never', 'restartPolicy'),
  ),
  objectRule('holds every secret for a day at most', ['NSA'], ['Pod'], ({ spec }) =>
    unless(spec.activeDeadlineSeconds <= 86_400, 'activeDeadlineSeconds'),
  ),
];
