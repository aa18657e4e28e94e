import { k8s } from 'cdk8s-plus-28';
import { Construct } from 'constructs';
import { z } from 'zod';
import { consolePort } from '../../runtime/src/contract/console.ts';
import { metricsPort, receiverPort } from '../../runtime/src/contract/metrics.ts';
import {
  baseCronJobName,
  cronJobName,
  cronJobNames,
  hasIncrements,
  hourlyCronJobName,
  names,
  receiverName,
  receiverNames,
} from '../../runtime/src/contract/names.ts';
import { engineNamed } from '../../runtime/src/engines/registry.ts';
import { portsOf as channelPorts } from '../../runtime/src/notify/config.ts';
import { planShape } from '../../runtime/src/plan/schema.ts';
import { deployedConsole } from '../environment/console.ts';
import { deploymentShape } from '../environment/deployment.ts';
import {
  deployedTargets,
  type DeployedConsole,
  type EnvironmentTarget,
  type Peer,
} from '../environment/environment.ts';
import { podsOf, podsOfAny, systemLabels } from './labels.ts';
import { inNamespace, portOf, peersOf, port } from './peers.ts';
import { checked, type Props } from './props.ts';

type Direction = 'Egress' | 'Ingress';
interface Rule {
  readonly peers: k8s.NetworkPolicyPeer[];
  readonly ports?: k8s.NetworkPolicyPort[];
}

const networkProps = z.object({
  namespace: deploymentShape.namespace,
  platform: deploymentShape.platform,
  targets: deployedTargets,
  stores: planShape.stores,
  notifications: planShape.notifications,
  pushgateway: planShape.pushgateway,
  network: deploymentShape.network,
  /** Who may connect to the console, and where its proxy's keys are. @default none - nobody serves it */
  console: deployedConsole.optional(),
  /** Prometheus, which may reach the exporter. */
  monitoring: z.object({ prometheusNamespace: deploymentShape.monitoring.shape.prometheusNamespace }),
});

export type BackupNetworkProps = Props<typeof networkProps>;

type Checked = z.output<typeof networkProps>;

const notificationPorts = ({ notifications, network }: Checked): readonly number[] => [
  ...new Set([...channelPorts(notifications), ...network.notificationPorts]),
];

/** Backup pods reach and are reached by nothing, except for one policy per need. */
export class BackupNetwork extends Construct {
  constructor(scope: Construct, id: string, props: BackupNetworkProps) {
    super(scope, id);
    const system = checked(this, networkProps, props);
    if (system) this.policies(system);
  }

  private policies(system: Checked): void {
    const { targets, stores, network, notifications, pushgateway, monitoring } = system;
    const everyPod: k8s.LabelSelector = { matchLabels: systemLabels(system) };
    const receivers = receiverNames(targets);
    const runs = [...cronJobNames(targets), ...receivers, names.restorePod];
    new k8s.KubeNetworkPolicy(this, 'default-deny', {
      metadata: { name: 'backup-default-deny' },
      spec: { podSelector: everyPod, policyTypes: ['Ingress', 'Egress'] },
    });
    this.egress('backup-to-dns', everyPod, {
      peers: peersOf(network.dns),
      ports: network.dnsPorts.flatMap((number) => [port(number, 'UDP'), port(number)]),
    });
    for (const target of targets) this.database(system, target);
    if (system.console?.enabled) this.console(system, system.console);
    if (targets.some(({ services }) => services?.length))
      this.toApiServer('restore-to-api-server', podsOf(system, names.restorePod), network);
    if (stores.s3)
      this.egress('backup-to-object-store', everyPod, {
        peers: peersOf(network.objectStore),
        ports: [port(portOf(stores.s3.proxy ?? stores.s3.endpoint))],
      });
    if (notifications.enabled)
      this.egress('backup-to-notifications', podsOfAny(system, runs), {
        peers: peersOf(network.notifications),
        ports: notificationPorts(system).map((number) => port(number)),
      });
    if (pushgateway)
      this.egress('backup-to-pushgateway', podsOfAny(system, runs), {
        peers: peersOf(network.pushgateway),
        ports: [port(portOf(pushgateway.url))],
      });
    this.allow('Ingress', 'prometheus-to-exporter', podsOf(system, names.exporter), {
      peers: [{ namespaceSelector: inNamespace(monitoring.prometheusNamespace) }],
      ports: [port(metricsPort)],
    });
    if (receivers.length)
      this.allow('Ingress', 'prometheus-to-receivers', podsOfAny(system, receivers), {
        peers: [{ namespaceSelector: inNamespace(monitoring.prometheusNamespace) }],
        ports: [port(receiverPort)],
      });
  }

  private console(system: Checked, { clients, proxy, issuer }: DeployedConsole): void {
    const pods = podsOf(system, names.console);
    this.toApiServer('console-to-api-server', pods, system.network);
    if (proxy)
      this.egress('console-to-issuer', pods, {
        peers: peersOf(issuer),
        ports: [port(portOf(proxy.keysUrl))],
      });
    if (clients.length)
      this.allow('Ingress', 'clients-to-console', pods, {
        peers: clients.flatMap(peersOf),
        ports: [port(consolePort)],
      });
  }

  private toApiServer(
    name: string,
    pods: k8s.LabelSelector,
    { apiServer, apiServerPorts }: Checked['network'],
  ): void {
    if (apiServer)
      this.egress(name, pods, {
        peers: peersOf(apiServer),
        ports: apiServerPorts.map((number) => port(number)),
      });
  }

  private database(system: Checked, target: EnvironmentTarget): void {
    const { name, engine, connection, network, drill, pointInTime } = target;
    const database = engineNamed(engine);
    const portsOf = (to: typeof connection) => database.ports(to).map((number) => port(number));
    const ofLog = pointInTime ? [baseCronJobName(name), receiverName(name)] : [];
    const hourly = hasIncrements(target) ? [hourlyCronJobName(name)] : [];
    const clients = podsOfAny(system, [cronJobName(name), ...hourly, ...ofLog, names.restorePod]);
    const ports = portsOf(connection);
    // a name of its own form, so that no target can be called like a policy above
    this.egress(`${cronJobName(name)}-to-database`, clients, { peers: peersOf(network), ports });
    if (network.ingress) this.serverSide(system, network, `${cronJobName(name)}-to-server`, clients, ports);
    // the restore listens on a free port, so no port is named; only the database's own pods come in
    if (database.dialsBack)
      this.allow('Ingress', `${name}-to-restore`, podsOf(system, names.restorePod), {
        peers: peersOf(network),
      });
    // servers inside the drill's own pod need no policy: loopback is never filtered
    if (drill)
      this.egress(`${cronJobName(name)}-to-drill-server`, podsOf(system, names.drill), {
        peers: peersOf(drill.network),
        ports: portsOf(drill.connection),
      });
  }

  /** In the namespace of the server, whose pods it selects. */
  private serverSide(
    system: Checked,
    { podLabels, namespace = system.namespace.name }: Peer,
    name: string,
    clients: k8s.LabelSelector,
    ports: k8s.NetworkPolicyPort[],
  ): void {
    const from = [{ namespaceSelector: inNamespace(system.namespace.name), podSelector: clients }];
    new k8s.KubeNetworkPolicy(this, name, {
      metadata: { name, namespace },
      spec: {
        podSelector: { matchLabels: podLabels },
        policyTypes: ['Ingress'],
        ingress: [{ from, ports }],
      },
    });
  }

  private egress(name: string, pods: k8s.LabelSelector, rule: Rule): void {
    this.allow('Egress', name, pods, rule);
  }

  private allow(direction: Direction, name: string, pods: k8s.LabelSelector, { peers, ports }: Rule): void {
    const side =
      direction === 'Egress' ? { egress: [{ to: peers, ports }] } : { ingress: [{ from: peers, ports }] };
    new k8s.KubeNetworkPolicy(this, name, {
      metadata: { name },
      spec: { podSelector: pods, policyTypes: [direction], ...side },
    });
  }
}
