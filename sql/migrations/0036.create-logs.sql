-- What jobs' programs say, in chunks, apart from the hot row. A chunk says where it begins, so a log is read as one text, as
-- a tail, or on from a position. Gone with the job.
-- depends: 0035.create-events

set local role renderstore_owner;

create table work.logs (
    user_id uuid not null,
    job_id uuid not null,
    position bigint not null,
    attempt integer not null,
    chunk text not null,
    written_at timestamptz not null default now(),

    constraint logs_pkey primary key (user_id, job_id, position),
    constraint logs_user_id_job_id_fkey foreign key (user_id, job_id)
        references work.jobs (user_id, id) on delete cascade,
    constraint logs_position_is_not_negative_check check (position >= 0),
    constraint logs_chunk_is_short_check
        check (octet_length(chunk) between 1 and 1048676)
);

comment on table work.logs is
    'One row a chunk of a job''s log; work.append_log writes it.';
comment on column work.logs.user_id is
    'The user who owns the job.';
comment on column work.logs.job_id is
    'The job.';
comment on column work.logs.position is
    'How many bytes of the job''s log come before this chunk.';
comment on column work.logs.attempt is
    'The attempt that wrote the chunk.';
comment on column work.logs.chunk is
    'The text, up to 1 MiB and the marker of what was dropped.';
comment on column work.logs.written_at is
    'When the chunk was written.';
comment on constraint logs_pkey on work.logs is
    'This part of the log is already written.';
comment on constraint logs_user_id_job_id_fkey on work.logs is
    'There is no job with this id; still referenced: the job has a log.';
comment on constraint logs_position_is_not_negative_check on work.logs is
    'A log''s position is 0 or more.';
comment on constraint logs_chunk_is_short_check on work.logs is
    'A chunk of a log has 1 byte to 1 MiB.';

alter table work.logs enable row level security;
alter table work.logs force row level security;

create policy logs_owner on work.logs
    to renderstore_owner
    using (true)
    with check (true);
create policy logs_own on work.logs
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy logs_held on work.logs
    for select
    to renderstore_worker
    using (
        exists (
            select
            from work.jobs as j
            where j.user_id = logs.user_id and j.id = logs.job_id
        )
    );
create policy logs_read on work.logs
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on work.logs
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;

-- Security definer: nobody else writes logs, so nobody writes without the lease. The job is read, not locked: whoever holds its
-- row makes no log wait.
create function work.append_log(
    user_id uuid,
    job_id uuid,
    attempt integer,
    chunk text,
    max_bytes bigint default 1048576
)
returns bigint
language plpgsql
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    marker constant text := E'\n[the log is full: what followed was dropped]\n';
    reached bigint;
    room bigint;
    kept text;
begin
    loop
        perform
        from work.jobs as j
        where j.user_id = user_id
            and j.id = job_id
            and j.attempt = attempt
            and j.status in ('running', 'validating')
            and j.held_by = work.acting_worker();
        if not found then
            perform work.refuse_lost_lease();
        end if;

        select l.position + octet_length(l.chunk) into reached
        from work.logs as l
        where l.user_id = user_id and l.job_id = job_id
        order by l.position desc
        limit 1;
        reached := coalesce(reached, 0);
        -- Only the marker reaches beyond the limit.
        if reached > max_bytes or chunk = '' then
            return reached;
        end if;

        kept := chunk;
        room := max_bytes - reached;
        if octet_length(kept) > room then
            -- The bytes that fit may end within a character; the marker fills the rest and shows the loss.
            kept := left(kept, room::integer);
            while octet_length(kept) > room loop
                kept := left(
                    kept,
                    length(kept) - greatest((octet_length(kept) - room) / 4, 1)::integer
                );
            end loop;
            kept := kept || marker;
        end if;
        -- Two chunks at once meet in the key; the later one looks again where it begins.
        insert into work.logs (user_id, job_id, position, attempt, chunk)
        values (user_id, job_id, reached, attempt, kept)
        on conflict do nothing;
        if found then
            return reached + octet_length(kept);
        end if;
    end loop;
end
$$;
comment on function work.append_log(uuid, uuid, integer, text, bigint) is
    'The position reached after appending to the log of a job that the acting worker holds. What exceeds the limit is dropped, and marked.';

grant execute on function work.append_log(uuid, uuid, integer, text, bigint)
    to renderstore_worker;
