import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { placeholder } from '../../src/aws/resource.ts';
import { awsResources } from '../../src/aws/resources.ts';
import { synthesize } from '../../src/constructs/backup-system.ts';
import { configKey, parseEnvironment, readEnvironment } from '../../src/environment/environment.ts';
import { withAccessKey } from '../kit/aws.ts';
import { root } from '../kit/environments.ts';
import { everyConsole } from '../kit/every-console.ts';
import { masked, type ProgramRun, type Registered } from '../kit/pulumi-engine.ts';
import { arnOf, configOf, fileOf, kindOf, minted, runStack, settings } from '../kit/pulumi-stack.ts';

const project = settings.name;
const timeoutMs = 600_000;

const of = (provider: string, resources: readonly Registered[]) =>
  resources.filter(({ type }) => type.startsWith(`${provider}:`));

const applied = (stack: string) =>
  synthesize(readEnvironment(fileOf(stack))).flatMap(({ byHand, objects }) => (byHand ? [] : objects));

const byKind = (objects: readonly unknown[]) =>
  [...(objects as { kind: string; metadata: { name: string } }[])].sort((a, b) =>
    `${a.kind}/${a.metadata.name}`.localeCompare(`${b.kind}/${b.metadata.name}`),
  );

const namesOf = (urns: readonly string[]) => urns.map((urn) => urn.split('::').at(-1));

/** Without the manager of its fields, which only Pulumi wants. */
const unowned = ({ inputs, name }: Registered) => {
  const metadata = inputs['metadata'] as { annotations: Readonly<Record<string, string>> };
  const {
    'pulumi.com/patchFieldManager': manager,
    'pulumi.com/patchForce': force,
    ...annotations
  } = metadata.annotations;
  expect(manager).toBe('grill-stats-backup');
  expect(force).toBe(name.endsWith('/backup-config') ? 'true' : undefined);
  return {
    ...inputs,
    metadata: {
      ...metadata,
      annotations: Object.keys(annotations).length ? annotations : undefined,
    },
  };
};

/** Arguments as Pulumi sends them: outputs for placeholders, policies as text. */
const sentFor = (args: object): unknown => {
  const filled = JSON.parse(
    JSON.stringify(args).replaceAll(placeholder, (_, kind, name, output) =>
      output === 'id' ? `backup:${name}-id` : arnOf(kind, `backup:${name}`),
    ),
  ) as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(filled).map(([key, value]) => [
      key,
      ['policy', 'assumeRolePolicy'].includes(key) ? JSON.stringify(value) : value,
    ]),
  );
};

test('Pulumi runs TypeScript as it is, and finds the environment under its project', () => {
  expect(settings.runtime).toEqual({ name: 'nodejs', options: { typescript: false } });
  expect(configKey).toBe(`${project}:environment`);
  expect(Object.keys(settings.config)).toEqual(['environment']);
});

test('wants the Pulumi whose SDK it uses', () => {
  const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>;
  };
  expect(settings.requiredPulumiVersion).toBe(`>=${dependencies['@pulumi/pulumi']!}`);
});

test(
  'a Node.js that runs no TypeScript, such as 20, is named in a sentence',
  async () => {
    const { exitCode, errors } = await runStack('dev', { nodeOptions: ['--no-experimental-strip-types'] });
    expect(exitCode).not.toBe(0);
    expect(errors).toContain(
      `Pulumi found Node.js ${process.versions.node}, and this program needs 22.18 or newer\nhint: npm ci && export PATH=`,
    );
    expect(errors).not.toMatch(/\n\s+at /);
  },
  timeoutMs,
);

test(
  'a console gets its rights and its Service before what needs them',
  async () => {
    const prod = configOf('prod');
    const network = { ...(prod['network'] as object), apiServer: { cidrs: ['10.0.0.5/32'] } };
    const environment = { ...prod, network, console: everyConsole };
    const { errors, resources } = await runStack('prod', { environment });
    expect(errors).toBe('');
    const before = Object.fromEntries(
      resources
        .filter(({ name }) => name.includes('backup-console'))
        .map(({ type, name, dependsOn }) => [`${kindOf(type)} ${name.split('/').at(-1)}`, dependsOn]),
    );
    const account = 'backup:grill-stats/backup-console';
    expect(before).toMatchObject({
      'ServiceAccount backup-console': [],
      'Service backup-console': [],
      'PodDisruptionBudget backup-console': [],
      'ClusterRoleBinding backup:grill-stats-backup-console-impersonation': expect.arrayContaining([
        'backup:grill-stats-backup-console-impersonation',
        account,
      ]),
      'Deployment backup-console': expect.arrayContaining([
        account,
        'backup:grill-stats/console-to-api-server',
        'backup:grill-stats/console-to-issuer',
        'backup:grill-stats/clients-to-console',
      ]),
      'Ingress backup-console': expect.arrayContaining([account]),
      'HTTPRoute backup-console': expect.arrayContaining([account]),
    });
  },
  timeoutMs,
);

describe.each(['dev', 'prod'])('the Pulumi program in %s', (stack) => {
  let result: ProgramRun;
  let kubernetes: readonly Registered[];
  const found = (id: string) => {
    const resource = result.resources.find(({ type, name }) => `${kindOf(type)} ${name}` === id);
    if (!resource) throw new Error(`no ${id}`);
    return resource;
  };

  beforeAll(async () => {
    result = await runStack(stack);
    kubernetes = of('kubernetes', result.resources);
  }, timeoutMs);

  test('registers exactly the objects of synth', () => {
    expect(result.errors).toBe('');
    expect(result.warnings).toBe('');
    expect(result.exitCode).toBe(0);
    expect(byKind(kubernetes.map(unowned))).toEqual(byKind(applied(stack)));
  });

  test('names each object namespace/name, and waits for no namespace that is the platform’s', () => {
    for (const { inputs, name, dependsOn } of kubernetes) {
      const metadata = inputs['metadata'] as { name: string; namespace?: string };
      expect(name).toBe(`backup:${metadata.namespace ? `${metadata.namespace}/` : ''}${metadata.name}`);
      expect(dependsOn).not.toContain(metadata.namespace);
    }
  });

  test('gives each object the type of its kind', () => {
    const tokens = kubernetes.map(({ type, inputs }) => {
      const apiVersion = String(inputs['apiVersion']);
      return {
        type,
        expected: `kubernetes:${apiVersion.includes('/') ? apiVersion : `core/${apiVersion}`}:${String(inputs['kind'])}`,
      };
    });
    expect(tokens.map(({ type }) => type)).toEqual(tokens.map(({ expected }) => expected));
  });

  test('applies on the server side, through one provider', () => {
    expect(found('kubernetes backup:cluster').inputs).toMatchObject({
      enableServerSideApply: 'true',
      enableSecretMutable: 'true',
      enableConfigMapMutable: 'true',
    });
    expect([...new Set(kubernetes.map(({ provider }) => provider))]).toEqual(['backup:cluster']);
  });

  test('protects the volume and leaves it when the stack goes; the namespace is not its own', () => {
    const guarded = kubernetes
      .filter(({ protect, retainOnDelete }) => protect && retainOnDelete)
      .map(({ type }) => kindOf(type));
    expect(guarded.sort()).toEqual(['PersistentVolumeClaim']);
    expect(kubernetes.filter(({ protect, retainOnDelete }) => protect !== retainOnDelete)).toEqual([]);
  });

  test('starts what runs after all that it needs', () => {
    const needed = kubernetes
      .filter(({ type }) => /:(ConfigMap|OnePasswordItem|PersistentVolumeClaim|ServiceAccount)$/.test(type))
      .map(({ name }) => name);
    const running = kubernetes.filter(({ type }) => /:(CronJob|Deployment)$/.test(type));
    expect(running.length).toBeGreaterThan(5);
    for (const { name, dependsOn } of running)
      expect([name, dependsOn]).toEqual([name, expect.arrayContaining(needed)]);
  });

  test('starts what runs after the policies about its pods', () => {
    const policies = kubernetes.filter(({ type }) => type.endsWith(':NetworkPolicy')).map(({ name }) => name);
    const before = (id: string) =>
      found(id)
        .dependsOn.filter((name) => policies.includes(name))
        .map((name) => name.split('/')[1])
        .sort();
    const everywhere = [
      'backup-default-deny',
      'backup-to-dns',
      'backup-to-object-store',
      ...(stack === 'prod' ? ['backup-to-notifications'] : []),
    ];
    expect(before('CronJob backup:grill-stats/redis-backup')).toEqual(
      [...everywhere, 'redis-backup-to-database'].sort(),
    );
    expect(before('Deployment backup:grill-stats/backup-exporter')).toEqual(
      expect.arrayContaining(['backup-default-deny', 'prometheus-to-exporter']),
    );
    expect(before('Deployment backup:grill-stats/backup-exporter')).not.toContain('redis-backup-to-database');
  });

  test('names a key in the plan after its Secret has it', () => {
    const { dependsOn } = found('ConfigMap backup:grill-stats/backup-config');
    expect(dependsOn).toContain('backup:grill-stats/backup-encryption-secret');
    expect(found('ConfigMap backup:grill-stats/backup-scripts').dependsOn).toEqual([]);
  });

  test('binds roles and finds services after they are there', () => {
    expect(found('RoleBinding backup:grill-stats/backup-oncall').dependsOn).toContain(
      'backup:grill-stats/backup-oncall',
    );
    expect(found('ServiceMonitor backup:grill-stats/backup-monitoring').dependsOn).toContain(
      'backup:grill-stats/backup-exporter',
    );
  });

  test('finds everything where it was before there was a component', () => {
    for (const { urn, type, name, aliases } of result.resources.filter(({ custom }) => custom)) {
      const before = `urn:pulumi:${stack}::${project}::${type}::${name.replace(/^backup:/, '')}`;
      expect([urn, aliases[0]]).toEqual([urn, before]);
    }
  });

  test('puts everything below its component', () => {
    const types = result.resources.map(({ urn }) => urn.split('::')[2]!.split('$').slice(0, -1).join('$'));
    expect([...new Set(types)].sort()).toEqual(
      stack === 'prod'
        ? ['', 'grill-stats:Backup', 'grill-stats:Backup$grill-stats:AwsStore']
        : ['', 'grill-stats:Backup'],
    );
  });

  test('finds what older versions named otherwise', () => {
    expect(namesOf(found('NetworkPolicy backup:grill-stats/redis-backup-to-database').aliases)).toEqual([
      'grill-stats/redis-backup-to-database',
      'grill-stats/backup-to-redis',
    ]);
    expect(namesOf(found('ConfigMap backup:grill-stats/backup-config').aliases)).toEqual([
      'grill-stats/backup-config',
    ]);
  });

  test('does not run the restore pod', () => {
    expect(result.resources.filter(({ type }) => type.endsWith(':Pod'))).toEqual([]);
  });

  test('registers exactly what src/aws says', () => {
    const wanted = awsResources(readEnvironment(fileOf(stack)));
    const sent = (kind: string, name: string) =>
      of('aws', result.resources).find((one) => kindOf(one.type) === kind && one.name === `backup:${name}`)
        ?.inputs;
    expect(of('aws', result.resources)).toHaveLength(wanted.length);
    for (const { kind, name, args } of wanted)
      expect([kind, name, sent(kind, name)]).toEqual([kind, name, sentFor(args)]);
  });

  test('says in its outputs what runs when, and where to look', () => {
    expect(result.outputs).toMatchObject({
      schedules: { 'postgresql-backup': stack === 'prod' ? '0 2 * * *' : '0 */4 * * *' },
      dashboardUrl: 'http://grafana.example.com/d/backup-monitoring',
    });
    expect(Object.keys(result.outputs['schedules'] as object).sort()).toEqual(
      kubernetes
        .filter(({ type }) => type.endsWith(':CronJob'))
        .map(({ name }) => name.split('/')[1])
        .sort(),
    );
  });

  if (stack === 'dev')
    test('touches AWS in nothing', () => {
      expect(result.resources.filter(({ type }) => /aws/.test(type))).toEqual([]);
      expect(Object.keys(result.outputs).sort()).toEqual(['dashboardUrl', 'schedules']);
    });
  else {
    const aws = () => of('aws', result.resources);

    test('works in one account only', () => {
      expect(found('aws backup:aws').inputs).toMatchObject({ allowedAccountIds: '["123456789012"]' });
      expect([...new Set(aws().map(({ provider }) => provider))]).toEqual(['backup:aws']);
    });

    test('protects buckets and keys, and leaves them and their settings when the stack goes', () => {
      expect(
        aws()
          .filter(({ protect }) => protect)
          .map(({ type, name }) => `${kindOf(type)} ${name}`)
          .sort(),
      ).toEqual([
        'Bucket backup:archives',
        'Bucket backup:archives-logs',
        'Bucket backup:replica',
        'Bucket backup:replica-logs',
        'Key backup:archives',
        'Key backup:replica',
      ]);
      const left = aws().filter(({ retainOnDelete }) => retainOnDelete);
      expect(left.filter(({ type }) => type.startsWith('aws:s3/'))).toHaveLength(
        aws().filter(({ type }) => type.startsWith('aws:s3/')).length,
      );
      expect(aws().filter(({ protect, retainOnDelete }) => protect && !retainOnDelete)).toEqual([]);
      const others = left.filter(({ type }) => type.startsWith('aws:iam/'));
      expect(others.map(({ type, name }) => `${kindOf(type)} ${name}`)).toEqual([
        'Role backup:replication',
        'RolePolicy backup:replication',
      ]);
    });

    test('waits where AWS wants an order', () => {
      expect(found('BucketObjectLockConfiguration backup:archives').dependsOn).toHaveLength(2);
      expect(found('BucketReplicationConfig backup:archives').dependsOn).toEqual(
        expect.arrayContaining(['backup:archives', 'backup:replica', 'backup:replication']),
      );
    });

    test('finds the bucket under the name that 0.1.0 gave it', () => {
      expect(namesOf(found('Bucket backup:archives').aliases)).toEqual(['archives', 'grill-stats-backups']);
      expect(namesOf(found('Bucket backup:replica').aliases)).toEqual(['replica']);
    });

    test('puts bucket, keys and identity out; the pods have a role, so no key', () => {
      expect(result.outputs).toEqual({
        schedules: expect.anything(),
        dashboardUrl: expect.any(String),
        bucket: 'grill-stats-backups',
        replicaBucket: 'grill-stats-backups-replica',
        keyArn: arnOf('Key', 'backup:archives'),
        identityArn: arnOf('Role', 'backup:backup'),
      });
    });
  }
});

test(
  'S3 keys are not asked for where nothing is copied there, and taken where they are given',
  async () => {
    const environment = { ...configOf('dev'), secrets: { pulumi: true } };
    const secrets = { 'encryption-key': 'p@ssphrase of the test' };
    const without = await runStack('dev', { environment, secrets });
    expect(without.errors).toBe('');
    const kept = ({ resources }: ProgramRun) =>
      resources.find(({ name }) => name.endsWith('/backup-encryption-secret'))!.secrets;
    expect(kept(without)).toEqual([secrets]);
    const s3 = { 's3-access-key': 'id', 's3-secret-key': 'key' };
    expect(kept(await runStack('dev', { environment, secrets: { ...secrets, ...s3 } }))).toEqual([
      { ...secrets, ...s3 },
    ]);
  },
  timeoutMs,
);

describe('settings of the providers', () => {
  test(
    'that reach cluster and account are passed on',
    async () => {
      const { errors, resources } = await runStack('prod', {
        config: {
          'kubernetes:context': 'prod-cluster',
          'kubernetes:clusterIdentifier': 'grill-stats-prod',
          'aws:profile': 'backups',
          'aws:assumeRoles': '[{"roleArn":"arn:aws:iam::123456789012:role/deploy"}]',
        },
      });
      expect(errors).toBe('');
      const inputs = (name: string) =>
        resources.find((one) => one.type.startsWith('pulumi:providers:') && one.name === name)!.inputs;
      expect(inputs('backup:cluster')).toMatchObject({
        context: 'prod-cluster',
        clusterIdentifier: 'grill-stats-prod',
      });
      expect(inputs('backup:aws')).toMatchObject({
        profile: 'backups',
        assumeRoles: '[{"roleArn":"arn:aws:iam::123456789012:role/deploy"}]',
      });
    },
    timeoutMs,
  );

  test(
    'that would have no effect are refused, all at once',
    async () => {
      const { exitCode, errors, resources } = await runStack('prod', {
        config: {
          'kubernetes:renderYamlToDirectory': 'out',
          'aws:region': 'eu-west-1',
          'aws:endpoints': '[]',
        },
      });
      expect(exitCode).not.toBe(0);
      expect(errors).toContain(
        'aws:endpoints has no effect here\n' +
          'aws:region has no effect here: stores.s3.region is the region\n' +
          'kubernetes:renderYamlToDirectory has no effect here: npm run synth writes the manifests\n' +
          'hint: pulumi config rm <key>',
      );
      expect(resources.filter(({ custom }) => custom)).toEqual([]);
    },
    timeoutMs,
  );
});

describe('secrets by Pulumi', () => {
  const values = { 'encryption-key': 'p@ssphrase of the test', 'webhook-url': 'https://hooks.test/secret' };
  const environment = { ...configOf('prod'), ...withAccessKey(), secrets: { pulumi: true } };
  let result: ProgramRun;

  const secret = (name: string) =>
    result.resources.find(
      (one) => one.type === 'kubernetes:core/v1:Secret' && one.name === `backup:grill-stats/${name}`,
    )!;

  beforeAll(async () => {
    result = await runStack('prod', { environment, secrets: values });
  }, timeoutMs);

  test('have the names and keys of the runtime, and values that are all marked', () => {
    expect(result.errors).toBe('');
    expect(secret('backup-encryption-secret').inputs).toMatchObject({
      metadata: { name: 'backup-encryption-secret', namespace: 'grill-stats' },
      type: 'Opaque',
    });
    expect(secret('backup-encryption-secret').inputs['stringData']).toEqual(masked);
    expect(secret('backup-encryption-secret').secrets).toEqual([
      {
        'encryption-key': values['encryption-key'],
        's3-access-key': minted.id,
        's3-secret-key': minted.secret,
      },
    ]);
    expect(secret('backup-notification-secret').secrets).toEqual([{ 'webhook-url': values['webhook-url'] }]);
  });

  test('are outputs of the stack as well, as far as AWS minted them', () => {
    expect(result.outputs).toMatchObject({ s3AccessKey: masked, s3SecretKey: masked });
  });

  test('appear nowhere in the clear', () => {
    const text = JSON.stringify([result.resources.map(({ inputs }) => inputs), result.outputs]);
    for (const value of [...Object.values(values), minted.secret]) expect(text).not.toContain(value);
    expect(text).toContain(masked);
  });

  test('stay when the stack goes, as far as archives cannot be read without them', () => {
    expect(secret('backup-encryption-secret')).toMatchObject({ protect: true, retainOnDelete: true });
    expect(secret('backup-notification-secret')).toMatchObject({ protect: false, retainOnDelete: false });
  });

  test('are there before anything runs, and before the plan names their keys', () => {
    const waiting = result.resources.filter(
      ({ type, name }) => /:(CronJob|Deployment)$/.test(type) || name.endsWith('/backup-config'),
    );
    expect(waiting.length).toBeGreaterThan(6);
    for (const { dependsOn } of waiting)
      expect(dependsOn).toEqual(
        expect.arrayContaining([
          'backup:grill-stats/backup-encryption-secret',
          'backup:grill-stats/backup-notification-secret',
        ]),
      );
  });

  test('are besides the objects of synth, which hold none', () => {
    const objects = synthesize(parseEnvironment('prod', environment)).flatMap(({ byHand, objects: all }) =>
      byHand ? [] : all,
    );
    const others = of('kubernetes', result.resources).filter(({ type }) => !type.endsWith(':Secret'));
    expect(byKind(others.map(unowned))).toEqual(byKind(objects));
  });

  test(
    'are asked for by name, all at once, before anything is registered',
    async () => {
      const { exitCode, errors, resources } = await runStack('prod', {
        environment,
        plain: { 'webhook-url': 'https://in.the/clear' },
      });
      expect(exitCode).not.toBe(0);
      expect(errors).toContain(`${project}:encryption-key is missing`);
      expect(errors).toContain(`${project}:webhook-url is in plain text`);
      expect(errors).toContain('pulumi config set --secret');
      expect(errors).not.toContain('in.the/clear');
      expect(errors).not.toMatch(/\n\s+at /);
      expect(resources.filter(({ custom }) => custom)).toEqual([]);
    },
    timeoutMs,
  );

  test(
    'a passphrase that offline recovery would read as another one is refused, without showing it',
    async () => {
      const { exitCode, errors, resources } = await runStack('prod', {
        environment,
        secrets: { ...values, 'encryption-key': 'p@ssphrase of the test\nand more' },
      });
      expect(exitCode).not.toBe(0);
      expect(errors).toContain(`${project}:encryption-key is more than one line`);
      expect(errors).not.toContain('p@ssphrase');
      expect(resources.filter(({ custom }) => custom)).toEqual([]);
    },
    timeoutMs,
  );

  test(
    'without a minted key, the S3 keys are asked for as well',
    async () => {
      const { errors } = await runStack('prod', {
        environment: { ...environment, aws: {} },
        secrets: values,
      });
      expect(errors).toContain(`${project}:s3-access-key is missing\n${project}:s3-secret-key is missing`);
    },
    timeoutMs,
  );
});

test(
  'a mistake in the configuration is shown whole, without a stack trace, and nothing is registered',
  async () => {
    const environment = { ...configOf('prod'), encryption: { enabled: false }, image: {} };
    const { exitCode, errors, resources } = await runStack('prod', { environment });
    expect(exitCode).not.toBe(0);
    expect(errors).toContain('encryption.enabled: found false, encryption cannot be off in prod');
    expect(errors).toContain('image.repository: found nothing, expected text (add it)');
    expect(errors).not.toMatch(/\n\s+at /);
    expect(resources.filter(({ custom }) => custom)).toEqual([]);
  },
  timeoutMs,
);
