import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';

/**
 * An S3 server in memory that misbehaves as told: what a real one cannot be made to answer. It checks no signature and
 * knows one bucket; whatever must be true is tested on a real server (s3.ts).
 */
export interface HostileS3 {
  readonly endpoint: string;
  readonly objects: Map<string, Buffer>;
  /** Parts of uploads under way, by upload ID and number. */
  readonly uploads: Map<string, Map<number, Buffer>>;
  /** Operations so far, as `ListObjectsV2` or `PutObject redis/a`. */
  readonly requests: readonly string[];
  readonly stop: () => Promise<void>;
}

export interface S3Request {
  readonly operation: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface S3Answer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Buffer | string;
}

/** What becomes of a request: an answer of one's own, one that is written by hand, or undefined for the honest one. */
export type Manner = (
  request: S3Request,
  honest: () => S3Answer,
) => S3Answer | ((response: ServerResponse) => void) | undefined;

const bucket = 'hostile';
export const hostileBase = `s3://${bucket}/p`;

const pageSize = 1000;

const byMethod: Readonly<Record<string, string>> = {
  HEAD: 'HeadObject',
  GET: 'GetObject',
  PUT: 'PutObject',
  DELETE: 'DeleteObject',
};

const operationOf = (method: string, key: string, query: URLSearchParams, copies: boolean): string => {
  if (key === '') {
    if (method === 'HEAD') return 'HeadBucket';
    for (const [name, operation] of Object.entries({
      versioning: 'GetBucketVersioning',
      lifecycle: 'GetBucketLifecycleConfiguration',
      uploads: 'ListMultipartUploads',
      versions: 'ListObjectVersions',
    }))
      if (query.has(name)) return operation;
    return 'ListObjectsV2';
  }
  if (query.has('uploads')) return 'CreateMultipartUpload';
  if (query.has('uploadId'))
    return (
      { PUT: copies ? 'UploadPartCopy' : 'UploadPart', POST: 'CompleteMultipartUpload', GET: 'ListParts' }[
        method
      ] ?? 'AbortMultipartUpload'
    );
  return copies ? 'CopyObject' : byMethod[method]!;
};

export const etagOf = (content: Buffer): string => `"${createHash('md5').update(content).digest('hex')}"`;

export const xml = (name: string, inner = ''): S3Answer => ({
  status: 200,
  headers: { 'content-type': 'application/xml' },
  body: `<?xml version="1.0" encoding="UTF-8"?><${name} xmlns="http://s3.amazonaws.com/doc/2006-03-01/">${inner}</${name}>`,
});

export const failing = (status: number, code: string, message = code): S3Answer => ({
  ...xml('Error', `<Code>${code}</Code><Message>${message}</Message>`),
  status,
});

/** One entry of a listing. */
export const contents = (
  key: string,
  bytes: number | string,
  modified = '2024-01-01T00:00:00.000Z',
): string =>
  `<Contents><Key>${key}</Key><LastModified>${modified}</LastModified><Size>${bytes}</Size></Contents>`;

const list = (objects: Map<string, Buffer>, query: URLSearchParams): S3Answer => {
  const after = query.get('continuation-token') ?? '';
  const keys = [...objects.keys()].filter((key) => key.startsWith(query.get('prefix') ?? '') && key > after);
  const page = keys.sort().slice(0, pageSize);
  const more = keys.length > page.length;
  return xml(
    'ListBucketResult',
    `<IsTruncated>${more}</IsTruncated>${more ? `<NextContinuationToken>${page.at(-1)}</NextContinuationToken>` : ''}` +
      page.map((key) => contents(key, objects.get(key)!.length)).join(''),
  );
};

type Held = Pick<HostileS3, 'objects' | 'uploads'>;

const metadataOf = new WeakMap<Buffer, Record<string, string>>();

const read = (content: Buffer, { headers }: S3Request): S3Answer => {
  const [, first, last] = /bytes=(\d+)-(\d*)/.exec(headers.range ?? '') ?? [];
  const etag = etagOf(content);
  const common = { etag, 'last-modified': new Date().toUTCString(), ...metadataOf.get(content) };
  if (headers['if-match'] && headers['if-match'] !== etag) return failing(412, 'PreconditionFailed');
  if (first === undefined) return { status: 200, headers: common, body: content };
  if (Number(first) >= content.length) return failing(416, 'InvalidRange');
  const body = content.subarray(Number(first), last ? Number(last) + 1 : undefined);
  const range = `bytes ${first}-${Number(first) + body.length - 1}/${content.length}`;
  return { status: 206, headers: { ...common, 'content-range': range }, body };
};

const write = (
  objects: Map<string, Buffer>,
  key: string,
  body: Buffer,
  headers: S3Request['headers'],
): S3Answer => {
  if (headers['if-none-match'] && objects.has(key)) return failing(412, 'PreconditionFailed');
  objects.set(key, body);
  const metadata = Object.entries(headers).filter(([name]) => name.startsWith('x-amz-meta-'));
  metadataOf.set(body, Object.fromEntries(metadata) as Record<string, string>);
  return { status: 200, headers: { etag: etagOf(body) } };
};

const copiedFrom = ({ objects }: Held, headers: S3Request['headers']): Buffer => {
  const source = decodeURIComponent(headers['x-amz-copy-source'] as string).replace(`${bucket}/`, '');
  const [, first = '0', last] = /bytes=(\d+)-(\d+)/.exec(headers['x-amz-copy-source-range'] as string) ?? [];
  return objects.get(source)!.subarray(Number(first), last ? Number(last) + 1 : undefined);
};

/** Answers to the steps of an upload in parts. */
const inParts = (held: Held, { operation, key, query, headers, body }: S3Request): S3Answer => {
  const { objects, uploads } = held;
  const id = query.get('uploadId') ?? '';
  const parts = uploads.get(id);
  if (operation === 'CreateMultipartUpload') {
    const created = `${uploads.size + 1}`;
    uploads.set(created, new Map());
    return xml('InitiateMultipartUploadResult', `<UploadId>${created}</UploadId>`);
  }
  if (!parts) return failing(404, 'NoSuchUpload');
  if (operation === 'UploadPart' || operation === 'UploadPartCopy') {
    const content = operation === 'UploadPart' ? body : copiedFrom(held, headers);
    parts.set(Number(query.get('partNumber')), content);
    if (operation === 'UploadPart') return { status: 200, headers: { etag: etagOf(content) } };
    return xml('CopyPartResult', `<ETag>${etagOf(content)}</ETag>`);
  }
  uploads.delete(id);
  if (operation === 'AbortMultipartUpload') return { status: 204 };
  const numbers = [...body.toString().matchAll(/<PartNumber>(\d+)</g)].map(([, number]) => Number(number));
  objects.set(key, Buffer.concat(numbers.map((number) => parts.get(number)!)));
  return xml('CompleteMultipartUploadResult', '<ETag>x</ETag>');
};

const honestly = (held: Held, request: S3Request): S3Answer => {
  const { operation, key, query, headers, body } = request;
  const { objects } = held;
  const content = objects.get(key);
  switch (operation) {
    case 'HeadBucket':
      return { status: 200 };
    case 'GetBucketVersioning':
      return xml('VersioningConfiguration');
    case 'ListMultipartUploads':
      return xml('ListMultipartUploadsResult', '<IsTruncated>false</IsTruncated>');
    case 'ListObjectsV2':
      return list(objects, query);
    case 'GetObject':
    case 'HeadObject':
      return content ? read(content, request) : failing(404, 'NoSuchKey');
    case 'PutObject':
      return write(objects, key, body, headers);
    case 'DeleteObject':
      objects.delete(key);
      return { status: 204 };
    case 'CopyObject':
      objects.set(key, copiedFrom(held, headers));
      return xml('CopyObjectResult', `<ETag>x</ETag>`);
    case 'CreateMultipartUpload':
    case 'UploadPart':
    case 'UploadPartCopy':
    case 'CompleteMultipartUpload':
    case 'AbortMultipartUpload':
      return inParts(held, request);
    default:
      return failing(501, 'NotImplemented');
  }
};

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
};

const send = (
  response: ServerResponse,
  operation: string,
  { status, headers, body = '' }: S3Answer,
): void => {
  response.writeHead(status, { 'content-length': String(Buffer.byteLength(body)), ...headers });
  response.end(operation.startsWith('Head') ? undefined : body);
};

/** @param tls certificate and key in PEM: then it speaks TLS only */
export const startHostileS3 = async (
  manner: Manner = () => undefined,
  tls?: { readonly cert: Buffer; readonly key: Buffer },
): Promise<HostileS3> => {
  const [objects, uploads] = [new Map<string, Buffer>(), new Map<string, Map<number, Buffer>>()];
  const requests: string[] = [];
  const listener = (incoming: IncomingMessage, response: ServerResponse): void => {
    void (async () => {
      const url = new URL(incoming.url!, 'http://localhost');
      const key = decodeURIComponent(url.pathname).replace(`/${bucket}`, '').replace(/^\//, '');
      const copies = 'x-amz-copy-source' in incoming.headers;
      const operation = operationOf(incoming.method!, key, url.searchParams, copies);
      requests.push(key ? `${operation} ${key.replace(/^p\//, '')}` : operation);
      const { headers } = incoming;
      const request = { operation, key, query: url.searchParams, headers, body: await bodyOf(incoming) };
      const honest = () => honestly({ objects, uploads }, request);
      const answer = manner(request, honest) ?? honest();
      if (typeof answer === 'function') answer(response);
      else send(response, operation, answer);
    })().catch(() => response.destroy());
  };
  const server = tls ? createTlsServer(tls, listener) : createServer(listener);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    endpoint: `${tls ? 'https' : 'http'}://127.0.0.1:${(server.address() as { port: number }).port}`,
    objects,
    uploads,
    requests,
    stop: async () => {
      const closed = once(server.close(), 'close');
      server.closeAllConnections();
      await closed;
    },
  };
};
