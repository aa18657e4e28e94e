import { describe, expect, test } from '@jest/globals';
import { judge, preflight } from '../../src/preflight/preflight.ts';
import { readFacts, type Facts } from '../../src/preflight/facts.ts';
import type { Request } from '../../src/preflight/cluster.ts';
import { requestsOf } from '../../src/preflight/requests.ts';
import { parseEnvironment } from '../../src/environment/environment.ts';
import { objectsOf } from '../kit/environments.ts';
import { everyConsole } from '../kit/every-console.ts';
import { found } from '../cluster/preflights.ts';
import { readRecordings } from '../cluster/recording.ts';
import { replayedCluster, type ClusterAnswers } from '../cluster/recorded-cluster.ts';
import { environmentOfCase, nothingWrong, troubles, type Case } from '../cluster/troubles.ts';

const recordings = readRecordings();

const answersTo = (preflights: Readonly<Record<string, ClusterAnswers>>, { title }: Case): ClusterAnswers => {
  const base = preflights[nothingWrong.title]!;
  const own = preflights[title]!;
  return { gets: { ...base.gets, ...own.gets }, denied: own.denied };
};

describe.each(recordings)('what $server answered', ({ preflights }) => {
  test('is about all cases: else KUBECONFIG=… npm run test:cluster, and commit', () => {
    expect(Object.keys(preflights)).toEqual([nothingWrong, ...troubles].map(({ title }) => title));
  });

  test.each([nothingWrong, ...troubles])('tells the preflight of $title', async (one) => {
    const cluster = replayedCluster(answersTo(preflights, one));
    expect(found(await preflight(cluster, environmentOfCase(one)))).toEqual(one.finds);
  });

  test('holds no value of a Secret', () => {
    const secrets = Object.entries(preflights[nothingWrong.title]!.gets).filter(([path]) =>
      path.includes('/secrets/'),
    );
    expect(secrets.length).toBeGreaterThan(2);
    for (const [, secret] of secrets) {
      if (secret === null) continue;
      expect(new Set(Object.values((secret as { data: object }).data))).toEqual(new Set(['']));
    }
  });
});

const factsOf = (changes: Partial<Facts>, one: Case = nothingWrong): Promise<Facts> =>
  readFacts(replayedCluster(answersTo(recordings[0]!.preflights, one)), environmentOfCase(one)).then(
    (facts) => ({ ...facts, ...changes }),
  );

const names = (facts: Facts): readonly string[] => found(judge(facts));

describe('what no cluster here is', () => {
  test('too old', async () => {
    expect(names(await factsOf({ minor: 26 }))).toEqual(['version: Kubernetes 1.26']);
    expect(names(await factsOf({ minor: 29 }))).toEqual(['version: Kubernetes 1.29']);
    expect(names(await factsOf({ minor: 30 }))).toEqual([]);
  });

  test.each(['verification', 'drill'] as const)('too old for several pods of %s', async (run) => {
    const { environment } = await factsOf({});
    const several = { ...environment, [run]: { ...environment[run], parallelism: 2 } };
    const access = { ...environment.access, admissionPolicies: false };
    const tooOld = await factsOf({ minor: 28, environment: { ...several, access } });
    expect(names(tooOld)).toEqual(['version: Kubernetes 1.28']);
    expect(judge(tooOld)[0]!.problem).toMatch(/older than 1\.29/);
    expect(names(await factsOf({ minor: 29, environment: { ...several, access } }))).toEqual([]);
    expect(names(await factsOf({ minor: 28, environment: { ...environment, access } }))).toEqual([]);
  });

  test('a namespace on its way out', async () => {
    const namespace = { metadata: { name: 'grill-stats' }, status: { phase: 'Terminating' } };
    expect(names(await factsOf({ namespace }))).toEqual(['namespace: Namespace grill-stats']);
  });

  test('a claim that lost its volume', async () => {
    const spec = {
      accessModes: ['ReadWriteOnce'],
      storageClassName: 'grill-stats-lane',
      resources: { requests: { storage: '100Gi' } },
    };
    const claim = { spec, status: { phase: 'Lost' } };
    expect(names(await factsOf({ claim }))).toEqual(['claim: PersistentVolumeClaim backup-storage-pvc']);
  });

  test('without the Prometheus operator', async () => {
    const { kinds } = await factsOf({});
    const left = new Set([...kinds].filter((kind) => !kind.startsWith('monitoring.coreos.com')));
    expect(names(await factsOf({ kinds: left }))).toEqual([
      'kinds: monitoring.coreos.com/v1 PodMonitor',
      'kinds: monitoring.coreos.com/v1 ServiceMonitor',
      'kinds: monitoring.coreos.com/v1 PrometheusRule',
    ]);
  });
});

describe('with a console', () => {
  const factsOn = async (denied: (request: Request) => boolean): Promise<Facts> => {
    const facts = await factsOf({});
    const { environment: name, network } = facts.environment;
    const environment = parseEnvironment(name, {
      ...facts.environment,
      network: { ...network, apiServer: { cidrs: ['10.0.0.5/32'] } },
      console: everyConsole,
    });
    const objects = objectsOf(environment);
    const rights = requestsOf(environment, objects).map((right) => ({ ...right, allowed: !denied(right) }));
    const kinds = new Set([...facts.kinds, 'gateway.networking.k8s.io/v1 HTTPRoute']);
    const apiServer = { items: [{ endpoints: [{ addresses: ['10.0.0.5'] }], ports: [{ port: 6443 }] }] };
    return { ...facts, environment, objects, rights, kinds, apiServer };
  };
  const problems = (facts: Facts) => judge(facts).map(({ problem }) => problem);

  test('nothing is missing for whoever may do everything', async () => {
    expect(names(await factsOn(() => false))).toEqual([]);
  });

  test('rights in the cluster are told, which a namespace does not give', async () => {
    const facts = await factsOn(
      ({ verb, namespace, resource }) =>
        namespace === undefined &&
        (['impersonate', 'escalate'].includes(verb) || resource.endsWith('reviews')),
    );
    expect(problems(facts)).toEqual([
      expect.stringMatching(
        /may not create tokenreviews.*subjectaccessreviews.*impersonate users.*userextras\/grill-backup\.io\/person.*make the Roles/,
      ),
    ]);
  });

  test('they are not needed by who may escalate cluster roles', async () => {
    expect(names(await factsOn(({ verb }) => verb === 'impersonate'))).toEqual([]);
  });

  test('an Ingress is applied under its own plural', async () => {
    const { rights } = await factsOn(() => false);
    expect(rights.map(({ resource }) => resource)).toContain('ingresses');
  });

  test('the Gateway API and the way to the API server are looked at', async () => {
    const facts = await factsOn(() => false);
    const { kinds: _, ...rest } = facts;
    const { kinds } = await factsOf({});
    expect(names({ ...rest, kinds })).toEqual(['kinds: gateway.networking.k8s.io/v1 HTTPRoute']);
    const network = { ...facts.environment.network, apiServer: { cidrs: ['192.0.2.1/32'] } };
    expect(names({ ...facts, environment: { ...facts.environment, network } })).toEqual([
      'api-server: API server',
    ]);
  });
});

describe('what is said to do', () => {
  const actions = async (title: string): Promise<string> => {
    const one = troubles.find((each) => each.title === title)!;
    const all = await preflight(
      replayedCluster(answersTo(recordings[0]!.preflights, one)),
      environmentOfCase(one),
    );
    return all.map(({ action }) => action).join('\n');
  };

  test.each([
    ['NodeLocal DNSCache', 'set network.dns.cidrs: [169.254.20.10/32, 10.96.0.10/32]'],
    ['a Service without selector', 'set targets[postgresql].network.cidrs: [192.0.2.10/32]'],
    ['a Secret without a key', 'add this key'],
    ['a volume of a claim that was deleted', '/spec/claimRef/uid'],
    ['no namespace', 'kubectl create namespace grill-stats-lane-none'],
    ['a claim that is larger', 'set storage.size: 200Gi'],
  ])('about %s: %s', async (title, action) => {
    expect(await actions(title)).toContain(action);
  });
});
