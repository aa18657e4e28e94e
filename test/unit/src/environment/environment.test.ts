import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from '@jest/globals';
import { parsePlan, retentionOf } from '../../../../runtime/src/plan/parse.ts';
import {
  parseEnvironment,
  planOf,
  readEnvironment,
  type Environment,
} from '../../../../src/environment/environment.ts';
import { environmentNames, environmentOf } from '../../../kit/environments.ts';
import { messageOf, problemsOf } from '../../../kit/plans.ts';
import { removeFolder, workFolder } from '../../../kit/private-server.ts';

const prod = environmentOf('prod');
const dev = environmentOf('dev');
const allowance = {
  requests: { cpu: '2', memory: '4Gi', ephemeralStorage: '20Gi' },
  limits: { cpu: '8', memory: '8Gi', ephemeralStorage: '100Gi' },
};
const problems = (changes: object, name = 'prod') =>
  problemsOf(() => parseEnvironment(name, { ...prod, ...changes }));
const schedules = ({ targets, verification }: Environment) =>
  [...targets, verification].map(({ schedule }) => schedule);
const daysKept = (environment: Environment) =>
  environment.targets.map((target) => retentionOf(planOf(environment), target as never).days);

describe('the committed environments', () => {
  test('prod runs at the times of the seed and keeps what it keeps', () => {
    expect(schedules(prod)).toEqual(['0 2 * * *', '0 3 * * *', '0 4 * * *', '0 6 * * *']);
    expect(daysKept(prod)).toEqual([30, 7, 7]);
    expect(prod.targets.map(({ rto, rpo }) => [rto, rpo])).toEqual([
      ['1h', '24h'],
      ['2h', '24h'],
      ['30m', '24h'],
    ]);
    expect(prod.retention).toMatchObject({ days: 30, weekly: 4, monthly: 12 });
    expect(prod.verification.reportDays).toBe(30);
    expect(prod.stores.s3).toMatchObject({ base: 's3://grill-stats-backups', sync: true });
    expect(prod.drill).toMatchObject({ schedule: '0 8 * * 0', deadline: '6h' });
    expect(prod.notifications.enabled).toBe(true);
    expect(prod.resources).toEqual({
      requests: { cpu: '200m', memory: '512Mi', ephemeralStorage: '2Gi' },
      limits: { cpu: '1000m', memory: '2Gi', ephemeralStorage: '10Gi' },
    });
  });

  test('dev runs every four hours, keeps little, and sends nothing away', () => {
    expect(schedules(dev)).toEqual(['0 */4 * * *', '15 */4 * * *', '30 */4 * * *', '45 */4 * * *']);
    expect(daysKept(dev)).toEqual([7, 3, 3]);
    expect(dev.logLevel).toBe('DEBUG');
    expect(dev.stores.s3?.sync).toBe(false);
    expect(dev.notifications.enabled).toBe(false);
    expect(dev.aws.enabled).toBe(false);
  });

  test.each(environmentNames)('%s has a plan that the runtime takes as it is', (name) => {
    const plan = planOf(environmentOf(name));
    expect(parsePlan(JSON.parse(JSON.stringify(plan)), {})).toEqual(plan);
  });
});

describe('an environment', () => {
  test.each([
    [
      'a request above its limit',
      { resources: { ...prod.resources, requests: { ...prod.resources.requests, memory: '4Gi' } } },
      'resources.requests.memory: found "4Gi", expected at most the limit, 2Gi',
    ],
    [
      'a request above its limit in other units',
      { resources: { ...prod.resources, requests: { ...prod.resources.requests, cpu: '1.5' } } },
      'resources.requests.cpu: found "1.5", expected at most the limit, 1000m',
    ],
    [
      'thousandths of a byte',
      { storage: { size: '100m' } },
      'storage.size: found "100m", expected a quantity such as 512Mi or 10Gi',
    ],
    ['a size of 0', { storage: { size: '0Gi' } }, 'storage.size: found "0Gi", expected more than 0'],
    [
      'an unquoted size',
      { storage: { size: 100 } },
      'storage.size: found 100, expected text (put it in quotes)',
    ],
    [
      'an access mode the exporter could not share',
      { storage: { size: '1Gi', accessMode: 'ReadWriteOncePod' } },
      'storage.accessMode: found "ReadWriteOncePod", expected one of ReadWriteOnce, ReadWriteMany (did you mean ReadWriteOnce?)',
    ],
    [
      'a moving tag',
      { image: { ...prod.image, tag: 'latest' } },
      'image.tag: found "latest", expected a fixed version',
    ],
    [
      'a short digest',
      { image: { ...prod.image, digest: 'sha256:12' } },
      'image.digest: found "sha256:12", expected sha256: and 64 hexadecimal digits',
    ],
    [
      'a prod image that could be another tomorrow',
      { image: { repository: 'ghcr.io/lordmuffin/backup', tag: '0.1.0' } },
      'image.digest: found nothing, expected sha256: and 64 hexadecimal digits in prod, as a tag can be moved',
    ],
    [
      'a quota that admits no run',
      { quota: { ...allowance, pods: 8, limits: { ...allowance.limits, memory: '4Gi' } } },
      'quota.limits.memory: found "4Gi", expected at least 8053063680, what exporter, receivers, console, restore pod and the largest run ask for together',
    ],
    [
      'a quota that admits one pod of several',
      {
        quota: { ...allowance, pods: 4, limits: { ...allowance.limits, memory: '16Gi' } },
        verification: { ...prod.verification, parallelism: 3 },
      },
      'quota.pods: found 4, expected at least 8, what exporter, receivers, console, restore pod and the largest run ask for together',
    ],
    [
      'a quota with memory for one pod of several',
      {
        quota: { ...allowance, pods: 8 },
        drill: { parallelism: 3 },
      },
      'quota.limits.memory: found "8Gi", expected at least 10200547328, what exporter, receivers, console, restore pod and the largest run ask for together',
    ],
    [
      'more pods than targets',
      { verification: { ...prod.verification, parallelism: 4 } },
      'verification.parallelism: found 4, expected at most 3, the number of targets',
    ],
    [
      'more pods that drill than targets',
      { drill: { ...prod.drill, parallelism: 4 } },
      'drill.parallelism: found 4, expected at most 3, the number of targets',
    ],
    [
      'no pod at all',
      { verification: { ...prod.verification, parallelism: 0 } },
      'verification.parallelism: found 0, expected at least 1',
    ],
    [
      'a policy on the side of a server that is no pod',
      { targets: [{ ...prod.targets[0], network: { cidrs: ['10.0.0.1/32'], ingress: true } }] },
      'targets[0].network.podLabels: found nothing, expected the labels of the pods that the policy of `ingress` selects',
    ],
    [
      'a run that a late controller would skip',
      { jobs: { startingDeadline: '10s' } },
      'jobs.startingDeadline: found "10s", expected at least 1h, or a controller that is late skips the run silently',
    ],
    [
      'a starting deadline that is none',
      { jobs: { startingDeadline: 'soon' } },
      'jobs.startingDeadline: found "soon", expected a duration such as 30m, 24h or 7d',
    ],
    [
      'no source of secrets',
      { secrets: {} },
      'secrets: found an object, expected one of onePassword, externalSecret and pulumi',
    ],
    [
      'an address for a range',
      { network: { ...prod.network, objectStore: { cidrs: ['10.0.0.1'] } } },
      'network.objectStore.cidrs[0]: found "10.0.0.1", expected an address range such as 10.0.0.0/8',
    ],
    [
      'a peer that is nobody',
      { network: { ...prod.network, dns: {} } },
      'network.dns: found an object, expected podLabels or cidrs',
    ],
    [
      'a volume where the runtime does not look',
      { stores: { ...prod.stores, directory: { path: '/data' } } },
      'stores.directory.path: found "/data", expected /backup, where the volume is mounted',
    ],
    [
      'a bucket to be made without a name',
      { aws: { ...prod.aws, irsa: undefined }, stores: { directory: {} } },
      'aws.enabled: found true, expected stores.s3, which names the bucket to make',
    ],
    [
      'a bucket to be made elsewhere',
      {
        stores: { s3: { base: 's3://bucket', endpoint: 'https://minio:9000' } },
        aws: { ...prod.aws, irsa: undefined, objectLock: undefined },
      },
      'aws.enabled: found true, expected false, as stores.s3.endpoint is not AWS',
    ],
    [
      'a page that is no URL',
      { monitoring: { ...prod.monitoring, runbookUrl: 'RUNBOOK.md' } },
      'monitoring.runbookUrl: found "RUNBOOK.md", expected a valid url',
    ],
    [
      'encryption off in prod',
      { encryption: { enabled: false }, console: { enabled: false } },
      'encryption.enabled: found false, encryption cannot be off in prod (set it to true)',
    ],
  ])('%s is named with what was found and what is allowed', (_, changes, problem) => {
    expect(problems(changes)).toEqual([problem]);
  });

  test('a target without a network is told so', () => {
    expect(problems({ targets: [{ ...prod.targets[0], network: undefined }] })).toEqual([
      'targets[0].network: found nothing, expected an object (add it)',
    ]);
  });

  test('services to stop need the addresses of the API server', () => {
    const [first, ...others] = prod.targets;
    const targets = [{ ...first, services: [{ name: 'api' }] }, ...others];
    expect(problems({ targets, network: {}, console: { enabled: false } })).toEqual([
      'network.apiServer: found nothing, expected the addresses that kubectl get endpoints kubernetes -n default shows, as targets name services',
    ]);
  });

  test('a server for drills without a network is told so', () => {
    const drill = { connection: { host: 'drills', database: 'postgres' }, secret: { name: 'drill-secret' } };
    expect(problems({ targets: [{ ...prod.targets[0], drill }] })).toEqual([
      'targets[0].drill.network: found nothing, expected an object (add it)',
    ]);
  });

  test('an unknown key is named with the keys there are', () => {
    expect(problems({ storag: {} })[0]).toMatch(
      /^storag: found an unknown key, expected only environment, .*, aws \(did you mean storage\?\)$/,
    );
  });

  test('the name has to be that of the file', () => {
    expect(problems({}, 'staging')).toEqual([
      'environment: found "prod", expected staging, the name of its file',
    ]);
  });

  test('problems of the plan and of the deployment are reported together, under the name of the file', () => {
    const input = {
      ...prod,
      encryption: { enabled: false },
      console: { enabled: false },
      storage: {},
      targets: [{ ...prod.targets[0], schedule: 'x' }],
    };
    expect(
      messageOf(() => parseEnvironment('prod', input))
        .split('\n')
        .map((line) => line.split(':')[0]!.trim()),
    ).toEqual([
      'Pulumi.prod.yaml has 3 problems',
      'targets[0].schedule',
      'storage.size',
      'encryption.enabled',
    ]);
  });
});

describe('an environment file', () => {
  const folder = workFolder('environment');
  const written = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };
  afterAll(() => removeFolder(folder));

  test('without the key says what is missing', () => {
    expect(messageOf(() => readEnvironment(written('Pulumi.dev.yaml', 'config: {}\n')))).toBe(
      'Pulumi.dev.yaml has 1 problem:\n  everything: found nothing, expected an object (add it)',
    );
  });

  test('that is not YAML says where', () => {
    expect(messageOf(() => readEnvironment(written('Pulumi.dev.yaml', 'config: [\n')))).toBe(
      'Pulumi.dev.yaml is not YAML: deficient indentation, line 2',
    );
  });
});
