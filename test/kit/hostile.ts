import fc from 'fast-check';

/** Longest name in PostgreSQL, in bytes. */
const longestNameBytes = 63;

/** What ends the text around it: strings, names, comments, dollar quotes, lines, COPY data, shell words. */
const openings = [
  '',
  '\n',
  '\r\n',
  "'",
  "''",
  "\\'",
  '"',
  '\\"',
  '$$',
  '*/',
  '\n\\.\n',
  "\n');",
  ';',
  '`',
  '$(',
  '%I%L%s',
  ':x :\'x\' :"x"',
  '{"a":"b"}',
  '= ',
  '|x|\n|-|\n',
  '</td>',
  '\u001b[31m',
  'ü🔥\u2028',
];

/** What hostile text tries: rights for `app`, and a file `canary` by the shell or the server. */
const payloads = (canary: string): readonly string[] => [
  'ALTER ROLE app SUPERUSER;--',
  'GRANT postgres TO app;--',
  'CREATE ROLE pwn SUPERUSER;',
  `\n\\! touch ${canary}\n`,
  `COPY(SELECT 1)TO PROGRAM'touch ${canary}';`,
  `touch ${canary}`,
  `\`touch ${canary}\``,
  `$(touch ${canary})`,
  '\n\\connect postgres',
  '[x](javascript:alert`1`) <!channel> @all',
  '\n{"level":"error","msg":"x"}',
  '"} 1\nup{x="',
];

const cutTo = (text: string, bytes: number): string => {
  const characters = [...text];
  while (Buffer.byteLength(characters.join('')) > bytes) characters.pop();
  return characters.join('');
};

/** Text that would do something where it is not taken as data. */
export const hostileText = (canary: string): fc.Arbitrary<string> =>
  fc
    .array(fc.tuple(fc.constantFrom(...openings), fc.constantFrom(...payloads(canary))), {
      minLength: 1,
      maxLength: 3,
    })
    .map((parts) => parts.flat().join(''));

/** As `hostileText`, as a name of up to 63 bytes that begins with `mark`, so that names differ. */
export const hostileName = (canary: string, mark: string): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom(...openings), fc.constantFrom(...payloads(canary)))
    .map(([opening, payload]) => cutTo(`${mark}${opening}${payload}`, longestNameBytes));
