import { createHash } from 'node:crypto';
import { ApiObject } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { names } from '../../runtime/src/contract/names.ts';
import { overrides, type Override } from '../../runtime/src/contract/overrides.ts';
import { renderScript, scriptsFor } from '../../runtime/src/contract/scripts.ts';
import { planOf, type Environment } from '../environment/environment.ts';

/** Text of plan.json; readable, since people meet it in `kubectl get configmap backup-config -o yaml`. */
export const planJson = (environment: Environment): string =>
  `${JSON.stringify(planOf(environment), undefined, 2)}\n`;

/** Changes whenever the plan does, so that a Deployment rolls. */
export const planChecksum = (environment: Environment): string =>
  createHash('sha256').update(planJson(environment)).digest('hex');

/** What each override says as long as nobody edits the ConfigMap: the plan's own value. Empty is not set. */
const overrideValues = ({
  retention,
  stores,
  encryption,
  notifications,
  logLevel,
}: Environment): Record<Override, string> => ({
  BACKUP_RETENTION_DAYS: String(retention.days),
  BACKUP_REMOTE_SYNC: String(stores.s3?.sync ?? false),
  BACKUP_REMOTE_BASE: stores.s3?.base ?? '',
  BACKUP_ENCRYPTION_ENABLED: String(encryption.enabled),
  NOTIFICATION_ENABLED: String(notifications.enabled),
  LOG_LEVEL: logLevel,
});

/** Environment of every container: the overrides, by reference, so that an edit needs no new CronJob. */
export const overrideVariables = (): k8s.EnvVar[] =>
  Object.keys(overrides).map((name) => ({
    name,
    valueFrom: { configMapKeyRef: { name: names.configMap, key: name, optional: true } },
  }));

/** https://kubernetes.io/docs/concepts/configuration/configmap/#motivation */
const mostConfigMapBytes = 1 << 20;

const tooLarge = (name: string, data: Readonly<Record<string, string>>): string[] => {
  const bytes = Object.values(data).reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  return bytes <= mostConfigMapBytes
    ? []
    : [
        `ConfigMap ${name}: found ${bytes} bytes, expected at most ${mostConfigMapBytes} (split the targets over two systems)`,
      ];
};

/** ConfigMaps `backup-config` and `backup-scripts`. */
export class Config extends Construct {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    const data = { ...overrideValues(environment), 'plan.json': planJson(environment) };
    this.node.addValidation({ validate: () => tooLarge(names.configMap, data) });
    new k8s.KubeConfigMap(this, names.configMap, { metadata: { name: names.configMap }, data });
    const scripts = scriptsFor(environment.targets);
    // not KubeConfigMap, which copies all entries before it for each of them
    new ApiObject(this, names.scriptsConfigMap, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: names.scriptsConfigMap },
      data: Object.fromEntries(scripts.map((script) => [script.file, renderScript(script)])),
    });
  }
}
