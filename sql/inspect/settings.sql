-- Settings that are not the defaults, as far as this role may see them, and who set them.
select
    name,
    current_setting(name) as value,
    source,
    short_desc as meaning
from pg_settings
where source not in ('default', 'client', 'override')
    and setting is distinct from boot_val
order by name
\g (format=wrapped columns=80)
