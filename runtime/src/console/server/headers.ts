import type { MiddlewareHandler } from 'hono';
import type { Env } from './web.ts';

/** Everything comes from the console itself; nothing inline, in no frame, and forms go nowhere else. */
const policy = [
  "default-src 'self'",
  "base-uri 'none'",
  "form-action 'self'",
  "frame-ancestors 'none'",
  "object-src 'none'",
].join('; ');

const headers = {
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'same-origin',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
  // what somebody sees depends on who it is
  'cache-control': 'no-store',
} as const;

/** Headers of every answer, also of those that fail. */
export const hardened = (): MiddlewareHandler<Env> => async (context, next) => {
  await next();
  for (const [name, value] of Object.entries(headers))
    if (!context.res.headers.has(name)) context.res.headers.set(name, value);
};
