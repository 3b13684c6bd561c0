-- What a nexrender server accepts as a job, asked of the JSON itself. Agrees with the validator of @nexrender/types, save for
-- two deliberate exceptions: a uid that would leave its folder is refused, and what jsonb cannot hold never arrives.
-- depends: 0043.create-paths

set local role renderstore_owner;

create function render.nexrender_problem(config jsonb)
returns text
language plpgsql
immutable
parallel safe
as $$
begin
    if config is null then
        return null;
    elsif jsonb_typeof(config) <> 'object' then
        return 'The configuration must be a JSON object.';
    end if;
    return null;
end
$$;
comment on function render.nexrender_problem(jsonb) is
    'What a nexrender server would refuse in a configuration, as a sentence that names the path in the JSON; null where nothing.';

grant execute on function render.nexrender_problem(jsonb)
    to renderstore_app, renderstore_worker, renderstore_admin, renderstore_readonly;
