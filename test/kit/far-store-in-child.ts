import { directoryStore } from '../../runtime/src/store/directory.ts';
import { nearness } from '../../runtime/src/store/near.ts';

/** Does all that a store does, in a folder that counts as far away; started by a test, with what must not be called. */
const path = process.env['FAR_FOLDER'] ?? '';
await nearness(path)();
const store = directoryStore({ path }, () => false);
const body = async function* (): AsyncGenerator<Buffer> {
  yield Buffer.from('content');
};
await store.put('redis/a', body);
await store.put('redis/weekly/b', body);
await store.copy('redis/a', 'redis/c');
await store.point('redis/latest_x', 'redis/a');
const found: unknown[] = [await store.resolve('redis/latest_x'), (await store.head('redis/a'))?.bytes];
for await (const objects of store.list('redis/'))
  found.push(...objects.map(({ key, bytes }) => [key, bytes]));
for await (const objects of store.list('redis/', { describes: () => false }))
  found.push(...objects.map(({ key }) => key));
for await (const bytes of store.get('redis/c')) found.push(bytes.toString());
await store.remove('redis/a');
found.push(
  await store.head('redis/a'),
  await store.leftovers(new Date()),
  (await store.space()) !== undefined,
);
process.stdout.write(JSON.stringify(found));
