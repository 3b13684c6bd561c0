-- What time asks for, in every room: one call a minute does it. Each part is a function that takes how many rows it may touch and
-- gives how many it did; it runs in a sub-transaction of its own, so that one that fails stops no other.
-- depends: 0054.pause-jobs

set local role renderstore_owner;

create table ops.sweep_parts (
    position integer not null,
    what text not null,
    function_name text not null,
    is_urgent boolean not null,
    last_run_at timestamptz,
    problem text,

    constraint sweep_parts_pkey primary key (position),
    constraint sweep_parts_function_name_key unique (function_name),
    constraint sweep_parts_what_is_short_check check (length(what) between 1 and 200),
    constraint sweep_parts_function_name_is_qualified_check
        check (function_name ~ '^[a-z_]{1,63}\.[a-z_]{1,63}$'),
    constraint sweep_parts_problem_is_short_check check (length(problem) <= 1000)
);

comment on table ops.sweep_parts is
    'One row a part of the sweep, in the order in which they run. Rooms add theirs with a migration.';
comment on column ops.sweep_parts.position is
    'Its place in the order.';
comment on column ops.sweep_parts.what is
    'What it does, for people, up to 200 characters.';
comment on column ops.sweep_parts.function_name is
    'The function: it takes a bigint, the most rows, and gives a bigint, the rows that it touched.';
comment on column ops.sweep_parts.is_urgent is
    'Whether the queue waits for it, so that workers ask for it every few seconds.';
comment on column ops.sweep_parts.last_run_at is
    'When it last ran, to within some seconds; null where it never did.';
comment on column ops.sweep_parts.problem is
    'Why it last failed, in the server''s words; null where it did not.';
comment on constraint sweep_parts_pkey on ops.sweep_parts is
    'There is already a part at this place.';
comment on constraint sweep_parts_function_name_key on ops.sweep_parts is
    'This function is already a part of the sweep.';
comment on constraint sweep_parts_what_is_short_check on ops.sweep_parts is
    'What a part of the sweep does is said in 1 to 200 characters.';
comment on constraint sweep_parts_function_name_is_qualified_check on ops.sweep_parts is
    'A part of the sweep names its function with its schema.';

comment on constraint sweep_parts_problem_is_short_check on ops.sweep_parts is
    'Why a part of the sweep failed is said in at most 1000 characters.';

grant select on ops.sweep_parts
    to renderstore_worker, renderstore_admin, renderstore_readonly;

-- Security definer: what it does is nobody's own. The parts come from a table that only migrations write.
create function ops.sweep(
    max_rows bigint default 1000,
    only_urgent boolean default false
)
returns table (what text, jobs bigint, problem text)
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    part record;
    parts text[] := '{}';
    problems text[] := '{}';
    actor constant text := current_setting('renderstore.actor', true);
begin
    perform set_config('renderstore.actor', 'sweep', true);
    for part in
        select p.what, p.function_name
        from ops.sweep_parts as p
        where p.is_urgent or not only_urgent
        order by p.position
    loop
        what := part.what;
        problem := null;
        begin
            execute format('select %s($1)', part.function_name)
            into jobs
            using least(greatest(max_rows, 1), 100000);
        exception
            when others then
                jobs := 0;
                problem := sqlerrm;
        end;
        parts := parts || part.function_name;
        problems := problems || left(problem, 1000);
        return next;
    end loop;
    -- Workers sweep every few seconds, several at once: none waits to say so, and few have to.
    update ops.sweep_parts as p
    set
        last_run_at = now(),
        problem = said.problem
    from (
        select c.position, s.problem
        from unnest(parts, problems) as s (function_name, problem)
        join ops.sweep_parts as c on c.function_name = s.function_name
        where c.last_run_at > now() - interval '20 seconds' is not true
            or c.problem is distinct from s.problem
        order by c.position
        for no key update of c skip locked
    ) as said
    where p.position = said.position;
    perform set_config('renderstore.actor', coalesce(actor, ''), true);
end
$$;
comment on function ops.sweep(bigint, boolean) is
    'What was done of all that time asks for, at most max_rows of each part, or of what the queue waits for alone. A part that failed says its problem, and did nothing.';

grant execute on function ops.sweep(bigint, boolean)
    to renderstore_worker, renderstore_admin;

create function identity.sweep_all(max_rows bigint)
returns bigint
language sql
volatile
begin atomic
    select
        swept.web_sessions
        + swept.session_tokens
        + swept.api_tokens
        + swept.verification_tokens
        + swept.macos_accounts
        + swept.owners
    from identity.sweep(max_rows) as swept;
end;
comment on function identity.sweep_all(bigint) is
    'How many rows identity.sweep cleared.';

insert into ops.sweep_parts (position, what, function_name, is_urgent)
values (10, 'sessions, tokens and erased users', 'identity.sweep_all', false);
