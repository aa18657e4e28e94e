import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { BackupError } from '../../core/errors.ts';
import type { ProxyConfig } from '../../plan/console.ts';
import { consolePerson, personKey } from '../../contract/console.ts';
import type { Caller, Headers } from './caller.ts';

/** Signatures that a public key proves: with a shared secret, who can verify could sign. */
const algorithms = ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA'];

/** How far the clocks of issuer and console may differ. */
const clockTolerance = '30s';

const mostNameLength = 254;

/** What the proxy says of a person; undefined where the request has no token of it. */
export type ReadProxyToken = (headers: Headers) => Promise<Caller> | undefined;

const unknown = (why: string): BackupError =>
  new BackupError('access.unknown', `the token of the proxy is not valid: ${why}`);

const nameIn = (payload: JWTPayload, claim: string): string => {
  const name = payload[claim];
  if (typeof name === 'string' && name !== '' && name.length <= mostNameLength) return name;
  throw unknown(`it has no claim ${claim}`);
};

const groupsIn = (payload: JWTPayload, { groupsClaim, groups }: ProxyConfig): readonly string[] => {
  const claimed = [payload[groupsClaim]].flat();
  return groups.filter((group) => claimed.includes(group));
};

/** Whom the API server sees: one user that has no rights of its own, in the person's groups. */
const callerOf = (payload: JWTPayload, config: ProxyConfig): Caller => {
  const name = nameIn(payload, config.nameClaim);
  const groups = groupsIn(payload, config);
  const extra = { [personKey]: name };
  return {
    name,
    groups,
    extra: { [personKey]: [name] },
    via: 'proxy',
    as: { user: consolePerson, groups, extra },
  };
};

const whyOf = (error: unknown): string => {
  if (error instanceof errors.JWTExpired) return 'it is expired';
  if (error instanceof errors.JWTClaimValidationFailed)
    return `its claim ${error.claim} is not the right one`;
  return error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError)
    ? 'the keys of its issuer could not be read'
    : 'its signature is not one of its issuer';
};

/** Reads the signed token of a proxy. A header that says a name and is not signed is never looked at. @param keys of the issuer. @default read from its address, and again when they change */
export const proxyReader = (
  config: ProxyConfig,
  keys: JWTVerifyGetKey = createRemoteJWKSet(new URL(config.keysUrl)),
): ReadProxyToken => {
  const { header, issuer, audience, nameClaim } = config;
  const required = { issuer, audience, requiredClaims: ['exp', nameClaim] };
  const verify = async (token: string): Promise<Caller> => {
    const { payload } = await jwtVerify(token, keys, { ...required, algorithms, clockTolerance }).catch(
      (error: unknown) => {
        throw unknown(whyOf(error));
      },
    );
    return callerOf(payload, config);
  };
  return (headers) => {
    const token = headers.get(header);
    return token === null || token === undefined ? undefined : verify(token);
  };
};
