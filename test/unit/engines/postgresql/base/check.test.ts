import { describe, expect, test } from '@jest/globals';
import { createHash } from 'node:crypto';
import { pack } from 'tar-stream';
import { openCheck, type Checked } from '../../../../../runtime/src/engines/postgresql/base/check.ts';

type Files = Readonly<Record<string, string>>;

const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');

const tarOf = async (files: Files): Promise<Buffer> => {
  const tar = pack();
  for (const [name, content] of Object.entries(files)) tar.entry({ name }, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** As PostgreSQL writes it. */
const manifestOf = (files: Files): string => {
  const lines = Object.entries(files).map(
    ([path, content]) =>
      `{ "Path": ${JSON.stringify(path)}, "Size": ${Buffer.byteLength(content)}, "Last-Modified": "2026-11-29 09:00:00 GMT", "Checksum-Algorithm": "SHA256", "Checksum": "${sha256(content)}" }`,
  );
  const ranges = '"WAL-Ranges": [\n{ "Timeline": 1, "Start-LSN": "0/2000028", "End-LSN": "0/2000100" }\n],\n';
  const text = `{ "PostgreSQL-Backup-Manifest-Version": 1,\n"Files": [\n${lines.join(',\n')}\n],\n${ranges}`;
  return `${text}"Manifest-Checksum": "${sha256(text)}"}\n`;
};

const files: Files = {
  backup_label: 'START WAL LOCATION: 0/2000028 (file 000000010000000000000002)\n',
  PG_VERSION: '15\n',
  'base/1/1259': 'x'.repeat(8192),
  'base/1/empty': '',
};

async function* inPieces(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Reads a base of these entries, in pieces of a size, to its end. */
const check = async (
  entries: readonly (readonly [string, Buffer | string])[],
  size = 700,
): Promise<Checked> => {
  const checking = openCheck('archive.damaged');
  for (const [name, bytes] of entries)
    for await (const _ of checking.pass(name, inPieces(Buffer.from(bytes), size)));
  return checking.result();
};

const problemOf = (entries: Parameters<typeof check>[0]): Promise<string> =>
  check(entries).then(
    () => 'none',
    (error: Error) => error.message,
  );

describe('the check of a base', () => {
  test.each([1, 511, 512, 513, 100_000])('finds a whole one good, in pieces of %i bytes', async (size) => {
    const found = await check(
      [
        ['base.tar', await tarOf(files)],
        ['backup_manifest', manifestOf(files)],
      ],
      size,
    );
    expect(found).toEqual({
      ranges: [{ timeline: 1, start: '0/2000028', end: '0/2000100' }],
      backupLabel: files.backup_label,
      tablespaceMap: undefined,
      files: 4,
    });
  });

  test('finds files of tablespaces under their place in the data folder', async () => {
    const space = { 'PG_15/5/16384': 'rows' };
    const all = { ...files, 'pg_tblspc/16500/PG_15/5/16384': 'rows' };
    expect(
      await check([
        ['16500.tar', await tarOf(space)],
        ['base.tar', await tarOf(files)],
        ['backup_manifest', manifestOf(all)],
      ]),
    ).toMatchObject({ files: 5 });
  });

  const { 'base/1/1259': _, ...fewer } = files;
  const other = { ...files, 'base/1/1259': 'y'.repeat(8192) };
  const shorter = { ...files, 'base/1/1259': 'x'.repeat(8191) };
  const manifest = manifestOf(files);
  test.each([
    ['a file that was not sent', fewer, manifest, 'base/1/1259 was not sent'],
    ['a file of other content', other, manifest, 'base/1/1259 differs from what was sent'],
    ['a file of another size', shorter, manifest, 'base/1/1259 differs from what was sent'],
    ['a file that nobody names', files, manifestOf(fewer), 'it does not name base/1/1259, which was sent'],
    [
      'a list that was altered',
      files,
      manifest.replace('0/2000100', '0/2000101'),
      'it differs from its own checksum',
    ],
    ['a list that is cut', files, manifest.slice(0, -30), 'it ends early'],
    ['a list that goes on', files, `${manifest}{}\n`, 'it goes on after its end'],
    [
      'a list of another algorithm',
      files,
      manifest.replaceAll('SHA256', 'CRC32C'),
      'backup_label has no SHA-256',
    ],
  ])('names %s', async (_what, sent, list, problem) => {
    expect(
      await problemOf([
        ['base.tar', await tarOf(sent)],
        ['backup_manifest', list],
      ]),
    ).toContain(problem);
  });

  test('names a tar file that is cut or altered', async () => {
    const tar = await tarOf(files);
    const cut = tar.subarray(0, tar.length - 1024);
    expect(
      await problemOf([
        ['base.tar', cut],
        ['backup_manifest', manifest],
      ]),
    ).toContain('the tar file ends early');
    const flipped = Buffer.from(tar);
    flipped[0] = 0x7f;
    expect(await problemOf([['base.tar', flipped]])).toContain('a header of the tar file is damaged');
  });

  test('names what is no part of a base, and a base without its list', async () => {
    expect(await problemOf([['other.tar', await tarOf(files)]])).toContain(
      'other.tar, which does not belong to one',
    );
    expect(await problemOf([['base.tar', await tarOf(files)]])).toContain('it lacks its list of files');
  });
});
