-- How the services of a media portal come here: what is set up there and not yet here. An API key is sealed with the portal's own key and
-- must be set again.
-- depends: 0139.import-downloads

set local role renderstore_owner;

create function ops.import_service(kind text, source text, old_row jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_variable
declare
    changes text[] := '{}';
    id constant text := btrim(
        regexp_replace(lower(btrim(old_row ->> 'service_name')), '[^a-z0-9]+', '-', 'g'),
        '-'
    );
    url text := nullif(btrim(old_row ->> 'service_url'), '');
    config constant jsonb := coalesce(nullif(old_row -> 'config_data', 'null'), '{}');
    there record;
begin
    -- Where our URL has no ? and no /, theirs may end in one.
    if url ~ '/$' then
        url := regexp_replace(url, '/+$', '');
        changes := changes || 'service_url: written without the slash at its end'::text;
    end if;
    if id <> old_row ->> 'service_name' then
        changes := changes || format('service_name: %s became %s', old_row ->> 'service_name', id);
    end if;
    if nullif(old_row ->> 'api_key', '') is not null then
        changes := changes || 'api_key: dropped, it is sealed with another key; set it again'::text;
    end if;
    select s.url, s.is_enabled, s.config into there
    from ops.services as s
    where s.id = id;
    if not found then
        insert into ops.services (id, name, url, is_enabled, config)
        values (
            id,
            left(btrim(old_row ->> 'service_name'), 100),
            url,
            coalesce((old_row ->> 'enabled')::boolean, true),
            config
        );
    elsif there.url is not null and there.url::text is distinct from url then
        perform ops.refuse_import(
            kind, source, old_row,
            'This service is set up here already, with another URL.'
        );
        return;
    elsif there.url is not null then
        changes := changes || 'merged with the service, which is set up here already and stays as is'::text;
    else
        update ops.services as s
        set
            url = url,
            is_enabled = coalesce((old_row ->> 'enabled')::boolean, true),
            config = case when there.config = '{}' then config else there.config end
        where s.id = id;
        if there.config not in ('{}', config) then
            changes := changes || 'config_data: dropped, there is one here'::text;
        end if;
    end if;
    perform ops.note_import(kind, source, old_row ->> 'id', 'ops.services', id, changes);
end
$$;
comment on function ops.import_service(text, text, jsonb) is
    'Brings one service''s configuration of a media portal here.';
