import { describe, expect, test } from '@jest/globals';
import { ESLint, type Linter } from 'eslint';
import tseslint from 'typescript-eslint';

/** Without rules that need types: files that do not exist have none. */
const eslint = new ESLint({ overrideConfig: tseslint.configs.disableTypeChecked as Linter.Config });

/** Messages about one import statement, as if it stood in `file`. */
const lint = async (file: string, from: string): Promise<string[]> => {
  const [result] = await eslint.lintText(`import * as it from '${from}';\nexport { it };\n`, {
    filePath: file,
  });
  return result!.messages.map(({ message }) => message);
};

describe('the import table', () => {
  test.each([
    ['runtime/src/contract/new.ts', '../core/errors.ts'],
    ['runtime/src/core/new.ts', '../engines/registry.ts'],
    ['runtime/src/engines/new.ts', '../store/store.ts'],
    ['runtime/src/store/new.ts', '../retention/decision.ts'],
    ['runtime/src/plan/new.ts', '../engines/redis/index.ts'],
    ['runtime/src/session/new.ts', '../archives/read.ts'],
    ['runtime/src/archives/new.ts', '../runs/lock.ts'],
    ['runtime/src/runs/new.ts', '../health/warnings.ts'],
    ['runtime/src/commands/new.ts', '../../../test/kit/redis.ts'],
    ['runtime/src/commands/list/list.ts', '../../cli/command.ts'],
    ['runtime/src/commands/list/text.ts', '../../cli/command.ts'],
    ['runtime/src/commands/list/cli.ts', '../status/result.ts'],
    ['runtime/src/commands/list/list.ts', '../status/result.ts'],
    ['runtime/src/commands/list/cli.ts', '../../console/serve.ts'],
    ['runtime/src/health/new.ts', '../console/serve.ts'],
    ['runtime/src/console/new.ts', '../cli/command.ts'],
    ['runtime/src/services/new.ts', '../health/warnings.ts'],
    ['src/new.ts', '../runtime/src/core/process.ts'],
    ['examples/new/main.ts', '../../src/constructs/network.ts'],
  ])('%s may not import %s', async (file, from) => {
    expect((await lint(file, from)).join()).toContain('See the import table');
  });

  test.each([
    ['runtime/src/core/new.ts', '../contract/exit-codes.ts'],
    ['runtime/src/engines/new.ts', '../core/errors.ts'],
    ['runtime/src/plan/new.ts', '../engines/registry.ts'],
    ['runtime/src/commands/new.ts', '../store/store.ts'],
    ['runtime/src/commands/list/cli.ts', '../../cli/command.ts'],
    ['runtime/src/commands/list/list.ts', './result.ts'],
    ['runtime/src/commands/list/list.ts', '../../services/service-state.ts'],
    ['runtime/src/commands/console/cli.ts', '../../console/serve.ts'],
    ['runtime/src/console/new.ts', '../commands/status/result.ts'],
    ['src/new.ts', '../runtime/src/plan/schema.ts'],
    ['examples/new/main.ts', '../../src/index.ts'],
    ['test/unit/new.ts', '../../runtime/src/core/errors.ts'],
  ])('%s may import %s', async (file, from) => {
    expect(await lint(file, from)).toEqual([]);
  });

  test.each(['cdk8s', 'cdk8s-plus-28', '@pulumi/aws', 'constructs'])(
    'the runtime may not import %s',
    async (name) => {
      expect((await lint('runtime/src/commands/new.ts', name)).join()).toContain(
        'The job image holds only the runtime',
      );
    },
  );

  test('only engines/scratch-folder.ts makes temporary folders, as nothing removes others after a kill', async () => {
    expect(await lint('runtime/src/engines/scratch-folder.ts', 'node:fs/promises')).toEqual([]);
    expect((await lint('runtime/src/engines/new.ts', 'node:fs/promises')).join()).toContain('makeFolder');
  });

  test('only core/process.ts spawns', async () => {
    expect(await lint('runtime/src/core/process.ts', 'node:child_process')).toEqual([]);
    expect((await lint('runtime/src/core/new.ts', 'node:child_process')).join()).toContain('core/process.ts');
  });
});

describe('rules that need types', () => {
  const typed = new ESLint();

  test.each([
    'runtime/src/core/log.ts',
    'src/index.ts',
    'alerts/index.ts',
    'dashboards/index.ts',
    'policy/pack.ts',
    'scripts/test.ts',
    'demo/main.ts',
    'bench/run.ts',
    'examples/two-databases/main.ts',
    'test/kit/until.ts',
  ])('hold for %s', async (filePath) => {
    const [result] = await typed.lintText('Promise.resolve();\n', { filePath });
    expect(result!.messages.map(({ ruleId }) => ruleId)).toEqual(['@typescript-eslint/no-floating-promises']);
  });
});
