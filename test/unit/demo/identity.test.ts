import { afterAll, describe, expect, test } from '@jest/globals';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf } from '../../../demo/pod/identity.ts';
import { removeFolder, workFolder } from '../../kit/private-server.ts';

const root = process.getuid?.() === 0;
const folder = workFolder('identity');
const program = join(folder, 'program');
writeFileSync(program, '');

afterAll(() => removeFolder(folder));

describe('the user of a pod of the demo', () => {
  test('is the one of its security context, or nobody', () => {
    expect(identityOf({ containers: [] }, '/bin/sh')).toEqual(root ? { uid: 65_534, gid: 65_534 } : {});
    const securityContext = { runAsUser: 10_001, runAsGroup: 10_002 };
    expect(identityOf({ containers: [], securityContext }, '/bin/sh')).toEqual(
      root ? { uid: 10_001, gid: 10_002 } : {},
    );
  });

  test('is the one who started the demo where no other can read the program', () => {
    chmodSync(program, 0o600);
    expect(identityOf({ containers: [] }, program)).toEqual({});
  });
});
