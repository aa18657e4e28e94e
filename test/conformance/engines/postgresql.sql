-- Everything pg_dump can meet, in small.
CREATE ROLE grill_owner LOGIN PASSWORD 'owner-secret' CONNECTION LIMIT 7;
CREATE ROLE grill_readers;
CREATE ROLE "O'Dd ""Role""" IN ROLE grill_readers;
CREATE DATABASE grill OWNER grill_owner TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C.UTF-8';
ALTER DATABASE grill SET search_path TO "$user", public, "Smoke House";
ALTER DATABASE grill SET work_mem = '8MB';
ALTER ROLE grill_owner IN DATABASE grill SET grill.unit = 'celsius; -- not SQL';
REVOKE ALL ON DATABASE grill FROM PUBLIC;
GRANT CONNECT, TEMPORARY ON DATABASE grill TO grill_readers WITH GRANT OPTION;
COMMENT ON DATABASE grill IS 'it''s the grill';
\connect grill
CREATE EXTENSION citext;
CREATE SCHEMA "Smoke House" AUTHORIZATION grill_owner;
SET ROLE grill_owner;
CREATE TYPE "Smoke House".probe AS ENUM ('meat', 'ambient', 'fire');
CREATE DOMAIN "Smoke House".celsius AS numeric(6, 2) CHECK (VALUE > -273.15);
RESET ROLE;
GRANT CREATE ON SCHEMA public TO grill_owner;
SET ROLE grill_owner;
CREATE TABLE public.users (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  email citext UNIQUE NOT NULL,
  name text,
  tags text[],
  created timestamptz NOT NULL DEFAULT '2024-01-01Z'
);
INSERT INTO public.users (email, name, tags)
SELECT 'user' || n || '@example.com', CASE n % 5 WHEN 0 THEN NULL WHEN 1 THEN '' WHEN 2 THEN E'line\nbreak\ttab\\' WHEN 3 THEN '\.' ELSE 'Jürgen 🍖' END,
  ARRAY['a', NULL, '{"x"}', E'\\N'] FROM generate_series(1, 500) n;
CREATE TABLE public.devices (
  id uuid PRIMARY KEY, owner bigint NOT NULL REFERENCES public.users ON DELETE CASCADE,
  kind "Smoke House".probe NOT NULL DEFAULT 'meat', settings jsonb NOT NULL, target "Smoke House".celsius,
  label text GENERATED ALWAYS AS (settings ->> 'label') STORED
);
INSERT INTO public.devices (id, owner, kind, settings, target)
SELECT md5(n::text)::uuid, n, (ARRAY['meat', 'ambient', 'fire'])[1 + n % 3]::"Smoke House".probe,
  jsonb_build_object('label', 'probe ' || n, 'alarm', n * 1.5, 'nested', jsonb_build_array(n, NULL, '"\')), n FROM generate_series(1, 200) n;
CREATE INDEX devices_alarm ON public.devices ((settings -> 'alarm')) WHERE kind = 'meat';
CREATE TABLE public.credentials (owner bigint PRIMARY KEY REFERENCES public.users, secret bytea NOT NULL);
INSERT INTO public.credentials SELECT n, decode(repeat(md5(n::text), 1 + n % 40), 'hex') FROM generate_series(1, 300) n;
CREATE TABLE public.readings (at timestamptz NOT NULL, device uuid, value double precision) PARTITION BY RANGE (at);
CREATE TABLE public.readings_january PARTITION OF public.readings FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE public.readings_rest PARTITION OF public.readings DEFAULT;
INSERT INTO public.readings SELECT timestamptz '2024-01-20Z' + n * interval '1 minute', md5((n % 200)::text)::uuid,
  CASE WHEN n % 1000 = 0 THEN 'NaN' ELSE sin(n) * 100 END FROM generate_series(1, 20000) n;
CREATE TABLE public.parents (id int); CREATE TABLE public.children (extra int) INHERITS (public.parents);
INSERT INTO public.parents VALUES (1), (2); INSERT INTO public.children VALUES (3, 4);
CREATE TABLE "Smoke House"."odd ""name"".table (x) FROM stdin;" ("Sélect" text, "a""b" int);
INSERT INTO "Smoke House"."odd ""name"".table (x) FROM stdin;" VALUES ('COPY public.users (id) FROM stdin;', 1), ('\.', 2);
CREATE TABLE "Smoke House".empty (id int);
CREATE TABLE "Smoke House".no_columns (); INSERT INTO "Smoke House".no_columns DEFAULT VALUES;
CREATE UNLOGGED TABLE "Smoke House".cache (id int); INSERT INTO "Smoke House".cache VALUES (1);
CREATE SEQUENCE public.tickets START 100 INCREMENT 7; SELECT nextval('public.tickets'), nextval('public.tickets');
CREATE VIEW public.hot AS SELECT * FROM public.readings WHERE value > 90;
CREATE MATERIALIZED VIEW public.daily AS SELECT date_trunc('day', at) AS day, count(*) FROM public.readings GROUP BY 1;
CREATE FUNCTION public.trap() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
  -- the next lines look like a dump:
/*
COPY public.users (id) FROM stdin;
1
\.
*/
  NEW.name := coalesce(NEW.name, 'nobody');
  RETURN NEW;
END $body$;
CREATE TRIGGER trap BEFORE UPDATE ON public.users FOR EACH ROW EXECUTE FUNCTION public.trap();
ALTER TABLE public.devices ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON public.devices TO grill_readers USING (owner = 1);
GRANT SELECT (id, email) ON public.users TO grill_readers;
GRANT SELECT ON public.devices TO "O'Dd ""Role""";
COMMENT ON COLUMN public.users.tags IS 'free; text''s';
RESET ROLE;
SELECT lo_from_bytea(4242, decode(repeat('00ff', 40000), 'hex'));
ALTER LARGE OBJECT 4242 OWNER TO grill_owner;
