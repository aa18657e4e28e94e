// Pulumi requires a JavaScript file; from here on Node strips the types itself.
if (!process.features.typescript)
  throw new Error(
    `the policy pack needs Node.js 22.18 or newer, and Pulumi found ${process.versions.node}: ` +
      'export PATH=$PWD/node_modules/.bin:$PATH',
  );

import('./pack.ts');
