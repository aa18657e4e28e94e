import { Transform, type Readable } from 'node:stream';
import type { HttpRequest, HttpResponse } from '@smithy/types';
import type { NodeHttpHandler } from '@smithy/node-http-handler';

export interface AnswerLimits {
  /** Most bytes of an answer that is no object: a page of 1,000 keys has 3 MiB at most. */
  readonly answerBytes: number;
  /** Longest that such an answer may come in drips; S3 sends spaces for minutes while it puts parts together. */
  readonly answerMs: number;
}

/** The content of an object streams, and whoever reads it counts. */
const isObject = ({ query = {} }: HttpRequest, { statusCode }: HttpResponse): boolean =>
  query['x-id'] === 'GetObject' && statusCode < 300;

const bounded = (body: Readable, { answerBytes, answerMs }: AnswerLimits): Readable => {
  let bytes = 0;
  const limited = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length;
      if (bytes > answerBytes) done(new Error(`the answer is longer than ${answerBytes} bytes`));
      else done(null, chunk);
    },
  });
  const timer = setTimeout(
    () => limited.destroy(Object.assign(new Error('the answer took too long'), { name: 'TimeoutError' })),
    answerMs,
  );
  limited.once('close', () => {
    clearTimeout(timer);
    body.destroy();
  });
  body.once('error', (error) => limited.destroy(error));
  return body.pipe(limited);
};

/** Bounds in size and time what the SDK reads whole: a server could send XML without end. */
export const boundAnswers = (handler: NodeHttpHandler, limits: AnswerLimits): NodeHttpHandler => {
  const handle = handler.handle.bind(handler);
  return Object.assign(handler, {
    handle: async (...args: Parameters<typeof handle>): ReturnType<typeof handle> => {
      const { response } = await handle(...args);
      const { body } = response as { body?: Readable };
      if (body && !isObject(args[0], response)) response.body = bounded(body, limits);
      return { response };
    },
  });
};
