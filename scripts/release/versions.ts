/** A file that names the program's version, and where in it. */
interface Place {
  readonly file: string;
  /** Paths of values in the JSON of the file. */
  readonly paths: readonly (readonly string[])[];
}

/** package.json has the version; the others follow it, as npm, the job image and Pulumi each read their own. */
export const places: readonly Place[] = [
  { file: 'package.json', paths: [['version']] },
  { file: 'runtime/package.json', paths: [['version']] },
  { file: 'policy/package.json', paths: [['version']] },
  {
    file: 'package-lock.json',
    paths: [['version'], ['packages', '', 'version'], ['packages', 'runtime', 'version']],
  },
];

type Json = Record<string, unknown>;

const at = (value: Json, path: readonly string[]): unknown =>
  path.reduce<unknown>((inner, key) => (inner as Json | undefined)?.[key], value);

/** Versions that a file names. */
export const versionsIn = (text: string, { paths }: Place): readonly unknown[] => {
  const json = JSON.parse(text) as Json;
  return paths.map((path) => at(json, path));
};

/** The text of a file with another version. */
export const withVersion = (text: string, { paths }: Place, version: string): string => {
  const json = JSON.parse(text) as Json;
  for (const path of paths) (at(json, path.slice(0, -1)) as Json)[path.at(-1) ?? ''] = version;
  return `${JSON.stringify(json, null, 2)}\n`;
};
