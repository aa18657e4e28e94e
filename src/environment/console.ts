import { z } from 'zod';
import { consoleConfig } from '../../runtime/src/plan/console.ts';
import { dnsLabel } from '../../runtime/src/plan/schema.ts';
import { internet, peer } from './network.ts';
import { resources } from './resources.ts';

/** Most that a pod needs for 1,000 targets with 60 archives each is 256 MiB of memory. */
const small = {
  requests: { cpu: '20m', memory: '128Mi', ephemeralStorage: '64Mi' },
  limits: { cpu: '500m', memory: '256Mi', ephemeralStorage: '256Mi' },
};

const ingress = z.strictObject({
  /** Existing IngressClass. @default the cluster's default class - names of classes differ everywhere */
  className: dnsLabel.optional(),
  /** Existing Secret with the certificate. @default the controller's own certificate - many have one for all hosts */
  tlsSecret: dnsLabel.optional(),
  /** Annotations, such as those that make the controller ask the proxy. @default none - controllers differ */
  annotations: z.record(z.string(), z.string()).default({}),
});

const httpRoute = z.strictObject({
  /** Existing Gateway. */
  gateway: dnsLabel,
  /** Namespace of the Gateway. @default the backup system's own - as the Gateway API has it */
  namespace: dnsLabel.optional(),
  /** Listener of the Gateway. @default all of them - as the Gateway API has it */
  listener: dnsLabel.optional(),
});

/** The console of the plan, and how it is deployed: docs/how-to/console.md. */
export const deployedConsole = consoleConfig.extend({
  /** True: makes Deployment `backup-console` and what belongs to it. Needs `network.apiServer`. @default false - what people reach over HTTP is switched on, not met */
  enabled: z.boolean().default(false),
  /** Pods. With 2, one answers while the other is replaced. @default 1 - archives are backed up without it */
  replicas: z.int().min(1).max(2).default(1),
  /** Resources of a pod. @default 20m, 128Mi and 64Mi; limits 500m, 256Mi and 256Mi - it keeps what it knows of archives, not archives */
  resources: resources.prefault(small),
  /** Who may connect to it: the ingress controller, the proxy. @default none - `kubectl port-forward` alone, which no policy filters */
  clients: z.array(peer).default([]),
  /** Where `proxy.keysUrl` is. @default the Internet without private ranges - most issuers have no fixed addresses */
  issuer: peer.prefault(internet),
  /** Ingress for the host of `publicUrl`. @default none - people reach it by `kubectl port-forward` */
  ingress: ingress.optional(),
  /** HTTPRoute of the Gateway API for the host of `publicUrl`. @default none - people reach it by `kubectl port-forward` */
  httpRoute: httpRoute.optional(),
  /** Role in AWS of its service account, which reads the bucket and does no more. @default the one that Pulumi makes where `aws.irsa` gives the pods a role - elsewhere none: an S3 account of the Secret, or a volume alone */
  awsRole: z
    .string()
    .regex(/^arn:aws[\w-]*:iam::\d{12}:role\/[\w+=,.@/-]+$/, { error: 'expected the ARN of a role' })
    .optional(),
  /** False: somebody who may make cluster roles binds what docs/how-to/console.md#rights-in-the-cluster lists. @default true - it can answer nobody without them */
  clusterRoles: z.boolean().default(true),
});

export type DeployedConsole = z.output<typeof deployedConsole>;

/** What of an environment decides, while it may still be wrong elsewhere. */
interface Draft {
  readonly console?: Partial<DeployedConsole>;
  readonly network?: { readonly apiServer?: unknown };
  readonly encryption?: { readonly enabled?: unknown };
}

type Issue = (path: string[], message: string) => void;

/** Contradictions between a console that is switched on and the rest. */
export const checkConsole = ({ console, network, encryption }: Draft, issue: Issue): void => {
  if (!console?.enabled) return;
  const { publicUrl, clients, ingress: way, httpRoute: route, replicas } = console;
  if (!network?.apiServer)
    issue(
      ['network', 'apiServer'],
      'expected the addresses that kubectl get endpoints kubernetes -n default shows, as the console asks it who somebody is',
    );
  if ((way ?? route) && !publicUrl)
    issue(['console', 'publicUrl'], 'expected the address that people open, as it has a way in');
  if ((way ?? route) && !clients?.length)
    issue(['console', 'clients'], 'expected the pods that the way in leads through');
  if (replicas === 2 && encryption?.enabled === false)
    issue(['console', 'replicas'], 'expected 1, as only keys of encryption make sessions hold for both');
};
