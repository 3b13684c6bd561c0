insert into ops.service_secrets (service_id, api_key_sealed)
values ('plex', 'sealed');
