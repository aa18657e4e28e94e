/**
 * Writes a CycloneDX 1.5 list of what the job image holds: `sbom.ts <npm's lockfile of the installed packages>`, with
 * `package version architecture` of each Debian package on standard input.
 */
import { readFileSync } from 'node:fs';
import { text } from 'node:stream/consumers';

interface Component {
  readonly type: 'library' | 'platform';
  readonly name: string;
  readonly version: string;
  /** https://github.com/package-url/purl-spec */
  readonly purl: string;
  readonly licenses?: readonly object[];
}

interface Lockfile {
  readonly packages: Readonly<
    Record<string, { readonly version?: string; readonly link?: boolean; readonly license?: string }>
  >;
}

const folder = 'node_modules/';

const npmComponents = ({ packages }: Lockfile): readonly Component[] =>
  Object.entries(packages).flatMap(([path, { version, license, link }]) => {
    if (link || version === undefined) return [];
    const name = path.slice(path.lastIndexOf(folder) + folder.length);
    const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
    return [
      { type: 'library', name, version, purl, ...(license && { licenses: [{ expression: license }] }) },
    ];
  });

const debianComponents = (lines: string): readonly Component[] =>
  lines
    .trim()
    .split('\n')
    .map((line) => line.split(' ') as [string, string, string])
    .map(([name, version, arch]) => ({
      type: 'library',
      name,
      version,
      purl: `pkg:deb/debian/${name}@${encodeURIComponent(version)}?arch=${arch}&distro=bookworm`,
    }));

const { node: nodeVersion } = process.versions;
const [, , lockfile = ''] = process.argv;
const components: readonly Component[] = [
  { type: 'platform', name: 'node', version: nodeVersion, purl: `pkg:generic/node@${nodeVersion}` },
  ...npmComponents(JSON.parse(readFileSync(lockfile, 'utf8')) as Lockfile),
  ...debianComponents(await text(process.stdin)),
];
process.stdout.write(JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.5', version: 1, components }));
