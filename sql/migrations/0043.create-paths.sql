-- Paths come from Windows, macOS and Linux at once. Each is absolute, in one of three styles, and refused where it climbs,
-- or holds what no file system keeps. [####] and other tokens of sequences are part of a name.
-- depends: 0042.create-error-classes

set local role renderstore_owner;

create type render.path_style as enum ('posix', 'windows', 'uri');
comment on type render.path_style is
    'How a path is written: posix (/Volumes/ads), windows (C:\ads, C:/ads, \\server\ads), uri (s3://ads).';

create function render.path_style(path text)
returns render.path_style
language sql
immutable
parallel safe
return case
    -- One letter before the colon is a drive: nexrender takes it for a protocol.
    when path ~ '^[A-Za-z]:[\\/]' or path ~ '^\\\\[^\\/]+[\\/][^\\/]+' then 'windows'::render.path_style
    when path ~ '^[A-Za-z][A-Za-z0-9+.-]+://?[^/]' or path ~ '^file:///' then 'uri'
    when path ~ '^/' then 'posix'
end;
comment on function render.path_style(text) is
    'The style of a path; null where it is none of ours.';

create function render.path_segments(path text)
returns text[]
language sql
immutable
parallel safe
return case render.path_style(path)
    when 'windows' then regexp_split_to_array(path, '[\\/]')
    when 'uri' then regexp_split_to_array(regexp_replace(path, '[?#].*$', ''), '/')
    else regexp_split_to_array(path, '/')
end;
comment on function render.path_segments(text) is
    'The names in a path, empty ones included.';

create function render.path_problem(path text)
returns text
language plpgsql
immutable
parallel safe
as $$
declare
    style constant render.path_style := render.path_style(path);
    segment text;
begin
    if path is null then
        return null;
    elsif path = '' then
        return 'A path is not empty.';
    elsif octet_length(path) > 2048 then
        return 'A path has at most 2048 bytes.';
    elsif path ~ '[[:cntrl:]]' then
        return 'A path holds no control characters.';
    elsif style is null then
        return 'A path is absolute: /folder/file, C:\folder\file, \\server\share\file or scheme://host/file.';
    end if;
    foreach segment in array render.path_segments(path) loop
        if segment = '..' or style = 'uri' and lower(segment) in ('%2e%2e', '.%2e', '%2e.') then
            return 'A path does not climb: no .. in it.';
        elsif octet_length(segment) > 255 then
            return 'A name in a path has at most 255 bytes.';
        elsif style = 'windows' and segment ~ '[<>"|?*]' then
            return 'A name in a Windows path holds none of < > " | ? *';
        end if;
    end loop;
    return null;
end
$$;
comment on function render.path_problem(text) is
    'What is wrong with a path, as a sentence; null where nothing is.';

grant execute on function
    render.path_style(text),
    render.path_segments(text),
    render.path_problem(text)
to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
