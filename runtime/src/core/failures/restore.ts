import { exitCodes } from '../../contract/exit-codes.ts';
import type { Failures } from './failure.ts';

/** Restores, and the services that they stop. */
export const restoreFailures = {
  'restore.failed': {
    exit: exitCodes.restore,
    retryable: false,
    meaning: 'The restore stopped with an error.',
    hint: 'the output of the restore tool is above',
    action:
      'Read the output of the tool. PostgreSQL still has its live data, which is replaced at the very end; the others have a safety archive: docs/how-to/restore.md says how to go back. The next restore removes what this one left.',
  },
  'restore.refused': {
    exit: exitCodes.restore,
    retryable: false,
    meaning: 'The restore would break something, or was not confirmed.',
    hint: 'nothing was changed',
    action:
      'The message names what stands in the way. Where a person may decide, it also names the word for `--accept`. `--dry-run` shows all of it without a question.',
  },
  'restore.mismatch': {
    exit: exitCodes.restore,
    retryable: false,
    meaning: 'What was restored differs from what the manifest says that the archive holds.',
    hint: 'see the differences above; to accept one that is no loss: --accept mismatch:<item>',
    action:
      'PostgreSQL kept its live data. Compare the differences with what you know of the data, and try an older archive. Accept a difference only when you know its cause.',
  },
  'restore.incomplete': {
    exit: exitCodes.restore,
    retryable: false,
    meaning: '`restore full` stopped at the first target that failed. Targets before it are restored.',
    hint: 'fix the cause, then restore the remaining targets by name; the report is in restores/ of the store',
    action:
      'The message and the report name the target that failed, its cause, and the targets that were not begun. Look up the cause on this page, fix it, and restore the remaining targets one by one.',
  },
  'cleanup.failed': {
    exit: exitCodes.restore,
    retryable: false,
    meaning: 'Something that an earlier restore left on the server could not be removed.',
    hint: 'the items named above are still on the server; stop what holds them, then run grill-backup cleanup again',
    action:
      'Usually a session or a subscription still uses it. End that, and run the command again; what was removed before stays removed.',
  },
  'cluster.missing': {
    exit: exitCodes.usage,
    retryable: false,
    meaning: 'The program cannot stop services here: it runs outside a cluster, or in a pod without a token.',
    hint: 'stop services from the restore pod of a plan that names services, or manually: kubectl scale --replicas=0',
    action: 'Only the restore pod gets a token, and only where `targets[].services` names a service.',
  },
  'cluster.refused': {
    exit: exitCodes.usage,
    retryable: false,
    meaning: 'The Kubernetes API does not allow the restore pod to scale the service.',
    hint: 'name the service in targets[].services and apply the manifests again: Role backup-restore-services grants it',
    action:
      'Compare `targets[].services` with the Role `backup-restore-services` in the namespace of the service: `kubectl describe role backup-restore-services`.',
  },
  'cluster.unreachable': {
    exit: exitCodes.restore,
    retryable: false,
    meaning: 'The Kubernetes API server does not answer.',
    hint: 'check network.apiServer, from which the NetworkPolicy to the API server is made',
    action:
      'Compare `network.apiServer` and `network.apiServerPorts` with what `kubectl get endpoints kubernetes -n default` shows.',
  },
  'cluster.exists': {
    exit: exitCodes.restore,
    retryable: false,
    meaning: 'The Kubernetes API server has an object of that name already.',
    hint: 'look at the object that the message names; it was not changed',
    action:
      'Read the message. The console names a Job after the idempotency key of the request: use another key for another Job.',
  },
  'cluster.failed': {
    exit: exitCodes.restore,
    retryable: false,
    meaning: 'The Kubernetes API server answered with an error.',
    hint: 'the answer of the API server is above',
    action:
      'Read the answer. If a service was stopped before, `grill-backup start-services` gives it its replicas back.',
  },
  'service.unknown': {
    exit: exitCodes.usage,
    retryable: false,
    meaning: 'A service that the plan names does not exist.',
    hint: 'correct kind, namespace and name in targets[].services',
    action: 'Nothing was stopped for it. Correct the plan, and deploy.',
  },
  'service.running': {
    exit: exitCodes.restore,
    retryable: false,
    meaning: 'A service was scaled to 0, but its pods did not end in time, so the restore did not begin.',
    hint: 'nothing was restored; find out what keeps the pods running, or what scales the service up again',
    action:
      'Services that were stopped have their replicas back. Look for finalizers and long grace periods of the pods, and for a GitOps controller that undoes the change: pause it for the restore.',
  },
  'service.down': {
    exit: exitCodes.restore,
    retryable: false,
    meaning: 'A service that a restore stopped could not be started again.',
    hint: 'run grill-backup start-services, or kubectl scale with the replicas recorded in services/ of the store',
    action:
      'Start it now: the restore itself is over. `/backup/services/<namespace>/` has the number of replicas of each service.',
  },
} as const satisfies Failures;
