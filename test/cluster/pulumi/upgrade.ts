import { equal, ok } from 'node:assert/strict';
import { step } from '../steps.ts';
import { exactly, identities, kept, nothing, said } from './expected.ts';
import { force, type PulumiStack } from './stack.ts';

// A stack of a version that registered everything below the stack itself, under field managers with random names.

/** A commit from before component resources. */
export const flatCommit = '4b65456dcdcd11620ac64795806512c313174de7';

const known = [...kept, 'cronjob/postgresql-backup', 'configmap/backup-config'] as const;

/** @param flat the stack with the program of that commit @param present the same stack with the present one */
export const upgrade = async (flat: PulumiStack, present: PulumiStack): Promise<void> => {
  await step('a flat stack is made', async () => void (await flat.up()));
  const before = await identities(known);
  await step('the preview of its upgrade replaces and removes nothing', async () => {
    const steps = said(await present.preview(force));
    ok(steps.length > 0);
    equal(steps.filter((one) => !/^(update|create) /.test(one)).join(), '');
  });
  await step('its upgrade keeps every object', async () => {
    await present.up(force);
    equal(String(await identities(known)), String(before));
    nothing(await present.preview());
  });
  await step('and it is changed without a conflict', async () => {
    await present.setSecret('encryption-key', 'the passphrase after the upgrade');
    exactly(['update Secret backup-encryption-secret'], await present.up());
  });
};
