-- Which tables the trail watches, and what it keeps of each column. A watched table has a trigger function of its own, written from
-- these rows: one that reads them at each change would cost several times the change.
-- depends: 0129.create-audit

set local role renderstore_owner;

create type audit.rule as enum ('keep', 'changed', 'hash', 'skip');
comment on type audit.rule is
    'What the trail keeps of a column: keep, its values; changed, that it changed; hash, the length and SHA-256 of its values; skip, nothing.';

create table audit.columns (
    table_name text not null,
    column_name text not null,
    rule audit.rule not null,

    constraint columns_pkey primary key (table_name, column_name)
);

comment on table audit.columns is
    'One row a column of a watched table: what the trail keeps of it. Secrets, typed text and personal values are never kept.';
comment on column audit.columns.table_name is
    'The table, with its schema.';
comment on column audit.columns.column_name is
    'The column.';
comment on column audit.columns.rule is
    'What is kept.';
comment on constraint columns_pkey on audit.columns is
    'There is already a rule for this column.';

grant select on audit.columns to renderstore_admin, renderstore_readonly;

create function audit.digest(value text)
returns jsonb
language plpgsql
stable
strict
set search_path = pg_catalog, pg_temp
as $$
begin
    return jsonb_build_object(
        'length',
        length(value),
        'sha256',
        encode(sha256(convert_to(value, 'UTF8')), 'hex')
    );
end
$$;
comment on function audit.digest(text) is
    'What the trail keeps of a long text: by it one sees that two are the same.';

-- Inserts and deletes are written a statement at once. An update is written a row at once: its trigger costs nothing where only
-- columns changed that the trail skips.
create function audit.watch(watched regclass, owners text[] default '{}')
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
    full_name text;
    bare_name text;
    function_name text;
    owner_id text;
    row_key text;
    compared text;
    present text;
    kept text;
    changes text;
    unruled text;
begin
    select
        format('%s.%s', n.nspname, c.relname),
        c.relname,
        format('audit.note_%s_%s', n.nspname, c.relname)
    into strict full_name, bare_name, function_name
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = watched;

    select string_agg(a.attname, ', ' order by a.attnum) into unruled
    from pg_attribute as a
    where a.attrelid = watched
        and a.attnum > 0
        and not a.attisdropped
        and not exists (
            select
            from audit.columns as r
            where r.table_name = full_name and r.column_name = a.attname
        );
    if unruled is not null then
        raise exception using
            errcode = 'P0002',
            message = format('audit.columns has no rule for these columns of %s: %s.', full_name, unruled);
    end if;

    -- The owner leads the key and is said already, unless it is all of it.
    select
        string_agg(
            format('%%1$s.%I::text', a.attname),
            ' || ''/'' || ' order by k.nth
        )
    into strict row_key
    from pg_index as i
    cross join unnest(i.indkey::smallint[]) with ordinality as k (attnum, nth)
    join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where i.indrelid = watched
        and i.indisprimary
        and (i.indnkeyatts = 1 or a.attname <> all(owners));
    select
        format(
            'coalesce(%s)',
            concat_ws(
                ', ',
                string_agg(format('%%1$s.%I', o.name), ', ' order by o.nth),
                '''00000000-0000-0000-0000-000000000000''::uuid'
            )
        )
    into strict owner_id
    from unnest(owners) with ordinality as o (name, nth);

    select
        string_agg(format('%%1$s.%I', c.name), ', ' order by c.place),
        string_agg(
            format(
                e'\n            case when r.%1$I is not null then %1$L end',
                c.name
            ),
            ',' order by c.place
        ),
        string_agg(
            format(e'\n            %L, ', c.name) || format(c.shown, 'r'),
            ',' order by c.place
        ),
        string_agg(
            format(
                e'        if old.%1$I is distinct from new.%1$I then\n'
                '            changed := changed || %1$L::text;\n',
                c.name
            )
            || case
                when c.shown is null then ''
                else format(
                    e'            before := before || jsonb_build_object(%1$L, %2$s);\n'
                    '            after := after || jsonb_build_object(%1$L, %3$s);\n',
                    c.name,
                    format(c.shown, 'old'),
                    format(c.shown, 'new')
                )
            end
            || e'        end if;\n',
            '' order by c.place
        )
    into strict compared, present, kept, changes
    from (
        select
            a.attname as name,
            a.attnum as place,
            case r.rule
                when 'keep' then format('%%1$s.%I', a.attname)
                when 'hash' then format('audit.digest(%%1$s.%I::text)', a.attname)
            end as shown
        from audit.columns as r
        join pg_attribute as a on a.attrelid = watched and a.attname = r.column_name
        where r.table_name = full_name and r.rule <> 'skip'
    ) as c;

    execute format(
        e'create or replace function %1$s()\n'
        'returns trigger\n'
        'language plpgsql\n'
        'security definer\n'
        'set search_path = pg_catalog, pg_temp\n'
        'as $body$\n'
        'declare\n'
        '    changed text[] := ''{}'';\n'
        '    before jsonb := ''{}'';\n'
        '    after jsonb := ''{}'';\n'
        'begin\n'
        '    if tg_level = ''ROW'' then\n'
        '%2$s'
        '        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)\n'
        '        values (%3$s, %4$L, %5$s, ''update'', changed, before, after);\n'
        '        return null;\n'
        '    end if;\n'
        '    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)\n'
        '    select\n'
        '        %6$s,\n'
        '        %4$L,\n'
        '        %7$s,\n'
        '        lower(tg_op)::audit.operation,\n'
        '        array_remove(array[%8$s\n        ]::text[], null),\n'
        '        case when tg_op = ''DELETE'' then kept.what end,\n'
        '        case when tg_op = ''INSERT'' then kept.what end\n'
        '    from moved as r\n'
        '    cross join lateral (\n'
        '        select jsonb_strip_nulls(jsonb_build_object(%9$s\n        )) as what\n'
        '    ) as kept;\n'
        '    return null;\n'
        'end\n'
        '$body$',
        function_name,
        changes,
        format(owner_id, 'new'),
        full_name,
        format(row_key, 'new'),
        format(owner_id, 'r'),
        format(row_key, 'r'),
        present,
        coalesce(kept, '')
    );
    execute format(
        'comment on function %s() is %L',
        function_name,
        format('Trigger: writes what happened to rows of %s into the trail, as audit.columns says. Made by audit.watch.', full_name)
    );
    execute format(
        'create or replace trigger %I after insert on %s referencing new table as moved'
        ' for each statement execute function %s()',
        bare_name || '_audit_insert',
        watched,
        function_name
    );
    execute format(
        'create or replace trigger %I after delete on %s referencing old table as moved'
        ' for each statement execute function %s()',
        bare_name || '_audit_delete',
        watched,
        function_name
    );
    execute format(
        'create or replace trigger %I after update on %s for each row'
        ' when (row(%s) is distinct from row(%s)) execute function %s()',
        bare_name || '_audit_update',
        watched,
        format(compared, 'old'),
        format(compared, 'new'),
        function_name
    );
end
$$;
comment on function audit.watch(regclass, text[]) is
    'Makes the trail follow a table, whose rows belong to the user in the first of these columns that holds one. Again after its columns or their rules changed.';

insert into audit.columns (table_name, rule, column_name)
select
    listed.table_name,
    listed.rule::audit.rule,
    unnest(listed.names::text[]) as column_name
from (
    values
        (
            'identity.users',
            'keep',
            '{plan_id,farm_id,role,status,is_bootstrap,is_password_change_due}'
        ),
        (
            'identity.users',
            'changed',
            '{email,name,image,slack_id,plex_id,plex_username,'
            'email_verified_at}'
        ),
        ('identity.users', 'skip', '{id,last_login_at,created_at,updated_at}'),
        ('identity.user_secrets', 'changed', '{plex_token_encrypted,password_hash}'),
        ('identity.user_secrets', 'skip', '{user_id}'),
        ('identity.macos_accounts', 'keep', '{user_id}'),
        ('identity.macos_accounts', 'changed', '{name}'),
        ('identity.macos_accounts', 'skip', '{id,created_at}'),
        ('identity.accounts', 'keep', '{user_id,type,provider}'),
        ('identity.accounts', 'changed', '{provider_account_id,token_type,scope}'),
        ('identity.accounts', 'skip', '{id,expires_at_s,created_at}'),
        ('identity.session_tokens', 'keep', '{user_id,expires_at}'),
        ('identity.session_tokens', 'skip', '{id,token_hash,last_used_at,created_at}'),
        (
            'identity.api_tokens',
            'keep',
            '{user_id,service,for_user_id,roles,expires_at,revoked_at}'
        ),
        ('identity.api_tokens', 'changed', '{name,prefix}'),
        ('identity.api_tokens', 'skip', '{id,token_hash,last_used_at,created_at}'),
        (
            'identity.plans',
            'keep',
            '{id,max_projects,max_active_jobs,max_daily_jobs,max_stored_bytes,'
            'max_priority,keep_ended_jobs_days,share,keep_deleted_days,'
            'max_open_requests,max_daily_requests,max_daily_downloads}'
        ),
        ('identity.plans', 'changed', '{name}'),
        ('identity.plans', 'skip', '{created_at,updated_at}'),
        ('work.pauses', 'keep', '{label}'),
        ('work.pauses', 'changed', '{reason}'),
        ('work.pauses', 'skip', '{paused_by,paused_at}'),
        ('work.user_pauses', 'changed', '{reason}'),
        ('work.user_pauses', 'skip', '{user_id,paused_by,paused_at}'),
        ('work.error_classes', 'keep', '{name,is_retried}'),
        ('work.error_classes', 'changed', '{meaning}'),
        ('studio.projects', 'keep', '{status,deleted_at}'),
        ('studio.projects', 'changed', '{title}'),
        ('studio.projects', 'hash', '{source_text,config}'),
        ('studio.projects', 'skip', '{user_id,id,created_at,updated_at,purge_at}'),
        ('studio.scenes', 'keep', '{project_id,status,duration_ms,deleted_at}'),
        ('studio.scenes', 'hash', '{narration,image_prompt,config}'),
        ('studio.scenes', 'skip', '{user_id,id,position,created_at,updated_at}'),
        (
            'studio.assets',
            'keep',
            '{project_id,kind,state,size_bytes,width,height,duration_ms,'
            'kept_at,expires_at,deleted_at,missing_at}'
        ),
        ('studio.assets', 'changed', '{uri,name,media_type,sha256}'),
        ('studio.assets', 'hash', '{provenance}'),
        ('studio.assets', 'skip', '{user_id,id,created_at,updated_at,sweep_at}'),
        ('studio.characters', 'keep', '{project_id,deleted_at}'),
        ('studio.characters', 'changed', '{name}'),
        ('studio.characters', 'hash', '{description,config}'),
        ('studio.characters', 'skip', '{user_id,id,created_at,updated_at}'),
        (
            'studio.animations',
            'keep',
            '{project_id,character_id,frames_per_second,playback,repeats,'
            'deleted_at}'
        ),
        ('studio.animations', 'changed', '{name}'),
        ('studio.animations', 'skip', '{user_id,id,created_at,updated_at}'),
        ('studio.presets', 'keep', '{kind,is_default,deleted_at}'),
        ('studio.presets', 'changed', '{name}'),
        ('studio.presets', 'hash', '{settings}'),
        ('studio.presets', 'skip', '{user_id,id,created_at,updated_at,purge_at}'),
        ('studio.standard_presets', 'keep', '{id,kind,is_default}'),
        ('studio.standard_presets', 'changed', '{name}'),
        ('studio.standard_presets', 'hash', '{settings}'),
        ('media.requests', 'keep', '{status,media_type,tmdb_id,season,is_4k}'),
        ('media.requests', 'changed', '{title,overseerr_id,decision_reason}'),
        (
            'media.requests',
            'skip',
            '{user_id,id,decided_by,requested_at,decided_at,completed_at}'
        ),
        (
            'media.download_specs',
            'changed',
            '{playlist_url,playlist_title,plex_collection_id,options}'
        ),
        ('media.download_specs', 'skip', '{user_id,job_id}'),
        ('ops.services', 'keep', '{id,is_enabled,check_every_s,failures_to_go_down}'),
        ('ops.services', 'changed', '{name,url,check_path,api_key_header,config}'),
        ('ops.services', 'skip', '{is_watched,created_at,updated_at,updated_by}'),
        ('ops.service_secrets', 'keep', '{service_id}'),
        ('ops.service_secrets', 'changed', '{api_key_sealed}'),
        ('ops.limits', 'keep', '{endpoint,max_requests,window_s}'),
        ('ops.limits', 'skip', '{created_at,updated_at,updated_by}'),
        ('ops.retentions', 'keep', '{name,days,least_days}'),
        ('ops.retentions', 'changed', '{sentence}'),
        ('ops.retentions', 'skip', '{updated_at,updated_by}'),
        (
            'ops.health_rules',
            'keep',
            '{name,position,unit,is_callers,warn_above,fail_above}'
        ),
        ('ops.health_rules', 'changed', '{sentence,remedy}'),
        ('ops.health_rules', 'skip', '{updated_at,updated_by}'),
        ('audit.columns', 'keep', '{table_name,column_name,rule}')
) as listed (table_name, rule, names);

select audit.watch(listed.table_name::regclass, listed.owners::text[]) as watched
from (
    values
        ('identity.users', '{id}'),
        ('identity.user_secrets', '{user_id}'),
        ('identity.macos_accounts', '{user_id}'),
        ('identity.accounts', '{user_id}'),
        ('identity.session_tokens', '{user_id}'),
        ('identity.api_tokens', '{user_id,for_user_id}'),
        ('identity.plans', '{}'),
        ('work.pauses', '{}'),
        ('work.user_pauses', '{user_id}'),
        ('work.error_classes', '{}'),
        ('studio.projects', '{user_id}'),
        ('studio.scenes', '{user_id}'),
        ('studio.assets', '{user_id}'),
        ('studio.characters', '{user_id}'),
        ('studio.animations', '{user_id}'),
        ('studio.presets', '{user_id}'),
        ('studio.standard_presets', '{}'),
        ('media.requests', '{user_id}'),
        ('media.download_specs', '{user_id}'),
        ('ops.services', '{}'),
        ('ops.service_secrets', '{}'),
        ('ops.limits', '{}'),
        ('ops.retentions', '{}'),
        ('ops.health_rules', '{}'),
        ('audit.columns', '{}')
) as listed (table_name, owners);
