-- Loses what each download is to do.

set local role renderstore_owner;

create or replace function work.lacks_specification(
    user_id uuid,
    id uuid,
    kind work.job_kind
)
returns boolean
language sql
stable
return case kind
    when 'render' then render.lacks_specification(user_id, id)
    when 'step' then studio.lacks_specification(user_id, id)
    else false
end;
drop function media.lacks_specification(uuid, uuid);
drop table media.download_specs;
drop domain media.playlist_url;
