import { randomBytes } from 'node:crypto';
import type { Key, KeyRing } from '../../crypto/key-ring.ts';
import { openObject, sealObject } from '../../crypto/sealed-object.ts';
import { openKey } from '../../crypto/key-ring.ts';

/** Name of the cookie. */
const cookieName = 'backup-console';

/** How long somebody stays signed in. @default 8 h - a shift; a token that expires before ends it before */
const lifetimeSeconds = 8 * 3600;

const label = 'grill-backup console session\0';

/** Longest cookie that browsers keep. */
const mostCookieBytes = 4096;

/** The token of a session; undefined for what is none, or over. */
export type ReadSession = (cookies: string) => Promise<string | undefined>;

export interface Sessions {
  readonly read: ReadSession;
  /** Value of Set-Cookie that keeps a token; undefined where it is longer than browsers keep. */
  readonly begin: (token: string) => Promise<string | undefined>;
  /** Value of Set-Cookie that forgets it. */
  readonly end: string;
}

const found = (cookies: string): string | undefined =>
  cookies
    .split(';')
    .map((each) => each.trim())
    .find((each) => each.startsWith(`${cookieName}=`))
    ?.slice(cookieName.length + 1);

/** Without encryption in the plan there is no key that all replicas have: a session then holds for one process. */
const sealingKey = (keys: KeyRing | undefined): Key =>
  keys?.[0] ?? openKey('session', randomBytes(32).toString('hex'));

/**
 * Sessions of people who signed in with a token: it lies sealed in their own cookie, so that the console keeps nothing, and
 * any replica can open it. `Secure` where the page came over TLS, which a port-forward on loopback does not.
 */
export const openSessions = (keys: KeyRing | undefined, now: () => Date, secure: boolean): Sessions => {
  const key = sealingKey(keys);
  const attributes = `Path=/; HttpOnly; SameSite=Strict${secure ? '; Secure' : ''}`;
  return {
    read: async (cookies) => {
      const sealed = Buffer.from(found(cookies) ?? '', 'base64url');
      const opened = await openObject(label, {}, sealed, [key]);
      if (!opened) return undefined;
      const { token, until } = JSON.parse(opened.toString('utf8')) as { token: string; until: number };
      return until > now().getTime() ? token : undefined;
    },
    begin: async (token) => {
      const until = now().getTime() + lifetimeSeconds * 1000;
      const sealed = await sealObject(label, {}, Buffer.from(JSON.stringify({ token, until })), key);
      const cookie = `${cookieName}=${sealed.toString('base64url')}; Max-Age=${lifetimeSeconds}; ${attributes}`;
      return cookie.length > mostCookieBytes ? undefined : cookie;
    },
    end: `${cookieName}=; Max-Age=0; ${attributes}`,
  };
};
