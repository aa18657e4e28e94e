/** Tables of Grill Stats with a few hundred users and devices. */
export const schema = `
CREATE TYPE unit AS ENUM ('celsius', 'fahrenheit');

CREATE TABLE users (
  id integer PRIMARY KEY,
  email text NOT NULL UNIQUE,
  display_name text NOT NULL,
  unit unit NOT NULL DEFAULT 'celsius',
  created_at timestamptz NOT NULL
);
COMMENT ON TABLE users IS 'People with at least one grill — Grillmeister';

CREATE TABLE devices (
  id integer PRIMARY KEY,
  user_id integer NOT NULL REFERENCES users ON DELETE CASCADE,
  serial text NOT NULL UNIQUE,
  settings jsonb NOT NULL,
  probes text[] NOT NULL,
  last_seen timestamptz
);
CREATE INDEX devices_settings ON devices USING gin (settings);

CREATE TABLE credentials (
  user_id integer PRIMARY KEY REFERENCES users ON DELETE CASCADE,
  thermoworks_user text NOT NULL,
  encrypted_password bytea NOT NULL,
  key_version smallint NOT NULL CHECK (key_version > 0)
);

CREATE TABLE temperature_readings (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  device_id integer NOT NULL REFERENCES devices,
  probe text NOT NULL,
  celsius numeric(5, 2),
  battery real,
  read_at timestamptz NOT NULL
);
CREATE INDEX temperature_readings_of_device ON temperature_readings (device_id, read_at);

CREATE VIEW latest_reading AS
  SELECT DISTINCT ON (device_id, probe) * FROM temperature_readings ORDER BY device_id, probe, read_at DESC;

INSERT INTO users
  SELECT id, 'user' || id || '@example.com', (ARRAY['Zoë', 'O''Brien', 'Jürgen', '王伟', ''])[1 + id % 5],
    (ARRAY['celsius', 'fahrenheit'])[1 + id % 2]::unit, timestamptz '2024-01-01' + id * interval '7 hours'
  FROM generate_series(1, 300) id;

INSERT INTO devices
  SELECT id, 1 + id % 300, 'TW-' || lpad(id::text, 6, '0'),
    jsonb_build_object('name', 'Smoker ' || id, 'alarm', jsonb_build_object('high', 90 + id % 60, 'low', null),
      'tags', jsonb_build_array('brisket', 'ribs \\ "hot"'), 'calibration', (id % 7) / 10.0),
    ARRAY['pit', 'meat'], CASE WHEN id % 9 > 0 THEN timestamptz '2024-06-01' + id * interval '11 minutes' END
  FROM generate_series(1, 500) id;

INSERT INTO credentials
  SELECT id, 'bbq' || id, decode(md5('a' || id) || md5('b' || id), 'hex') || '\\x0022'::bytea, 1 + id % 3
  FROM generate_series(1, 300) id;
`;

/** Appends `rows` readings, a second and a bit apart per device. */
export const readings = (rows: number): string => `
INSERT INTO temperature_readings (device_id, probe, celsius, battery, read_at)
  SELECT 1 + i % 500, (ARRAY['pit', 'meat'])[1 + i % 2], CASE WHEN i % 97 > 0 THEN 60 + 50 * random() END,
    random(), timestamptz '2024-07-01' + i * interval '1.7 seconds'
  FROM generate_series(1, ${rows}) i;
`;

/** Rows and an order-free hash of all their columns, per table. */
export const tableDigest = (table: string): string => `
SELECT count(*), sum(('x' || left(md5(t::text), 12))::bit(48)::bigint) FROM ${table} t;
`;
