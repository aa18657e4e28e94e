import { expect, test } from '@jest/globals';
import { removeUndoNotes, writeUndo, type UndoNote } from '../../../runtime/src/runs/undo-notes.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { listed } from '../../kit/objects.ts';
import { collect } from '../../kit/streams.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const note: UndoNote = {
  format: 1,
  target: 'postgresql',
  archive: 'postgresql/postgresql_20240101_020000.tar.gz.enc',
  writtenAt: '2024-01-02T03:04:05.000Z',
  kept: 'database grill_before_20240102_030405',
  undo: 'psql -c "ALTER DATABASE …"',
};
const keys = async (): Promise<readonly string[]> => (await listed(store, 'undo/')).map(({ key }) => key);

test('an undo command is in the store under the target and the time', async () => {
  await writeUndo(store, note, '20240102_030405');
  expect(await keys()).toEqual(['undo/postgresql/20240102_030405.json']);
  const text = (await collect(store.get('undo/postgresql/20240102_030405.json'))).toString('utf8');
  expect(JSON.parse(text)).toEqual(note);
});

test('what moves a cursor is not written for a terminal that shows it', async () => {
  await writeUndo(store, { ...note, kept: 'database a\u001b[2Jb' }, 'one');
  expect((await collect(store.get('undo/postgresql/one.json'))).toString('utf8')).not.toContain('\u001b');
});

test('the notes of one target go without those of another', async () => {
  for (const suffix of ['one', 'two']) await writeUndo(store, note, suffix);
  await writeUndo(store, { ...note, target: 'postgresql-2' }, 'one');
  await removeUndoNotes(store, 'postgresql');
  expect(await keys()).toEqual(['undo/postgresql-2/one.json']);
});
