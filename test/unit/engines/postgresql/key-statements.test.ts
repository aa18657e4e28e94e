import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { identifier, literal } from '../../../../runtime/src/engines/postgresql/client.ts';
import { keyStatementsOf } from '../../../../runtime/src/engines/postgresql/key-statements.ts';
import { statementsOf } from '../../../../runtime/src/engines/postgresql/sql-tokens.ts';
import { hostileText } from '../../../kit/hostile.ts';

const header = `--\n-- PostgreSQL database dump\n--\n\n\\restrict k1\n\nSET client_encoding = 'UTF8';
SELECT pg_catalog.set_config('search_path', '', false);\n`;
const footer = `\n--\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict k1\n`;

const tokens = (sql: string) => [...statementsOf(sql)];

describe('foreign keys of an archive', () => {
  test('come back with any text in their names and comments, and nothing else', () => {
    const name = hostileText('/tmp/c').filter((text) => text !== '');
    fc.assert(
      fc.property(fc.array(fc.tuple(name, name), { minLength: 1, maxLength: 4 }), (pairs) => {
        const statements = pairs.flatMap(([key, text]) => [
          `ALTER TABLE ONLY public.${identifier(key)}\n    ADD CONSTRAINT ${identifier(text)} FOREIGN KEY (a, b) REFERENCES public.x(c) ON DELETE SET NULL (a)`,
          `COMMENT ON CONSTRAINT ${identifier(text)} ON public.${identifier(key)} IS '${text.replaceAll("'", "''")}'`,
        ]);
        const read = keyStatementsOf(`${header}${statements.join(';\n\n\n')};\n${footer}`);
        expect(read.map(tokens)).toEqual(statements.map(tokens));
      }),
      { numRuns: 300 },
    );
  });

  test('come back with their comments where backslashes were doubled', () => {
    const sql = String.raw`SET standard_conforming_strings = off; COMMENT ON CONSTRAINT a ON b.c IS 'x\\''y';`;
    expect(keyStatementsOf(sql)).toEqual([
      `COMMENT ON CONSTRAINT a ON b . c IS ${literal(String.raw`x\'y`)}`,
    ]);
  });

  test.each([
    'ALTER ROLE app SUPERUSER',
    'ALTER TABLE a.b OWNER TO app',
    'ALTER TABLE a.b ADD CONSTRAINT c CHECK (true)',
    'COMMENT ON ROLE app IS NULL',
    String.raw`\! touch x`,
    'DO $$BEGIN END$$',
  ])('are refused with %s among them', (sql) => {
    expect(() => keyStatementsOf(`${header}${sql};`)).toThrow(
      'the archive has something else where its foreign keys belong',
    );
  });

  test.each(["IS 'never closed", 'IS a || b', 'IS "never closed'])('are refused with %s', (end) => {
    expect(() => keyStatementsOf(`${header}COMMENT ON CONSTRAINT a ON b.c ${end};`)).toThrow(
      'the definition of a foreign key in the archive cannot be read',
    );
  });
});
