import { describe, expect, test } from '@jest/globals';
import { isWanted, parseStatement } from '../../../../../runtime/src/engines/postgresql/search/statement.ts';

describe('the beginning of a statement', () => {
  test.each([
    ['DROP TABLE users', ['drop'], 'users'],
    ['drop table if exists Public.Users cascade', ['drop'], 'public.users'],
    ['DROP TABLE "Users"', ['drop'], 'Users'],
    ['DROP TABLE "a.b"."c""d"', ['drop'], '"a.b".c"d'],
    ['DROP DATABASE shop', ['drop database'], undefined],
    ['DROP SCHEMA app CASCADE', ['drop'], undefined],
    ['  TRUNCATE orders, users', ['truncate'], 'orders'],
    ['delete from only orders where id = 5', ['delete'], 'orders'],
    ['UPDATE orders SET note = 1', ['update'], 'orders'],
    ['INSERT INTO orders VALUES (1)', ['insert'], 'orders'],
    ['ALTER TABLE orders DROP COLUMN note', ['alter'], 'orders'],
    ['CREATE TABLE naïve (id int)', ['create'], 'naïve'],
    ['DELETE', ['delete'], undefined],
  ])('%s', (text, kinds, relation) => {
    expect(parseStatement(text)).toEqual({ kinds, ...(relation !== undefined && { relation }) });
  });

  test.each(['SELECT 1', '', 'DROPS users', "'; DROP TABLE users", '\u0000'])('refuses %j', (text) => {
    expect(() => parseStatement(text)).toThrow('does not begin like a statement');
  });
});

describe('a change is wanted', () => {
  const dropped = { what: 'dropped', relation: 'public.users', kinds: ['drop'] as const, isNamed: true };

  test('by its kind, and by its name with or without a schema', () => {
    expect(isWanted({}, dropped)).toBe(true);
    expect(isWanted({ kinds: ['drop'], relation: 'users' }, dropped)).toBe(true);
    expect(isWanted({ relation: 'public.users' }, dropped)).toBe(true);
    expect(isWanted({ relation: 'app.users' }, dropped)).toBe(false);
    expect(isWanted({ kinds: ['truncate'] }, dropped)).toBe(false);
  });

  test('where nobody knows its name', () => {
    const unknown = { ...dropped, relation: 'file 7 of database 5', isNamed: false };
    expect(isWanted({ kinds: ['drop'], relation: 'users' }, unknown)).toBe(true);
  });
});
