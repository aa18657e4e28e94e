import { z } from 'zod';

const https = z.url({ protocol: /^https$/ });

/** A group of Kubernetes that a proxy may name; those of the system itself are nobody's to give. */
const group = z
  .string()
  .min(1)
  .max(253)
  .regex(/^(?!system:)[\w.:@/-]+$/, { error: 'expected the name of a group that is not one of system:' });

/** A proxy that signs people in: docs/how-to/console.md. */
const proxy = z.strictObject({
  /** Header with the token that the proxy signed, such as `x-forwarded-access-token`. Nothing else that it sends counts. */
  header: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,62}$/, { error: 'expected a header in lower case' })
    .refine((name) => name !== 'authorization' && name !== 'cookie', {
      error: 'expected another header than authorization and cookie, which people send themselves',
    }),
  /** Who signs: claim `iss` of every token. */
  issuer: z.url(),
  /** For whom: claim `aud` of every token. */
  audience: z.string().min(1),
  /** Address of the issuer's public keys: a JSON Web Key Set. */
  keysUrl: https,
  /** Claim with the name of the person. @default email - what people call each other by */
  nameClaim: z.string().min(1).default('email'),
  /** Claim with the groups of the person. @default groups - as most issuers name it */
  groupsClaim: z.string().min(1).default('groups'),
  /** Groups of that claim that count; the console may act for no other. They get their rights as everywhere: `access.oncallGroups`. */
  groups: z.array(group).min(1),
});

/** What the console needs to know beside the plan it shows. */
export const consoleConfig = z.strictObject({
  /** Address that people open. @default none - people reach it by `kubectl port-forward`, on loopback */
  publicUrl: https.optional(),
  /** Proxy that signs people in. @default none - people bring a token of Kubernetes */
  proxy: proxy.optional(),
});

export type ConsoleConfig = z.output<typeof consoleConfig>;
export type ProxyConfig = z.output<typeof proxy>;
