import importX from 'eslint-plugin-import-x';
import tseslint from 'typescript-eslint';

// Who may import whom (docs/architecture.md). A folder absent from `from` is open to it.
const inside = {
  'runtime/src/contract': [],
  'runtime/src/core': ['runtime/src/contract'],
  'runtime/src/engines': ['runtime/src/core', 'runtime/src/contract'],
  'runtime/src/archive': ['runtime/src/core', 'runtime/src/contract'],
  'runtime/src/crypto': ['runtime/src/core', 'runtime/src/contract'],
  'runtime/src/store': ['runtime/src/core', 'runtime/src/contract'],
  'runtime/src/catalog': ['runtime/src/store', 'runtime/src/crypto', 'runtime/src/core', 'runtime/src/contract'],
  'runtime/src/plan': [
    'runtime/src/engines/registry.ts',
    'runtime/src/engines/engine.ts',
    'runtime/src/store/registry.ts',
    'runtime/src/catalog/retention.ts',
    'runtime/src/core',
    'runtime/src/contract',
  ],
  'runtime/src': ['runtime/src'],
  alerts: ['runtime/src/contract', 'runtime/src/plan'],
  dashboards: ['runtime/src/contract', 'runtime/src/plan'],
  'src/constructs': ['src/environment.ts', 'runtime/src/plan', 'runtime/src/contract', 'runtime/src/engines/registry.ts', 'runtime/src/engines/engine.ts', 'alerts', 'dashboards'],
  src: ['src', 'runtime/src/plan', 'runtime/src/contract', 'runtime/src/engines/registry.ts', 'runtime/src/core/errors.ts', 'alerts', 'dashboards'],
};

const zones = Object.entries(inside).map(([folder, open]) => ({
  target: `./${folder}`,
  from: ['./runtime', './src', './alerts', './dashboards', './test', './demo'],
  except: [],
  allowed: open,
}));

// import-x states exceptions relative to `from`, so each zone is spelled out per closed root.
const roots = ['runtime', 'src', 'alerts', 'dashboards', 'test', 'demo'];
const restricted = zones.flatMap(({ target, allowed }) =>
  roots.map((root) => ({
    target,
    from: `./${root}`,
    except: [...allowed, target.slice(2)]
      .filter((path) => path === root || path.startsWith(`${root}/`))
      .map((path) => `./${path.slice(root.length + 1)}`),
    message: `see the import table in docs/architecture.md`,
  })),
);

export default tseslint.config(
  { ignores: ['node_modules/', 'manifests/', 'coverage/', '.work/', '**/*.cjs'] },
  ...tseslint.configs.recommended,
  {
    files: ['**/*.ts'],
    plugins: { 'import-x': importX },
    settings: { 'import-x/resolver-next': [] },
    rules: {
      'no-console': 'error',
      'no-restricted-imports': ['error', { paths: [{ name: 'node:child_process', message: 'spawn through core/process.ts' }] }],
      'import-x/no-restricted-paths': ['error', { zones: restricted }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  { files: ['runtime/src/core/process.ts', 'test/**', 'demo/**', 'scripts/**'], rules: { 'no-restricted-imports': 'off', 'no-console': 'off' } },
);
