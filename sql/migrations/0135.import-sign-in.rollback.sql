set local role renderstore_owner;

drop function identity.import_api_token(text, text, jsonb);
drop function identity.import_session_token(text, text, jsonb);
drop function identity.import_verification_token(text, text, jsonb);
drop function identity.import_web_session(text, text, jsonb);
drop function identity.import_account(text, text, jsonb);
