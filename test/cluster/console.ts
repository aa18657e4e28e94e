import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { importPKCS8, generateKeyPair, SignJWT } from 'jose';
import { consolePerson, personKey } from '../../runtime/src/contract/console.ts';
import { root } from '../kit/environments.ts';
import type { RealCluster } from '../kit/console-cluster.ts';
import { kubectl } from './kubectl.ts';

// `KUBECONFIG=… KUBE_PKI=… node test/cluster/console.ts FILE`: prepares a cluster for the tests of the console's access, and
// writes to FILE how to reach it. Then `CONSOLE_CLUSTER=FILE jest test/integration/console` records what CI
// replays. KUBE_PKI is the folder with sa.key, by which the API server signs tokens: no other way makes an expired one.

const namespace = 'grill-stats';
const [, , file = 'console-cluster.json'] = process.argv;

const apply = (...objects: readonly object[]) =>
  kubectl(['apply', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }));

const account = (name: string) => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: { name, namespace },
});

const rbac = { apiVersion: 'rbac.authorization.k8s.io/v1' };

const bound = (role: string, name: string) => ({
  ...rbac,
  kind: 'RoleBinding',
  metadata: { name: `${name}-${role}`, namespace },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: role },
  subjects: [{ kind: 'ServiceAccount', name, namespace }],
});

const oneTarget = {
  ...rbac,
  kind: 'Role',
  metadata: { name: 'one-target', namespace },
  rules: [
    { apiGroups: ['batch'], resources: ['cronjobs'], verbs: ['get'], resourceNames: ['postgresql-backup'] },
  ],
};

/** As the console's own account has them: who somebody is, and what somebody may do. */
const asksAboutPeople = {
  ...rbac,
  kind: 'ClusterRoleBinding',
  metadata: { name: 'backup-console-people' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'system:auth-delegator' },
  subjects: [{ kind: 'ServiceAccount', name: 'backup-console', namespace }],
};

/** For people who come through a proxy: one user without rights, and the groups that the plan gives rights to. */
const actsForPeople = {
  ...rbac,
  kind: 'ClusterRole',
  metadata: { name: 'backup-console-impersonates' },
  rules: [
    { apiGroups: [''], resources: ['users'], verbs: ['impersonate'], resourceNames: [consolePerson] },
    {
      apiGroups: [''],
      resources: ['groups'],
      verbs: ['impersonate'],
      resourceNames: ['grill-stats-developers'],
    },
    { apiGroups: ['authentication.k8s.io'], resources: [`userextras/${personKey}`], verbs: ['impersonate'] },
  ],
};

const mayActForPeople = {
  ...asksAboutPeople,
  metadata: { name: 'backup-console-impersonates' },
  roleRef: { ...asksAboutPeople.roleRef, name: 'backup-console-impersonates' },
};

const people = ['oncall', 'one-target', 'nobody', 'backup-console'];

const tokenOf = async (name: string, ...more: readonly string[]) =>
  (await kubectl(['create', 'token', name, '-n', namespace, '--duration=1h', ...more])).trim();

const claims = {
  sub: `system:serviceaccount:${namespace}:oncall`,
  'kubernetes.io': { namespace, serviceaccount: { name: 'oncall', uid: '' } },
};

/** A token of somebody on call that ended yesterday, or that somebody else signed. */
const signed = async (
  key: Parameters<SignJWT['sign']>[0],
  uid: string,
  kid: string | undefined,
  hours: number,
) => {
  const now = Math.floor(Date.now() / 1000);
  const whose = { ...claims['kubernetes.io'], serviceaccount: { name: 'oncall', uid } };
  return new SignJWT({ ...claims, 'kubernetes.io': whose })
    .setProtectedHeader({ alg: 'RS256', ...(kid && { kid }) })
    .setIssuer('https://kubernetes.default.svc')
    .setAudience('https://kubernetes.default.svc')
    .setIssuedAt(now - 86_400)
    .setNotBefore(now - 86_400)
    .setExpirationTime(now + hours * 3600)
    .sign(key);
};

await kubectl(['create', 'namespace', namespace]).catch(() => {});
for (const part of ['access', 'config', 'cron-jobs'])
  await kubectl(['apply', '-f', join(root, `manifests/dev/${part}.yaml`)]);
await apply(...people.map(account), oneTarget, asksAboutPeople, actsForPeople, mayActForPeople);
await apply(bound('backup-oncall', 'oncall'), bound('one-target', 'one-target'));

const uid = await kubectl([
  'get',
  'serviceaccount',
  'oncall',
  '-n',
  namespace,
  '-o',
  'jsonpath={.metadata.uid}',
]);
const oncall = await tokenOf('oncall');
const { kid } = JSON.parse(Buffer.from(oncall.split('.')[0]!, 'base64url').toString()) as { kid?: string };
const own = await importPKCS8(readFileSync(join(process.env['KUBE_PKI']!, 'sa.key'), 'utf8'), 'RS256');
const other = await generateKeyPair('RS256');
const config = JSON.parse(await kubectl(['config', 'view', '--raw', '-o', 'json'])) as {
  clusters: { cluster: { server: string; 'certificate-authority-data': string } }[];
};
const { cluster } = config.clusters[0]!;
const { hostname, port } = new URL(cluster.server);
const { serverVersion } = JSON.parse(await kubectl(['version', '-o', 'json'])) as {
  serverVersion: { gitVersion: string };
};
const real: RealCluster = {
  host: hostname,
  port: Number(port),
  ca: Buffer.from(cluster['certificate-authority-data'], 'base64').toString(),
  server: serverVersion.gitVersion,
  tokens: {
    oncall,
    'one-target': await tokenOf('one-target'),
    nobody: await tokenOf('nobody'),
    console: await tokenOf('backup-console'),
    'another-audience': await tokenOf('oncall', '--audience=https://somewhere.else'),
    expired: await signed(own, uid, kid, -1),
    forged: await signed(other.privateKey, uid, kid, 1),
  },
};
writeFileSync(file, JSON.stringify(real), { mode: 0o600 });
