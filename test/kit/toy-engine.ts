/** Source of one more engine, as small as one can be: its database is never asked. */
export const toyEngine = `
import { z } from 'zod';
import type { Engine } from './engine.ts';
import { host, port } from './connection.ts';

const connection = z.strictObject({ host, port: port.default(7777) });
const server = { product: 'Toys', version: '1.0', tools: {} };
const fingerprint = async () => ({ shelf: { toys: 3 } });

async function* entries() {
  async function* content() {
    yield Buffer.from('car\\nball\\nbear\\n');
  }
  yield { name: 'shelf.txt', content: content() };
}

export const toys: Engine<z.output<typeof connection>> = {
  name: 'toys',
  title: 'Toys',
  defaultPort: 7777,
  connection,
  secretKeys: { pin: { defaultKey: 'pin', optional: false } },
  ports: ({ port }) => [port],
  restoresBeside: true,
  probe: async () => server,
  dump: async () => ({ server, entries: entries(), fingerprint, close: async () => {} }),
  inspect: async (_, all) => {
    for await (const { content } of all) for await (const _chunk of content);
    return fingerprint();
  },
  fingerprint,
  refusal: () => undefined,
  restore: async (_run, _source, all) => {
    for await (const { content } of all) for await (const _chunk of content);
    return { fingerprint: await fingerprint() };
  },
  scratch: async () => undefined,
};
`;

/** A target of it, as an environment file has it. */
export const toyTarget = {
  name: 'nursery',
  engine: 'toys',
  connection: { host: 'toys' },
  secret: { name: 'toys-secret' },
  network: { podLabels: { app: 'toys' } },
  schedule: 'H 5 * * *',
  rpo: '24h',
};
