set local role renderstore_owner;

drop function identity.import_user(text, text, jsonb, text);
drop function identity.import_names(text, uuid, jsonb);
drop trigger web_sessions_note_sign_in on identity.web_sessions;
create trigger web_sessions_note_sign_in
before insert on identity.web_sessions
for each row
execute function identity.note_sign_in();
drop trigger session_tokens_note_sign_in on identity.session_tokens;
create trigger session_tokens_note_sign_in
before insert on identity.session_tokens
for each row
execute function identity.note_sign_in();
