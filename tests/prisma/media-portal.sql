-- What Prisma makes of the media portal's design, and fixture.rows requests and downloads in it.
create table users (
    id uuid not null,
    plex_id varchar(255),
    plex_username varchar(255) not null,
    email varchar(255),
    role varchar(50) not null default 'user',
    plex_token text,
    password_hash text,
    force_password_change boolean not null default false,
    is_bootstrap_user boolean not null default false,
    created_at timestamp(3) not null default current_timestamp,
    last_login_at timestamp(3),
    status varchar(50) not null default 'active',
    constraint users_pkey primary key (id)
);
create unique index users_plex_id_key on users (plex_id);
create table media_requests (
    id uuid not null,
    user_id uuid not null,
    title varchar(500) not null,
    media_type varchar(50) not null,
    tmdb_id varchar(50),
    status varchar(50) not null default 'pending',
    overseerr_id varchar(255),
    created_at timestamp(3) not null default current_timestamp,
    completed_at timestamp(3),
    constraint media_requests_pkey primary key (id)
);
create table youtube_downloads (
    id uuid not null,
    user_id uuid not null,
    playlist_url text not null,
    playlist_title varchar(500),
    status varchar(50) not null default 'queued',
    file_paths jsonb,
    plex_collection_id varchar(255),
    created_at timestamp(3) not null default current_timestamp,
    completed_at timestamp(3),
    constraint youtube_downloads_pkey primary key (id)
);
create table service_status (
    id serial not null,
    service_name varchar(100) not null,
    status varchar(50),
    response_time_ms integer,
    last_check_at timestamp(3),
    uptime_percentage decimal(5, 2),
    constraint service_status_pkey primary key (id)
);
create table rate_limits (
    id serial not null,
    user_id uuid not null,
    endpoint varchar(255) not null,
    request_count integer not null default 0,
    window_start timestamp(3) not null default current_timestamp,
    constraint rate_limits_pkey primary key (id)
);
create table service_config (
    id serial not null,
    service_name varchar(100) not null,
    service_url text not null,
    api_key text,
    enabled boolean not null default true,
    config_data jsonb,
    updated_at timestamp(3) not null,
    updated_by uuid,
    constraint service_config_pkey primary key (id)
);
create table session_tokens (
    id uuid not null,
    user_id uuid not null,
    token_hash varchar(255) not null,
    expires_at timestamp(3) not null,
    created_at timestamp(3) not null default current_timestamp,
    last_used_at timestamp(3),
    constraint session_tokens_pkey primary key (id)
);

insert into users (id, plex_id, plex_username, email, created_at, last_login_at, status, plex_token)
select
    md5('user' || n)::uuid,
    (1000 + n)::text,
    'plex' || n,
    case when n % 4 <> 0 then 'user' || n || '@example.com' end,
    timestamp '2024-01-01' + n * interval '1 hour',
    timestamp '2025-01-01' + n * interval '1 hour',
    'active',
    'sealed-' || n
from generate_series(1, 40) as n;

insert into media_requests (id, user_id, title, media_type, tmdb_id, status, overseerr_id, created_at, completed_at)
select
    md5('request' || n)::uuid,
    md5('user' || (1 + n % 40))::uuid,
    'Title ' || n,
    case when n % 2 = 0 then 'movie' else 'tv' end,
    n::text,
    made.status,
    'o' || n,
    timestamp '2025-01-01' + n * interval '137.5 seconds',
    case when made.status in ('available', 'declined', 'failed')
        then timestamp '2025-02-01' + n * interval '137.5 seconds' end
from generate_series(1, current_setting('fixture.rows')::integer) as n
cross join lateral (
    select (array['pending', 'approved', 'available', 'declined', 'failed', 'processing'])[1 + n % 6] as status
) as made;

insert into youtube_downloads (id, user_id, playlist_url, playlist_title, status, plex_collection_id, created_at, completed_at)
select
    md5('download' || n)::uuid,
    md5('user' || (1 + n % 40))::uuid,
    'https://www.youtube.com/playlist?list=PL' || n,
    'Playlist ' || n,
    made.status,
    'c' || n,
    timestamp '2025-01-01' + n * interval '137.5 seconds',
    case when made.status <> 'queued' then timestamp '2025-02-01' + n * interval '137.5 seconds' end
from generate_series(1, current_setting('fixture.rows')::integer) as n
cross join lateral (
    select (array['queued', 'completed', 'failed', 'cancelled'])[1 + n % 4] as status
) as made;

insert into session_tokens (id, user_id, token_hash, expires_at, created_at)
select
    md5('session' || n)::uuid,
    md5('user' || n)::uuid,
    encode(sha256(convert_to('cookie' || n, 'UTF8')), 'hex'),
    timestamp '2100-01-01' + n * interval '1 hour',
    timestamp '2025-01-01' + n * interval '1 hour'
from generate_series(1, 20) as n;

insert into service_status (service_name, status, response_time_ms, uptime_percentage)
values ('plex', 'up', 12, 99.95);
