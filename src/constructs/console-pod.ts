import type { k8s } from 'cdk8s-plus-28';
import { consolePaths, consolePort } from '../../runtime/src/contract/console.ts';
import { mounts } from '../../runtime/src/contract/mounts.ts';
import { names } from '../../runtime/src/contract/names.ts';
import { verificationKeys } from '../../runtime/src/contract/secrets.ts';
import type { DeployedConsole, Environment } from '../environment/environment.ts';
import { jobPod, quantity } from './job-pod.ts';
import { probesOf } from './probes.ts';
import {
  archives,
  auditTrail,
  exporterSecret,
  planFolder,
  provingKeys,
  readerAccount,
  scratch,
} from './volumes.ts';
import { serverCommand } from './server-command.ts';

/** Port of the console's pod and of its Service. */
export const consolePortName = 'http';

/** Until no proxy sends more to a pod that stops. */
const drainSeconds = '5';

/** Without a directory among the stores everything lies in S3, and the pod needs no volume. */
const storeFolders = ({ stores }: Environment) => (stores.directory ? [archives(true), auditTrail()] : []);

/** It alone has the passphrases, and it ends before anybody can connect: docs/explanation/decisions/10-console-key.md. */
const keyWriter = (environment: Environment) => ({
  container: 'verification-keys',
  command: [
    names.program,
    'verification-keys',
    `${mounts.secrets}/${verificationKeys.name}/${verificationKeys.file}`,
  ],
  folders: [planFolder(), provingKeys(false), ...exporterSecret(environment)],
});

export const consolePodSpec = (environment: Environment, { resources }: DeployedConsole): k8s.PodSpec =>
  jobPod({
    system: environment,
    serviceAccount: names.console,
    first: environment.encryption.enabled ? keyWriter(environment) : undefined,
    container: 'console',
    command: serverCommand('console'),
    resources,
    restartPolicy: 'Always',
    apiToken: true, // who somebody is, and may do
    folders: [
      ...storeFolders(environment),
      planFolder(),
      scratch(quantity(resources.limits.ephemeralStorage)),
      ...(environment.encryption.enabled ? [provingKeys(true)] : []),
      ...readerAccount(environment),
    ],
    ports: [{ name: consolePortName, containerPort: consolePort }],
    probes: probesOf(consolePortName, consolePaths),
    lifecycle: { preStop: { exec: { command: ['/bin/sleep', drainSeconds] } } },
  });
