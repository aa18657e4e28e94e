import type { Override } from '../contract/overrides.ts';
import type { RetentionPolicy } from '../retention/decision.ts';
import { parseAll, type Origin } from './problems.ts';
import { planSchema, type Plan, type Target } from './schema.ts';

type Tree = Readonly<Record<string, unknown>>;

/** Where in the plan each variable of contract/overrides.ts lands. */
export const overridePaths: Readonly<Record<Override, string>> = {
  BACKUP_RETENTION_DAYS: 'retention.days',
  BACKUP_REMOTE_SYNC: 'stores.s3.sync',
  BACKUP_REMOTE_BASE: 'stores.s3.base',
  BACKUP_ENCRYPTION_ENABLED: 'encryption.enabled',
  NOTIFICATION_ENABLED: 'notifications.enabled',
  LOG_LEVEL: 'logLevel',
};

const isTree = (value: unknown): value is Tree =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Text that reads as neither a number nor a boolean stays text, and the schema says what is wrong with it. */
const scalar = (text: string): unknown => {
  if (text === 'true' || text === 'false') return text === 'true';
  return /^\d+$/.test(text) ? Number(text) : text;
};

const withValue = (tree: unknown, [key, ...rest]: readonly string[], value: unknown): unknown => {
  if (key === undefined) return value;
  return isTree(tree) || tree === undefined ? { ...tree, [key]: withValue(tree?.[key], rest, value) } : tree;
};

const hasRemote = (plan: unknown, variables: Readonly<Record<string, string | undefined>>): boolean =>
  Boolean(variables['BACKUP_REMOTE_BASE']) ||
  (isTree(plan) && isTree(plan['stores']) && plan['stores']['s3'] !== undefined);

/**
 * Checks a plan and applies the overrides of ConfigMap `backup-config`; an empty variable counts as not set.
 * @param input content of plan.json
 * @throws BackupError plan.invalid with every problem, overrides by the name of their variable
 */
export const parsePlan = (
  input: unknown,
  environmentVariables: Readonly<Record<string, string | undefined>> = {},
): Plan => {
  const set = Object.entries(overridePaths).filter(
    ([name]) =>
      environmentVariables[name] &&
      // sync off without a remote asks for what is already so
      !(
        name === 'BACKUP_REMOTE_SYNC' &&
        environmentVariables[name] === 'false' &&
        !hasRemote(input, environmentVariables)
      ),
  );
  const overlaid = set.reduce<unknown>(
    (plan, [name, path]) => withValue(plan, path.split('.'), scalar(environmentVariables[name] ?? '')),
    input,
  );
  const origin: Origin = (path) => {
    const name = set.find(([, target]) => target === path)?.[0];
    return name === undefined ? undefined : { name, value: environmentVariables[name] };
  };
  return parseAll('plan', planSchema, overlaid, origin);
};

/** Retention of a target: the plan's, with the target's own numbers over it. */
export const retentionOf = (
  plan: Pick<Plan, 'retention'>,
  target: Pick<Target, 'retention'>,
): RetentionPolicy => ({
  ...plan.retention,
  ...Object.fromEntries(Object.entries(target.retention ?? {}).filter(([, value]) => value !== undefined)),
});
