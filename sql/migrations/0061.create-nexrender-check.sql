-- What a nexrender server accepts as a job, asked of the JSON itself. Agrees with create() and validate() of @nexrender/types, odd
-- corners included, save that a uid which would leave its folder is refused; tests/render asks both the same questions.
-- depends: 0060.create-paths

set local role renderstore_owner;

create function render.is_truthy(value jsonb)
returns boolean
language sql
immutable
parallel safe
return case jsonb_typeof(value)
    when 'string' then value <> '""'
    when 'number' then value <> '0'
    when 'boolean' then value = 'true'
    when 'null' then false
    else value is not null
end;
comment on function render.is_truthy(jsonb) is
    'Whether JavaScript takes a JSON value for true: all but null, false, 0 and "", and what is missing. nexrender asks no more of most values.';

create function render.is_folder_name(name text)
returns boolean
language sql
immutable
parallel safe
return name !~ '[\\/]|\.\.';
comment on function render.is_folder_name(text) is
    'Whether a folder of that name stays where it is made: no slash of either kind and no .. in it.';

create function render.nexrender_asset_problem(asset jsonb, nth integer)
returns text
language plpgsql
immutable
parallel safe
as $$
declare
    type constant text := asset ->> 'type';
begin
    if jsonb_typeof(asset) <> 'object' then
        return format('assets[%s]: An asset must be a JSON object.', nth);
    elsif type is null or type not in ('image', 'audio', 'video', 'data', 'script', 'static') then
        return format(
            'assets[%s].type: An asset is of type image, audio, video, data, script or static.',
            nth
        );
    elsif type <> 'data' and not render.is_truthy(asset -> 'src') then
        return format('assets[%s].src: An asset of type %s needs a src.', nth, type);
    elsif
        type not in ('script', 'static')
        and not render.is_truthy(asset -> 'layerName')
        and not render.is_truthy(asset -> 'layerIndex')
    then
        if jsonb_typeof(asset -> 'layerIndex') = 'number' then
            return format(
                'assets[%s].layerIndex: The number 0 counts as none to nexrender: write "0", or give a layerName.',
                nth
            );
        end if;
        return format(
            'assets[%s].layerName: An asset of type %s needs a layerName or a layerIndex.',
            nth, type
        );
    elsif
        type = 'data'
        and not asset ? 'value'
        and not render.is_truthy(asset -> 'expression')
    then
        return format(
            'assets[%s].value: An asset of type data needs a value, which may be null, or an expression.',
            nth
        );
    elsif type = 'data' and not render.is_truthy(asset -> 'property') then
        return format(
            'assets[%s].property: An asset of type data needs the property that it sets.',
            nth
        );
    end if;
    return null;
end
$$;
comment on function render.nexrender_asset_problem(jsonb, integer) is
    'What nexrender would refuse in an asset at a position of the list, counted from 0; null where nothing.';

create function render.nexrender_action_problem(actions jsonb, phase text)
returns text
language plpgsql
immutable
parallel safe
as $$
declare
    listed constant jsonb := actions -> phase;
    is_list constant boolean := coalesce(jsonb_typeof(listed) = 'array', false);
    step jsonb;
    place text;
begin
    -- nexrender looks at a list, takes another thing for its only element, and what is falsy for none.
    if not render.is_truthy(listed) then
        return null;
    end if;
    for nth in 0 .. case when is_list then jsonb_array_length(listed) - 1 else 0 end loop
        step := case when is_list then listed -> nth else listed end;
        if not render.is_truthy(step -> 'module') then
            place := format(
                'actions.%s%s', phase, case when is_list then format('[%s]', nth) end
            );
            if jsonb_typeof(step) <> 'object' then
                return format('%s: An action must be a JSON object.', place);
            end if;
            return format('%s.module: An action needs the name of its module.', place);
        end if;
    end loop;
    return null;
end
$$;
comment on function render.nexrender_action_problem(jsonb, text) is
    'What nexrender would refuse in the actions of a phase (prerender, postrender); null where nothing.';

create function render.is_plain(config jsonb)
returns boolean
language sql
immutable
parallel safe
return config @@ '
    $.type() == "object"
    && $.template.type() == "object"
    && $.template.src.type() == "string" && $.template.src != ""
    && $.template.composition.type() == "string" && $.template.composition != ""
    && $.assets.type() == "array"
    && !exists($.uid) && !exists($.state) && !exists($.actions)
'
and jsonb_array_length(config -> 'assets') = jsonb_array_length(
    jsonb_path_query_array(
        config,
        'strict $.assets[*] ? (
            (@.type == "image" || @.type == "audio" || @.type == "video")
            && @.src.type() == "string" && @.src != ""
            && @.layerName.type() == "string" && @.layerName != ""
        )'
    )
);
comment on function render.is_plain(jsonb) is
    'Whether a configuration holds what most hold and no more, so that nothing can be wrong in it. Others may be right too.';

create function render.nexrender_problem(config jsonb)
returns text
language plpgsql
immutable
parallel safe
as $$
declare
    template jsonb;
    assets jsonb;
    actions jsonb;
    problem text;
begin
    -- What no client could read back is not looked at any further.
    problem := ops.json_problem(config);
    -- Two questions to the whole of it cost a fifth of what follows, which names the first thing that is wrong.
    if config is null or problem is not null or render.is_plain(config) then
        return problem;
    end if;
    template := config -> 'template';
    assets := config -> 'assets';
    actions := config -> 'actions';
    if jsonb_typeof(config) <> 'object' then
        return 'The configuration must be a JSON object.';
    elsif config ? 'uid' and not render.is_truthy(config -> 'uid') then
        return 'uid: A uid must not be empty; without one nexrender makes it.';
    -- Not nexrender's rule, but its folder.
    elsif jsonb_typeof(config -> 'uid') = 'string' and not render.is_folder_name(config ->> 'uid') then
        return 'uid: A uid becomes the name of a folder: no slash, backslash or .. in it.';
    elsif config ? 'state' and not render.is_truthy(config -> 'state') then
        return 'state: A state must not be empty; without one nexrender writes it.';
    elsif template is null or jsonb_typeof(template) <> 'object' then
        return 'template: A job needs a template, a JSON object with src and composition.';
    elsif not render.is_truthy(template -> 'src') then
        return 'template.src: A template needs the src of its project file.';
    elsif not render.is_truthy(template -> 'composition') then
        return 'template.composition: A template needs the name of a composition.';
    elsif jsonb_typeof(assets) <> 'array' then
        return 'assets: The assets must be a JSON array.';
    elsif config ? 'actions' and not render.is_truthy(actions) then
        return 'actions: The actions must not be empty; write {}, or leave them out.';
    end if;
    if assets is not null then
        for nth in 0 .. jsonb_array_length(assets) - 1 loop
            problem := render.nexrender_asset_problem(assets -> nth, nth);
            if problem is not null then
                return problem;
            end if;
        end loop;
    end if;
    return coalesce(
        render.nexrender_action_problem(actions, 'prerender'),
        render.nexrender_action_problem(actions, 'postrender')
    );
end
$$;
comment on function render.nexrender_problem(jsonb) is
    'What a nexrender server would refuse in a configuration, as a sentence that names the path in the JSON; null where nothing is, and for null.';

create domain render.nexrender_job_id as text
    constraint nexrender_job_id_is_short_check check (
        length(value) between 1 and 200
        and value !~ '[[:cntrl:]]'
        and value <> '.'
        and render.is_folder_name(value)
    );
comment on domain render.nexrender_job_id is
    'A job''s uid at nexrender, up to 200 characters.';
comment on constraint nexrender_job_id_is_short_check on domain render.nexrender_job_id is
    'A nexrender job id has 1 to 200 characters, no slashes and no ..: it becomes the name of a folder.';

grant execute on function
    render.is_truthy(jsonb),
    render.is_folder_name(text),
    render.nexrender_asset_problem(jsonb, integer),
    render.nexrender_action_problem(jsonb, text),
    render.is_plain(jsonb),
    render.nexrender_problem(jsonb)
to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
