import { isList, isTree, type FieldChange } from '../change.ts';
import {
  added,
  becomes,
  both,
  either,
  existed,
  inContainer,
  inPlan,
  inPod,
  leaves,
  not,
  ofAws,
  removed,
  replaced,
  weaker,
  whole,
  workloads,
  type Rule,
} from '../rule.ts';
import { narrowsNetwork, narrowsRights } from './narrowing.ts';

type Row = Omit<Rule, 'grade'>;

const specOf = ({ before, after }: FieldChange) => {
  const spec = [after, before].find(isTree)?.['spec'];
  return isTree(spec) ? spec : {};
};

const repository = (image: unknown): string => String(image).replace(/(:[\w.-]+)?(@sha256:\w+)?$/, '');

const isByDigest = (image: unknown): boolean => typeof image === 'string' && image.includes('@sha256:');

/** A policy that selects pods and allows nothing. */
const deniesOnly = (change: FieldChange): boolean =>
  !['ingress', 'egress'].some((side) => {
    const rules = specOf(change)[side];
    return isList(rules) && rules.length > 0;
  });

/** Kinds that lead from outside to a Service. */
const waysIn = ['Ingress', 'IngressRoute', 'HTTPRoute', 'Gateway'];

const access: readonly Row[] = [
  {
    name: 'rights added',
    kinds: ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'],
    path: whole,
    holds: added,
    why: 'somebody can do what nobody could before',
  },
  {
    name: 'rights widened',
    kinds: ['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'],
    path: /^(rules|subjects|roleRef|aggregationRule)/,
    holds: not(narrowsRights),
    why: 'somebody can do what nobody could before',
  },
  {
    name: 'admission policy removed or changed',
    kinds: ['ValidatingAdmissionPolicy', 'ValidatingAdmissionPolicyBinding'],
    path: /^($|spec\.)/,
    holds: not(added),
    why: 'people who may create a Job or a pod may mount Secrets that they could not before: read the expressions',
  },
  {
    name: 'connection allowed',
    kinds: ['NetworkPolicy'],
    path: whole,
    holds: both(added, not(deniesOnly)),
    why: 'pods reach, or are reached by, what they could not before',
  },
  {
    name: 'default deny removed',
    kinds: ['NetworkPolicy'],
    path: whole,
    holds: both(removed, deniesOnly),
    why: 'pods that no other policy selects reach everything, and are reached by everything',
  },
  {
    name: 'connection widened',
    kinds: ['NetworkPolicy'],
    path: /^spec\./,
    holds: not(narrowsNetwork),
    why: 'pods reach, or are reached by, what they could not before',
  },
  {
    name: 'Service opened',
    kinds: ['Service'],
    path: /^spec\.(type|ports|externalIPs|externalName|loadBalancer.*|selector)/,
    holds: not(removed),
    why: 'exporter or console are reachable in another way than before',
  },
  {
    name: 'way in from outside',
    kinds: [...waysIn, 'Service'],
    path: whole,
    holds: added,
    why: 'something in the cluster can be reached by a new way',
  },
  {
    name: 'way in changed',
    kinds: waysIn,
    path: /^(spec|metadata\.annotations)(\.|$)/,
    holds: not(removed),
    why: 'something in the cluster can be reached by a new way, or nobody is asked to sign in on the way',
  },
  {
    name: 'other people let into the console',
    ...inPlan(String.raw`console(\.(publicUrl|proxy(\..*)?))?$`),
    why: 'another party decides who somebody is, or for whom the console may act: check who signs the tokens',
  },
];

const hardening: readonly Row[] = [
  {
    name: 'Pod Security lowered',
    kinds: ['Namespace'],
    path: /^metadata\.labels\.pod-security\.kubernetes\.io\//,
    holds: existed,
    why: 'the cluster admits pods of the namespace that it refuses today',
  },
  {
    name: 'runs as root or writes its root',
    ...inPod(String.raw`(.*\.)?securityContext\.(runAsNonRoot|readOnlyRootFilesystem)$`),
    holds: leaves(true),
    why: 'an attacker in the container can do more',
  },
  {
    name: 'privileges gained',
    ...inPod(String.raw`(.*\.)?securityContext\.(privileged|allowPrivilegeEscalation)$`),
    holds: either(becomes(true), leaves(false)),
    why: 'an attacker in the container may become root, or escape from it',
  },
  {
    name: 'capabilities gained',
    ...inPod(String.raw`(.*\.)?securityContext\.capabilities\.(drop\[\]|add\[\])$`),
    holds: (change) => (change.path.endsWith('drop[]') ? removed(change) : added(change)),
    why: 'an attacker in the container can use more of the kernel',
  },
  {
    name: 'seccomp profile weakened',
    ...inPod(String.raw`(.*\.)?securityContext\.(seccompProfile|appArmorProfile)\.(type|localhostProfile)$`),
    holds: existed,
    why: 'an attacker in the container can use more of the kernel',
  },
  {
    name: 'other user or kernel setting',
    ...inPod(
      String.raw`(.*\.)?securityContext\.(runAsUser|runAsGroup|fsGroup|supplementalGroups|procMount|sysctls|seLinuxOptions|windowsOptions)`,
    ),
    holds: either(existed, becomes(0, 'Unmasked')),
    why: 'files and processes of others come within reach of the pod',
  },
  {
    name: 'namespace, port or file of the host',
    ...inPod(
      String.raw`(.*\.)?(hostNetwork|hostPID|hostIPC|hostUsers|hostPort|hostPath|hostAliases)(\.|\[|$)`,
    ),
    holds: both(not(removed), not(becomes(false))),
    why: 'the pod sees or serves what belongs to its node',
  },
  {
    name: 'token mounted',
    kinds: [...workloads, 'ServiceAccount'],
    path: /(^|\.)automountServiceAccountToken$/,
    holds: either(becomes(true), leaves(false)),
    why: 'the pod can use the Kubernetes API with the rights of its account',
  },
  {
    name: 'token mounted as a volume',
    ...inPod(String.raw`volumes.*\.serviceAccountToken$`),
    holds: added,
    why: 'the pod can use the Kubernetes API with the rights of its account',
  },
  {
    name: 'other account',
    ...inPod(String.raw`serviceAccountName$`),
    holds: existed,
    why: 'the pod has the rights of another account',
  },
  {
    name: 'addresses of all Services in the environment',
    ...inPod(String.raw`enableServiceLinks$`),
    holds: leaves(false),
    why: 'every container learns what runs in the namespace',
  },
  {
    name: 'pod no longer selected by the policies',
    kinds: workloads,
    path: /(^|template\.)metadata\.labels\.app\.kubernetes\.io\/(name|component|part-of)$/,
    holds: existed,
    why: 'NetworkPolicies select pods by these labels; one without them is not restricted',
  },
  {
    name: 'image not by digest',
    ...inContainer('image$'),
    holds: ({ before, after }) => isByDigest(before) && !isByDigest(after),
    why: 'anyone who can push to the registry decides what runs with every secret',
  },
  {
    name: 'image of another repository',
    ...inContainer('image$'),
    holds: both(replaced, ({ before, after }) => repository(before) !== repository(after)),
    why: 'another party decides what runs with access to every secret',
  },
];

const secretSources: readonly Row[] = [
  {
    name: 'value of a Secret in a manifest',
    kinds: ['Secret'],
    path: /^(data|stringData)/,
    holds: not(removed),
    why: 'anyone who can read the repository can read the secret',
  },
  {
    name: 'secret from another source',
    kinds: ['OnePasswordItem', 'ExternalSecret', 'SecretStore', 'ClusterSecretStore'],
    path: /^spec(\.(?!refreshInterval|target)|$)/,
    why: 'the values come from elsewhere: check who can write there',
  },
  {
    name: 'source of a Secret added or removed',
    kinds: ['OnePasswordItem', 'ExternalSecret'],
    path: whole,
    why: 'the values come from elsewhere: check who can write there',
  },
  {
    name: 'more secrets in a pod',
    ...inPod(
      String.raw`volumes\[[^\]]*\]\.(projected\.sources\[[^\]]*\]\.)?secret(\.(name|secretName|items.*))?$`,
    ),
    // without a list of keys all of them are mounted
    holds: either(not(removed), ({ path }) => path.endsWith('items')),
    why: 'an attacker in the pod can read more than before',
  },
  {
    name: 'secret in the environment',
    ...inContainer(String.raw`env.*\.(secretKeyRef|secretRef)`),
    holds: not(removed),
    why: 'environments of processes end in crash reports and logs; files do not',
  },
  {
    name: 'secret readable by more users',
    ...inPod(String.raw`volumes.*\.(secret|projected)(\..*)?\.(defaultMode|mode)$`),
    why: 'another user in the container may read it',
  },
  {
    name: 'role of the pods changed',
    kinds: ['ServiceAccount'],
    path: /^metadata\.annotations(\..*role-arn)?$/,
    why: 'pods of this account act with the rights of another role in the cloud account',
  },
  {
    name: 'other credentials',
    ...inPlan(String.raw`(targets\[[^\]]*\]\.(drill\.)?secret\.|stores\.s3\.credentials$)`),
    holds: existed,
    why: 'the account has other rights: check that it can read and no more',
  },
];

const transport: readonly Row[] = [
  {
    name: 'TLS lowered',
    ...inPlan(String.raw`targets\[[^\]]*\]\.(drill\.)?connection\.sslMode$`),
    holds: weaker('disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'),
    why: 'somebody on the way may read the data, or pose as the server',
  },
  {
    name: 'password in clear text',
    ...inPlan(String.raw`targets\[[^\]]*\]\.(drill\.)?connection\.clearTextPassword$`),
    holds: becomes(true),
    why: 'anyone who poses as the server gets the password of the account',
  },
  {
    name: 'server no longer verified',
    ...inPlan(String.raw`targets\[[^\]]*\]\.(drill\.)?connection\.tls\.verify$`),
    holds: weaker('none', 'ca', 'full'),
    why: 'somebody on the way may pose as the server, and gets the password and what is restored',
  },
  {
    name: 'another CA or name of a server',
    ...inPlan(String.raw`targets\[[^\]]*\]\.(drill\.)?connection\.tls\.(ca|serverName)(\..*)?$`),
    why: 'another party decides who may pose as the server',
  },
  {
    name: 'TLS off',
    ...inPlan(String.raw`.*(\.tls(\.enabled)?|\.caFile|\.scheme|notifications\.email\.security)$`),
    holds: either(leaves(true), leaves('https'), removed, leaves('tls'), leaves('starttls')),
    why: 'somebody on the way may read the data, or pose as the server',
  },
  {
    name: 'archives or messages go elsewhere',
    ...inPlan(
      String.raw`(stores\.s3(\.endpoint)?|pushgateway(\.url)?|notifications\.(slack|email|webhook)(\.(channel|apiUrl|host|port|to\[\]))?)$`,
    ),
    holds: not(removed),
    why: 'another party gets them: check who that is',
  },
];

const aws: readonly Row[] = [
  {
    name: 'protection of a bucket removed',
    kinds: ofAws(
      'BucketPublicAccessBlock',
      'BucketOwnershipControls',
      'BucketPolicy',
      'BucketServerSideEncryptionConfiguration',
      'BucketLogging',
    ),
    path: whole,
    holds: removed,
    why: 'others may read or write archives, or nobody sees that they did',
  },
  {
    name: 'protection of a bucket changed',
    kinds: ofAws(
      'BucketPublicAccessBlock',
      'BucketOwnershipControls',
      'BucketServerSideEncryptionConfiguration',
      'BucketLogging',
    ),
    path: /^spec\./,
    why: 'others may read or write archives, or nobody sees that they did',
  },
  {
    name: 'AWS rights added',
    kinds: ofAws('User', 'Role', 'AccessKey', 'RolePolicy', 'UserPolicy'),
    path: whole,
    holds: added,
    why: 'somebody can do in the account what nobody could before',
  },
  {
    name: 'AWS rights changed',
    kinds: ofAws('BucketPolicy', 'Key', 'User', 'Role', 'AccessKey', 'RolePolicy', 'UserPolicy'),
    path: /^spec\.(?!description|tags|deletionWindowInDays|enableKeyRotation)/,
    why: 'read who may do what in which statement, before and after',
  },
];

/** What lets somebody see or do more. */
export const exposure: readonly Rule[] = [
  ...access,
  ...hardening,
  ...secretSources,
  ...transport,
  ...aws,
].map((row) => ({
  ...row,
  grade: 'exposure',
}));
