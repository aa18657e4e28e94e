import { deepEqual, equal } from 'node:assert/strict';
import { names } from '../../../runtime/src/contract/names.ts';
import { secrets } from '../../../runtime/src/contract/secrets.ts';
import { kubectl } from '../kubectl.ts';
import type { Step } from './stack.ts';

// What a step of the life cycle has to come to, by what the CLI says and by what the cluster has then.

export const namespace = 'grill-stats';

/** What holds data, and outlives the stack. */
export const kept = [
  `persistentvolumeclaim/${names.volumeClaim}`,
  `secret/${secrets.encryption.name}`,
] as const;

const inNamespace = (...args: readonly string[]): Promise<string> => kubectl([...args, '-n', namespace]);

/** A field of an object, as text. */
export const field = (object: string, path: string): Promise<string> =>
  inNamespace('get', object, '-o', `jsonpath={${path}}`);

export const exists = async (object: string): Promise<boolean> =>
  (await inNamespace('get', object, '--ignore-not-found', '-o', 'name')) !== '';

/** Patches an object as somebody on call does. */
export const patch = (object: string, change: object, manager = 'kubectl-patch'): Promise<string> =>
  inNamespace('patch', object, '--type=merge', `--field-manager=${manager}`, '-p', JSON.stringify(change));

/** Who an object is: it has another uid once it was replaced. */
export const identities = (objects: readonly string[]): Promise<readonly string[]> =>
  Promise.all(objects.map((object) => field(object, '.metadata.uid')));

export const said = (steps: readonly Step[]): readonly string[] =>
  steps.map(({ operation, object }) => `${operation} ${object}`).sort();

export const nothing = (steps: readonly Step[]): void => deepEqual(said(steps), []);

/** Each step is one of these operations. */
export const only = (operations: readonly string[], steps: readonly Step[]): void =>
  deepEqual(said(steps.filter(({ operation }) => !operations.includes(operation))), []);

export const exactly = (expected: readonly string[], steps: readonly Step[]): void =>
  deepEqual(said(steps), [...expected].sort());

/** An update of one field of one object. */
export const oneChange = (object: string, changed: string, steps: readonly Step[]): void =>
  deepEqual(steps, [{ operation: 'update', object, changed: [changed] }]);

/** A key of the Secret with the passphrase. */
export const passphraseIs = async (
  value: string,
  key = secrets.encryption.keys.passphrase,
): Promise<void> => {
  const encoded = await field(`secret/${secrets.encryption.name}`, `.data.${key}`);
  equal(Buffer.from(encoded, 'base64').toString(), value);
};
