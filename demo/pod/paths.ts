/** Path in the container → path on this machine. */
export type PathMap = Readonly<Record<string, string>>;

const escape = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');

/** Puts the machine's paths in the place of the container's, wherever a whole path or its start stands in `text`. */
export const mapPaths = (text: string, paths: PathMap): string => {
  const longestFirst = Object.keys(paths).toSorted((a, b) => b.length - a.length);
  if (longestFirst.length === 0) return text;
  const whole = new RegExp(`(?<![\\w.~/-])(${longestFirst.map(escape).join('|')})(?![\\w.-])`, 'g');
  return text.replace(whole, (path) => paths[path] ?? path);
};
