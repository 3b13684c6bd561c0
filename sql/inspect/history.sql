-- One row's life: who did what to it, and when. A job's has its transitions too.
\prompt 'Table and key (studio.projects ID): ' asked
\ir quiet.psql
select count(*) = 1 as sees_trail
from pg_proc as proc
join pg_namespace as namespace on namespace.oid = proc.pronamespace
where namespace.nspname = 'audit'
    and proc.proname = 'history'
    and has_schema_privilege(namespace.oid, 'usage')
    and has_function_privilege(proc.oid, 'execute')
\gset
\ir loud.psql
\if :sees_trail
    select
        to_char(h.happened_at, 'YYYY-MM-DD HH24:MI:SS') as "when",
        left(h.who, 24) as who,
        rtrim(regexp_replace(h.what, '(.{1,30})(\s+|$)', E'\\1\n', 'g'), E'\n') as what
    from audit.history(
        lower(split_part(trim(:'asked'), ' ', 1)),
        trim(substring(trim(:'asked') from ' .*'))
    ) as h;
    \ir empty.psql
    \if :is_empty
        \echo 'The trail has nothing of this row, or this role may not see it.'
    \endif
    \unset is_empty
\else
    \echo 'There is no trail here that this role may see: ask as readonly'
    \echo '(`renderstore psql`).'
\endif
\unset sees_trail
\unset asked
