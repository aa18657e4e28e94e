import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { consolePerson, personKey } from '../../runtime/src/contract/console.ts';
import { names } from '../../runtime/src/contract/names.ts';
import type { ProxyConfig } from '../../runtime/src/plan/console.ts';
import { consoleRoleArn } from '../aws/account.ts';
import type { DeployedConsole, Environment } from '../environment/environment.ts';
import { clusterWide } from './cluster-wide.ts';
import { rbac, serviceAccount } from './rbac.ts';

/** One user without rights of its own, the groups of the plan, and the field with the person's name: nobody else. */
const actsFor = ({ groups }: ProxyConfig): k8s.PolicyRule[] => [
  { apiGroups: [''], resources: ['users'], verbs: ['impersonate'], resourceNames: [consolePerson] },
  { apiGroups: [''], resources: ['groups'], verbs: ['impersonate'], resourceNames: [...groups].sort() },
  { apiGroups: ['authentication.k8s.io'], resources: [`userextras/${personKey}`], verbs: ['impersonate'] },
];

/**
 * Account of the console, and what it may do: ask who somebody is and what somebody may do, and where there is a proxy act
 * for people of its groups. Both are rights in the cluster: neither the reviews nor users and groups have a namespace.
 */
export class ConsoleAccess extends Construct {
  readonly #namespace: string;

  constructor(scope: Construct, id: string, environment: Environment, pages: DeployedConsole) {
    super(scope, id);
    this.#namespace = environment.namespace.name;
    const { clusterRoles, proxy } = pages;
    serviceAccount(this, 'account', names.console, consoleRoleArn(environment));
    if (!clusterRoles) return;
    this.bound('people', 'system:auth-delegator');
    if (proxy) this.impersonation(proxy);
  }

  private impersonation(proxy: ProxyConfig): void {
    const name = this.nameOf('impersonation');
    clusterWide(new k8s.KubeClusterRole(this, 'role', { metadata: { name }, rules: actsFor(proxy) }));
    this.bound('impersonation', name);
  }

  private bound(what: string, role: string): void {
    const binding = new k8s.KubeClusterRoleBinding(this, what, {
      metadata: { name: this.nameOf(what) },
      roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: role },
      subjects: [{ kind: 'ServiceAccount', name: names.console, namespace: this.#namespace }],
    });
    clusterWide(binding);
  }

  /** Several systems of one cluster have one each. */
  private nameOf(what: string): string {
    return `${this.#namespace}-${names.console}-${what}`;
  }
}
