-- Temporary tables are a door around the policies' tables (a temporary table shadows a name)
-- and a way to fill the disk: nobody needs one. The right belongs to PUBLIC by default.
-- depends: 0002.create-areas

do $$
begin
    execute format('revoke temporary on database %I from public', current_database());
end
$$;
