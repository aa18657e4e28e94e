export { compare } from './compare.ts';
export { find } from './find.ts';
export { read } from './read.ts';
