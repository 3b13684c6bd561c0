do $$
begin
    if to_regclass('public._yoyo_migration') is not null then
        revoke select on public._yoyo_migration from renderstore_owner;
    end if;
end
$$;

set local role renderstore_owner;

drop function ops.applied_migrations();
