-- Loses what is known of the services around the house.

set local role renderstore_owner;

drop table ops.services;
drop function ops.set_updated_by();
drop domain ops.service_url;
