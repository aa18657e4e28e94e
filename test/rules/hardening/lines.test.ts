import { describe, expect, test } from '@jest/globals';
import type { KubernetesObject } from '../../../src/constructs/backup-system.ts';
import { hardeningLines, placesOf, withValue, without } from '../../kit/hardening/lines.ts';
import { rules } from '../../kit/hardening/index.ts';
import type { Data } from '../../kit/hardening/rule.ts';
import { weakenings } from '../../kit/hardening/weakenings.ts';
import { systems } from '../../kit/systems.ts';

const objects = systems['prod with all that is made on request']!;
const violations = (rule: string, from: readonly KubernetesObject[]) =>
  rules.find(({ name }) => name === rule)!.violations(from);
const at = (object: Data, place: readonly string[]): unknown =>
  place.reduce((value, key) => value[key], object);
const label = ({ kind, metadata }: KubernetesObject) => `${kind} ${metadata.name}`;

/** Places where a line of the same name does not harden. */
const spared = [
  /^Pod backup-restore-job: spec\.automountServiceAccountToken = true/, // it scales services
  /^Deployment backup-console: spec\.template\.spec\.automountServiceAccountToken = true/, // it asks who somebody is
  /^NetworkPolicy \S+-to-server: spec\.podSelector\.matchLabels/, // the pods of a server
  /^NetworkPolicy \S+-to-server: spec\.ingress/,
];

describe('without any line that hardens, its rule fails', () => {
  test.each(hardeningLines.map((line) => [line.kinds.join(), line.path, line.rule, line] as const))(
    '%s: %s → %s',
    (_, path, rule, { kinds }) => {
      const places = [systems['prod']!, objects].flatMap((system) =>
        system
          .filter(({ kind }) => kinds.includes(kind))
          .flatMap((object) => placesOf(object, path).map((place) => ({ system, object, place }))),
      );
      expect(places).not.toEqual([]);
      const unnoticed = places
        .filter(({ system, object, place }) => !violations(rule, without(system, object, place)).length)
        .map(
          ({ object, place }) =>
            `${label(object)}: ${place.join('.')} = ${JSON.stringify(at(object, place))}`,
        );
      expect(unnoticed.filter((text) => !spared.some((pattern) => pattern.test(text)))).toEqual([]);
    },
  );
});

describe('with anything that is forbidden, its rule fails', () => {
  test.each(
    weakenings.map((one) => [one.object, one.path, JSON.stringify(one.value), one.rule, one] as const),
  )('%s: %s = %s → %s', (name, path, _, rule, { value }) => {
    const object = objects.find((one) => `${label(one)} `.startsWith(`${name} `))!;
    expect(violations(rule, objects)).toEqual([]);
    expect(violations(rule, withValue(objects, object, path, value))).not.toEqual([]);
  });

  test('there is a line or a weakening for every rule', () => {
    const tried = new Set([...hardeningLines, ...weakenings].map(({ rule }) => rule));
    expect(rules.map(({ name }) => name).filter((name) => !tried.has(name))).toEqual([]);
  });
});

describe('without an object that hardens, a rule fails', () => {
  test.each([
    ['NetworkPolicy backup-default-deny', 'is denied all egress but what a policy allows'],
    ['ServiceAccount backup-operator', 'runs under accounts that are made'],
    ['ConfigMap backup-scripts', 'refers to what is made'],
  ])('%s → %s', (name, rule) => {
    const rest = objects.filter((object) => label(object) !== name);
    expect(rest.length).toBe(objects.length - 1);
    expect(violations(rule, rest)).not.toEqual([]);
  });
});

/** Fields of a pod, and of the CronJob around it, that say what it does; all others restrict it. */
const plain = [
  /^metadata\./,
  /^spec\.(schedule|jobTemplate\.metadata\..*|jobTemplate\.spec\.template\.metadata\..*)$/,
  /^spec\.(selector|template\.metadata)\./,
  /^pod\.(imagePullSecrets|priorityClassName)/, // on request
  /^pod\.securityContext\.fsGroupChangePolicy$/, // only how fast a volume is mounted
  /^pod\.(initC|c)ontainers\.\d+\.(name|image|imagePullPolicy|command|env|ports|lifecycle)/,
  /^pod\.(initC|c)ontainers\.\d+\.volumeMounts\.\d+\.(name|mountPath|subPath)$/,
  /^pod\.volumes\.\d+\.(name|configMap|persistentVolumeClaim|secret\.(secretName|items|optional)|projected\.sources)/,
];

const leavesOf = (value: Data, path = ''): readonly string[] =>
  typeof value === 'object' && value !== null
    ? Object.entries(value).flatMap(([key, item]) => leavesOf(item, path ? `${path}.${key}` : key))
    : [path];

test('every field of a workload hardens it, or says what it does', () => {
  const fields = objects
    .filter(({ kind }) => ['CronJob', 'Deployment', 'Pod'].includes(kind))
    .flatMap((object) => {
      const hardened = hardeningLines
        .filter(({ kinds }) => kinds.includes(object.kind))
        .flatMap(({ path }) => placesOf(object, path).map((place) => place.join('.')));
      return leavesOf({ metadata: object.metadata, spec: object['spec'] })
        .filter((leaf) => !hardened.some((place) => leaf === place || leaf.startsWith(`${place}.`)))
        .map((leaf) =>
          leaf.replace(
            /^spec\.((jobTemplate\.spec\.)?template\.spec\.)?(?=(containers|initContainers|volumes|imagePullSecrets|priorityClassName|securityContext))/,
            'pod.',
          ),
        )
        .filter((leaf) => !plain.some((pattern) => pattern.test(leaf)))
        .map((leaf) => `${label(object)}: ${leaf}`);
    });
  expect(fields).toEqual([]);
});
