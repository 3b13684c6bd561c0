-- What a user should hear of. A notice is written in the same statement as what it tells, so it is there once or not at all; whoever
-- delivers it claims it, sends it and confirms. Its id is the key by which a second delivery is known.
-- depends: 0105.create-media-lives

set local role renderstore_owner;

create table ops.notices (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    topic text not null,
    subject_id uuid,
    body jsonb not null default '{}',
    tries bigint not null default 0,
    due_at timestamptz default now(),
    last_error text,
    created_at timestamptz not null default now(),
    sent_at timestamptz,
    read_at timestamptz,

    constraint notices_pkey primary key (user_id, id),
    constraint notices_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade,
    constraint notices_topic_is_slug_check check (topic ~ '^[a-z][a-z0-9_]{0,39}$'),
    constraint notices_body_is_object_check
        check (jsonb_typeof(body) = 'object' and ops.json_problem(body) is null),
    constraint notices_tries_is_not_negative_check check (tries >= 0),
    constraint notices_last_error_is_short_check check (length(last_error) <= 1000),
    constraint notices_is_due_until_it_is_sent_check
        check ((due_at is null) = (sent_at is not null))
);

comment on table ops.notices is
    'One row something that a user should hear of.';
comment on column ops.notices.user_id is
    'The user who should hear of it.';
comment on column ops.notices.id is
    'The notice''s identifier, made by the database. It is the same at every delivery.';
comment on column ops.notices.topic is
    'What happened, such as request_available or download_partly: 1 to 40 lower-case letters, digits and underscores.';
comment on column ops.notices.subject_id is
    'What it happened to: a request, a job; null where it is nothing with an id.';
comment on column ops.notices.body is
    'What a message says of it: an object, such as a title and a reason.';
comment on column ops.notices.tries is
    'How often somebody took it to deliver it.';
comment on column ops.notices.due_at is
    'From when it may be taken: at once, after a lease, or after a back-off; null once it is sent.';
comment on column ops.notices.last_error is
    'What the last try said, up to 1000 characters; null without a failure.';
comment on column ops.notices.created_at is
    'When it was written.';
comment on column ops.notices.sent_at is
    'When its delivery was confirmed; null before.';
comment on column ops.notices.read_at is
    'When the user read it; null before.';
comment on constraint notices_pkey on ops.notices is
    'There is already a notice with this id.';
comment on constraint notices_user_id_fkey on ops.notices is
    'There is no user with this id; still referenced: the user has notices.';
comment on constraint notices_topic_is_slug_check on ops.notices is
    'A notice''s topic has 1 to 40 lower-case letters, digits and underscores and begins with a letter.';
comment on constraint notices_body_is_object_check on ops.notices is
    'A notice''s body is a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';
comment on constraint notices_tries_is_not_negative_check on ops.notices is
    'The count of tries is 0 or more.';
comment on constraint notices_last_error_is_short_check on ops.notices is
    'What a failed delivery said has at most 1000 characters.';
comment on constraint notices_is_due_until_it_is_sent_check on ops.notices is
    'A notice is due until it is sent.';

-- Serves ops.notices.claim.
create index notices_due_at_idx on ops.notices (due_at) where due_at is not null;

-- Serves ops.notices.count_unread and list_unread.
create index notices_unread_idx on ops.notices (user_id, id) where read_at is null;

alter table ops.notices enable row level security;
alter table ops.notices force row level security;

create policy notices_owner on ops.notices
    to renderstore_owner
    using (true)
    with check (true);
create policy notices_own on ops.notices
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy notices_read on ops.notices
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on ops.notices
    to renderstore_app, renderstore_admin, renderstore_readonly;

create function ops.read_notices(
    ids uuid[] default null,
    user_id uuid default null
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    noted bigint;
begin
    -- What is being delivered at this moment is not waited for.
    update ops.notices as n
    set read_at = now()
    from (
        select c.user_id, c.id
        from ops.notices as c
        where c.user_id = owner
            and c.read_at is null
            and (ids is null or c.id = any(ids))
        order by c.id
        for no key update skip locked
    ) as unread
    where n.user_id = unread.user_id and n.id = unread.id;
    get diagnostics noted = row_count;
    return noted;
end
$$;
comment on function ops.read_notices(uuid[], uuid) is
    'The user has read these notices, or all of them; says how many were not read before.';

create function ops.clear_notices(max_rows bigint)
returns bigint
language plpgsql
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set jit = off
as $$
declare
    cleared bigint;
begin
    with old_notices as materialized (
        select
            old.user_id,
            old.id
        from identity.users as o
        join identity.plans as p on p.id = o.plan_id
        cross join lateral (
            select
                n.user_id,
                n.id
            from ops.notices as n
            where n.user_id = o.id
                and n.id < ops.first_uuidv7(now() - p.keep_ended_jobs_days * interval '1 day')
            order by n.id
            limit max_rows
            for update skip locked
        ) as old
        where p.keep_ended_jobs_days is not null
        limit max_rows
    )

    delete from ops.notices as n
    using old_notices
    where n.user_id = old_notices.user_id and n.id = old_notices.id;
    get diagnostics cleared = row_count;
    return cleared;
end
$$;
comment on function ops.clear_notices(bigint) is
    'Deletes up to max_rows notices that are older than their user''s plan keeps what has ended, and says how many.';

grant execute on function ops.read_notices(uuid[], uuid)
to renderstore_app, renderstore_admin;

insert into ops.sweep_parts (position, what, function_name, is_urgent)
values (400, 'old notices deleted', 'ops.clear_notices', false);
