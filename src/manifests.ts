import { Yaml } from 'cdk8s';
import type { Concern } from './constructs/backup-system.ts';

/** Path below the manifests folder → text. */
export type Files = ReadonlyMap<string, string>;

const heading = (environment: string): string =>
  `# Written by \`npm run synth\` from Pulumi.${environment}.yaml; edit that file instead.\n`;

const kustomization = (concerns: readonly Concern[]): string =>
  Yaml.stringify({
    apiVersion: 'kustomize.config.k8s.io/v1beta1',
    kind: 'Kustomization',
    resources: concerns.filter(({ byHand }) => !byHand).map(({ name }) => `${name}.yaml`),
  });

/** Files of an environment: one per concern, and the kustomization that lists them. */
export const manifestFiles = (environment: string, concerns: readonly Concern[]): Files =>
  new Map(
    [
      ...concerns.map(({ name, objects }) => [name, Yaml.stringify(...objects)] as const),
      ['kustomization', kustomization(concerns)] as const,
    ].map(([name, text]) => [`${environment}/${name}.yaml`, heading(environment) + text]),
  );
