import { readEnvironments, synthesizeManifests, writeFiles } from '../src/synth/manifests.ts';

// `node bench/synthesize.ts <folder of environments> <folder>`: a synthesis as src/synth/cli.ts does it, from elsewhere.

const [from = '', to = ''] = process.argv.slice(2);
writeFiles(to, synthesizeManifests(readEnvironments(from)));
