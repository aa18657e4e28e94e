/** What a doc comment says. */
export interface Doc {
  readonly text: string;
  /** Of `@default value - why`. */
  readonly standard?: { readonly value: string; readonly why: string } | undefined;
}

/** Text of a comment without its marks, on one line; without tags such as `@throws`, which are for callers. */
const plain = (comment: string): string =>
  comment
    .replace(/^\/\*\*/, '')
    .replace(/\*\/$/, '')
    .split('\n')
    .map((line) => line.replace(/^\s*\*? ?/, '').trim())
    .filter(Boolean)
    .join(' ')
    .replaceAll(/@(?!default)\w+ .*?(?=@default|$)/g, '')
    .trim();

/** Reads `/** What it is. @default value - why *\/`. */
export const parseDoc = (comment: string): Doc => {
  const [text = '', standard] = plain(comment).split(/\s*@default /);
  if (standard === undefined) return { text };
  const [value = '', ...why] = standard.split(' - ');
  return { text, standard: { value: value.trim(), why: why.join(' - ').trim() } };
};
