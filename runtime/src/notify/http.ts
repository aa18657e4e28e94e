import { DeliveryError } from './delivery.ts';

/** Request timeout, too many requests, and whatever went wrong inside the server. */
const isTransient = (status: number): boolean => status === 408 || status === 429 || status >= 500;

/** `ECONNREFUSED`, `ENOTFOUND`, `CERT_HAS_EXPIRED`; never the message, which may hold the URL. */
const codeOf = (error: unknown): string => {
  const { cause, name } = error as { readonly cause?: { readonly code?: unknown }; readonly name?: string };
  return typeof cause?.code === 'string' ? cause.code : (name ?? 'unknown');
};

/** Redirects are not followed: they would carry what is secret somewhere else. */
export const postJson = async (
  url: string,
  document: unknown,
  headers: Readonly<Record<string, string>>,
  signal: AbortSignal,
): Promise<Response> => {
  if (!URL.canParse(url) || !/^https?:$/.test(new URL(url).protocol))
    throw new DeliveryError('the address is not an http or https URL', false);
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json; charset=utf-8', ...headers },
    body: JSON.stringify(document),
    redirect: 'manual',
    signal,
  }).catch((error: unknown) => {
    throw new DeliveryError(`no connection: ${codeOf(error)}`, true);
  });
  if (response.ok) return response;
  await response.body?.cancel();
  throw new DeliveryError(`the server answered ${response.status}`, isTransient(response.status));
};
