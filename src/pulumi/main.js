import { RunError } from '@pulumi/pulumi';

// JavaScript, so that a Node.js which runs no TypeScript gets to this sentence. It cannot start another one in its place: by
// now Pulumi knows this process as the stack's.
if (!process.features.typescript)
  throw new RunError(
    `Pulumi found Node.js ${process.versions.node}, and this program needs 22.18 or newer\n` +
      'hint: npm ci && export PATH=$PWD/node_modules/.bin:$PATH',
  );

const { default: outputs } = await import('./program.ts');

export default outputs;
