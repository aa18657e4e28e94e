import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { names } from '../../runtime/src/contract/names.ts';
import { daySeconds } from '../../runtime/src/contract/time.ts';
import type { Environment } from '../environment/environment.ts';
import { jobPod, quantity } from './job-pod.ts';
import { labelsOf } from './labels.ts';
import {
  archives,
  certificates,
  databaseSecret,
  encryptionSecret,
  notificationSecret,
  planFolder,
  scratch,
  scriptsFolder,
} from './volumes.ts';

/** A pod that holds every secret does not live longer than a working day and a night. */
const lifetimeSeconds = daySeconds;

/** Waits for `kubectl exec`; a shell as process 1 ignores SIGTERM unless told otherwise. */
const waitForExec = 'trap "exit 0" TERM INT; while :; do sleep 3600 & wait $!; done';

export const restorePodSpec = (environment: Environment): k8s.PodSpec => {
  const { targets, resources } = environment;
  const spec = jobPod({
    system: environment,
    serviceAccount: names.restoreAccount,
    container: 'restore',
    command: ['/bin/sh', '-c', waitForExec],
    resources,
    restartPolicy: 'Always',
    apiToken: targets.some(({ services }) => services?.length), // for restore --stop-services
    folders: [
      archives(),
      planFolder(),
      scriptsFolder(),
      scratch(quantity(resources.limits.ephemeralStorage)),
      encryptionSecret(environment),
      ...targets.flatMap(({ engine, secret, connection, pointInTime }) => [
        databaseSecret(engine, secret, true),
        ...(pointInTime?.secret ? [databaseSecret(engine, pointInTime.secret, true)] : []), // for `wal`
        ...certificates(connection, true),
      ]),
      ...notificationSecret(environment),
    ],
  });
  return { ...spec, activeDeadlineSeconds: lifetimeSeconds };
};

/** Pod `backup-restore-job`, applied by hand; `kubectl exec` runs the restore scripts in it. */
export class RestorePod extends Construct {
  constructor(scope: Construct, id: string, environment: Environment) {
    super(scope, id);
    new k8s.KubePod(this, 'pod', {
      metadata: { name: names.restorePod, labels: labelsOf(environment, names.restorePod) },
      spec: restorePodSpec(environment),
    });
  }
}
