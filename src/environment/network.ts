import { z } from 'zod';
import { dnsLabel } from '../../runtime/src/plan/schema.ts';

/** Label values: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
export const labels = z.record(
  z.string().regex(/^([a-z0-9.-]+\/)?[A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?$/, {
    error: 'expected the name of a label',
  }),
  z.string().regex(/^([A-Za-z0-9]([\w.-]{0,61}[A-Za-z0-9])?)?$/, { error: 'expected the value of a label' }),
);

const cidr = z.union([z.cidrv4(), z.cidrv6()], { error: 'expected an address range such as 10.0.0.0/8' });

/** The other end of a connection. NetworkPolicies know pods and address ranges; DNS names they do not. */
export const peer = z
  .strictObject({
    /** Pods, by their labels. @default none - then `cidrs` is required */
    podLabels: labels.optional(),
    /** Namespace of these pods. @default the backup system's own - a platform keeps its databases beside it */
    namespace: dnsLabel.optional(),
    /** Address ranges, for what runs outside the cluster. @default none - then `podLabels` is required */
    cidrs: z.array(cidr).min(1).optional(),
    /** Ranges that `cidrs` does not include. @default none - `cidrs` as a whole */
    except: z.array(cidr).optional(),
  })
  .refine(({ podLabels, cidrs }) => podLabels ?? cidrs, { error: 'expected podLabels or cidrs' });

export type Peer = z.output<typeof peer>;

/** Anything on the Internet, nothing inside: S3 and webhooks have no fixed addresses. */
export const internet = {
  cidrs: ['0.0.0.0/0'],
  except: ['10.0.0.0/8', '100.64.0.0/10', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
};

const port = z.int().min(1).max(65_535);

/** What pods connect to besides databases, for NetworkPolicies. */
export const network = z
  .strictObject({
    /** DNS servers. @default CoreDNS of kube-system - with the label that every distribution gives it */
    dns: peer.prefault({ namespace: 'kube-system', podLabels: { 'k8s-app': 'kube-dns' } }),
    /** Ports of the pods that answer to DNS; those of OpenShift listen on 5353. @default 53 - as CoreDNS listens */
    dnsPorts: z.array(port).min(1).default([53]),
    /** The endpoint of `stores.s3`, or its proxy. @default the Internet without private ranges - S3 has no fixed addresses */
    objectStore: peer.prefault(internet),
    /** The channels of `notifications`. @default the Internet without private ranges - webhooks have no fixed addresses */
    notifications: peer.prefault(internet),
    /** Ports besides those of the channels, for a webhook that is not on 443. @default none - a webhook's URL is secret, and most are on 443 */
    notificationPorts: z.array(port).default([]),
    /** The Pushgateway of `pushgateway.url`. @default pods `app.kubernetes.io/name: prometheus-pushgateway` in namespace `monitoring` - labelled as by its Helm chart */
    pushgateway: peer.prefault({
      namespace: 'monitoring',
      podLabels: { 'app.kubernetes.io/name': 'prometheus-pushgateway' },
    }),
    /**
     * The Kubernetes API server, for `restore --stop-services` and the console; required where targets name services, or the console is on. Use `cidrs` with the
     * addresses that `kubectl get endpoints kubernetes -n default` shows: most networks turn the address of Service `kubernetes`
     * into these before they look at policies. Name both where yours does not.
     * @default none - no pod calls the API
     */
    apiServer: peer.optional(),
    /** Ports of the API server. @default 443, 6443 - that of the Service, and that of most API servers */
    apiServerPorts: z.array(port).min(1).default([443, 6443]),
  })
  .prefault({});
