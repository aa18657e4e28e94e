import { JsonPatch } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import type { Environment } from '../environment.ts';
import { quantities } from './job-pod.ts';

const podSecurity = Object.fromEntries(
  ['enforce', 'audit', 'warn'].map((mode) => [`pod-security.kubernetes.io/${mode}`, 'restricted']),
);

const prefixed = (prefix: string, amounts: Record<string, k8s.Quantity>): Record<string, k8s.Quantity> =>
  Object.fromEntries(Object.entries(amounts).map(([key, amount]) => [`${prefix}.${key}`, amount]));

/** The namespace, and on request what all that runs in it may use. */
export class Namespace extends Construct {
  constructor(scope: Construct, id: string, { namespace, quota, limitRange }: Environment) {
    super(scope, id);
    const made = new k8s.KubeNamespace(this, 'namespace', {
      metadata: { name: namespace, labels: podSecurity },
    });
    // the chart puts everything into its namespace
    made.addJsonPatch(JsonPatch.remove('/metadata/namespace'));
    if (quota) this.quota(quota);
    if (limitRange) this.limitRange(limitRange);
  }

  private quota({ pods, requests, limits }: NonNullable<Environment['quota']>): void {
    new k8s.KubeResourceQuota(this, 'quota', {
      metadata: { name: 'backup-quota' },
      spec: {
        hard: {
          pods: k8s.Quantity.fromNumber(pods),
          ...prefixed('requests', quantities(requests)),
          ...prefixed('limits', quantities(limits)),
        },
      },
    });
  }

  private limitRange({ requests, limits }: NonNullable<Environment['limitRange']>): void {
    new k8s.KubeLimitRange(this, 'limit-range', {
      metadata: { name: 'backup-limits' },
      spec: {
        limits: [{ type: 'Container', defaultRequest: quantities(requests), default: quantities(limits) }],
      },
    });
  }
}
