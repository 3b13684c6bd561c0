-- Every schema is one of the areas that docs/architecture.md shows.
select nspname as violator
from pg_namespace
where nspname not in (select area from style.areas)
    and nspname not in ('public', 'information_schema', 'style')
    and nspname !~ '^pg_';

-- Broken by: attic
create schema attic;
