import { describe, expect, test } from '@jest/globals';
import { parsePlan } from '../../../runtime/src/plan/parse.ts';
import { libpqTls } from '../../../runtime/src/engines/postgresql/tls.ts';
import { problemsOf, smallestPlan } from '../../kit/plans.ts';

const [target] = smallestPlan.targets;

const problems = (connection: object, engine = 'postgresql'): readonly string[] =>
  problemsOf(() =>
    parsePlan({
      ...smallestPlan,
      targets: [{ ...target, engine, connection: { host: 'db', ...connection } }],
    }),
  );

describe.each(['postgresql', 'redis', 'influxdb'])('connection.tls of %s', (engine) => {
  const of = (tls: object) =>
    problems({ ...(engine === 'postgresql' && { database: 'grill' }), tls }, engine);

  test.each<[object]>([
    [{}],
    [{ ca: { configMap: 'kube-root-ca.crt' } }],
    [{ ca: { secret: 'ca', key: 'root.pem' }, client: { secret: 'tls' }, serverName: 'db.test' }],
    [{ verify: 'none' }],
  ])('%j is valid', (tls) => expect(of(tls)).toEqual([]));

  test.each<[object, RegExp]>([
    [{ ca: {} }, /tls\.ca: .*expected one of configMap and secret/],
    [{ ca: { configMap: 'a', secret: 'b' } }, /expected one of configMap and secret/],
    [{ ca: { configMap: '../../etc' } }, /tls\.ca\.configMap: .*name of a Kubernetes object/],
    [{ ca: { secret: 'ca', key: '../passwd' } }, /tls\.ca\.key: .*expected a key/],
    [{ client: { secret: 'tls', certificate: 'a/b' } }, /tls\.client\.certificate: .*expected a key/],
    [{ client: {} }, /tls\.client\.secret/],
    [{ verify: 'ca', serverName: 'db.test' }, /tls\.serverName: .*looks at no name/],
    [{ verify: 'perhaps' }, /tls\.verify/],
    [{ insecure: true }, /tls\.insecure: found an unknown key/],
  ])('%j is not', (tls, problem) => expect(of(tls).join('\n')).toMatch(problem));
});

test.each<[string, string, RegExp | undefined]>([
  ['verify-full', 'full', undefined],
  ['require', 'none', undefined],
  ['disable', 'full', /sslMode: .*expected none beside tls/],
  ['verify-full', 'none', /sslMode: .*expected none beside tls/],
])('sslMode %s beside tls.verify %s', (sslMode, verify, problem) => {
  const found = problems({ database: 'grill', sslMode, tls: { verify } }).join('\n');
  if (problem) expect(found).toMatch(problem);
  else expect(found).toBe('');
});

test('a path of InfluxDB begins with a slash and ends without', () => {
  expect(problems({ path: '/metrics/influxdb' }, 'influxdb')).toEqual([]);
  for (const path of ['influxdb', '/influxdb/', '/a?b', '/'])
    expect(problems({ path }, 'influxdb').join()).toMatch(/path: .*expected a path such as \/influxdb/);
});

test('libpq is given no CA where nothing is verified, as it would check it under `require`', () => {
  expect(libpqTls({ verify: 'none' })).toEqual({ PGSSLMODE: 'require', PGSSLROOTCERT: '' });
  expect(libpqTls({ verify: 'full', caFile: '/ca.crt', serverName: 'db.test', address: '10.0.0.1' })).toEqual(
    {
      PGSSLMODE: 'verify-full',
      PGSSLROOTCERT: '/ca.crt',
      PGHOST: 'db.test',
      PGHOSTADDR: '10.0.0.1',
    },
  );
});
