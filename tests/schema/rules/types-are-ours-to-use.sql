-- Types are text, timestamptz, bigint, uuid, jsonb and their like: no varchar, char, json, money,
-- and no time without its zone.
select
    violator,
    type as detail
from style.columns
where element_oid in (
    'varchar'::regtype,
    'bpchar'::regtype,
    'json'::regtype,
    'money'::regtype,
    'timestamp'::regtype,
    'timetz'::regtype
);

-- Broken by: ops.strays.a, ops.strays.b, ops.strays.c, ops.strays.d
create table ops.strays (a varchar(9), b json, c timestamp, d char(3)[]);
