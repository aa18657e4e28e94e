/** Tables of an array of qualified names. */
const moved = 'moved AS (SELECT to_regclass(name)::oid AS oid FROM unnest($1::text[]) name)';

/** Tables among `moved` that are a partition, a partitioned table, an heir, or have heirs. */
export const relativesSql = `
  WITH ${moved}
  SELECT DISTINCT oid::regclass::text AS name FROM moved JOIN pg_inherits ON oid IN (inhrelid, inhparent)`;

/**
 * What refers to the tables, their row types, indexes and sequences by object id, and so would not follow a swap: views,
 * foreign keys of other tables, functions with a parsed body, columns of the row type, publications. What belongs to the
 * tables themselves moves along.
 */
export const dependentsSql = `
  WITH ${moved},
  own AS (
    SELECT 'pg_class'::regclass::oid AS class, oid FROM moved
    UNION SELECT 'pg_type'::regclass, unnest(ARRAY[t.oid, t.typarray]) FROM pg_type t JOIN moved ON t.typrelid = moved.oid
    UNION SELECT 'pg_class'::regclass, d.objid FROM pg_depend d JOIN moved ON d.refobjid = moved.oid
      WHERE d.refclassid = 'pg_class'::regclass AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
    UNION SELECT 'pg_class'::regclass, conindid FROM pg_constraint JOIN moved ON conrelid = moved.oid WHERE contype <> 'f'
  ),
  parts AS (
    SELECT 'pg_constraint'::regclass::oid AS class, c.oid FROM pg_constraint c JOIN moved ON conrelid = moved.oid
    UNION SELECT 'pg_attrdef'::regclass, a.oid FROM pg_attrdef a JOIN moved ON adrelid = moved.oid
    UNION SELECT 'pg_trigger'::regclass, t.oid FROM pg_trigger t JOIN moved ON tgrelid = moved.oid
    UNION SELECT 'pg_policy'::regclass, p.oid FROM pg_policy p JOIN moved ON polrelid = moved.oid
    UNION SELECT 'pg_rewrite'::regclass, r.oid FROM pg_rewrite r JOIN moved ON ev_class = moved.oid
  )
  SELECT DISTINCT pg_describe_object(d.classid, d.objid, 0) AS name
  FROM pg_depend d JOIN own ON d.refclassid = own.class AND d.refobjid = own.oid
  WHERE d.deptype = 'n' AND (d.classid, d.objid) NOT IN (SELECT class, oid FROM own UNION SELECT class, oid FROM parts)
  UNION SELECT 'publication ' || pubname FROM pg_publication_rel JOIN pg_publication p ON p.oid = prpubid
  WHERE prrelid IN (SELECT oid FROM moved)
  ORDER BY 1`;

/** Foreign keys of the tables, with names qualified where search_path is empty. */
export const foreignKeysSql = `
  SELECT conrelid::regclass::text AS of, conname AS name, pg_get_constraintdef(oid) AS definition,
    obj_description(oid, 'pg_constraint') AS comment
  FROM pg_constraint WHERE contype = 'f' AND conparentid = 0
    AND conrelid IN (SELECT to_regclass(name)::oid FROM unnest($1::text[]) name) ORDER BY 1, 2`;
