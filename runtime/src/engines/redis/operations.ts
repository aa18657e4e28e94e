export { countLive as fingerprint, dump, inspect, probe } from './dump.ts';
export { restore } from './restore.ts';
export { scratch } from './scratch.ts';
