import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createNodeResolver, importX } from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';
import { noCycle } from './scripts/lint/no-cycle.ts';

const contract = 'runtime/src/contract';
const core = [contract, 'runtime/src/core'];
const engineNames = ['registry', 'engine', 'connection'].map((file) => `runtime/src/engines/${file}.ts`);

const inRuntime = (folder) => `runtime/src/${folder}`;
const commands = inRuntime('commands');
const session = [...core, ...['plan', 'engines', 'store', 'crypto'].map(inRuntime)];
const archives = [...session, ...['session', 'pipeline'].map(inRuntime)];
const runs = [...archives, ...['archives', 'notify', 'metrics'].map(inRuntime)];

/** Who may import whom besides itself and npm packages: docs/explanation/architecture.md. test/ and demo/ may import everything. */
const mayImport = {
  [contract]: [],
  'runtime/src/core': [contract, 'runtime/package.json'],
  'runtime/src/engines': core,
  'runtime/src/pipeline': core,
  'runtime/src/crypto': core,
  'runtime/src/store': core,
  'runtime/src/notify': core,
  'runtime/src/cluster': core,
  'runtime/src/metrics': core,
  'runtime/src/plan': [
    ...core,
    ...engineNames,
    'runtime/src/store/registry.ts',
    'runtime/src/retention/decision.ts',
    'runtime/src/health/anomaly/policy.ts',
    'runtime/src/notify/config.ts',
    'runtime/src/cluster/config.ts',
  ],
  'runtime/src/session': session,
  'runtime/src/archives': archives,
  'runtime/src/wal': [...archives, inRuntime('archives')],
  'runtime/src/runs': runs,
  'runtime/src/retention': [...runs, 'runtime/src/runs'],
  'runtime/src/health': [...runs, 'runtime/src/runs', 'runtime/src/retention', 'runtime/src/wal'],
  'runtime/src/services': [...runs, ...['runs', 'cluster'].map(inRuntime)],
  'runtime/src/commands': [
    ...runs,
    ...['runs', 'services', 'retention', 'health', 'cluster', 'wal'].map(inRuntime),
  ],
  'runtime/src/console': [
    ...runs,
    ...['runs', 'services', 'retention', 'health', 'cluster', 'wal', 'commands'].map(inRuntime),
  ],
  runtime: ['runtime/package.json'],
  alerts: [contract, 'runtime/src/plan'],
  dashboards: [contract, 'runtime/src/plan'],
  policy: [],
  examples: ['src/index.ts', 'src/pulumi/component.ts'],
  'src/constructs': [
    contract,
    'runtime/src/plan',
    ...engineNames,
    'runtime/src/notify/config.ts',
    'runtime/src/cluster/config.ts',
    'runtime/src/core/errors.ts',
    'runtime/src/core/must-exist.ts',
    'src/aws/account.ts',
    'src/environment',
    'alerts',
    'dashboards',
  ],
  src: [
    contract,
    'runtime/src/plan',
    ...engineNames,
    'runtime/src/notify/config.ts',
    'runtime/src/cluster/config.ts',
    'runtime/src/core/errors.ts',
    'runtime/src/core/must-exist.ts',
    'alerts',
    'dashboards',
  ],
};

const message = 'See the import table in docs/explanation/architecture.md.';

const zones = Object.entries(mayImport)
  .filter(([folder]) => folder !== commands)
  .map(([folder, open]) => ({
    target: `./${folder}`,
    from: './',
    except: [...new Set(['node_modules', folder, ...open])],
    message,
  }));

/** What describes a command knows the command line; its work does not. */
const commandZones = [
  { target: `./${commands}/**/!(cli).ts`, open: mayImport[commands] },
  { target: `./${commands}/!(console)/cli.ts`, open: [...mayImport[commands], inRuntime('cli')] },
  { target: `./${commands}/console/cli.ts`, open: ['cli', 'console', 'contract'].map(inRuntime) },
].map(({ target, open }) => ({ target, from: './', except: ['node_modules', commands, ...open], message }));

/** No command needs another one: what two of them share lives where its noun does. */
const foldersOfCommands = readdirSync(join(import.meta.dirname, commands), { withFileTypes: true }).filter(
  (entry) => entry.isDirectory(),
);
const betweenCommands = foldersOfCommands.map(({ name }) => ({
  target: `./${commands}/${name}`,
  from: `./${commands}`,
  except: [`./${name}`],
  message,
}));

const spawnHere = { name: 'node:child_process', message: 'Spawn through runtime/src/core/process.ts.' };
const sweptFolders = {
  name: 'node:fs/promises',
  importNames: ['mkdtemp'],
  message:
    'Make folders by makeFolder of runtime/src/engines/scratch-folder.ts: the next run removes what a killed one left.',
};
const infrastructure = {
  group: ['cdk8s*', 'constructs', '@pulumi/*'],
  message: 'The job image holds only the runtime.',
};

const spreadOf = (kind) => ({
  selector: `${kind}Expression > SpreadElement > ${kind}Expression`,
  message: 'Write what is spread itself.',
});

export default tseslint.config(
  { ignores: ['node_modules/', 'manifests/', 'coverage/', '.work/', '**/*.cjs'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.recommendedTypeCheckedOnly],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // an async function without await turns what it throws into a rejection, as its callers expect
      '@typescript-eslint/require-await': 'off',
      // what was caught is thrown on as it is
      '@typescript-eslint/only-throw-error': ['error', { allowThrowingUnknown: true }],
      '@typescript-eslint/prefer-promise-reject-errors': ['error', { allowThrowingUnknown: true }],
    },
  },
  {
    files: ['**/*.ts'],
    ignores: [
      'test/{cluster,conformance,e2e,golden,integration,rules,unit}/**', // lists of cases are grouped by it
    ],
    rules: { 'no-restricted-syntax': ['error', ...['Object', 'Array'].map(spreadOf)] },
  },
  {
    // a test that meets undefined fails anyway
    files: ['**/*.ts'],
    ignores: ['test/**'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'error' },
  },
  {
    // answers of servers and programs are read as any there: an expectation says what they have to be
    files: ['test/**/*.ts'],
    rules: Object.fromEntries(
      ['argument', 'assignment', 'call', 'member-access', 'return'].map((use) => [
        `@typescript-eslint/no-unsafe-${use}`,
        'off',
      ]),
    ),
  },
  {
    files: ['**/*.ts'],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [createNodeResolver({ extensions: ['.ts', '.js', '.json'] })] },
    rules: {
      'no-console': 'error',
      'no-restricted-imports': ['error', { paths: [spawnHere] }],
      'import-x/no-restricted-paths': ['error', { zones: [...zones, ...commandZones, ...betweenCommands] }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  {
    files: ['**/*.ts'],
    plugins: { house: { rules: { 'no-cycle': noCycle } } },
    rules: { 'house/no-cycle': 'error' },
  },
  {
    files: ['runtime/**/*.ts'],
    ignores: ['runtime/src/engines/scratch-folder.ts'],
    rules: {
      'no-restricted-imports': ['error', { paths: [spawnHere, sweptFolders], patterns: [infrastructure] }],
    },
  },
  {
    files: [
      'runtime/src/core/process.ts',
      'src/review/sources.ts',
      'src/preflight/kubectl.ts',
      'test/**',
      'demo/**',
      'scripts/**',
      'bench/**',
    ],
    rules: { 'no-restricted-imports': 'off', 'no-console': 'off' },
  },
);
