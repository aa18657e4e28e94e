import { RuleTester } from 'eslint';
import { afterAll, describe, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import tseslint from 'typescript-eslint';
import { noCycle } from '../../scripts/lint/no-cycle.ts';

Object.assign(RuleTester, { describe, it, itOnly: it.only });
const folder = mkdtempSync(join(tmpdir(), 'no-cycle-'));
afterAll(() => rmSync(folder, { recursive: true }));

const sources = {
  'first.ts': "import { second } from './second.ts';",
  'second.ts': "import type { Third } from './third.ts';",
  'shape.ts': 'export interface Shape { readonly sides: number }',
} as const;
for (const [name, text] of Object.entries(sources)) writeFileSync(join(folder, name), text);

const tester = new RuleTester({ languageOptions: { parser: tseslint.parser } });
const filename = join(folder, 'third.ts');

tester.run('no-cycle', noCycle, {
  valid: [
    { filename, code: "import type { Shape } from './shape.ts';" },
    { filename, code: "import { first } from 'first';" },
    { filename, code: "import { nothing } from './nothing.ts';" },
  ],
  invalid: [
    "import { first } from './first.ts';",
    "import type { First } from './first.ts';",
    "export * from './first.ts';",
    "export const load = () => import('./first.ts');",
  ].map((code) => ({ filename, code, errors: [{ messageId: 'circle' }] })),
});
