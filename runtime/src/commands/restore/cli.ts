import { defineCommand } from '../../cli/command.ts';
import { count, label, transaction } from '../../cli/option-parsers.ts';

const flags = {
  to: {
    value: 'instant',
    description:
      'an instant of the log instead of an archive: a time in UTC, a position as the database writes it, or "latest"; with full, a time, to which targets without a log come as near as their archives do',
  },
  beforeXid: {
    value: 'id',
    description: 'PostgreSQL: the instant just before this transaction was committed',
    parse: transaction,
  },
  dataDirectory: {
    value: 'folder',
    description: 'with --to: write a data directory for a new server instead, and touch none',
  },
  only: {
    value: 'part...',
    description:
      'only these: a table (schema.table), a bucket (org/bucket) or InfluxDB database, a Redis database (db0) or key pattern',
  },
  into: { value: 'name', description: 'under a new name beside the live data, which is not touched' },
  fromTarget: {
    value: 'name',
    description:
      'take the archives of this target, for example after it was renamed; it need not be in the plan',
    parse: label,
  },
  fromEnvironment: {
    value: 'name',
    description: 'take archives that the plan of this environment made',
    parse: label,
  },
  jobs: {
    value: 'n',
    description: 'PostgreSQL: restore with this many jobs',
    parse: count,
    default: { words: '1', why: 'the archive is then read once, in its order' },
  },
  merge: { description: 'Redis: write keys over the live ones and remove none' },
  test: {
    description: 'restore into a scratch server, compare, and discard it; live data is not touched',
  },
  stopServices: {
    description: 'scale the services that use the targets, as the plan names them, to 0 and back afterwards',
  },
  accept: {
    value: 'what...',
    description: 'restore although it was refused for this reason; the refusal names the word',
  },
  dryRun: { description: 'show what would happen and change nothing' },
  force: { description: 'do not ask' },
} as const;

export const command = defineCommand({
  group: 'Recovery',
  description: 'restore a target, or all of them',
  arguments: {
    target: { description: 'a target, or "full" for all in the order of the plan' },
    archive: { description: 'name, path or s3:// address', default: 'the newest archive' },
  },
  flags,
  examples: [
    ['postgresql --test', 'prove that the newest archive can be restored; production is not touched'],
    ['postgresql --only public.users --dry-run', 'what a restore of one table would do'],
    [
      "postgresql --to '2026-11-28 03:14:00' --dry-run",
      'which base and how much log it takes, and the newest instant',
    ],
    ['full --stop-services', 'restore every target while nothing writes'],
    ["full --to '2026-11-28 03:14:00' --dry-run", 'how near each target comes to that instant'],
  ],
  exitCodes: ['source', 'store', 'damaged', 'restore', 'verification', 'locked'],
  schema: async () => (await import('./result.ts')).restoreSchema,
  text: async () => (await import('./text.ts')).renderRestore,
  run: async ({ target, force, ...options }, tool) => {
    const { refuseAllWithoutTime, refuseContradictions } = await import('./contradictions.ts');
    refuseContradictions({ target, ...options });
    const { to, beforeXid, ...others } = options;
    const { parseInstant } = await import('./parse-instant.ts');
    const until = parseInstant(to, beforeXid);
    refuseAllWithoutTime(target, until);
    const [{ restoreAndReport }, { renderRestorePlan }] = await Promise.all([
      import('./restore-and-report.ts'),
      import('./text.ts'),
    ]);
    const confirm: Parameters<typeof restoreAndReport>[2]['confirm'] = async (plans) =>
      force || tool.ask(plans.map(renderRestorePlan).join('\n'), target, `restore ${target}`);
    return restoreAndReport(await tool.open(), target, { ...others, until, confirm });
  },
});
