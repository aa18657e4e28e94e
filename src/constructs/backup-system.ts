import { ApiObject, App, Chart } from 'cdk8s';
import { Construct, type IConstruct } from 'constructs';
import { names } from '../../runtime/src/contract/names.ts';
import { BackupError } from '../../runtime/src/core/errors.ts';
import { environmentSchema, type Environment } from '../environment/environment.ts';
import { BackupAccess } from './access.ts';
import { BackupAdmission } from './admission.ts';
import { Config } from './config.ts';
import { Console } from './console.ts';
import { CronJobs } from './cron-jobs.ts';
import { systemLabels } from './labels.ts';
import { BackupMonitoring } from './monitoring.ts';
import { Namespace } from './namespace.ts';
import { BackupNetwork } from './network.ts';
import { checked, markChecked, type Props } from './props.ts';
import { Receivers } from './receivers.ts';
import { RestorePod } from './restore-pod.ts';
import { BackupSecrets } from './secrets.ts';
import { BackupStorage } from './storage.ts';

/** A Kubernetes object as it is applied. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** One concern of the system: the objects of one file. */
export interface Concern {
  /** Name of the file without `.yaml`. */
  readonly name: string;
  /** True for what a person applies when it is needed, and no `kubectl apply -k` or `pulumi up` does. */
  readonly byHand: boolean;
  readonly objects: readonly KubernetesObject[];
}

export type BackupSystemProps = Props<typeof environmentSchema>;

type Part = new (scope: Construct, id: string, environment: Environment) => Construct;

/** In the order in which they are applied: what others refer to comes first. */
const parts: Readonly<Record<string, Part>> = {
  namespace: Namespace,
  access: BackupAccess,
  admission: BackupAdmission,
  secrets: BackupSecrets,
  storage: BackupStorage,
  config: Config,
  network: BackupNetwork,
  'cron-jobs': CronJobs,
  receivers: Receivers,
  console: Console,
};

const apiObjectsIn = (construct: IConstruct): readonly ApiObject[] =>
  construct.node.findAll().filter((each) => ApiObject.isApiObject(each));

/** cdk8s takes two objects of one name silently, and the one applied last wins. */
const sameNames = (construct: Construct): string[] => {
  const byKey = Map.groupBy(
    apiObjectsIn(construct),
    ({ kind, name, metadata }) => `${kind} ${metadata.namespace}/${name}`,
  );
  return [...byKey.values()].flatMap(([first, ...more]) =>
    first && more.length > 0
      ? [
          `${first.kind} ${first.name}: found ${more.length + 1} of this name, expected one (rename the others)`,
        ]
      : [],
  );
};

/**
 * All that backs up the databases of one platform, in one namespace. Props are those of an environment file, see
 * docs/reference/configuration.md. Two charts, so that cdk8s writes the restore pod, which is applied by hand, to a file of its own.
 */
export class BackupSystem extends Construct {
  /** In the order in which they are applied. */
  readonly #concerns: { readonly part: IConstruct; readonly byHand: boolean }[] = [];

  constructor(scope: Construct, id: string, props: BackupSystemProps) {
    super(scope, id);
    const environment = checked(this, environmentSchema, props);
    if (!environment) return;
    markChecked(environment);
    const common = {
      namespace: environment.namespace.name,
      labels: systemLabels(environment),
      disableResourceNameHashes: true,
    };
    const system = new Chart(this, 'system', common);
    const made = Object.entries(parts).map(([name, Part]) => new Part(system, name, environment));
    const monitoring = new BackupMonitoring(system, 'monitoring', environment);
    const byHand = new Chart(this, 'by-hand', common);
    const restorePod = new RestorePod(byHand, names.restorePod, environment);
    for (const part of [...made, ...monitoring.node.children]) this.#concerns.push({ part, byHand: false });
    this.#concerns.push({ part: restorePod, byHand: true });
    this.node.addValidation({ validate: () => sameNames(this) });
  }

  /**
   * Objects by concern, in the order in which they are applied; no concern without objects.
   * @throws BackupError plan.invalid with every problem in the tree, under the path of its construct
   */
  concerns(): readonly Concern[] {
    const problems = this.node
      .findAll()
      .flatMap(({ node }) => node.validate().map((problem) => `[${node.path}] ${problem}`));
    if (problems.length) throw new BackupError('plan.invalid', problems.join('\n'));
    return this.#concerns
      .map(({ part, byHand }) => ({
        name: part.node.id,
        byHand,
        objects: apiObjectsIn(part).map((object) => object.toJson() as KubernetesObject),
      }))
      .filter(({ objects }) => objects.length);
  }
}

/** Objects of an environment by concern. @throws BackupError plan.invalid */
export const synthesize = (environment: Environment): readonly Concern[] =>
  new BackupSystem(new App(), environment.environment, markChecked(environment)).concerns();
