import { ApiObject } from 'cdk8s';
import { k8s } from 'cdk8s-plus-28';
import type { Construct } from 'constructs';
import { consolePort } from '../../runtime/src/contract/console.ts';
import { names } from '../../runtime/src/contract/names.ts';
import type { DeployedConsole } from '../environment/environment.ts';
import { consolePortName } from './console-pod.ts';

/** Ingress for a host; TLS ends at its controller. */
export const ingressOf = (
  scope: Construct,
  host: string,
  { className, tlsSecret, annotations }: NonNullable<DeployedConsole['ingress']>,
): void => {
  const service = { name: names.console, port: { name: consolePortName } };
  new k8s.KubeIngress(scope, 'ingress', {
    metadata: { name: names.console, ...(Object.keys(annotations).length && { annotations }) },
    spec: {
      ...(className && { ingressClassName: className }),
      ...(tlsSecret && { tls: [{ hosts: [host], secretName: tlsSecret }] }),
      rules: [{ host, http: { paths: [{ path: '/', pathType: 'Prefix', backend: { service } }] } }],
    },
  });
};

/** HTTPRoute for a host; TLS ends at the Gateway. Defaults as the API server stores them, since its lists have one owner. */
export const httpRouteOf = (
  scope: Construct,
  host: string,
  { gateway, namespace, listener }: NonNullable<DeployedConsole['httpRoute']>,
): void => {
  const parent = {
    group: 'gateway.networking.k8s.io',
    kind: 'Gateway',
    name: gateway,
    ...(namespace && { namespace }),
    ...(listener && { sectionName: listener }),
  };
  new ApiObject(scope, 'http-route', {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: names.console },
    spec: {
      parentRefs: [parent],
      hostnames: [host],
      rules: [
        {
          matches: [{ path: { type: 'PathPrefix', value: '/' } }],
          backendRefs: [{ group: '', kind: 'Service', name: names.console, port: consolePort, weight: 1 }],
        },
      ],
    },
  });
};
