-- API keys, sealed by the application. An administrator sets them and reads none; who checks is given them, and has the keys that open
-- them.
-- depends: 0118.create-services

set local role renderstore_owner;

create table ops.service_secrets (
    service_id text not null,
    api_key_sealed bytea not null,

    constraint service_secrets_pkey primary key (service_id),
    constraint service_secrets_service_id_fkey foreign key (service_id)
        references ops.services (id) on delete cascade,
    constraint service_secrets_api_key_sealed_is_short_check
        check (length(api_key_sealed) between 1 and 10000)
);

comment on table ops.service_secrets is
    'At most one row a service: its API key. A service without one is asked without a key.';
comment on column ops.service_secrets.service_id is
    'The service whose key it is.';
comment on column ops.service_secrets.api_key_sealed is
    'The API key, encrypted by the application and bound to this row.';
comment on constraint service_secrets_pkey on ops.service_secrets is
    'This service already has an API key.';
comment on constraint service_secrets_service_id_fkey on ops.service_secrets is
    'There is no service with this id; still referenced: the service has an API key.';
comment on constraint service_secrets_api_key_sealed_is_short_check
on ops.service_secrets is
    'A sealed API key has 1 to 10000 bytes.';

alter table ops.service_secrets enable row level security;
alter table ops.service_secrets force row level security;

create policy service_secrets_owner on ops.service_secrets
    to renderstore_owner
    using (true)
    with check (true);

create function ops.set_service_secret(service_id text, api_key_sealed bytea)
returns void
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    perform work.check_administrator();
    update ops.services as s
    set updated_at = now()
    where s.id = service_id;
    if not found then
        raise exception using
            errcode = 'P0002',
            message = format('There is no service %L.', service_id);
    end if;
    if api_key_sealed is null then
        delete from ops.service_secrets as k
        where k.service_id = service_id;
        return;
    end if;
    insert into ops.service_secrets (service_id, api_key_sealed)
    values (service_id, api_key_sealed)
    on conflict on constraint service_secrets_pkey do update
    set api_key_sealed = excluded.api_key_sealed;
end
$$;
comment on function ops.set_service_secret(text, bytea) is
    'Sets a service''s sealed API key, or takes it away where it is null; the rest of the service stays.';

create function ops.service_secret(service_id text)
returns bytea
language plpgsql
stable
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
begin
    perform work.acting_worker();
    return (
        select k.api_key_sealed
        from ops.service_secrets as k
        where k.service_id = service_id
    );
end
$$;
comment on function ops.service_secret(text) is
    'A service''s sealed API key, for who checks it; null without one.';

create function ops.list_service_secrets(after_service_id text, page_size bigint)
returns table (service_id text, api_key_sealed bytea)
language plpgsql
stable
security definer
rows 10
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
begin
    perform work.acting_worker();
    return query
    select k.service_id, k.api_key_sealed
    from ops.service_secrets as k
    where k.service_id > coalesce(after_service_id, '')
    order by k.service_id
    limit page_size;
end
$$;
comment on function ops.list_service_secrets(text, bigint) is
    'A page of the sealed API keys, for a change of the key that seals them.';

create function ops.replace_service_secret(
    service_id text,
    old_value bytea,
    new_value bytea
)
returns bigint
language plpgsql
volatile
security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    replaced bigint;
begin
    perform work.acting_worker();
    update ops.service_secrets as k
    set api_key_sealed = new_value
    where k.service_id = service_id and k.api_key_sealed = old_value;
    get diagnostics replaced = row_count;
    return replaced;
end
$$;
comment on function ops.replace_service_secret(text, bytea, bytea) is
    'Puts a value that was sealed again in the place of the old one, unless it has changed since. Says how many: one or none.';

grant execute on function ops.set_service_secret(text, bytea) to renderstore_admin;
grant execute on function
    ops.service_secret(text),
    ops.list_service_secrets(text, bigint),
    ops.replace_service_secret(text, bytea, bytea)
to renderstore_worker;
