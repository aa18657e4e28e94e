import { BackupError, messageOf, type FailureCode } from '../core/errors.ts';

/** What the SDK throws: `name` is S3's error code, or Node's where no answer came. */
interface SdkError {
  readonly name?: string;
  readonly code?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** S3 error codes that need another code than their HTTP status (API reference "Error responses"; Ceph RGW for quotas). */
const byName: Readonly<Record<string, FailureCode>> = {
  AbortError: 'run.interrupted',
  NoSuchBucket: 'store.refused',
  NoSuchUpload: 'store.failed',
  InvalidAccessKeyId: 'store.refused',
  SignatureDoesNotMatch: 'store.refused',
  ExpiredToken: 'store.refused',
  InvalidToken: 'store.refused',
  AuthorizationHeaderMalformed: 'store.refused',
  PermanentRedirect: 'store.refused',
  CredentialsProviderError: 'store.refused',
  QuotaExceeded: 'store.full',
  RequestTimeout: 'store.unreachable',
  TimeoutError: 'store.unreachable',
};

/** Redirects are not followed: they would take credentials to another host. */
const byStatus: Readonly<Record<number, FailureCode>> = {
  301: 'store.refused',
  302: 'store.refused',
  303: 'store.refused',
  307: 'store.refused',
  308: 'store.refused',
  401: 'store.refused',
  403: 'store.refused',
  404: 'store.missing',
  412: 'store.exists',
  507: 'store.full',
};

export const statusOf = (error: unknown): number | undefined => (error as SdkError).$metadata?.httpStatusCode;

/** An answer came, but none that the SDK can read; it keeps the response in the error. */
const isUnreadable = (error: SdkError): boolean => '$response' in error || error.name === 'SyntaxError';

const codeOf = (error: SdkError): FailureCode => {
  const status = statusOf(error);
  if (status === undefined && !((error.name ?? '') in byName) && isUnreadable(error)) return 'store.failed';
  return (
    byName[error.name ?? ''] ??
    (status === undefined ? 'store.unreachable' : (byStatus[status] ?? 'store.failed'))
  );
};

const phrases: Partial<Record<FailureCode, string>> = {
  'run.interrupted': 'was stopped',
  'store.missing': 'does not exist',
  'store.exists': 'already exists',
  'store.full': 'found no space left',
  'store.refused': 'was refused',
  'store.unreachable': 'got no answer',
};

/** A server's own words are data: one line, and no more of them than a person reads. */
const plain = (text: string): string => text.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ').slice(0, 300);

/** What the SDK says where the answer named no reason, as to a HEAD. */
const nothingSaid = ['Unknown', 'UnknownError', 'NotFound'];

/** Reason and message as the server or Node gave them; else the HTTP status. */
const saidBy = (error: unknown): string => {
  const { name, code } = error as SdkError;
  const said = [code ?? name ?? '', messageOf(error)]
    .map(plain)
    .filter((text) => text && !nothingSaid.includes(text));
  return [...new Set(said)].join(': ') || `HTTP ${statusOf(error)}`;
};

/**
 * The SDK's error in the product's terms. It is not kept as `cause`: it holds the whole exchange with its headers.
 * `what` names bucket, key and host.
 */
export const s3Error = (error: unknown, what: string): BackupError => {
  if (error instanceof BackupError) return error;
  const code = codeOf(error as SdkError);
  if ((error as SdkError).name === 'NoSuchBucket')
    return new BackupError(code, `${what}: the bucket does not exist`);
  return new BackupError(code, `${what} ${phrases[code] ?? 'failed'} (${saidBy(error)})`);
};
