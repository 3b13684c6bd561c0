-- The schema public holds yoyo's record and nothing else.
select format('public.%s', relname) as violator
from pg_class
where relnamespace = to_regnamespace('public')
    and relkind in ('r', 'p', 'v', 'm', 'S', 'f')
    and relname !~ '^_?yoyo_';

-- Broken by: public.strays
create table public.strays (id uuid);
