import { manifestKey, archiveKey, fileName, type Tier } from '../../runtime/src/archives/layout.ts';
import { encodeManifest, type Manifest } from '../../runtime/src/archives/manifest.ts';
import { openKey, type KeyRing } from '../../runtime/src/crypto/key-ring.ts';
import type { Store } from '../../runtime/src/store/store.ts';
import { testKeys } from './app.ts';
import { streamOf } from './streams.ts';

/** The content of every archive here: only sizes are looked at. */
const content = 'archive';

/** Fixed, so that all manifests of a test are under one derived key. */
const macSalt = '07'.repeat(16);

const strangers: KeyRing = [openKey('primary', 'the passphrase of a stranger')];

/** What an archive says of itself. */
export interface Claims {
  readonly at: Date;
  readonly tier: Tier;
  readonly id: string;
  readonly verified?: boolean;
  /** @default one that succeeded where `verified`, else none */
  readonly verifications?: Manifest['verifications'];
  /** @default 60 */
  readonly seconds?: number;
  /** What the manifest says; the file is the same in any case. @default the size of the file */
  readonly archiveBytes?: number;
  readonly target?: string;
  readonly environment?: string;
  readonly engine?: string;
}

const form = { compression: { algorithm: 'gzip' }, encryption: {} } as const;

const manifestOf = async (claims: Claims, keys: KeyRing): Promise<Manifest> => {
  const {
    at,
    tier,
    id,
    verified,
    seconds = 60,
    target = 'redis',
    environment = 'test',
    engine = 'redis',
  } = claims;
  const { keyCheck } = await keys[0].macKeys(Buffer.from(macSalt, 'hex'));
  return {
    format: 1,
    id,
    environment,
    target,
    engine,
    tier,
    program: 'grill-backup 0.1.0',
    archive: fileName(archiveKey(target, tier, at, form)),
    server: { product: 'Redis', version: '7.0.15', tools: {} },
    startedAt: at.toISOString(),
    finishedAt: new Date(at.getTime() + seconds * 1000).toISOString(),
    sourceBytes: 100,
    archiveBytes: claims.archiveBytes ?? content.length,
    compression: { algorithm: 'gzip', level: 1 },
    encryption: {
      keyId: keys[0].id,
      cipher: 'aes-256-cbc',
      kdf: 'pbkdf2-hmac-sha256',
      iterations: 100_000,
      salt: '00'.repeat(8),
      macSalt,
      keyCheck,
    },
    seal: {
      bytes: content.length,
      sha256: 'cd'.repeat(32),
      segmentBytes: 4 << 20,
      segments: ['ef'.repeat(32)],
    },
    entries: [{ name: 'dump.rdb', bytes: 100 }],
    fingerprint: { 'db0 string': { keys: 7 } },
    verifications:
      claims.verifications ?? (verified ? [{ at: at.toISOString(), level: 'deep', ok: true }] : []),
  };
};

const put = async (store: Store, key: string, manifest: string): Promise<string> => {
  await store.put(key, streamOf(content), { replace: true });
  await store.put(manifestKey(key), streamOf(manifest), { replace: true });
  return key;
};

/** An archive as a backup leaves it; resolves to its key. */
export const plantGenuine = async (store: Store, claims: Claims, keys = testKeys): Promise<string> =>
  put(
    store,
    archiveKey(claims.target ?? 'redis', claims.tier, claims.at, form),
    await encodeManifest(await manifestOf(claims, keys), keys),
  );

/** Where an archive of these claims lies when somebody put it among those of target `redis`. */
const place = ({ at, tier, target = 'redis' }: Claims): string =>
  archiveKey(target, tier, at, form).replace(target, 'redis');

/** Ways to plant an archive that is none of the target's: each name is what a finding is to call it. */
export const plants: Readonly<Record<string, (store: Store, claims: Claims) => Promise<string>>> = {
  'was altered': async (store, claims) => {
    const text = await encodeManifest(await manifestOf(claims, testKeys), testKeys);
    return put(store, place(claims), text.replace('"keys": 7', '"keys": 8'));
  },
  'is not encrypted': async (store, claims) => {
    const manifest = { ...(await manifestOf(claims, testKeys)), encryption: null };
    return put(store, place(claims), await encodeManifest(manifest, undefined));
  },
  'with a different passphrase': async (store, claims) =>
    put(store, place(claims), await encodeManifest(await manifestOf(claims, strangers), strangers)),
  'belongs to target other': async (store, claims) => {
    const foreign = { ...claims, target: 'other' };
    return put(store, place(foreign), await encodeManifest(await manifestOf(foreign, testKeys), testKeys));
  },
  'belongs to environment prod': async (store, claims) => {
    const foreign = { ...claims, environment: 'prod' };
    return put(store, place(claims), await encodeManifest(await manifestOf(foreign, testKeys), testKeys));
  },
  'holds postgresql data': async (store, claims) => {
    const foreign = { ...claims, engine: 'postgresql' };
    return put(store, place(claims), await encodeManifest(await manifestOf(foreign, testKeys), testKeys));
  },
  'does not belong in this folder': async (store, claims) => {
    const manifest = await manifestOf(claims, testKeys);
    const folder = claims.tier === 'daily' ? 'redis/weekly' : 'redis';
    return put(store, `${folder}/${manifest.archive}`, await encodeManifest(manifest, testKeys));
  },
  'belongs to': async (store, claims) => {
    const later = { ...claims, at: new Date(claims.at.getTime() + 1000) };
    return put(store, place(later), await encodeManifest(await manifestOf(claims, testKeys), testKeys));
  },
  'in the future': async (store, claims) => {
    const future = { ...claims, at: new Date(claims.at.getTime() + 73 * 365 * 86_400_000) };
    return put(store, place(future), await encodeManifest(await manifestOf(future, testKeys), testKeys));
  },
  'cannot be read': async (store, claims) => put(store, place(claims), '{"format": 1'),
};
