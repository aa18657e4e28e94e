import { describe, expect, test } from '@jest/globals';
import { overrides } from '../../../runtime/src/contract/overrides.ts';
import type { BackupError } from '../../../runtime/src/core/errors.ts';
import { overridePaths, parsePlan, retentionOf } from '../../../runtime/src/plan/parse.ts';
import { messageOf, problemsOf, smallestPlan } from '../../kit/plans.ts';

const [target] = smallestPlan.targets;
const withTarget = (changes: object) => ({ ...smallestPlan, targets: [{ ...target, ...changes }] });
const problems = (input: unknown, variables = {}) => problemsOf(() => parsePlan(input, variables));

describe('a plan', () => {
  test('gets every default, those of the engine too', () => {
    expect(parsePlan(smallestPlan, {})).toEqual({
      environment: 'dev',
      logLevel: 'INFO',
      retention: { hours: 48, days: 30, weekly: 4, monthly: 12, maxShare: 0.5 },
      encryption: {
        enabled: true,
        secret: 'backup-encryption-secret',
        keys: [{ id: 'primary', secretKey: 'encryption-key' }],
      },
      compression: { algorithm: 'gzip', level: 1 },
      stores: { directory: { path: '/backup' } },
      targets: [
        {
          name: 'postgresql',
          engine: 'postgresql',
          connection: { host: 'postgresql', port: 5432, database: 'grill_stats', sslMode: 'prefer' },
          secret: { name: 'postgresql-secret', keys: { username: 'username', password: 'password' } },
          schedule: '0 2 * * *',
          deadline: '1h',
          rpo: '24h',
          rto: '1h',
        },
      ],
      verification: { schedule: '0 6 * * *', level: 'deep', deadline: '1h' },
      drill: { schedule: '0 8 * * 0', deadline: '6h' },
      anomalies: { enabled: true, dropPercent: 50, growthFactor: 3, ratioPercent: 30, forecastDays: 14 },
      notifications: { enabled: false },
    });
  });

  test('keeps the log of a target only where it is asked to', () => {
    const [kept] = parsePlan(withTarget({ pointInTime: {} })).targets;
    expect(kept?.pointInTime).toEqual({
      window: '7d',
      interval: '10s',
      pieceSize: '4Mi',
      synchronous: false,
      allowUnlimitedSlot: false,
      base: { schedule: '0 1 * * 0', deadline: '6h', increments: '6d' },
    });
    const own = { pointInTime: { secret: { name: 'replication' } } };
    expect(parsePlan(withTarget(own)).targets[0]?.pointInTime?.secret?.keys).toEqual({
      username: 'username',
      password: 'password',
    });
  });

  test('is a plan again after a trip through JSON', () => {
    const plan = parsePlan(smallestPlan);
    expect(parsePlan(JSON.parse(JSON.stringify(plan)))).toEqual(plan);
  });

  test.each([
    [
      'a cron that never fires',
      withTarget({ schedule: '0 2 31 2 *' }),
      'targets[0].schedule: found "0 2 31 2 *", this cron expression never fires',
    ],
    [
      'a cron of six fields',
      withTarget({ schedule: '0 0 2 * * *' }),
      'targets[0].schedule: found "0 0 2 * * *", expected five fields: minute hour day month weekday',
    ],
    [
      'a retention of 0',
      { ...smallestPlan, retention: { days: 0 } },
      'retention.days: found 0, expected at least 1',
    ],
    [
      'a retention of 0 of a target',
      withTarget({ retention: { days: 0 } }),
      'targets[0].retention.days: found 0, expected at least 1',
    ],
    [
      'a duration without unit',
      withTarget({ rpo: '24' }),
      'targets[0].rpo: found "24", expected a duration such as 30m, 24h or 7d',
    ],
    [
      'a duration of 0',
      withTarget({ deadline: '0h' }),
      'targets[0].deadline: found "0h", expected more than 0',
    ],
    [
      'encryption off in prod',
      { ...smallestPlan, environment: 'prod', encryption: { enabled: false } },
      'encryption.enabled: found false, encryption cannot be off in prod (set it to true)',
    ],
    [
      'an unknown engine',
      withTarget({ engine: 'postgres' }),
      'targets[0].engine: found "postgres", expected one of influxdb, postgresql, redis (did you mean postgresql?)',
    ],
    [
      'a missing engine',
      withTarget({ engine: undefined }),
      'targets[0].engine: found nothing, expected one of influxdb, postgresql, redis (add it)',
    ],
    [
      'a name with capitals',
      withTarget({ name: 'Grill' }),
      'targets[0].name: found "Grill", expected lower-case letters, digits and dashes',
    ],
    [
      'a name that commands use',
      withTarget({ name: 'full' }),
      'targets[0].name: found "full", expected none of full, verification, latest, locks, runs, audit, recovery, restores, services, undo, wal, base, parts',
    ],
    [
      'a name whose CronJob would be too long',
      withTarget({ name: 'a'.repeat(46) }),
      `targets[0].name: found "${'a'.repeat(46)}", expected at most 45 characters`,
    ],
    [
      'a port in quotes',
      withTarget({ connection: { ...target.connection, port: '5432' } }),
      'targets[0].connection.port: found "5432", expected a number (write it without quotes)',
    ],
    [
      'a port out of range',
      withTarget({ connection: { ...target.connection, port: 70_000 } }),
      'targets[0].connection.port: found 70000, expected at most 65535',
    ],
    [
      'a missing field of the engine',
      withTarget({ connection: { host: 'postgresql' } }),
      'targets[0].connection.database: found nothing, expected text (add it)',
    ],
    [
      'an unknown role of the secret',
      withTarget({ secret: { name: 'x', keys: { passwort: 'y' } } }),
      'targets[0].secret.keys.passwort: found an unknown key, expected only username, password (did you mean password?)',
    ],
    [
      'an unknown key',
      { ...smallestPlan, retentions: {} },
      'retentions: found an unknown key, expected only environment, logLevel, retention, encryption, compression, stores, targets, verification, drill, anomalies, notifications, pushgateway, console (did you mean retention?)',
    ],
    [
      'a drill on a server that has only live data',
      withTarget({
        engine: 'redis',
        connection: { host: 'redis' },
        drill: { connection: { host: 'drills' }, secret: { name: 'drill-secret' } },
      }),
      'targets[0].drill: found an object, Redis cannot restore beside its live data for a drill (remove it; the drill starts a server inside its own pod, from the job image)',
    ],
    [
      'the log of a database that has none',
      withTarget({ engine: 'redis', connection: { host: 'redis' }, pointInTime: {} }),
      'targets[0].pointInTime: found an object, Redis has no log that can be followed (remove it; only PostgreSQL has one)',
    ],
    [
      'a slot whose name would be too long',
      { ...withTarget({ name: 'a'.repeat(40), pointInTime: {} }), environment: 'b'.repeat(20) },
      `targets[0].pointInTime.slot: found nothing, expected a name, as grill_backup_${'b'.repeat(20)}_${'a'.repeat(40)} is too long for one (add it)`,
    ],
    [
      'pieces after too long a time',
      withTarget({ pointInTime: { interval: '10m' } }),
      'targets[0].pointInTime.interval: found "10m", expected 1s to 5m',
    ],
    [
      'pieces that are too large',
      withTarget({ pointInTime: { pieceSize: '64Mi' } }),
      'targets[0].pointInTime.pieceSize: found "64Mi", expected 64Ki to 16Mi',
    ],
    [
      'a slot of a name that the server does not take',
      withTarget({ pointInTime: { slot: 'Grill-Backup' } }),
      'targets[0].pointInTime.slot: found "Grill-Backup", expected lower-case letters, digits and underscores',
    ],
    [
      'no targets',
      { ...smallestPlan, targets: [] },
      'targets: found a list of 0, expected at least 1 entries',
    ],
    [
      'no store',
      { ...smallestPlan, stores: {} },
      'stores: found an object, expected a directory, or s3 with sync: true',
    ],
    [
      'a number for a name',
      withTarget({ name: 7 }),
      'targets[0].name: found 7, expected text (put it in quotes)',
    ],
    [
      'a bucket without scheme',
      { ...smallestPlan, stores: { s3: { base: 'bucket' } } },
      'stores.s3.base: found "bucket", expected s3://bucket or s3://bucket/prefix',
    ],
    [
      'a level of compression out of range',
      { ...smallestPlan, compression: { level: 12 } },
      'compression.level: found 12, expected at most 9',
    ],
    [
      'a level of logs in another spelling',
      { ...smallestPlan, logLevel: 'WARNING' },
      'logLevel: found "WARNING", expected one of DEBUG, INFO, WARN, ERROR',
    ],
    ['text instead of a plan', 'plan', 'everything: found "plan", expected an object'],
    ['nothing at all', undefined, 'everything: found nothing, expected an object (add it)'],
    [
      'an empty value',
      { ...smallestPlan, verification: null },
      'verification: found an empty value, expected an object',
    ],
  ])('%s is named with what was found and what is allowed', (_, input, problem) => {
    expect(problems(input)).toEqual([problem]);
  });

  test('two targets of one name are found', () => {
    expect(
      problems({
        ...smallestPlan,
        targets: [target, { ...target, engine: 'redis', connection: { host: 'redis' } }],
      }),
    ).toEqual(['targets[1].name: found "postgresql", expected a unique name (targets[0] has the same name)']);
  });

  test.each([
    [
      '0 2 * * *',
      '12h',
      'targets[0].rpo: found "12h", expected at least 24h, the longest time between two runs (or run it more often)',
    ],
    [
      '0 2 * * 1-5',
      '48h',
      'targets[0].rpo: found "48h", expected at least 72h, the longest time between two runs (or run it more often)',
    ],
  ])('a schedule of %s cannot keep an RPO of %s', (schedule, rpo, problem) => {
    expect(problems(withTarget({ schedule, rpo }))).toEqual([problem]);
    expect(problems(withTarget({ schedule, rpo, pointInTime: {} }))).toEqual([]);
  });

  test('all problems are reported at once, rules across fields too', () => {
    const input = {
      ...smallestPlan,
      environment: 'prod',
      encryption: { enabled: false },
      targets: [target, { ...target, schedule: 'daily' }, { ...target, engine: 'oracle' }],
    };
    expect(problems(input)).toHaveLength(5);
    expect(messageOf(() => parsePlan(input, {}))).toMatch(
      /^plan has 5 problems:\n {2}targets\[1\]\.schedule: /,
    );
  });

  test('the error has the code and exit code of a configuration mistake', () => {
    expect.assertions(2);
    try {
      parsePlan({}, {});
    } catch (error) {
      expect((error as BackupError).code).toBe('plan.invalid');
      expect((error as BackupError).exitCode).toBe(2);
    }
  });

  test('no secret that somebody put in the wrong place is repeated', () => {
    const secret = 'hunter2-hunter2';
    const input = {
      ...withTarget({ connection: { host: `user:${secret}@host`, database: 'x', password: secret } }),
      stores: { s3: { base: `https://key:${secret}@host/x`, secretAccessKey: secret } },
      passphrase: secret,
      encryption: { enabled: 'yes', secret: { password: secret } },
    };
    const message = messageOf(() => parsePlan(input, { BACKUP_REMOTE_BASE: '' }));
    expect(message).toContain('connection.password: found an unknown key');
    expect(message).not.toContain(secret);
  });
});

describe('overrides of backup-config', () => {
  const s3 = { base: 's3://bucket' };

  test('every documented variable has a place in the plan', () => {
    expect(Object.keys(overridePaths).sort()).toEqual(Object.keys(overrides).sort());
  });

  test('win over the plan', () => {
    const plan = parsePlan(
      { ...smallestPlan, stores: { directory: {}, s3 } },
      {
        BACKUP_RETENTION_DAYS: '3',
        BACKUP_REMOTE_SYNC: 'false',
        BACKUP_REMOTE_BASE: 's3://other/prefix',
        BACKUP_ENCRYPTION_ENABLED: 'false',
        NOTIFICATION_ENABLED: 'true',
        LOG_LEVEL: 'DEBUG',
        HOME: '/root',
      },
    );
    expect(plan).toMatchObject({
      retention: { days: 3, weekly: 4, monthly: 12 },
      stores: { directory: { path: '/backup' }, s3: { base: 's3://other/prefix', sync: false } },
      encryption: { enabled: false },
      notifications: { enabled: true },
      logLevel: 'DEBUG',
    });
  });

  test('an empty variable changes nothing', () => {
    const variables = Object.fromEntries(Object.keys(overrides).map((name) => [name, '']));
    expect(parsePlan(smallestPlan, variables)).toEqual(parsePlan(smallestPlan));
  });

  test('a remote base alone makes a remote store that is used', () => {
    expect(parsePlan(smallestPlan, { BACKUP_REMOTE_BASE: 's3://bucket' }).stores.s3).toMatchObject({
      base: 's3://bucket',
      sync: true,
    });
  });

  test('sync off is fine without a remote store', () => {
    expect(parsePlan(smallestPlan, { BACKUP_REMOTE_SYNC: 'false' }).stores.s3).toBeUndefined();
  });

  test('sync on without a remote store is a mistake', () => {
    expect(problems(smallestPlan, { BACKUP_REMOTE_SYNC: 'true' })).toEqual([
      'stores.s3.base: found nothing, expected text (add it)',
    ]);
  });

  test.each([
    ['BACKUP_RETENTION_DAYS', '0', 'found "0", expected at least 1'],
    ['BACKUP_RETENTION_DAYS', '-1', 'found "-1", expected a number'],
    ['BACKUP_RETENTION_DAYS', '1.5', 'found "1.5", expected a number'],
    ['BACKUP_REMOTE_SYNC', 'yes', 'found "yes", expected true or false'],
    ['BACKUP_REMOTE_BASE', '/mnt', 'found "/mnt", expected s3://bucket or s3://bucket/prefix'],
    ['BACKUP_ENCRYPTION_ENABLED', '1', 'found "1", expected true or false'],
    ['NOTIFICATION_ENABLED', 'on', 'found "on", expected true or false'],
    ['LOG_LEVEL', 'debug', 'found "debug", expected one of DEBUG, INFO, WARN, ERROR'],
  ])('%s=%s is reported by the name of the variable', (name, value, problem) => {
    expect(problems({ ...smallestPlan, stores: { s3 } }, { [name]: value })).toEqual([`${name}: ${problem}`]);
  });

  test('encryption cannot be switched off in prod', () => {
    expect(
      problems({ ...smallestPlan, environment: 'prod' }, { BACKUP_ENCRYPTION_ENABLED: 'false' }),
    ).toEqual(['BACKUP_ENCRYPTION_ENABLED: found "false", encryption cannot be off in prod']);
  });
});

describe('retention of a target', () => {
  const planWith = (retention: object | undefined) =>
    parsePlan({ ...withTarget({ retention }), retention: { days: 9, weekly: 8, monthly: 7 } });

  test.each([
    [undefined, { days: 9, weekly: 8, monthly: 7 }],
    [{ days: 3 }, { days: 3, weekly: 8, monthly: 7 }],
    [{ monthly: 0 }, { days: 9, weekly: 8, monthly: 0 }],
  ])('%j over the plan', (own, expected) => {
    const plan = planWith(own);
    expect(retentionOf(plan, plan.targets[0]!)).toEqual({ hours: 48, maxShare: 0.5, ...expected });
  });
});
