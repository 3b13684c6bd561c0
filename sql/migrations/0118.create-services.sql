-- The services around the farm and the portal, and how they are asked. What their checks found stands apart (0120), so that an
-- administrator's open transaction delays no check.
-- depends: 0117.find-media-problems

set local role renderstore_owner;

create domain ops.service_url as text
    constraint service_url_is_http_check check (
        length(value) <= 2000
        and value
        ~ (
            '^https?://([A-Za-z0-9]([A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])'
            || '(:[0-9]{1,5})?(/[\u0021-\u0022\u0024-\u003e\u0040-\u007e]*)?$'
        )
    );
comment on domain ops.service_url is
    'Where a service is found: http or https, a host, perhaps a path; up to 2000 characters.';
comment on constraint service_url_is_http_check on domain ops.service_url is
    'A service''s URL begins with http:// or https:// and a host, names no user, has no ? or #, and has at most 2000 characters.';

create table ops.services (
    id text not null,
    name text not null,
    url ops.service_url,
    check_path text not null default '/',
    api_key_header text,
    is_enabled boolean not null default true,
    is_watched boolean generated always as (is_enabled and url is not null) stored,
    config jsonb not null default '{}',
    check_every_s integer not null default 60,
    failures_to_go_down integer not null default 3,
    created_at timestamptz not null default now(),
    updated_at timestamptz not null default now(),
    updated_by text not null default identity.current_actor(),

    constraint services_pkey primary key (id),
    constraint services_id_is_slug_check check (id ~ '^[a-z][a-z0-9-]{0,39}$'),
    constraint services_name_is_short_check check (length(name) between 1 and 100),
    constraint services_check_path_is_path_check check (
        length(check_path) <= 500 and check_path ~ '^/[\u0021-\u0022\u0024-\u007e]*$'
    ),
    constraint services_api_key_header_is_header_check
        check (api_key_header ~ '^[A-Za-z][A-Za-z0-9-]{0,99}$'),
    constraint services_config_is_object_check
        check (jsonb_typeof(config) = 'object' and ops.json_problem(config) is null),
    constraint services_check_every_s_is_5_to_86400_check
        check (check_every_s between 5 and 86400),
    constraint services_failures_to_go_down_is_1_to_100_check
        check (failures_to_go_down between 1 and 100)
);

comment on table ops.services is
    'One row a service around the house, such as plex: where it is, and how it is asked whether it lives.';
comment on column ops.services.id is
    'The service''s short name: 1 to 40 lower-case letters, digits and dashes.';
comment on column ops.services.name is
    'What people call it, 1 to 100 characters.';
comment on column ops.services.url is
    'Where it is; null where it is not set up, and its state is unknown.';
comment on column ops.services.check_path is
    'What a check asks for, after the URL: a path, up to 500 characters.';
comment on column ops.services.api_key_header is
    'The header in which a check sends the API key, such as X-Api-Key; null where it sends none.';
comment on column ops.services.is_enabled is
    'Whether it is checked.';
comment on column ops.services.is_watched is
    'Whether it is enabled and has a URL.';
comment on column ops.services.config is
    'What an application keeps of it: an object of its own. A secret does not belong here.';
comment on column ops.services.check_every_s is
    'How many seconds lie between two checks, 5 to 86400. A check says something for twice as long.';
comment on column ops.services.failures_to_go_down is
    'How many failures in a row make it down, 1 to 100.';
comment on column ops.services.created_at is
    'When it was added.';
comment on column ops.services.updated_at is
    'When its row, or its API key, last changed.';
comment on column ops.services.updated_by is
    'Who changed it last.';
comment on constraint services_pkey on ops.services is
    'There is already a service with this id.';
comment on constraint services_id_is_slug_check on ops.services is
    'A service''s id has 1 to 40 lower-case letters, digits and dashes and begins with a letter.';
comment on constraint services_name_is_short_check on ops.services is
    'A service''s name has 1 to 100 characters.';
comment on constraint services_check_path_is_path_check on ops.services is
    'What a check asks for begins with /, has no # and at most 500 printable characters.';
comment on constraint services_api_key_header_is_header_check on ops.services is
    'An API key''s header has 1 to 100 letters, digits and dashes and begins with a letter.';
comment on constraint services_config_is_object_check on ops.services is
    'A service''s config is a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';
comment on constraint services_check_every_s_is_5_to_86400_check on ops.services is
    'Between two checks lie 5 to 86400 seconds.';
comment on constraint services_failures_to_go_down_is_1_to_100_check on ops.services is
    'A service is down after 1 to 100 failures in a row.';

create function ops.set_updated_by()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    new.updated_by = identity.current_actor();
    return new;
end
$$;
comment on function ops.set_updated_by() is
    'Trigger: sets updated_by to who changes the row.';

create trigger services_set_updated_at
before update on ops.services
for each row
execute function ops.set_updated_at();
create trigger services_set_updated_by
before update on ops.services
for each row
execute function ops.set_updated_by();

-- Where a service stands in the own network is no user's to know.
grant select (id, name, is_enabled, is_watched) on ops.services to renderstore_app;
grant select on ops.services
    to renderstore_worker, renderstore_admin, renderstore_readonly;
grant
    insert (
        id,
        name,
        url,
        check_path,
        api_key_header,
        is_enabled,
        config,
        check_every_s,
        failures_to_go_down
    ),
    update (
        name,
        url,
        check_path,
        api_key_header,
        is_enabled,
        config,
        check_every_s,
        failures_to_go_down
    ),
    delete
on ops.services
to renderstore_admin;

insert into ops.services (id, name, check_path, api_key_header)
values
    ('plex', 'Plex', '/identity', 'X-Plex-Token'),
    ('overseerr', 'Overseerr', '/api/v1/status', 'X-Api-Key'),
    ('uptime-kuma', 'Uptime Kuma', '/', null);
