import { Readable } from 'node:stream';
import type { S3Client } from '@aws-sdk/client-s3';
import type { NodeHttpHandler } from '@smithy/node-http-handler';

/** What is encrypted at once: Node encrypts a whole write before it sends any of it, a part would be in memory twice. */
const sliceBytes = 1 << 18;

function* slicesOf(body: Buffer): Generator<Buffer, void, undefined> {
  for (let at = 0; at < body.length; at += sliceBytes) yield body.subarray(at, at + sliceBytes);
}

/** Sends long bodies over TLS in slices. */
export const sliceBodies = (handler: NodeHttpHandler): NodeHttpHandler => {
  const handle = handler.handle.bind(handler);
  return Object.assign(handler, {
    handle: (...[request, options]: Parameters<typeof handle>): ReturnType<typeof handle> => {
      const body: unknown = request.body;
      if (request.protocol !== 'https:' || !Buffer.isBuffer(body) || body.length <= sliceBytes)
        return handle(request, options);
      return handle(Object.assign(request.clone(), { body: Readable.from(slicesOf(body)) }), options);
    },
  });
};

interface Request {
  readonly protocol: string;
  readonly headers: Record<string, string>;
}

/**
 * Leaves what TLS protects out of the signature, as the AWS CLI does: a SHA-256 of every byte would cost as much as sending it.
 * Whatever comes to a bucket is authenticated by the archive's own MACs when it is read.
 */
export const leaveBodiesUnsigned = ({ middlewareStack }: S3Client): void =>
  middlewareStack.add(
    (next) => (args) => {
      const { protocol, headers } = args.request as Request;
      if (protocol === 'https:') headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return next(args);
    },
    { step: 'build', name: 'leaveBodiesUnsigned' },
  );
