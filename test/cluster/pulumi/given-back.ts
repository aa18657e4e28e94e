import { deepEqual, rejects } from 'node:assert/strict';
import { kubectl } from '../kubectl.ts';
import { step } from '../steps.ts';
import { exactly, identities, kept, namespace, nothing } from './expected.ts';
import { edit } from './project.ts';
import type { PulumiStack } from './stack.ts';

const urnOf = async (stack: PulumiStack, type: string): Promise<string> => {
  const urns = await stack.run(['stack', '--show-urns']);
  return new RegExp(`urn:\\S*${type}::\\S*`).exec(urns)?.[0] ?? '';
};

const identity = (): Promise<string> =>
  kubectl(['get', 'namespace', namespace, '-o', 'jsonpath={.metadata.uid}']);

/** A stack that made its namespace gives it back to the platform. */
export const giveBack = async (stack: PulumiStack, project: string): Promise<void> => {
  edit(project, { namespace: { name: namespace, create: true } });
  await step('a stack makes its namespace', async () => void (await stack.up()));
  const before = [await identity(), ...(await identities(kept))];
  edit(project, { namespace });
  await step('and keeps it while it is protected', () => rejects(stack.up(), /protected/));
  await step('and forgets it, with all in it untouched', async () => {
    await stack.run(['state', 'unprotect', await urnOf(stack, 'core/v1:Namespace'), '--yes']);
    exactly([`delete Namespace ${namespace}`], await stack.up());
    deepEqual([await identity(), ...(await identities(kept))], before);
    nothing(await stack.preview());
  });
};
