import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { startConsoleApi, type ConsoleApi } from '../../kit/console-api.ts';
import { answerChecker, invalidBody, invalidText, operationsOf, valid, validBody, type Document, type Operation, type Parameter } from '../../kit/openapi.ts'; // prettier-ignore

/** Of each operation, valid ones and invalid ones. @default 10 - a sample for CI; OPENAPI_REQUESTS=1000 takes minutes */
const times = Number(process.env['OPENAPI_REQUESTS'] ?? 10);

let check: ReturnType<typeof answerChecker>;
/** Names that the system has, for parameters of a path. */
const known: Record<string, readonly string[]> = { target: ['redis', 'postgresql'] };

// operations have to be known when tests are collected
const web: ConsoleApi = await startConsoleApi();

const ask = (path: string, more: RequestInit = {}) => web.ask(path, web.token, more);

const document = (await (await ask('/openapi.json')).json()) as Document;
const operations = operationsOf(document);

beforeAll(async () => {
  check = answerChecker(document);
  const { archives } = (await (await ask('/api/v1/targets/redis/archives')).json()) as {
    archives: { archive: string }[];
  };
  known['archive'] = archives.map(({ archive }) => archive.split('/').at(-1)!);
  const started = await ask('/api/v1/drills', { method: 'POST', headers: { 'idempotency-key': 'a-job-that-is-there' } }); // prettier-ignore
  known['job'] = [((await started.json()) as { job: string }).job];
});
afterAll(() => web.stop());

/** Values of parameters by name, and a body; what is undefined is left out. */
interface Input {
  readonly values: Readonly<Record<string, unknown>>;
  readonly body?: unknown;
}

const validValue = ({ name, schema, required, in: place }: Parameter): fc.Arbitrary<unknown> => {
  const generated = valid(schema);
  if (place === 'path') return fc.oneof(fc.constantFrom(...known[name]!), generated);
  return required ? generated : fc.option(generated, { nil: undefined });
};

const validInput = ({ parameters, body }: Operation): fc.Arbitrary<Input> =>
  fc.record({
    values: fc.record(Object.fromEntries(parameters.map((each) => [each.name, validValue(each)]))),
    body: body ? validBody(body) : fc.constant(undefined),
  });

/** One part is not what it has to be: it is wrong, or lacks although it is required. */
const invalidInput = (operation: Operation): fc.Arbitrary<Input> => {
  const { parameters, body } = operation;
  const wrong = ({ name, schema, required, in: place }: Parameter) => {
    const bad = invalidText(schema).filter((text) => sendable(text, place));
    const value = required && place === 'header' ? fc.option(bad, { nil: undefined }) : bad;
    return fc.tuple(validInput(operation), value).map(([input, given]): Input => ({ ...input, values: { ...input.values, [name]: given } }));
  };
  const bodies = body ? [fc.tuple(validInput(operation), invalidBody(body)).map(([input, given]): Input => ({ ...input, body: given }))] : [];
  return fc.oneof(...parameters.map(wrong), ...bodies);
}; // prettier-ignore

/** A path with an empty or a dotted part is another path, and a header has no control characters. */
const sendable = (text: string, place: Parameter['in']): boolean => {
  if (place === 'path') return !['', '.', '..'].includes(text);
  return place !== 'header' || /^[\x21-\x7e]+$/.test(text);
};

const addressOf = ({ path, parameters }: Operation, { values }: Input): string => {
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(String(values[name])));
  const query = parameters.filter((each) => each.in === 'query' && values[each.name] !== undefined);
  const search = new URLSearchParams(
    query.map(({ name }) => [name, String(values[name])] as [string, string]),
  );
  return `/api/v1${filled}${search.size ? `?${search.toString()}` : ''}`;
};

const send = (operation: Operation, input: Input): Promise<Response> => {
  const headers = operation.parameters
    .filter((each) => each.in === 'header' && input.values[each.name] !== undefined)
    .map(({ name }) => [name, String(input.values[name])] as const);
  return ask(addressOf(operation, input), {
    method: operation.method,
    headers: {
      ...Object.fromEntries(headers),
      ...(operation.body && { 'content-type': 'application/json' }),
    },
    ...(operation.body && { body: JSON.stringify(input.body) }),
  });
};

/** Each event of a stream as the document describes one. */
const eventsOf = (text: string): readonly object[] =>
  text
    .split('\n\n')
    .filter(Boolean)
    .map((event) => Object.fromEntries(event.split('\n').map((line) => /^(\w+): (.*)$/.exec(line)!.slice(1, 3) as [string, string]))); // prettier-ignore

const deviations = async (operation: Operation, answer: Response): Promise<readonly string[]> => {
  const [type = ''] = (answer.headers.get('content-type') ?? '').split(';');
  const text = await answer.text();
  const contents = type === 'text/event-stream' ? eventsOf(text) : [JSON.parse(text) as unknown];
  return contents.flatMap((content) => check(operation, answer.status, type, content));
};

describe.each(operations.map((operation) => [`${operation.method} ${operation.path}`, operation] as const))(
  '%s',
  (_, operation) => {
    test('answers what is valid as the document says', async () => {
      await fc.assert(
        fc.asyncProperty(validInput(operation), async (input) => {
          const answer = await send(operation, input);
          const { status } = answer;
          expect({ input, isTaken: status !== 400, deviations: await deviations(operation, answer) }).toEqual({ input, isTaken: true, deviations: [] }); // prettier-ignore
        }),
        { numRuns: times },
      );
    }, 600_000);

    if (operation.parameters.length === 0 && !operation.body) return;
    test('refuses what is not valid, as the document says', async () => {
        await fc.assert(
          fc.asyncProperty(invalidInput(operation), async (input) => {
            const answer = await send(operation, input);
            const { status } = answer;
            expect({ input, status, deviations: await deviations(operation, answer) }).toEqual({ input, status: 400, deviations: [] }); // prettier-ignore
          }),
          { numRuns: times },
        );
    }, 600_000);

    test('names the methods that it answers to others', async () => {
      const input = fc.sample(validInput(operation), 1)[0]!;
      const others = operations.filter(({ path }) => path === operation.path).map(({ method }) => method);
      for (const method of ['PUT', 'DELETE', 'PATCH', 'OPTIONS', 'GET', 'POST'].filter((each) => !others.includes(each))) {
        const answer = await ask(addressOf(operation, input), { method });
        expect([method, answer.status, answer.headers.get('allow')]).toEqual([method, 405, others.join(', ')]);
      }
    });
  },
); // prettier-ignore

test('nobody is answered anything, whatever the method', async () => {
  for (const operation of operations) {
    const input = fc.sample(validInput(operation), 1)[0]!;
    const answer = await web.ask(addressOf(operation, input), undefined, { method: operation.method });
    expect([operation.path, answer.status, await deviations(operation, answer)]).toEqual([operation.path, 401, []]); // prettier-ignore
  }
});
