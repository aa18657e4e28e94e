// Preloaded into a process by --import: whoever waits on the spot for a path below $FAR_FOLDER, as for a volume that may hang, fails.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const far = process.env['FAR_FOLDER'];
const refusing =
  (name, call) =>
  (path, ...others) => {
    if (typeof path === 'string' && path.startsWith(far)) throw new Error(`${name} waits for ${path}`);
    return call(path, ...others);
  };
for (const name of [
  'lstatSync',
  'statSync',
  'statfsSync',
  'openSync',
  'opendirSync',
  'readdirSync',
  'existsSync',
])
  fs[name] = refusing(name, fs[name]);
const opened = new Set();
const open = fs.open;
fs.open = (path, flags, answer) =>
  open(path, flags, (error, descriptor) => {
    if (path.startsWith(far)) opened.add(descriptor);
    answer(error, descriptor);
  });
for (const name of ['readSync', 'fstatSync']) {
  const call = fs[name];
  fs[name] = (descriptor, ...others) => {
    if (opened.has(descriptor)) throw new Error(`${name} waits`);
    return call(descriptor, ...others);
  };
}
fs.Dir.prototype.readSync = () => {
  throw new Error('readSync of a folder waits');
};
syncBuiltinESMExports();
