-- What users ask the portal for: one row a movie, a show or a season. Whoever asks again for what is open or there finds that row. A
-- request is made and decided by functions.
-- depends: 0107.claim-notices

set local role renderstore_owner;

create table media.requests (
    user_id uuid not null,
    id uuid not null default ops.uuidv7(),
    status media.request_status not null default 'pending',
    title text not null,
    media_type media.media_type not null,
    tmdb_id integer,
    season integer,
    is_4k boolean not null default false,
    overseerr_id text,
    decided_by text,
    decision_reason text,
    requested_at timestamptz not null default now(),
    decided_at timestamptz,
    completed_at timestamptz,

    constraint requests_pkey primary key (user_id, id),
    constraint requests_user_id_fkey foreign key (user_id)
        references identity.owners (user_id) on delete cascade,
    constraint requests_title_is_short_check check (
        length(title) between 1 and 500
        and title !~ '[\u0001-\u001f\u007f]'
        and title ~ '[^[:space:]]'
    ),
    constraint requests_tmdb_id_is_positive_check check (tmdb_id >= 1),
    constraint requests_season_is_0_to_1000_check check (season between 0 and 1000),
    constraint requests_season_is_a_shows_check
        check (season is null or media_type = 'tv'),
    constraint requests_overseerr_id_is_short_check
        check (length(overseerr_id) between 1 and 100),
    constraint requests_decision_reason_is_short_check
        check (length(decision_reason) between 1 and 1000),
    constraint requests_is_whole_check check (
        (decided_by is null) = (decided_at is null)
        and (status = 'pending') = (decided_at is null)
        and (status in ('pending', 'approved', 'processing')) = (completed_at is null)
    )
);

comment on table media.requests is
    'One row a movie, a show or a season that a user asked for.';
comment on column media.requests.user_id is
    'The user who asked.';
comment on column media.requests.id is
    'The request''s identifier, made by the database; later ones sort after earlier ones.';
comment on column media.requests.status is
    'Where the request stands; media.transitions says what may follow.';
comment on column media.requests.title is
    'What it is called, 1 to 500 characters.';
comment on column media.requests.media_type is
    'Whether it is a movie or a show.';
comment on column media.requests.tmdb_id is
    'Its id at TMDB, which is unique within a media type; null where it is not known, and then nothing finds it again.';
comment on column media.requests.season is
    'The season, 0 for the specials; null for a movie, or a whole show.';
comment on column media.requests.is_4k is
    'Whether it is asked for in 4K, which is a request of its own.';
comment on column media.requests.overseerr_id is
    'Overseerr''s own id of the request, 1 to 100 characters; null without one.';
comment on column media.requests.decided_by is
    'Who brought it to where it stands: user:…, admin:… or dba:…; null while nobody has decided.';
comment on column media.requests.decision_reason is
    'What was said to it, up to 1000 characters; null without a reason.';
comment on column media.requests.requested_at is
    'When it was asked for.';
comment on column media.requests.decided_at is
    'When it came to where it stands; null while nobody has decided.';
comment on column media.requests.completed_at is
    'When it was available, or ended otherwise; null while it is open.';
comment on constraint requests_pkey on media.requests is
    'There is already a request with this id.';
comment on constraint requests_user_id_fkey on media.requests is
    'There is no user with this id; still referenced: the user asked for something.';
comment on constraint requests_title_is_short_check on media.requests is
    'A request''s title has 1 to 500 characters, not only blanks and no control characters.';
comment on constraint requests_tmdb_id_is_positive_check on media.requests is
    'An id at TMDB is 1 or more.';
comment on constraint requests_season_is_0_to_1000_check on media.requests is
    'A season is 0 (the specials) to 1000.';
comment on constraint requests_season_is_a_shows_check on media.requests is
    'A movie has no seasons.';
comment on constraint requests_overseerr_id_is_short_check on media.requests is
    'An id at Overseerr has 1 to 100 characters.';
comment on constraint requests_decision_reason_is_short_check on media.requests is
    'The reason of a decision has 1 to 1000 characters.';
comment on constraint requests_is_whole_check on media.requests is
    'A request that somebody decided says who and when, and one that is open has no end.';

-- Serves media.requests.submit: whoever asks again finds what is open or there.
create unique index requests_user_id_tmdb_id_key
    on media.requests (user_id, tmdb_id, media_type, is_4k, season)
    nulls not distinct
    where tmdb_id is not null
    and status in ('pending', 'approved', 'processing', 'available');
comment on index media.requests_user_id_tmdb_id_key is
    'The user has asked for this already.';

-- Serves media.charge: how many are open.
create index requests_open_idx on media.requests (user_id)
    where status in ('pending', 'approved', 'processing');

-- Serves media.requests.make_available: everybody who waits for it.
create index requests_awaited_idx on media.requests (tmdb_id)
    where status in ('approved', 'processing');

-- Serves media.requests.list_by_status.
create index requests_status_id_idx on media.requests (status, id);

-- Serves media.requests.find_by_id: support knows a request by its id alone.
create index requests_id_idx on media.requests (id);

create function media.guard_request()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if media.may_become(old.status, new.status) then
        return new;
    end if;
    raise exception using
        errcode = 'RS005',
        message = format('A request that is %s cannot become %s.', old.status, new.status);
end
$$;
comment on function media.guard_request() is
    'Trigger: a request changes only as media.transitions permits.';

create trigger requests_guard
before update of status on media.requests
for each row
when (old.status <> new.status)
execute function media.guard_request();

alter table media.requests enable row level security;
alter table media.requests force row level security;

create policy requests_owner on media.requests
    to renderstore_owner
    using (true)
    with check (true);
create policy requests_own on media.requests
    for select
    to renderstore_app
    using (user_id = (select identity.current_user_id()));
create policy requests_read on media.requests
    for select
    to renderstore_admin, renderstore_readonly
    using (true);

grant select on media.requests
    to renderstore_app, renderstore_admin, renderstore_readonly;

-- The columns that the portal's users know.
create view media.media_requests
with (security_invoker = true) as
select
    id,
    user_id,
    title,
    media_type,
    tmdb_id,
    status,
    overseerr_id,
    requested_at as created_at,
    completed_at
from media.requests;

comment on view media.media_requests is
    'media.requests in the columns that the portal had before.';
comment on column media.media_requests.id is
    'The request''s identifier.';
comment on column media.media_requests.user_id is
    'The user who asked.';
comment on column media.media_requests.title is
    'What it is called.';
comment on column media.media_requests.media_type is
    'Whether it is a movie or a show.';
comment on column media.media_requests.tmdb_id is
    'Its id at TMDB; null where it is not known.';
comment on column media.media_requests.status is
    'Where the request stands.';
comment on column media.media_requests.overseerr_id is
    'Overseerr''s own id of the request; null without one.';
comment on column media.media_requests.created_at is
    'When it was asked for.';
comment on column media.media_requests.completed_at is
    'When it was available, or ended otherwise; null while it is open.';

grant select on media.media_requests
    to renderstore_app, renderstore_admin, renderstore_readonly;
