import type { Environment } from '../environment/environment.ts';
import * as network from './checks/network.ts';
import * as platform from './checks/platform.ts';
import { hidden, rights } from './checks/rights.ts';
import { secrets } from './checks/secrets.ts';
import * as storage from './checks/storage.ts';
import type { Cluster } from './cluster.ts';
import { readFacts, type Facts } from './facts.ts';
import type { Check, Trouble } from './trouble.ts';

/** In the order in which one would cure them. */
const checks: Readonly<Record<string, Check>> = {
  version: platform.version,
  namespace: platform.namespace,
  kinds: platform.kinds,
  rights,
  secrets,
  'storage-class': storage.storageClass,
  'released-volume': storage.releasedVolume,
  claim: storage.claim,
  'reclaim-policy': storage.reclaimPolicy,
  'priority-class': platform.priorityClass,
  image: platform.image,
  'pod-security': platform.podSecurity,
  dns: network.dns,
  databases: network.databases,
  'api-server': network.apiServer,
  hidden,
};

/** What every check finds in these facts. */
export const judge = (facts: Facts): readonly Trouble[] =>
  Object.entries(checks).flatMap(([name, check]) =>
    check(facts).map((finding) => ({ ...finding, check: name })),
  );

/** Asks a cluster, and says what is missing there. @throws BackupError */
export const preflight = async (cluster: Cluster, environment: Environment): Promise<readonly Trouble[]> =>
  judge(await readFacts(cluster, environment));
