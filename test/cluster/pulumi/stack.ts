import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { mustExist } from '../../../runtime/src/core/must-exist.ts';
import { root } from '../../kit/environments.ts';

// The stack dev, driven by the real CLI as a person does it, and what the CLI says in JSON.

/** What happens to one resource; what stays the same or is only looked at is left out. */
export interface Step {
  /** `create`, `update`, `delete`, `replace`, `create-replacement`, … */
  readonly operation: string;
  /** `ConfigMap backup-config` */
  readonly object: string;
  /** Fields that differ, such as `data.BACKUP_REMOTE_SYNC`. */
  readonly changed: readonly string[];
}

interface Metadata {
  readonly op: string;
  readonly urn: string;
  readonly detailedDiff: Readonly<Record<string, unknown>> | null;
}

interface Event {
  readonly resourcePreEvent?: { readonly metadata: Metadata };
  readonly diagnosticEvent?: { readonly severity: string; readonly message: string };
}

const eventsOf = (output: string): readonly Event[] =>
  output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Event);

/** `CronJob redis-backup` of `…::grill-stats:Backup$kubernetes:batch/v1:CronJob::backup:grill-stats/redis-backup`. */
const objectOf = (urn: string): string => {
  const [type, name] = urn.split('::').slice(-2);
  return [type?.split(':').at(-1), name?.split(/[:/]/).at(-1)].join(' ');
};

/** A provider whose settings change is updated itself; what that means for objects is said of each of them. */
const isChange = ({ op, urn }: Metadata): boolean =>
  !['same', 'refresh', 'read'].includes(op) && !urn.includes('pulumi:providers:');

const stepOf = ({ op, urn, detailedDiff }: Metadata): Step => ({
  operation: op,
  object: objectOf(urn),
  changed: Object.keys(detailedDiff ?? {}).sort(),
});

const stepsOf = (output: string): readonly Step[] =>
  eventsOf(output).flatMap(({ resourcePreEvent }) =>
    resourcePreEvent && isChange(resourcePreEvent.metadata) ? [stepOf(resourcePreEvent.metadata)] : [],
  );

const errorsOf = (output: string): string =>
  eventsOf(output)
    .map(({ diagnosticEvent }) => diagnosticEvent)
    .filter((found) => found?.severity === 'error')
    .map((found) => found?.message)
    .join('\n');

type Variables = Readonly<Record<string, string>>;

/** Those of docs/how-to/deploying.md that let Pulumi take over what is there. */
export const force: Variables = { PULUMI_K8S_ENABLE_PATCH_FORCE: 'true' };
export const takeOver: Variables = { ...force, PULUMI_K8S_UPSERT_EXISTING_OBJECTS: 'true' };

const wholeOutput = 64 * 1024 * 1024;

/** The stack of a project, with its state in a folder. */
export class PulumiStack {
  readonly #project: string;
  readonly #env: Readonly<Record<string, string | undefined>>;

  /** @param cli folder of `pulumi`, and of its plugins unless it has them elsewhere */
  constructor(project: string, state: string, cli: string) {
    mkdirSync(state, { recursive: true });
    this.#project = project;
    this.#env = {
      ...process.env,
      PATH: [join(root, 'node_modules/.bin'), cli, process.env['PATH']].join(delimiter),
      PULUMI_BACKEND_URL: `file://${state}`,
      PULUMI_CONFIG_PASSPHRASE: 'of this lane only',
      PULUMI_ENABLE_STREAMING_JSON_PREVIEW: 'true', // events, as `up` prints them
      PULUMI_SKIP_UPDATE_CHECK: 'true',
      TMPDIR: state, // where the provider leaves a copy of the kubeconfig
    };
  }

  /** `pulumi …` in the project. @throws Error with what it says of its failure */
  async run(args: readonly string[], variables: Variables = {}): Promise<string> {
    const [command, ...others] = args;
    const argv = [mustExist(command, 'command'), ...others, '--stack', 'dev'];
    const options = { cwd: this.#project, env: { ...this.#env, ...variables }, maxBuffer: wholeOutput };
    try {
      return (await promisify(execFile)('pulumi', argv, options)).stdout;
    } catch (error) {
      const { stdout, stderr } = error as { stdout: string; stderr: string };
      throw new Error(`pulumi ${args.join(' ')}: ${errorsOf(stdout)}\n${stderr}`, { cause: error });
    }
  }

  readonly set = (key: string, value: string): Promise<string> => this.run(['config', 'set', key, value]);

  readonly setSecret = (key: string, value: string): Promise<string> =>
    this.run(['config', 'set', '--secret', key, value]);

  readonly preview = async (variables?: Variables): Promise<readonly Step[]> =>
    stepsOf(await this.run(['preview', '--json'], variables));

  readonly up = async (variables?: Variables): Promise<readonly Step[]> =>
    stepsOf(await this.run(['up', '--yes', '--skip-preview', '--json'], variables));

  readonly refresh = async (): Promise<readonly Step[]> =>
    stepsOf(await this.run(['refresh', '--yes', '--skip-preview', '--json']));

  readonly destroy = async (): Promise<readonly Step[]> =>
    stepsOf(await this.run(['destroy', '--yes', '--skip-preview', '--json']));
}
