-- Paths come from Windows, macOS and Linux at once. Each is absolute, in one of three styles, and refused where it climbs or
-- holds what one of the machines cannot keep. Tokens such as [####] and %04d are part of a name.
-- depends: 0059.find-problems

set local role renderstore_owner;

create type render.path_style as enum ('posix', 'windows', 'uri');
comment on type render.path_style is
    'How a path is written: posix (/Volumes/ads), windows (C:\ads, C:/ads, \\server\ads, //server/ads), uri (s3://ads).';

create function render.path_style(path text)
returns render.path_style
language sql
immutable
parallel safe
return case
    -- One letter before the colon is a drive: nexrender takes it for a protocol.
    when path ~ '^[A-Za-z]:[\\/]' then 'windows'::render.path_style
    -- POSIX leaves the meaning of two slashes to the system; people write shares so.
    when path ~ '^(\\\\|//)(?![.?][\\/])[^\\/]+[\\/]+[^\\/]' then 'windows'
    when path ~ '^[A-Za-z][A-Za-z0-9+.-]+://[^/\\?#]' then 'uri'
    when path ~ '^[Ff][Ii][Ll][Ee]:///' then 'uri'
    when path ~ '^/(?!/[^/])' then 'posix'
end;
comment on function render.path_style(text) is
    'The style of a path; null where it is not absolute in any of them. Asks for no more than that: render.path_problem does.';

create function render.uri_names(path text)
returns text
language sql
immutable
parallel safe
-- Only the web has queries: elsewhere ? stands in names, and # does everywhere, as in [####].
return case
    when path ~ '^[Hh][Tt][Tt][Pp][Ss]?:' then regexp_replace(path, '\?.*$', '')
    else path
end;
comment on function render.uri_names(text) is
    'The part of a URI that is made of names: without the query of a web address.';

create function render.relative_problem(path text)
returns text
language sql
immutable
parallel safe
return case
    when path ~ '^[A-Za-z]:'
        then 'A path is absolute: write C:\file, since C:file depends on a folder.'
    when path ~ '^(\\\\|//)[.?][\\/]'
        then 'A path names a file, not a device: leave out \\?\ and \\.\ in front.'
    when path ~ '^(\\\\|//)'
        then 'A network path names its server and its share: \\server\share\file.'
    when path ~ '^[A-Za-z][A-Za-z0-9+.-]+:'
        then 'A URI is written scheme://host/file or file:///folder/file.'
    else
        'A path is absolute: /folder, C:\folder, \\server\share or scheme://host.'
end;
comment on function render.relative_problem(text) is
    'Why a path has no style, as a sentence.';

create function render.windows_problem(path text)
returns text
language sql
immutable
parallel safe
return case
    when regexp_replace(path, '^[A-Za-z]:', '') ~ '[<>:"|?*]'
        then 'A name in a Windows path holds none of < > : " | ? and *.'
    -- Windows drops them in silence: the file would lie under another name.
    when path ~ '([^\\/][. ]|[\\/] )([\\/]|$)'
        then 'A name in a Windows path does not end in a dot or a space.'
    when path collate "C" ~* (
        '[\\/](con|prn|aux|nul|con(in|out)\$|(com|lpt)[1-9\u00b9\u00b2\u00b3])'
        || ' *(\.[^\\/]*)?([\\/]|$)'
    )
        then 'A name in a Windows path is no device''s: CON, NUL, COM1 and such.'
end;
comment on function render.windows_problem(text) is
    'What Windows alone would not take in a path, as a sentence; null where nothing.';

create function render.uri_problem(path text)
returns text
language sql
immutable
parallel safe
return case
    when render.uri_names(path) ~ '\\'
        then 'A URI holds no backslash: write /.'
    -- A name's %2f hides a slash from us, not from the program that opens the file.
    when regexp_replace(
        regexp_replace(render.uri_names(path), '%2[Ee]', '.', 'g'),
        '%(2[Ff]|5[Cc])', '/', 'g'
    ) ~ '(^|/)\.\.([/?#]|$)'
        then 'A path does not climb: no .. in it, encoded neither.'
    -- %04d is the number of a frame, not the control character %04.
    when render.uri_names(path) collate "C"
        ~* '%(0[1-9](?![0-9]*d)|0[0a-f]|1[0-9a-f]|7f|c2%[89][0-9a-f])'
        then 'A path holds no control characters, encoded neither.'
    -- What one program takes for the host another must not take for something else: a bracket holds an IPv6 address or nothing.
    when path !~* (
        '^file:///|^[^:]+://([!$-.0-;=a-z_~]*@)?'
        || '([!$-.0-9;=a-z_~]+'
        || '|\[([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\]'
        || '|\[(?!([0-9a-f]*:){8})([0-9a-f]{1,4}(:[0-9a-f]{1,4})*)?'
        || '::([0-9a-f]{1,4}(:[0-9a-f]{1,4})*)?\]'
        || ')(:[0-9]{0,5})?([/?#]|$)'
    )
        then
            'A URI names its host in ASCII: a name, an address, or an IPv6 one in [ ].'
end;
comment on function render.uri_problem(text) is
    'What is wrong in a URI alone, as a sentence; null where nothing.';

create function render.has_long_name(path text, style render.path_style)
returns boolean
language sql
immutable
parallel safe
return exists (
    select
    from regexp_split_to_table(
        case style
            -- What is encoded counts as the byte that it is in the file's name.
            when 'uri'
                then regexp_replace(render.uri_names(path), '%[0-9A-Fa-f]{2}', '.', 'g')
            else path
        end,
        case style when 'windows' then '[\\/]' else '/' end
    ) as name
    where octet_length(name) > 255
);
comment on function render.has_long_name(text, render.path_style) is
    'Whether a name in a path has more than the 255 bytes that file systems keep.';

-- A body of plpgsql is parsed when it runs: the caller's setting must not change its backslashes.
create function render.path_problem(path text)
returns text
language plpgsql
immutable
parallel safe
set standard_conforming_strings to on
as $$
declare
    style render.path_style;
begin
    -- Nothing can be wrong in most paths, and a job has four: short, and of names that begin with no dot.
    if path is null
        or octet_length(path) <= 255
        and path collate "C" ~ '^(/[A-Za-z0-9_\[\]#-][A-Za-z0-9_\[\]#. -]*)+$'
    then
        return null;
    end if;
    style = render.path_style(path);
    if path = '' then
        return 'A path is not empty.';
    elsif octet_length(path) > 2048 then
        return 'A path has at most 2048 bytes.';
    -- By number: what [[:cntrl:]] holds depends on the collation.
    elsif path ~ '[\u0001-\u001f\u007f-\u009f]' then
        return 'A path holds no control characters.';
    elsif style is null then
        return render.relative_problem(path);
    -- A posix path may yet be opened on Windows, where a backslash separates.
    elsif style <> 'uri' and path ~ '(^|[\\/])\.\.([\\/]|$)' then
        return 'A path does not climb: no .. in it.';
    elsif octet_length(path) > 255 and render.has_long_name(path, style) then
        return 'A name in a path has at most 255 bytes.';
    end if;
    return case style
        when 'windows' then render.windows_problem(path)
        when 'uri' then render.uri_problem(path)
    end;
end
$$;
comment on function render.path_problem(text) is
    'What is wrong with a path, as a sentence; null where nothing is, and for null.';

grant execute on function
    render.path_style(text),
    render.uri_names(text),
    render.relative_problem(text),
    render.windows_problem(text),
    render.uri_problem(text),
    render.has_long_name(text, render.path_style),
    render.path_problem(text)
to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
