-- Loses the API keys of the services.

set local role renderstore_owner;

drop function ops.replace_service_secret(text, bytea, bytea);
drop function ops.list_service_secrets(text, bigint);
drop function ops.service_secret(text);
drop function ops.set_service_secret(text, bytea);
drop table ops.service_secrets;
