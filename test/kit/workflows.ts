import { load } from 'js-yaml';

// Rules for workflows of GitHub Actions: what runs with our rights is pinned, asks for little, and takes no commands from outside.

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}

interface Job {
  readonly uses?: string;
  readonly steps?: readonly Step[];
  readonly permissions?: Readonly<Record<string, string>>;
  readonly container?: string | { readonly image: string };
  readonly 'timeout-minutes'?: number;
}

interface Workflow {
  readonly on?: unknown;
  readonly permissions?: Readonly<Record<string, string>> | string;
  readonly jobs: Readonly<Record<string, Job>>;
}

/** Triggers that give a stranger's code the rights of the repository. */
const dangerous = ['pull_request_target', 'workflow_run', 'issue_comment'];

const triggersOf = ({ on }: Workflow): readonly string[] => {
  if (typeof on === 'string') return [on];
  return Array.isArray(on) ? (on as string[]) : Object.keys(on ?? {});
};

const isLocal = (uses: string): boolean => uses.startsWith('./');

const unpinned = (text: string): readonly string[] =>
  [...text.matchAll(/^\s*(?:- )?uses: (.+)$/gm)]
    .map(([, line]) => line!)
    .filter((line) => !isLocal(line) && !/^[\w.-]+(\/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/.test(line))
    .map((line) => `uses ${line}: expected a commit and its version, name@<40 digits> # v1.2.3`);

const stepProblems = (job: string, { uses, run, with: inputs }: Step): readonly string[] => [
  ...(run?.includes('${{') ? [`${job}: a script has \${{ }}; hand it over in env`] : []),
  ...(uses?.startsWith('actions/checkout@') && inputs?.['persist-credentials'] !== false
    ? [`${job}: checkout leaves its token in the work tree`]
    : []),
];

const imageOf = ({ container }: Job): string | undefined =>
  typeof container === 'string' ? container : container?.image;

const jobProblems = ([name, job]: [string, Job]): readonly string[] => {
  const image = imageOf(job);
  return [
    ...(job.permissions ? [] : [`${name}: no permissions of its own`]),
    ...(!job.uses && !job['timeout-minutes'] ? [`${name}: no timeout-minutes`] : []),
    ...(image !== undefined && !/@sha256:[0-9a-f]{64}$/.test(image)
      ? [`${name}: image without a digest`]
      : []),
    ...(job.steps ?? []).flatMap((step) => stepProblems(name, step)),
  ];
};

/** What is wrong with the text of a workflow. */
export const workflowProblems = (text: string): readonly string[] => {
  const workflow = load(text) as Workflow;
  const { permissions } = workflow;
  const isNothing = typeof permissions === 'object' && Object.keys(permissions).length === 0;
  return [
    ...(isNothing ? [] : ['permissions: expected {}, and those of each job']),
    ...triggersOf(workflow)
      .filter((trigger) => dangerous.includes(trigger))
      .map((trigger) => `on ${trigger}: it gives the code of strangers our rights`),
    ...unpinned(text),
    ...Object.entries(workflow.jobs).flatMap(jobProblems),
  ];
};

/** Rights to change something, of each job: `release.image: packages`. */
export const writesOf = (name: string, text: string): readonly string[] =>
  Object.entries((load(text) as Workflow).jobs).flatMap(([job, { permissions = {} }]) =>
    Object.entries(permissions).flatMap(([right, level]) =>
      level === 'write' ? [`${name}.${job}: ${right}`] : [],
    ),
  );
