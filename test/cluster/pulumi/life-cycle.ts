import { equal, ok, rejects } from 'node:assert/strict';
import { names } from '../../../runtime/src/contract/names.ts';
import { environmentOf } from '../../kit/environments.ts';
import { folderOf } from '../applied.ts';
import { kubectl } from '../kubectl.ts';
import { step } from '../steps.ts';
import {
  exactly,
  exists,
  field,
  identities,
  kept,
  nothing,
  oneChange,
  only,
  passphraseIs,
  patch,
  said,
} from './expected.ts';
import { edit, environmentIn } from './project.ts';
import { takeOver, type PulumiStack } from './stack.ts';

// A stack through its life: test/integration/pulumi-life-cycle.test.ts with nothing simulated.

interface Target {
  readonly name: string;
}

const configMap = `ConfigMap ${names.configMap}`;
const overridden = `configmap/${names.configMap}`;
const cronJob = 'cronjob/postgresql-backup';
const schedules = ['5 1 * * *', '10 1 * * *', '15 1 * * *'] as const;

const targetsIn = (project: string): readonly Target[] =>
  environmentIn(project)['targets'] as readonly Target[];

const reschedule = async (stack: PulumiStack, project: string, schedule: string): Promise<void> => {
  const [postgresql, ...others] = targetsIn(project);
  edit(project, { targets: [{ ...postgresql, schedule }, ...others] });
  const before = await identities([cronJob, overridden, ...kept]);
  const expected = [configMap, 'CronJob postgresql-backup', 'Deployment backup-exporter'];
  exactly(
    expected.map((object) => `update ${object}`),
    await stack.up(),
  );
  equal(await field(cronJob, '.spec.schedule'), schedule);
  equal(String(await identities([cronJob, overridden, ...kept])), String(before));
  nothing(await stack.preview());
};

const rotate = async (stack: PulumiStack, passphrase: string): Promise<void> => {
  await stack.setSecret('encryption-key', passphrase);
  const before = await identities(kept);
  exactly(['update Secret backup-encryption-secret'], await stack.up());
  await passphraseIs(passphrase);
  equal(String(await identities(kept)), String(before));
  nothing(await stack.preview());
};

const exchangeTargets = async (stack: PulumiStack, project: string): Promise<void> => {
  const targets = targetsIn(project);
  const [postgresql, influxdb, redis] = targets;
  const isOf = (name: string) => (text: string) => text.includes(name);
  edit(project, { targets: [postgresql, redis, { ...redis, name: 'sessions' }] });
  const there = said(await stack.up()).filter((one) => !one.startsWith('update'));
  ok(there.includes('create CronJob sessions-backup') && there.includes('delete CronJob influxdb-backup'));
  equal(there.filter((one) => !isOf('sessions')(one) && !isOf(influxdb!.name)(one)).join(), '');
  equal(await exists('cronjob/influxdb-backup'), false);
  edit(project, { targets });
  const back = said(await stack.up());
  ok(back.includes('create CronJob influxdb-backup') && back.includes('delete CronJob sessions-backup'));
  nothing(await stack.preview());
};

const override = async (stack: PulumiStack, manager: string): Promise<void> => {
  await patch(overridden, { data: { BACKUP_REMOTE_SYNC: 'true' } }, manager);
  oneChange(configMap, 'data.BACKUP_REMOTE_SYNC', await stack.preview());
  exactly([`update ${configMap}`], await stack.up());
  equal(await field(overridden, '.data.BACKUP_REMOTE_SYNC'), 'false');
  nothing(await stack.preview());
};

const suspend = async (stack: PulumiStack): Promise<void> => {
  await patch('cronjob/redis-backup', { spec: { suspend: true } });
  oneChange('CronJob redis-backup', 'spec.suspend', await stack.preview());
  await stack.up();
  equal(await field('cronjob/redis-backup', '.spec.suspend'), 'false');
};

const destroy = async (stack: PulumiStack): Promise<void> => {
  const before = await identities(kept);
  await rejects(stack.destroy(), /protected/);
  await stack.run(['state', 'unprotect', '--all', '--yes']);
  only(['delete'], await stack.destroy());
  for (const object of [cronJob, overridden, 'deployment/backup-exporter'])
    equal(await exists(object), false);
  equal(String(await identities(kept)), String(before));
};

const bringBack = async (stack: PulumiStack): Promise<void> => {
  const before = await identities(kept);
  await rejects(stack.up(), /already exists/); // which no preview shows
  only(['create'], await stack.up(takeOver));
  equal(String(await identities(kept)), String(before));
  nothing(await stack.preview());
};

const throughManifests = async (stack: PulumiStack): Promise<void> => {
  await stack.run(['state', 'delete', '--all', '--force', '--yes']);
  const folder = folderOf(environmentOf('dev'));
  await kubectl(['apply', '--server-side', '--force-conflicts', '-k', folder]);
  only(['create'], await stack.up(takeOver));
  nothing(await stack.preview());
};

/** All of it, on a stack that has its configuration and was never deployed. */
export const lifeCycle = async (stack: PulumiStack, project: string): Promise<void> => {
  await step('up makes everything', async () => {
    const made = await stack.up();
    only(['create'], made);
    ok(made.length > 25);
  });
  await step('a second preview shows nothing', async () => nothing(await stack.preview()));
  await step('a schedule is changed in place', () => reschedule(stack, project, schedules[0]));
  await step('a passphrase is rotated in place', () => rotate(stack, 'another passphrase of the lane'));
  await step('targets come and go alone', () => exchangeTargets(stack, project));
  for (const manager of ['kubectl-patch', 'a-console'])
    await step(`an override by ${manager} is shown, and ends`, () => override(stack, manager));
  await step('a suspended CronJob is shown, and starts again', () => suspend(stack));
  await step('refresh finds nothing', async () => nothing(await stack.refresh()));
  await step('destroy leaves what holds data', () => destroy(stack));
  await step('the stack is brought back', () => bringBack(stack));
  await step('and changed without a conflict', async () => {
    await reschedule(stack, project, schedules[1]);
    await rotate(stack, 'a third passphrase of the lane');
  });
  await step('manifests take over, and Pulumi again', () => throughManifests(stack));
  await step('and the stack is changed without a conflict', async () => {
    await reschedule(stack, project, schedules[2]);
    await rotate(stack, 'a fourth passphrase of the lane');
  });
};
