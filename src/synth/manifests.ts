import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Yaml } from 'cdk8s';
import { synthesize, type Concern } from '../constructs/backup-system.ts';
import { environmentDashboards } from '../constructs/monitoring.ts';
import { renderDashboard } from '../../dashboards/index.ts';
import { environmentFiles, readEnvironment, type Environment } from '../environment/environment.ts';

/** Path below a folder of generated files → text. */
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
const filesOf = (environment: string, concerns: readonly Concern[]): readonly (readonly [string, string])[] =>
  [
    ...concerns.map(({ name, objects }) => [name, Yaml.stringify(...objects)] as const),
    ['kustomization', kustomization(concerns)] as const,
  ].map(([name, text]) => [`${environment}/${name}.yaml`, heading(environment) + text]);

/** Every Pulumi.<env>.yaml in a folder. @throws BackupError plan.invalid */
export const readEnvironments = (folder: string): readonly Environment[] =>
  environmentFiles(folder).map(readEnvironment);

/** Manifests of environments. @throws BackupError plan.invalid */
export const synthesizeManifests = (environments: readonly Environment[]): Files =>
  new Map(environments.flatMap((environment) => filesOf(environment.environment, synthesize(environment))));

/** Dashboards of environments, to import by hand where no sidecar does. */
export const synthesizeDashboards = (environments: readonly Environment[]): Files =>
  new Map(
    environments.flatMap((environment) =>
      environmentDashboards(environment).map(
        (shipped) => [`${environment.environment}/${shipped.file}`, renderDashboard(shipped)] as const,
      ),
    ),
  );

const generatedIn = (folder: string): readonly string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((path) => /\.(yaml|json)$/.test(path))
    : [];

/** Paths, in order, at which a folder holds other than these files: changed, missing or left over. */
export const staleFiles = (folder: string, files: Files): readonly string[] => {
  const present = generatedIn(folder);
  const differs = ([path, text]: readonly [string, string]) =>
    !present.includes(path) || readFileSync(join(folder, path), 'utf8') !== text;
  const leftOver = present.filter((path) => !files.has(path));
  return [...[...files].filter(differs).map(([path]) => path), ...leftOver].sort();
};

/** Makes a folder hold exactly these files. */
export const writeFiles = (folder: string, files: Files): void => {
  mkdirSync(folder, { recursive: true });
  for (const path of generatedIn(folder)) if (!files.has(path)) rmSync(join(folder, path));
  for (const [path, text] of files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
};
