import { identifier } from './client.ts';
import type { Membership, Role, ServerRoles } from './roles.ts';
import { isList } from './setting.ts';
import { Reader } from './sql-reader.ts';
import { statementsOf, type Token } from './sql-tokens.ts';

/*
 * Archives of earlier versions hold the text of pg_dumpall, entry `globals.sql`. It is never run: the statements of the shapes
 * below are read into data, everything else is left out.
 */

type Mutable<Value> = { -readonly [Key in keyof Value]: Value[Key] };

const newRole = (name: string): Mutable<Role> => ({
  name,
  superuser: false,
  inherit: true,
  createRole: false,
  createDatabase: false,
  login: false,
  replication: false,
  bypassRowSecurity: false,
  connectionLimit: -1,
  password: null,
  validUntil: null,
  comment: null,
});

/** Words of ALTER ROLE … WITH: field and value. */
type Attribute = readonly [keyof Role, boolean];

const attributes: Readonly<Record<string, Attribute>> = Object.fromEntries(
  (
    [
      ['SUPERUSER', 'superuser'],
      ['INHERIT', 'inherit'],
      ['CREATEROLE', 'createRole'],
      ['CREATEDB', 'createDatabase'],
      ['LOGIN', 'login'],
      ['REPLICATION', 'replication'],
      ['BYPASSRLS', 'bypassRowSecurity'],
    ] as const
  ).flatMap(([text, field]): [string, Attribute][] => [
    [text, [field, true]],
    [`NO${text}`, [field, false]],
  ]),
);

type Found = { -readonly [Key in 'memberships' | 'settings' | 'parameterGrants']: ServerRoles[Key] } & {
  readonly roles: Map<string, Mutable<Role>>;
};

const roleOf = ({ roles }: Found, name: string): Mutable<Role> => {
  const role = roles.get(name);
  if (!role) throw new SyntaxError(`role ${name}`);
  return role;
};

const readAttributes = (reader: Reader, role: Role): Role => {
  const read: Mutable<Role> = { ...role };
  while (!reader.ended) {
    if (reader.is('CONNECTION', 'LIMIT')) read.connectionLimit = reader.number();
    else if (reader.is('PASSWORD')) read.password = reader.string();
    else if (reader.is('VALID', 'UNTIL')) read.validUntil = reader.string();
    else {
      const [field, value] = attributes[reader.word()] ?? [];
      if (field === undefined) throw new SyntaxError('attribute');
      Object.assign(read, { [field]: value });
    }
  }
  return read;
};

const readValue = (reader: Reader, name: string): string => {
  const first = reader.string();
  const more: string[] = [];
  while (reader.is(',')) more.push(reader.string());
  if (!isList(name) && more.length > 0) throw new SyntaxError('one value');
  return isList(name) ? [first, ...more].map(identifier).join(', ') : first;
};

const readSettingName = (reader: Reader): string => {
  let name = reader.name();
  while (reader.is('.')) name += `.${reader.name()}`;
  return name;
};

/** `WITH ADMIN OPTION, INHERIT TRUE, SET FALSE`, since 16, or `WITH ADMIN OPTION`. */
const readOptions = (reader: Reader): Pick<Membership, 'admin' | 'inherit' | 'set'> => {
  const options = { admin: false, inherit: null as boolean | null, set: null as boolean | null };
  if (!reader.is('WITH')) return options;
  do {
    const name = reader.word().toLowerCase();
    const value = reader.word();
    if (!Object.hasOwn(options, name) || !['OPTION', 'TRUE', 'FALSE'].includes(value))
      throw new SyntaxError('option');
    Object.assign(options, { [name]: value !== 'FALSE' });
  } while (reader.is(','));
  return options;
};

const readGrant = (reader: Reader, found: Found): void => {
  const privilege = reader.is('SET', 'ON', 'PARAMETER')
    ? 'SET'
    : reader.is('ALTER', 'SYSTEM', 'ON', 'PARAMETER') && 'ALTER SYSTEM';
  const subject = privilege ? readSettingName(reader) : reader.name();
  reader.expect('TO');
  const grantee = reader.name();
  if (privilege) {
    const grantable = reader.is('WITH', 'GRANT', 'OPTION');
    reader.end();
    found.parameterGrants.push({ parameter: subject, grantee, privilege, grantable });
    return;
  }
  const options = readOptions(reader);
  const grantor = reader.is('GRANTED', 'BY') ? reader.name() : null;
  reader.end();
  found.memberships.push({ role: subject, member: grantee, grantor, ...options });
};

const readAlter = (reader: Reader, found: Found): void => {
  const name = reader.name();
  if (reader.is('WITH')) {
    Object.assign(roleOf(found, name), readAttributes(reader, roleOf(found, name)));
    return;
  }
  reader.expect('SET');
  const setting = readSettingName(reader);
  if (!reader.is('TO')) reader.expect('=');
  const value = readValue(reader, setting);
  reader.end();
  found.settings.push({ role: roleOf(found, name).name, name: setting, value });
};

const readStatement = (reader: Reader, found: Found): void => {
  if (reader.is('CREATE', 'ROLE')) {
    const name = reader.name();
    reader.end();
    if (!found.roles.has(name)) found.roles.set(name, newRole(name));
  } else if (reader.is('ALTER', 'ROLE')) readAlter(reader, found);
  else if (reader.is('COMMENT', 'ON', 'ROLE')) {
    const role = roleOf(found, reader.name());
    reader.expect('IS');
    const comment = reader.string();
    reader.end();
    role.comment = comment;
  } else if (reader.is('GRANT')) readGrant(reader, found);
  else throw new SyntaxError('statement');
};

/** Words of a statement that a message quotes. */
const quotedTokens = 4;

const inWords = (statement: readonly Token[]): string =>
  statement
    .slice(0, quotedTokens)
    .map(({ text }) => text)
    .join(' ')
    .slice(0, 100);

/** Statements that concern the session that would run the text, and what newer versions of psql are told. */
const isSession = ([first]: readonly Token[]): boolean =>
  first === undefined || /^(SET|\\(un)?restrict .*)$/is.test(first.text);

/** Reads the text of `pg_dumpall --globals-only`. */
export const readGlobals = (sql: string): ServerRoles => {
  const found: Found = { roles: new Map(), memberships: [], settings: [], parameterGrants: [] };
  const leftOut: string[] = [];
  for (const statement of statementsOf(sql))
    try {
      if (!isSession(statement)) readStatement(new Reader(statement), found);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      leftOut.push(`statement of globals.sql: ${inWords(statement)}`);
    }
  return { schemaVersion: 1, ...found, roles: [...found.roles.values()], leftOut };
};
