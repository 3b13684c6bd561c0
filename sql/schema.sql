-- The present: every object that the migrations in sql/migrations make, area by area.
-- To be read, not run: `yoyo apply` makes databases, `just snapshot` makes this file
-- (pg_dump of PostgreSQL 18, sorted for readers), and a test fails when it is not the present.
--
-- All of it is owned by renderstore_owner. Beside it, in the cluster:
--
--   renderstore_owner  Owns every object of renderstore. Only migrations act as it.
--   renderstore_app  Acts for one user: sees and changes that user's rows.
--   renderstore_auth  Acts before the user is known: sign-in, tokens, Auth.js.
--   renderstore_worker  Takes and runs jobs. Sees nothing of identity.
--   renderstore_admin  Acts for an administrator: sees every row, save secrets.
--   renderstore_readonly  Reads every row, save secrets; changes nothing.

ALTER DEFAULT PRIVILEGES FOR ROLE renderstore_owner REVOKE ALL ON FUNCTIONS FROM PUBLIC;


-- ==================== identity ====================

CREATE SCHEMA identity;

COMMENT ON SCHEMA identity IS 'Who people are: users, plans, accounts, sessions and tokens.';

GRANT USAGE ON SCHEMA identity TO PUBLIC;

CREATE TYPE identity.token_role AS ENUM (
    'user',
    'worker',
    'readonly',
    'admin'
);

COMMENT ON TYPE identity.token_role IS 'What an API token may act as: a user, a worker, a reader of every row, an administrator.';

CREATE TYPE identity.user_role AS ENUM (
    'user',
    'admin'
);

COMMENT ON TYPE identity.user_role IS 'What a user may do: user works with their own rows, admin with everybody''s.';

CREATE TYPE identity.user_status AS ENUM (
    'active',
    'suspended',
    'deactivated'
);

COMMENT ON TYPE identity.user_status IS 'Where an account stands: active, suspended (refused until reactivated), deactivated (given up; its unique names are free again).';

CREATE TABLE identity.account_secrets (
    account_id uuid NOT NULL,
    access_token text,
    refresh_token text,
    id_token text,
    session_state text
);

ALTER TABLE ONLY identity.account_secrets FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE identity.account_secrets IS 'At most one row an account: what only sign-in reads of it. An account without one has no tokens.';
COMMENT ON COLUMN identity.account_secrets.account_id IS 'The account whose tokens these are.';
COMMENT ON COLUMN identity.account_secrets.access_token IS 'The provider''s access token, as Auth.js writes it; null without one.';
COMMENT ON COLUMN identity.account_secrets.refresh_token IS 'The provider''s refresh token, as Auth.js writes it; null without one.';
COMMENT ON COLUMN identity.account_secrets.id_token IS 'The provider''s identity token, as Auth.js writes it; null without one.';
COMMENT ON COLUMN identity.account_secrets.session_state IS 'The provider''s session state; null without one.';

ALTER TABLE ONLY identity.account_secrets
    ADD CONSTRAINT account_secrets_pkey PRIMARY KEY (account_id);

COMMENT ON CONSTRAINT account_secrets_pkey ON identity.account_secrets IS 'This account already has tokens.';

ALTER TABLE ONLY identity.account_secrets
    ADD CONSTRAINT account_secrets_account_id_fkey FOREIGN KEY (account_id) REFERENCES identity.accounts(id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT account_secrets_account_id_fkey ON identity.account_secrets IS 'There is no account with this id; still referenced: the account has tokens.';

ALTER TABLE identity.account_secrets ENABLE ROW LEVEL SECURITY;

CREATE POLICY account_secrets_every ON identity.account_secrets TO renderstore_auth USING (true) WITH CHECK (true);
CREATE POLICY account_secrets_owner ON identity.account_secrets TO renderstore_owner USING (true) WITH CHECK (true);

GRANT SELECT,INSERT ON TABLE identity.account_secrets TO renderstore_auth;
GRANT UPDATE(access_token) ON TABLE identity.account_secrets TO renderstore_auth;
GRANT UPDATE(refresh_token) ON TABLE identity.account_secrets TO renderstore_auth;
GRANT UPDATE(id_token) ON TABLE identity.account_secrets TO renderstore_auth;
GRANT UPDATE(session_state) ON TABLE identity.account_secrets TO renderstore_auth;

CREATE TABLE identity.accounts (
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    type text NOT NULL,
    provider text NOT NULL,
    provider_account_id text NOT NULL,
    token_type text,
    scope text,
    expires_at_s bigint,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT accounts_provider_account_id_is_short_check CHECK (((length(provider_account_id) >= 1) AND (length(provider_account_id) <= 500))),
    CONSTRAINT accounts_provider_is_short_check CHECK (((length(provider) >= 1) AND (length(provider) <= 100))),
    CONSTRAINT accounts_type_is_short_check CHECK (((length(type) >= 1) AND (length(type) <= 50)))
);

ALTER TABLE ONLY identity.accounts FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE identity.accounts IS 'One row an account at a sign-in provider.';
COMMENT ON COLUMN identity.accounts.id IS 'The row''s identifier, made by the database.';
COMMENT ON COLUMN identity.accounts.user_id IS 'The user who signs in with the account.';
COMMENT ON COLUMN identity.accounts.type IS 'Auth.js''s kind of account: oauth, oidc, email, credentials or webauthn.';
COMMENT ON COLUMN identity.accounts.provider IS 'The provider''s name, such as google.';
COMMENT ON COLUMN identity.accounts.provider_account_id IS 'The account''s id at the provider; Google calls it the subject.';
COMMENT ON COLUMN identity.accounts.token_type IS 'The kind of access token, such as bearer; null where the provider names none.';
COMMENT ON COLUMN identity.accounts.scope IS 'What the access token was granted, in the provider''s words; null where it names none.';
COMMENT ON COLUMN identity.accounts.expires_at_s IS 'When the access token expires, in seconds since 1970 as Auth.js keeps it; null for never.';
COMMENT ON COLUMN identity.accounts.created_at IS 'When the account was linked.';
COMMENT ON CONSTRAINT accounts_provider_account_id_is_short_check ON identity.accounts IS 'A provider''s account id has 1 to 500 characters.';
COMMENT ON CONSTRAINT accounts_provider_is_short_check ON identity.accounts IS 'A provider''s name has 1 to 100 characters.';
COMMENT ON CONSTRAINT accounts_type_is_short_check ON identity.accounts IS 'An account''s type has 1 to 50 characters.';

ALTER TABLE ONLY identity.accounts
    ADD CONSTRAINT accounts_pkey PRIMARY KEY (id);

COMMENT ON CONSTRAINT accounts_pkey ON identity.accounts IS 'There is already an account with this id.';

ALTER TABLE ONLY identity.accounts
    ADD CONSTRAINT accounts_provider_provider_account_id_key UNIQUE (provider, provider_account_id);

COMMENT ON CONSTRAINT accounts_provider_provider_account_id_key ON identity.accounts IS 'This account at the provider is already linked to a user.';

CREATE INDEX accounts_user_id_idx ON identity.accounts USING btree (user_id);

CREATE TRIGGER accounts_audit_delete AFTER DELETE ON identity.accounts REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_identity_accounts();

CREATE TRIGGER accounts_audit_insert AFTER INSERT ON identity.accounts REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_identity_accounts();

CREATE TRIGGER accounts_audit_update AFTER UPDATE ON identity.accounts FOR EACH ROW WHEN (((((((old.user_id IS DISTINCT FROM new.user_id) OR (old.type IS DISTINCT FROM new.type)) OR (old.provider IS DISTINCT FROM new.provider)) OR (old.provider_account_id IS DISTINCT FROM new.provider_account_id)) OR (old.token_type IS DISTINCT FROM new.token_type)) OR (old.scope IS DISTINCT FROM new.scope))) EXECUTE FUNCTION audit.note_identity_accounts();

CREATE TRIGGER accounts_refuse_inactive_user BEFORE INSERT OR UPDATE OF user_id ON identity.accounts FOR EACH ROW EXECUTE FUNCTION identity.refuse_inactive_user();

ALTER TABLE ONLY identity.accounts
    ADD CONSTRAINT accounts_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT accounts_user_id_fkey ON identity.accounts IS 'There is no user with this id; still referenced: the user has accounts at sign-in providers.';

ALTER TABLE identity.accounts ENABLE ROW LEVEL SECURITY;

CREATE POLICY accounts_every ON identity.accounts TO renderstore_admin, renderstore_auth USING (true) WITH CHECK (true);
CREATE POLICY accounts_own ON identity.accounts FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY accounts_owner ON identity.accounts TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY accounts_read ON identity.accounts FOR SELECT TO renderstore_readonly USING (true);

GRANT SELECT ON TABLE identity.accounts TO renderstore_app;
GRANT SELECT,DELETE ON TABLE identity.accounts TO renderstore_admin;
GRANT SELECT ON TABLE identity.accounts TO renderstore_readonly;
GRANT SELECT,DELETE ON TABLE identity.accounts TO renderstore_auth;
GRANT INSERT(user_id) ON TABLE identity.accounts TO renderstore_auth;
GRANT INSERT(type) ON TABLE identity.accounts TO renderstore_auth;
GRANT INSERT(provider) ON TABLE identity.accounts TO renderstore_auth;
GRANT INSERT(provider_account_id) ON TABLE identity.accounts TO renderstore_auth;
GRANT INSERT(token_type),UPDATE(token_type) ON TABLE identity.accounts TO renderstore_auth;
GRANT INSERT(scope),UPDATE(scope) ON TABLE identity.accounts TO renderstore_auth;
GRANT INSERT(expires_at_s),UPDATE(expires_at_s) ON TABLE identity.accounts TO renderstore_auth;

CREATE TABLE identity.api_tokens (
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    user_id uuid,
    service text,
    for_user_id uuid,
    name text NOT NULL,
    prefix text NOT NULL,
    token_hash bytea NOT NULL,
    roles identity.token_role[] NOT NULL,
    last_used_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone,
    revoked_at timestamp with time zone,
    CONSTRAINT api_tokens_expires_at_is_later_check CHECK ((expires_at > created_at)),
    CONSTRAINT api_tokens_has_one_owner_check CHECK ((num_nonnulls(user_id, service) = 1)),
    CONSTRAINT api_tokens_has_roles_check CHECK (((cardinality(roles) > 0) AND (array_position(roles, NULL::identity.token_role) IS NULL))),
    CONSTRAINT api_tokens_name_is_short_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT api_tokens_prefix_is_short_check CHECK ((prefix ~ '^rs_[0-9a-f]{8}$'::text)),
    CONSTRAINT api_tokens_service_is_slug_check CHECK ((service ~ '^[a-z][a-z0-9_-]{0,99}$'::text)),
    CONSTRAINT api_tokens_times_are_1970_to_9999_check CHECK (((LEAST(last_used_at, created_at, expires_at, revoked_at) >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (GREATEST(last_used_at, created_at, expires_at, revoked_at) < '9999-12-31 00:00:00+00'::timestamp with time zone))),
    CONSTRAINT api_tokens_token_hash_is_sha256_check CHECK ((length(token_hash) = 32)),
    CONSTRAINT api_tokens_user_acts_as_self_check CHECK (((user_id IS NULL) OR (NOT (for_user_id IS DISTINCT FROM user_id))))
);

ALTER TABLE ONLY identity.api_tokens FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE identity.api_tokens IS 'One row a token of a service or of a user''s own program.';
COMMENT ON COLUMN identity.api_tokens.id IS 'The token''s identifier, made by the database; events and the audit trail name it.';
COMMENT ON COLUMN identity.api_tokens.user_id IS 'The user to whom the token belongs; null where it belongs to a service.';
COMMENT ON COLUMN identity.api_tokens.service IS 'The service to which the token belongs, such as bravo or plugin; null where it belongs to a user.';
COMMENT ON COLUMN identity.api_tokens.for_user_id IS 'The one user for whom the token may act; null for any.';
COMMENT ON COLUMN identity.api_tokens.name IS 'What people call the token, 1 to 200 characters.';
COMMENT ON COLUMN identity.api_tokens.prefix IS 'The first characters of the token, to tell it from others.';
COMMENT ON COLUMN identity.api_tokens.token_hash IS 'The SHA-256 of the token, 32 bytes; the token itself is shown once and not kept. Only sign-in reads it.';
COMMENT ON COLUMN identity.api_tokens.roles IS 'What the token may act as, one role or more.';
COMMENT ON COLUMN identity.api_tokens.last_used_at IS 'When the token was last checked, to the minute; null for never.';
COMMENT ON COLUMN identity.api_tokens.created_at IS 'When the token was issued.';
COMMENT ON COLUMN identity.api_tokens.expires_at IS 'When the token ceases to work; null for never.';
COMMENT ON COLUMN identity.api_tokens.revoked_at IS 'When the token was revoked; null while it is active.';
COMMENT ON CONSTRAINT api_tokens_expires_at_is_later_check ON identity.api_tokens IS 'An API token expires after it was issued.';
COMMENT ON CONSTRAINT api_tokens_has_one_owner_check ON identity.api_tokens IS 'An API token belongs to a user or to a service, not to both.';
COMMENT ON CONSTRAINT api_tokens_has_roles_check ON identity.api_tokens IS 'An API token may act as something: it has one role or more.';
COMMENT ON CONSTRAINT api_tokens_name_is_short_check ON identity.api_tokens IS 'A token''s name has 1 to 200 characters.';
COMMENT ON CONSTRAINT api_tokens_prefix_is_short_check ON identity.api_tokens IS 'A token''s prefix is rs_ and 8 hexadecimal digits.';
COMMENT ON CONSTRAINT api_tokens_service_is_slug_check ON identity.api_tokens IS 'A service''s name has 1 to 100 lower-case letters, digits, dashes and underscores and begins with a letter.';
COMMENT ON CONSTRAINT api_tokens_times_are_1970_to_9999_check ON identity.api_tokens IS 'A token''s times lie between 1970 and 9999.';
COMMENT ON CONSTRAINT api_tokens_token_hash_is_sha256_check ON identity.api_tokens IS 'A token''s hash is a SHA-256: 32 bytes.';
COMMENT ON CONSTRAINT api_tokens_user_acts_as_self_check ON identity.api_tokens IS 'A user''s API token acts for that user.';

ALTER TABLE ONLY identity.api_tokens
    ADD CONSTRAINT api_tokens_pkey PRIMARY KEY (id);

COMMENT ON CONSTRAINT api_tokens_pkey ON identity.api_tokens IS 'There is already an API token with this id.';

ALTER TABLE ONLY identity.api_tokens
    ADD CONSTRAINT api_tokens_token_hash_key UNIQUE (token_hash);

COMMENT ON CONSTRAINT api_tokens_token_hash_key ON identity.api_tokens IS 'There is already an API token with this secret.';

CREATE INDEX api_tokens_expires_at_idx ON identity.api_tokens USING btree (expires_at);

CREATE INDEX api_tokens_for_user_id_idx ON identity.api_tokens USING btree (for_user_id);

CREATE INDEX api_tokens_user_id_idx ON identity.api_tokens USING btree (user_id);

CREATE TRIGGER api_tokens_audit_delete AFTER DELETE ON identity.api_tokens REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_identity_api_tokens();

CREATE TRIGGER api_tokens_audit_insert AFTER INSERT ON identity.api_tokens REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_identity_api_tokens();

CREATE TRIGGER api_tokens_audit_update AFTER UPDATE ON identity.api_tokens FOR EACH ROW WHEN (((((((((old.user_id IS DISTINCT FROM new.user_id) OR (old.service IS DISTINCT FROM new.service)) OR (old.for_user_id IS DISTINCT FROM new.for_user_id)) OR (old.name IS DISTINCT FROM new.name)) OR (old.prefix IS DISTINCT FROM new.prefix)) OR (old.roles IS DISTINCT FROM new.roles)) OR (old.expires_at IS DISTINCT FROM new.expires_at)) OR (old.revoked_at IS DISTINCT FROM new.revoked_at))) EXECUTE FUNCTION audit.note_identity_api_tokens();

CREATE TRIGGER api_tokens_keep_revoked BEFORE UPDATE OF revoked_at ON identity.api_tokens FOR EACH ROW WHEN (((old.revoked_at IS NOT NULL) AND (new.revoked_at IS DISTINCT FROM old.revoked_at))) EXECUTE FUNCTION identity.keep_revoked();

CREATE TRIGGER api_tokens_refuse_inactive_user BEFORE INSERT OR UPDATE OF user_id ON identity.api_tokens FOR EACH ROW EXECUTE FUNCTION identity.refuse_inactive_user();

ALTER TABLE ONLY identity.api_tokens
    ADD CONSTRAINT api_tokens_for_user_id_fkey FOREIGN KEY (for_user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT api_tokens_for_user_id_fkey ON identity.api_tokens IS 'There is no user with this id to act for; still referenced: API tokens act for this user.';

ALTER TABLE ONLY identity.api_tokens
    ADD CONSTRAINT api_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT api_tokens_user_id_fkey ON identity.api_tokens IS 'There is no user with this id; still referenced: the user has API tokens.';

ALTER TABLE identity.api_tokens ENABLE ROW LEVEL SECURITY;

CREATE POLICY api_tokens_every ON identity.api_tokens TO renderstore_admin, renderstore_auth USING (true) WITH CHECK (true);
CREATE POLICY api_tokens_own ON identity.api_tokens TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id))) WITH CHECK (((user_id = ( SELECT identity.current_user_id() AS current_user_id)) AND (roles = '{user}'::identity.token_role[])));
CREATE POLICY api_tokens_owner ON identity.api_tokens TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY api_tokens_read ON identity.api_tokens FOR SELECT TO renderstore_readonly USING (true);

GRANT DELETE ON TABLE identity.api_tokens TO renderstore_admin;
GRANT SELECT,DELETE ON TABLE identity.api_tokens TO renderstore_auth;
GRANT SELECT(id) ON TABLE identity.api_tokens TO renderstore_app;
GRANT SELECT(id) ON TABLE identity.api_tokens TO renderstore_admin;
GRANT SELECT(id) ON TABLE identity.api_tokens TO renderstore_readonly;
GRANT SELECT(user_id),INSERT(user_id) ON TABLE identity.api_tokens TO renderstore_app;
GRANT SELECT(user_id),INSERT(user_id) ON TABLE identity.api_tokens TO renderstore_admin;
GRANT SELECT(user_id) ON TABLE identity.api_tokens TO renderstore_readonly;
GRANT SELECT(service),INSERT(service) ON TABLE identity.api_tokens TO renderstore_app;
GRANT SELECT(service),INSERT(service) ON TABLE identity.api_tokens TO renderstore_admin;
GRANT SELECT(service) ON TABLE identity.api_tokens TO renderstore_readonly;
GRANT SELECT(for_user_id),INSERT(for_user_id) ON TABLE identity.api_tokens TO renderstore_app;
GRANT SELECT(for_user_id),INSERT(for_user_id) ON TABLE identity.api_tokens TO renderstore_admin;
GRANT SELECT(for_user_id) ON TABLE identity.api_tokens TO renderstore_readonly;
GRANT SELECT(name),INSERT(name),UPDATE(name) ON TABLE identity.api_tokens TO renderstore_app;
GRANT SELECT(name),INSERT(name),UPDATE(name) ON TABLE identity.api_tokens TO renderstore_admin;
GRANT SELECT(name) ON TABLE identity.api_tokens TO renderstore_readonly;
GRANT SELECT(prefix),INSERT(prefix),UPDATE(prefix) ON TABLE identity.api_tokens TO renderstore_app;
GRANT SELECT(prefix),INSERT(prefix),UPDATE(prefix) ON TABLE identity.api_tokens TO renderstore_admin;
GRANT SELECT(prefix) ON TABLE identity.api_tokens TO renderstore_readonly;
GRANT INSERT(token_hash),UPDATE(token_hash) ON TABLE identity.api_tokens TO renderstore_app;
GRANT INSERT(token_hash),UPDATE(token_hash) ON TABLE identity.api_tokens TO renderstore_admin;
GRANT SELECT(roles),INSERT(roles) ON TABLE identity.api_tokens TO renderstore_app;
GRANT SELECT(roles),INSERT(roles) ON TABLE identity.api_tokens TO renderstore_admin;
GRANT SELECT(roles) ON TABLE identity.api_tokens TO renderstore_readonly;
GRANT SELECT(last_used_at) ON TABLE identity.api_tokens TO renderstore_app;
GRANT SELECT(last_used_at) ON TABLE identity.api_tokens TO renderstore_admin;
GRANT SELECT(last_used_at) ON TABLE identity.api_tokens TO renderstore_readonly;
GRANT UPDATE(last_used_at) ON TABLE identity.api_tokens TO renderstore_auth;
GRANT SELECT(created_at) ON TABLE identity.api_tokens TO renderstore_app;
GRANT SELECT(created_at) ON TABLE identity.api_tokens TO renderstore_admin;
GRANT SELECT(created_at) ON TABLE identity.api_tokens TO renderstore_readonly;
GRANT SELECT(expires_at),INSERT(expires_at),UPDATE(expires_at) ON TABLE identity.api_tokens TO renderstore_app;
GRANT SELECT(expires_at),INSERT(expires_at),UPDATE(expires_at) ON TABLE identity.api_tokens TO renderstore_admin;
GRANT SELECT(expires_at) ON TABLE identity.api_tokens TO renderstore_readonly;
GRANT SELECT(revoked_at),UPDATE(revoked_at) ON TABLE identity.api_tokens TO renderstore_app;
GRANT SELECT(revoked_at),UPDATE(revoked_at) ON TABLE identity.api_tokens TO renderstore_admin;
GRANT SELECT(revoked_at) ON TABLE identity.api_tokens TO renderstore_readonly;

CREATE TABLE identity.bootstraps (
    is_done boolean DEFAULT true NOT NULL,
    done_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT bootstraps_is_done_is_true_check CHECK (is_done)
);

COMMENT ON TABLE identity.bootstraps IS 'Holds one row once the first administrator was made; it stays when that user is erased.';
COMMENT ON COLUMN identity.bootstraps.is_done IS 'Always true: there is one row or none.';
COMMENT ON COLUMN identity.bootstraps.done_at IS 'When the first administrator was made.';
COMMENT ON CONSTRAINT bootstraps_is_done_is_true_check ON identity.bootstraps IS 'The row that marks the first administrator as made is never unmarked.';

ALTER TABLE ONLY identity.bootstraps
    ADD CONSTRAINT bootstraps_pkey PRIMARY KEY (is_done);

COMMENT ON CONSTRAINT bootstraps_pkey ON identity.bootstraps IS 'The first administrator was already made.';

GRANT SELECT ON TABLE identity.bootstraps TO renderstore_auth;
GRANT SELECT ON TABLE identity.bootstraps TO renderstore_admin;
GRANT SELECT ON TABLE identity.bootstraps TO renderstore_readonly;

CREATE TABLE identity.macos_accounts (
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    name text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT macos_accounts_name_is_macos_check CHECK ((name ~ '^[a-z0-9_][a-z0-9_.-]{0,254}$'::text))
);

ALTER TABLE ONLY identity.macos_accounts FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE identity.macos_accounts IS 'One row a macOS account name. A user may have any number; a name belongs to one user.';
COMMENT ON COLUMN identity.macos_accounts.id IS 'The row''s identifier, made by the database.';
COMMENT ON COLUMN identity.macos_accounts.user_id IS 'The user who logs in under the name.';
COMMENT ON COLUMN identity.macos_accounts.name IS 'The account''s short name in lower case, as `whoami` prints it on the Mac.';
COMMENT ON COLUMN identity.macos_accounts.created_at IS 'When an administrator added the name.';
COMMENT ON CONSTRAINT macos_accounts_name_is_macos_check ON identity.macos_accounts IS 'A macOS account name has 1 to 255 letters, digits, dots, dashes and underscores, and begins with a letter, a digit or an underscore.';

ALTER TABLE ONLY identity.macos_accounts
    ADD CONSTRAINT macos_accounts_name_key UNIQUE (name);

COMMENT ON CONSTRAINT macos_accounts_name_key ON identity.macos_accounts IS 'This macOS account name already belongs to a user.';

ALTER TABLE ONLY identity.macos_accounts
    ADD CONSTRAINT macos_accounts_pkey PRIMARY KEY (id);

COMMENT ON CONSTRAINT macos_accounts_pkey ON identity.macos_accounts IS 'There is already a macOS account with this id.';

CREATE INDEX macos_accounts_user_id_idx ON identity.macos_accounts USING btree (user_id);

CREATE TRIGGER macos_accounts_audit_delete AFTER DELETE ON identity.macos_accounts REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_identity_macos_accounts();

CREATE TRIGGER macos_accounts_audit_insert AFTER INSERT ON identity.macos_accounts REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_identity_macos_accounts();

CREATE TRIGGER macos_accounts_audit_update AFTER UPDATE ON identity.macos_accounts FOR EACH ROW WHEN (((old.user_id IS DISTINCT FROM new.user_id) OR (old.name IS DISTINCT FROM new.name))) EXECUTE FUNCTION audit.note_identity_macos_accounts();

CREATE TRIGGER macos_accounts_lower_name BEFORE INSERT OR UPDATE OF name ON identity.macos_accounts FOR EACH ROW WHEN ((new.name <> lower(new.name))) EXECUTE FUNCTION identity.lower_name();

ALTER TABLE ONLY identity.macos_accounts
    ADD CONSTRAINT macos_accounts_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT macos_accounts_user_id_fkey ON identity.macos_accounts IS 'There is no user with this id; still referenced: the user has macOS account names.';

ALTER TABLE identity.macos_accounts ENABLE ROW LEVEL SECURITY;

CREATE POLICY macos_accounts_every ON identity.macos_accounts TO renderstore_admin USING (true) WITH CHECK (true);
CREATE POLICY macos_accounts_own ON identity.macos_accounts FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY macos_accounts_owner ON identity.macos_accounts TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY macos_accounts_read ON identity.macos_accounts FOR SELECT TO renderstore_auth, renderstore_readonly USING (true);

GRANT SELECT ON TABLE identity.macos_accounts TO renderstore_app;
GRANT SELECT ON TABLE identity.macos_accounts TO renderstore_auth;
GRANT SELECT,DELETE ON TABLE identity.macos_accounts TO renderstore_admin;
GRANT SELECT ON TABLE identity.macos_accounts TO renderstore_readonly;
GRANT INSERT(user_id) ON TABLE identity.macos_accounts TO renderstore_admin;
GRANT INSERT(name) ON TABLE identity.macos_accounts TO renderstore_admin;

CREATE TABLE identity.owners (
    user_id uuid NOT NULL,
    arrived_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY identity.owners FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE identity.owners IS 'One row a user who may own rows on this node. It outlives an erased user while a transaction of theirs is open; identity.sweep ends it then.';
COMMENT ON COLUMN identity.owners.user_id IS 'The user, who may be erased by now.';
COMMENT ON COLUMN identity.owners.arrived_at IS 'When the user came to this node.';

ALTER TABLE ONLY identity.owners
    ADD CONSTRAINT owners_pkey PRIMARY KEY (user_id);

COMMENT ON CONSTRAINT owners_pkey ON identity.owners IS 'This user is already on this node.';

ALTER TABLE identity.owners ENABLE ROW LEVEL SECURITY;

CREATE POLICY owners_owner ON identity.owners TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY owners_read ON identity.owners FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE identity.owners TO renderstore_admin;
GRANT SELECT ON TABLE identity.owners TO renderstore_readonly;

CREATE TABLE identity.plans (
    id text NOT NULL,
    name text NOT NULL,
    max_projects bigint,
    max_active_jobs bigint,
    max_daily_jobs bigint,
    max_stored_bytes bigint,
    max_priority smallint,
    keep_ended_jobs_days integer,
    share bigint DEFAULT 1 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    keep_deleted_days integer,
    max_open_requests bigint,
    max_daily_requests bigint,
    max_daily_downloads bigint,
    CONSTRAINT plans_id_is_slug_check CHECK ((id ~ '^[a-z][a-z0-9_]{0,39}$'::text)),
    CONSTRAINT plans_keep_deleted_days_is_0_to_36500_check CHECK (((keep_deleted_days >= 0) AND (keep_deleted_days <= 36500))),
    CONSTRAINT plans_keep_ended_jobs_days_is_positive_check CHECK ((keep_ended_jobs_days >= 1)),
    CONSTRAINT plans_max_active_jobs_is_not_negative_check CHECK ((max_active_jobs >= 0)),
    CONSTRAINT plans_max_daily_downloads_is_not_negative_check CHECK ((max_daily_downloads >= 0)),
    CONSTRAINT plans_max_daily_jobs_is_not_negative_check CHECK ((max_daily_jobs >= 0)),
    CONSTRAINT plans_max_daily_requests_is_not_negative_check CHECK ((max_daily_requests >= 0)),
    CONSTRAINT plans_max_open_requests_is_not_negative_check CHECK ((max_open_requests >= 0)),
    CONSTRAINT plans_max_priority_is_0_to_10_check CHECK (((max_priority >= 0) AND (max_priority <= 10))),
    CONSTRAINT plans_max_projects_is_not_negative_check CHECK ((max_projects >= 0)),
    CONSTRAINT plans_max_stored_bytes_is_not_negative_check CHECK ((max_stored_bytes >= 0)),
    CONSTRAINT plans_name_is_short_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT plans_share_is_1_to_1000_check CHECK (((share >= 1) AND (share <= 1000))),
    CONSTRAINT plans_times_are_1970_to_9999_check CHECK (((LEAST(created_at, updated_at) >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (GREATEST(created_at, updated_at) < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

COMMENT ON TABLE identity.plans IS 'One row a plan: its limits and its share of the queue. A limit that is null is none.';
COMMENT ON COLUMN identity.plans.id IS 'The plan''s short name in lower case, as users.plan_id has it.';
COMMENT ON COLUMN identity.plans.name IS 'What people call the plan, 1 to 100 characters.';
COMMENT ON COLUMN identity.plans.max_projects IS 'How many living projects a user may have; null for any number.';
COMMENT ON COLUMN identity.plans.max_active_jobs IS 'How many jobs of a user may wait or run at once; null for any number.';
COMMENT ON COLUMN identity.plans.max_daily_jobs IS 'How many jobs a user may submit in one UTC day; null for any number.';
COMMENT ON COLUMN identity.plans.max_stored_bytes IS 'How many bytes a user''s assets may take; null for any number.';
COMMENT ON COLUMN identity.plans.max_priority IS 'The highest priority that a user''s job may have, 0 to 10; null for 10.';
COMMENT ON COLUMN identity.plans.keep_ended_jobs_days IS 'After how many days an ended job is deleted; null for never.';
COMMENT ON COLUMN identity.plans.share IS 'The weight in the queue, 1 to 1000: twice the share gets twice the turns.';
COMMENT ON COLUMN identity.plans.created_at IS 'When the plan was created.';
COMMENT ON COLUMN identity.plans.updated_at IS 'When the row last changed.';
COMMENT ON COLUMN identity.plans.keep_deleted_days IS 'For how many days a deleted project or asset can be restored, 0 to 36500; null for ever.';
COMMENT ON COLUMN identity.plans.max_open_requests IS 'How many movies and seasons a user may have asked for that are neither there nor refused; null for any number.';
COMMENT ON COLUMN identity.plans.max_daily_requests IS 'How many movies and seasons a user may ask for in one UTC day; null for any number.';
COMMENT ON COLUMN identity.plans.max_daily_downloads IS 'How many playlists a user may ask to download in one UTC day; null for any number.';
COMMENT ON CONSTRAINT plans_id_is_slug_check ON identity.plans IS 'A plan''s id has 1 to 40 lower-case letters, digits and underscores and begins with a letter.';
COMMENT ON CONSTRAINT plans_keep_deleted_days_is_0_to_36500_check ON identity.plans IS 'A plan keeps what was deleted for 0 to 36500 days, or null for ever.';
COMMENT ON CONSTRAINT plans_keep_ended_jobs_days_is_positive_check ON identity.plans IS 'A plan keeps ended jobs for 1 day or more, or null for ever.';
COMMENT ON CONSTRAINT plans_max_active_jobs_is_not_negative_check ON identity.plans IS 'A plan''s limit of active jobs is 0 or more, or null for none.';
COMMENT ON CONSTRAINT plans_max_daily_downloads_is_not_negative_check ON identity.plans IS 'A plan''s limit of downloads a day is 0 or more, or null for none.';
COMMENT ON CONSTRAINT plans_max_daily_jobs_is_not_negative_check ON identity.plans IS 'A plan''s limit of jobs a day is 0 or more, or null for none.';
COMMENT ON CONSTRAINT plans_max_daily_requests_is_not_negative_check ON identity.plans IS 'A plan''s limit of requests a day is 0 or more, or null for none.';
COMMENT ON CONSTRAINT plans_max_open_requests_is_not_negative_check ON identity.plans IS 'A plan''s limit of open requests is 0 or more, or null for none.';
COMMENT ON CONSTRAINT plans_max_priority_is_0_to_10_check ON identity.plans IS 'A plan''s highest priority is 0 to 10, or null for 10.';
COMMENT ON CONSTRAINT plans_max_projects_is_not_negative_check ON identity.plans IS 'A plan''s limit of projects is 0 or more, or null for none.';
COMMENT ON CONSTRAINT plans_max_stored_bytes_is_not_negative_check ON identity.plans IS 'A plan''s limit of stored bytes is 0 or more, or null for none.';
COMMENT ON CONSTRAINT plans_name_is_short_check ON identity.plans IS 'A plan''s name has 1 to 100 characters.';
COMMENT ON CONSTRAINT plans_share_is_1_to_1000_check ON identity.plans IS 'A plan''s share is 1 to 1000.';
COMMENT ON CONSTRAINT plans_times_are_1970_to_9999_check ON identity.plans IS 'A plan''s times lie between 1970 and 9999.';

ALTER TABLE ONLY identity.plans
    ADD CONSTRAINT plans_pkey PRIMARY KEY (id);

COMMENT ON CONSTRAINT plans_pkey ON identity.plans IS 'There is already a plan with this id.';

CREATE TRIGGER plans_audit_delete AFTER DELETE ON identity.plans REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_identity_plans();

CREATE TRIGGER plans_audit_insert AFTER INSERT ON identity.plans REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_identity_plans();

CREATE TRIGGER plans_audit_update AFTER UPDATE ON identity.plans FOR EACH ROW WHEN ((((((((((((((old.id IS DISTINCT FROM new.id) OR (old.name IS DISTINCT FROM new.name)) OR (old.max_projects IS DISTINCT FROM new.max_projects)) OR (old.max_active_jobs IS DISTINCT FROM new.max_active_jobs)) OR (old.max_daily_jobs IS DISTINCT FROM new.max_daily_jobs)) OR (old.max_stored_bytes IS DISTINCT FROM new.max_stored_bytes)) OR (old.max_priority IS DISTINCT FROM new.max_priority)) OR (old.keep_ended_jobs_days IS DISTINCT FROM new.keep_ended_jobs_days)) OR (old.share IS DISTINCT FROM new.share)) OR (old.keep_deleted_days IS DISTINCT FROM new.keep_deleted_days)) OR (old.max_open_requests IS DISTINCT FROM new.max_open_requests)) OR (old.max_daily_requests IS DISTINCT FROM new.max_daily_requests)) OR (old.max_daily_downloads IS DISTINCT FROM new.max_daily_downloads))) EXECUTE FUNCTION audit.note_identity_plans();

CREATE TRIGGER plans_set_updated_at BEFORE UPDATE ON identity.plans FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION ops.set_updated_at();

GRANT SELECT ON TABLE identity.plans TO renderstore_app;
GRANT SELECT ON TABLE identity.plans TO renderstore_auth;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE identity.plans TO renderstore_admin;
GRANT SELECT ON TABLE identity.plans TO renderstore_readonly;

CREATE TABLE identity.session_tokens (
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    token_hash bytea NOT NULL,
    last_used_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT session_tokens_expires_at_is_later_check CHECK ((expires_at > created_at)),
    CONSTRAINT session_tokens_times_are_1970_to_9999_check CHECK (((LEAST(last_used_at, created_at, expires_at) >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (GREATEST(last_used_at, created_at, expires_at) < '9999-12-31 00:00:00+00'::timestamp with time zone))),
    CONSTRAINT session_tokens_token_hash_is_sha256_check CHECK ((length(token_hash) = 32))
);

ALTER TABLE ONLY identity.session_tokens FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE identity.session_tokens IS 'One row a session that we issued ourselves.';
COMMENT ON COLUMN identity.session_tokens.id IS 'The row''s identifier, made by the database.';
COMMENT ON COLUMN identity.session_tokens.user_id IS 'The user whose session it is.';
COMMENT ON COLUMN identity.session_tokens.token_hash IS 'The SHA-256 of the token, 32 bytes; the token itself is shown once and not kept. Only sign-in reads it.';
COMMENT ON COLUMN identity.session_tokens.last_used_at IS 'When the token was last checked, to the minute; null for never.';
COMMENT ON COLUMN identity.session_tokens.created_at IS 'When the token was issued.';
COMMENT ON COLUMN identity.session_tokens.expires_at IS 'When the session ends.';
COMMENT ON CONSTRAINT session_tokens_expires_at_is_later_check ON identity.session_tokens IS 'A session ends after it begins.';
COMMENT ON CONSTRAINT session_tokens_times_are_1970_to_9999_check ON identity.session_tokens IS 'A session''s times lie between 1970 and 9999.';
COMMENT ON CONSTRAINT session_tokens_token_hash_is_sha256_check ON identity.session_tokens IS 'A token''s hash is a SHA-256: 32 bytes.';

ALTER TABLE ONLY identity.session_tokens
    ADD CONSTRAINT session_tokens_pkey PRIMARY KEY (id);

COMMENT ON CONSTRAINT session_tokens_pkey ON identity.session_tokens IS 'There is already a session token with this id.';

ALTER TABLE ONLY identity.session_tokens
    ADD CONSTRAINT session_tokens_token_hash_key UNIQUE (token_hash);

COMMENT ON CONSTRAINT session_tokens_token_hash_key ON identity.session_tokens IS 'There is already a session with this token.';

CREATE INDEX session_tokens_expires_at_idx ON identity.session_tokens USING btree (expires_at);

CREATE INDEX session_tokens_user_id_idx ON identity.session_tokens USING btree (user_id);

CREATE TRIGGER session_tokens_audit_delete AFTER DELETE ON identity.session_tokens REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_identity_session_tokens();

CREATE TRIGGER session_tokens_audit_insert AFTER INSERT ON identity.session_tokens REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_identity_session_tokens();

CREATE TRIGGER session_tokens_audit_update AFTER UPDATE ON identity.session_tokens FOR EACH ROW WHEN (((old.user_id IS DISTINCT FROM new.user_id) OR (old.expires_at IS DISTINCT FROM new.expires_at))) EXECUTE FUNCTION audit.note_identity_session_tokens();

CREATE TRIGGER session_tokens_note_sign_in BEFORE INSERT ON identity.session_tokens FOR EACH ROW WHEN ((new.created_at = now())) EXECUTE FUNCTION identity.note_sign_in();

CREATE TRIGGER session_tokens_refuse_inactive_user BEFORE INSERT OR UPDATE OF user_id ON identity.session_tokens FOR EACH ROW EXECUTE FUNCTION identity.refuse_inactive_user();

ALTER TABLE ONLY identity.session_tokens
    ADD CONSTRAINT session_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT session_tokens_user_id_fkey ON identity.session_tokens IS 'There is no user with this id; still referenced: the user has session tokens.';

ALTER TABLE identity.session_tokens ENABLE ROW LEVEL SECURITY;

CREATE POLICY session_tokens_every ON identity.session_tokens TO renderstore_admin, renderstore_auth USING (true) WITH CHECK (true);
CREATE POLICY session_tokens_own ON identity.session_tokens TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id))) WITH CHECK ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY session_tokens_owner ON identity.session_tokens TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY session_tokens_read ON identity.session_tokens FOR SELECT TO renderstore_readonly USING (true);

GRANT DELETE ON TABLE identity.session_tokens TO renderstore_app;
GRANT DELETE ON TABLE identity.session_tokens TO renderstore_admin;
GRANT SELECT,DELETE ON TABLE identity.session_tokens TO renderstore_auth;
GRANT SELECT(id) ON TABLE identity.session_tokens TO renderstore_app;
GRANT SELECT(id) ON TABLE identity.session_tokens TO renderstore_admin;
GRANT SELECT(id) ON TABLE identity.session_tokens TO renderstore_readonly;
GRANT SELECT(user_id) ON TABLE identity.session_tokens TO renderstore_app;
GRANT SELECT(user_id) ON TABLE identity.session_tokens TO renderstore_admin;
GRANT SELECT(user_id) ON TABLE identity.session_tokens TO renderstore_readonly;
GRANT INSERT(user_id) ON TABLE identity.session_tokens TO renderstore_auth;
GRANT INSERT(token_hash) ON TABLE identity.session_tokens TO renderstore_auth;
GRANT SELECT(last_used_at) ON TABLE identity.session_tokens TO renderstore_app;
GRANT SELECT(last_used_at) ON TABLE identity.session_tokens TO renderstore_admin;
GRANT SELECT(last_used_at) ON TABLE identity.session_tokens TO renderstore_readonly;
GRANT UPDATE(last_used_at) ON TABLE identity.session_tokens TO renderstore_auth;
GRANT SELECT(created_at) ON TABLE identity.session_tokens TO renderstore_app;
GRANT SELECT(created_at) ON TABLE identity.session_tokens TO renderstore_admin;
GRANT SELECT(created_at) ON TABLE identity.session_tokens TO renderstore_readonly;
GRANT SELECT(expires_at) ON TABLE identity.session_tokens TO renderstore_app;
GRANT SELECT(expires_at) ON TABLE identity.session_tokens TO renderstore_admin;
GRANT SELECT(expires_at) ON TABLE identity.session_tokens TO renderstore_readonly;
GRANT INSERT(expires_at),UPDATE(expires_at) ON TABLE identity.session_tokens TO renderstore_auth;

CREATE TABLE identity.user_secrets (
    user_id uuid NOT NULL,
    plex_token_encrypted bytea,
    password_hash text,
    CONSTRAINT user_secrets_password_is_argon2id_check CHECK (((password_hash ~ '^\$argon2id\$v=19\$m=[0-9]{4,9},t=[0-9]{1,4},p=[0-9]{1,3}\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{22,}$'::text) AND (length(password_hash) <= 500)))
);

ALTER TABLE ONLY identity.user_secrets FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE identity.user_secrets IS 'At most one row a user: what only sign-in reads. A user without one has no secrets.';
COMMENT ON COLUMN identity.user_secrets.user_id IS 'The user whose secrets these are.';
COMMENT ON COLUMN identity.user_secrets.plex_token_encrypted IS 'Plex''s token, encrypted by the application and bound to this row; null without one.';
COMMENT ON COLUMN identity.user_secrets.password_hash IS 'An argon2id hash in PHC form, only for the first administrator; null for everybody else.';
COMMENT ON CONSTRAINT user_secrets_password_is_argon2id_check ON identity.user_secrets IS 'A password is stored as an argon2id hash in PHC form.';

ALTER TABLE ONLY identity.user_secrets
    ADD CONSTRAINT user_secrets_pkey PRIMARY KEY (user_id);

COMMENT ON CONSTRAINT user_secrets_pkey ON identity.user_secrets IS 'This user already has secrets.';

CREATE TRIGGER user_secrets_audit_delete AFTER DELETE ON identity.user_secrets REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_identity_user_secrets();

CREATE TRIGGER user_secrets_audit_insert AFTER INSERT ON identity.user_secrets REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_identity_user_secrets();

CREATE TRIGGER user_secrets_audit_update AFTER UPDATE ON identity.user_secrets FOR EACH ROW WHEN (((old.plex_token_encrypted IS DISTINCT FROM new.plex_token_encrypted) OR (old.password_hash IS DISTINCT FROM new.password_hash))) EXECUTE FUNCTION audit.note_identity_user_secrets();

CREATE TRIGGER user_secrets_guard BEFORE INSERT OR UPDATE ON identity.user_secrets FOR EACH ROW WHEN (((new.plex_token_encrypted IS NOT NULL) OR (new.password_hash IS NOT NULL))) EXECUTE FUNCTION identity.guard_user_secrets();

ALTER TABLE ONLY identity.user_secrets
    ADD CONSTRAINT user_secrets_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT user_secrets_user_id_fkey ON identity.user_secrets IS 'There is no user with this id; still referenced: the user has secrets.';

ALTER TABLE identity.user_secrets ENABLE ROW LEVEL SECURITY;

CREATE POLICY user_secrets_every ON identity.user_secrets TO renderstore_auth USING (true) WITH CHECK (true);
CREATE POLICY user_secrets_owner ON identity.user_secrets TO renderstore_owner USING (true) WITH CHECK (true);

GRANT SELECT ON TABLE identity.user_secrets TO renderstore_auth;
GRANT INSERT(user_id) ON TABLE identity.user_secrets TO renderstore_auth;
GRANT INSERT(plex_token_encrypted),UPDATE(plex_token_encrypted) ON TABLE identity.user_secrets TO renderstore_auth;
GRANT UPDATE(password_hash) ON TABLE identity.user_secrets TO renderstore_auth;

CREATE TABLE identity.users (
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    plan_id text DEFAULT 'free'::text NOT NULL,
    role identity.user_role DEFAULT 'user'::identity.user_role NOT NULL,
    status identity.user_status DEFAULT 'active'::identity.user_status NOT NULL,
    is_bootstrap boolean DEFAULT false NOT NULL,
    email text,
    name text,
    image text,
    slack_id text,
    plex_id bigint,
    plex_username text,
    is_password_change_due boolean DEFAULT false NOT NULL,
    email_verified_at timestamp with time zone,
    last_login_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT users_email_is_address_check CHECK (((email ~ '^[^@[:space:]]+@[^@[:space:]]+$'::text) AND (length(email) <= 320))),
    CONSTRAINT users_email_is_lower_case_check CHECK ((email = lower(email))),
    CONSTRAINT users_image_is_short_check CHECK (((length(image) >= 1) AND (length(image) <= 65536))),
    CONSTRAINT users_name_is_short_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT users_password_change_is_bootstrap_check CHECK (((NOT is_password_change_due) OR is_bootstrap)),
    CONSTRAINT users_plex_id_is_positive_check CHECK ((plex_id > 0)),
    CONSTRAINT users_plex_username_is_short_check CHECK (((length(plex_username) >= 1) AND (length(plex_username) <= 200))),
    CONSTRAINT users_slack_id_is_slack_check CHECK ((slack_id ~ '^[UW][A-Z0-9]{2,31}$'::text)),
    CONSTRAINT users_times_are_1970_to_9999_check CHECK (((LEAST(email_verified_at, last_login_at, created_at, updated_at) >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (GREATEST(email_verified_at, last_login_at, created_at, updated_at) < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY identity.users FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE identity.users IS 'One row a person or program that owns rows elsewhere.';
COMMENT ON COLUMN identity.users.id IS 'The user''s identifier, made by the database.';
COMMENT ON COLUMN identity.users.plan_id IS 'The plan whose limits hold for the user. Only an administrator changes it.';
COMMENT ON COLUMN identity.users.role IS 'What the user may do. Only an administrator changes it.';
COMMENT ON COLUMN identity.users.status IS 'Where the account stands. Only an administrator changes it.';
COMMENT ON COLUMN identity.users.is_bootstrap IS 'Whether this is the first administrator, made before anybody could sign in.';
COMMENT ON COLUMN identity.users.email IS 'The e-mail address in lower case, up to 320 characters; null where none is known, as with some Plex users.';
COMMENT ON COLUMN identity.users.name IS 'What people call the user, 1 to 200 characters; null where it is not known.';
COMMENT ON COLUMN identity.users.image IS 'The address of a picture, or the picture itself as a data URL, up to 65536 characters; null without one.';
COMMENT ON COLUMN identity.users.slack_id IS 'The user''s id in Slack, such as U024BE7LH; null where it is not known.';
COMMENT ON COLUMN identity.users.plex_id IS 'The account''s number at Plex; null for who does not sign in with Plex.';
COMMENT ON COLUMN identity.users.plex_username IS 'The name at Plex, 1 to 200 characters; null where it is not known.';
COMMENT ON COLUMN identity.users.is_password_change_due IS 'Whether the password must be changed at the next sign-in.';
COMMENT ON COLUMN identity.users.email_verified_at IS 'When the e-mail address was verified; null where it was not.';
COMMENT ON COLUMN identity.users.last_login_at IS 'When the user last signed in; null for never.';
COMMENT ON COLUMN identity.users.created_at IS 'When the user was created.';
COMMENT ON COLUMN identity.users.updated_at IS 'When the row last changed.';
COMMENT ON CONSTRAINT users_email_is_address_check ON identity.users IS 'An e-mail address has one @ with something on both sides, no spaces, and at most 320 characters.';
COMMENT ON CONSTRAINT users_email_is_lower_case_check ON identity.users IS 'An e-mail address is stored in lower case.';
COMMENT ON CONSTRAINT users_image_is_short_check ON identity.users IS 'The address of a picture, or a data URL, has 1 to 65536 characters.';
COMMENT ON CONSTRAINT users_name_is_short_check ON identity.users IS 'A name has 1 to 200 characters.';
COMMENT ON CONSTRAINT users_password_change_is_bootstrap_check ON identity.users IS 'Only the first administrator has a password, and without one there is none to change.';
COMMENT ON CONSTRAINT users_plex_id_is_positive_check ON identity.users IS 'A Plex id is a number above 0.';
COMMENT ON CONSTRAINT users_plex_username_is_short_check ON identity.users IS 'A Plex username has 1 to 200 characters.';
COMMENT ON CONSTRAINT users_slack_id_is_slack_check ON identity.users IS 'A Slack id begins with U or W, followed by capital letters and digits.';
COMMENT ON CONSTRAINT users_times_are_1970_to_9999_check ON identity.users IS 'A user''s times lie between 1970 and 9999.';

ALTER TABLE ONLY identity.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

COMMENT ON CONSTRAINT users_pkey ON identity.users IS 'There is already a user with this id.';

CREATE INDEX users_admins_idx ON identity.users USING btree (id) WHERE (role = 'admin'::identity.user_role);

CREATE INDEX users_deactivated_idx ON identity.users USING btree (id) WHERE (status = 'deactivated'::identity.user_status);

CREATE UNIQUE INDEX users_email_key ON identity.users USING btree (email) WHERE (status = ANY (ARRAY['active'::identity.user_status, 'suspended'::identity.user_status]));

COMMENT ON INDEX identity.users_email_key IS 'Another user already has this e-mail address.';

CREATE INDEX users_email_search_idx ON identity.users USING btree (email COLLATE "C", id);

CREATE UNIQUE INDEX users_is_bootstrap_key ON identity.users USING btree (is_bootstrap) WHERE is_bootstrap;

COMMENT ON INDEX identity.users_is_bootstrap_key IS 'There is already a first administrator.';

CREATE INDEX users_living_email_idx ON identity.users USING btree ((
CASE
    WHEN (status <> 'deactivated'::identity.user_status) THEN email
    ELSE NULL::text
END));

CREATE INDEX users_plan_id_idx ON identity.users USING btree (plan_id);

CREATE UNIQUE INDEX users_plex_id_key ON identity.users USING btree (plex_id) WHERE (status = ANY (ARRAY['active'::identity.user_status, 'suspended'::identity.user_status]));

COMMENT ON INDEX identity.users_plex_id_key IS 'Another user already has this Plex id.';

CREATE UNIQUE INDEX users_slack_id_key ON identity.users USING btree (slack_id) WHERE (status = ANY (ARRAY['active'::identity.user_status, 'suspended'::identity.user_status]));

COMMENT ON INDEX identity.users_slack_id_key IS 'Another user already has this Slack id.';

CREATE TRIGGER users_admit_owner AFTER INSERT ON identity.users FOR EACH ROW EXECUTE FUNCTION identity.admit_owner();

ALTER TABLE identity.users ENABLE ALWAYS TRIGGER users_admit_owner;

CREATE TRIGGER users_audit_delete AFTER DELETE ON identity.users REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_identity_users();

CREATE TRIGGER users_audit_insert AFTER INSERT ON identity.users REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_identity_users();

CREATE TRIGGER users_audit_update AFTER UPDATE ON identity.users FOR EACH ROW WHEN (((((((((((((old.plan_id IS DISTINCT FROM new.plan_id) OR (old.role IS DISTINCT FROM new.role)) OR (old.status IS DISTINCT FROM new.status)) OR (old.is_bootstrap IS DISTINCT FROM new.is_bootstrap)) OR (old.email IS DISTINCT FROM new.email)) OR (old.name IS DISTINCT FROM new.name)) OR (old.image IS DISTINCT FROM new.image)) OR (old.slack_id IS DISTINCT FROM new.slack_id)) OR (old.plex_id IS DISTINCT FROM new.plex_id)) OR (old.plex_username IS DISTINCT FROM new.plex_username)) OR (old.is_password_change_due IS DISTINCT FROM new.is_password_change_due)) OR (old.email_verified_at IS DISTINCT FROM new.email_verified_at))) EXECUTE FUNCTION audit.note_identity_users();

CREATE TRIGGER users_end_access AFTER UPDATE OF status ON identity.users FOR EACH ROW WHEN (((old.status = 'deactivated'::identity.user_status) AND (new.status <> 'deactivated'::identity.user_status))) EXECUTE FUNCTION identity.end_access();

CREATE TRIGGER users_end_owner AFTER DELETE ON identity.users FOR EACH ROW EXECUTE FUNCTION identity.end_erased_owner();

ALTER TABLE identity.users ENABLE ALWAYS TRIGGER users_end_owner;

CREATE TRIGGER users_lower_email BEFORE INSERT OR UPDATE OF email ON identity.users FOR EACH ROW WHEN ((new.email <> lower(new.email))) EXECUTE FUNCTION identity.lower_email();

CREATE TRIGGER users_set_updated_at BEFORE UPDATE ON identity.users FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION ops.set_updated_at();

ALTER TABLE ONLY identity.users
    ADD CONSTRAINT users_plan_id_fkey FOREIGN KEY (plan_id) REFERENCES identity.plans(id) ON DELETE RESTRICT;

COMMENT ON CONSTRAINT users_plan_id_fkey ON identity.users IS 'There is no plan with this id; still referenced: users have this plan.';

ALTER TABLE identity.users ENABLE ROW LEVEL SECURITY;

CREATE POLICY users_every ON identity.users TO renderstore_admin, renderstore_auth USING (true) WITH CHECK (true);
CREATE POLICY users_own ON identity.users TO renderstore_app USING ((id = ( SELECT identity.current_user_id() AS current_user_id))) WITH CHECK ((id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY users_owner ON identity.users TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY users_read ON identity.users FOR SELECT TO renderstore_readonly USING (true);

GRANT SELECT ON TABLE identity.users TO renderstore_app;
GRANT SELECT,DELETE ON TABLE identity.users TO renderstore_admin;
GRANT SELECT ON TABLE identity.users TO renderstore_readonly;
GRANT SELECT,DELETE ON TABLE identity.users TO renderstore_auth;
GRANT INSERT(plan_id),UPDATE(plan_id) ON TABLE identity.users TO renderstore_admin;
GRANT INSERT(role),UPDATE(role) ON TABLE identity.users TO renderstore_admin;
GRANT UPDATE(status) ON TABLE identity.users TO renderstore_admin;
GRANT INSERT(email),UPDATE(email) ON TABLE identity.users TO renderstore_auth;
GRANT INSERT(email),UPDATE(email) ON TABLE identity.users TO renderstore_admin;
GRANT INSERT(name),UPDATE(name) ON TABLE identity.users TO renderstore_auth;
GRANT INSERT(name),UPDATE(name) ON TABLE identity.users TO renderstore_admin;
GRANT INSERT(image),UPDATE(image) ON TABLE identity.users TO renderstore_auth;
GRANT INSERT(image),UPDATE(image) ON TABLE identity.users TO renderstore_admin;
GRANT INSERT(slack_id),UPDATE(slack_id) ON TABLE identity.users TO renderstore_admin;
GRANT INSERT(plex_id) ON TABLE identity.users TO renderstore_auth;
GRANT INSERT(plex_id),UPDATE(plex_id) ON TABLE identity.users TO renderstore_admin;
GRANT INSERT(plex_username),UPDATE(plex_username) ON TABLE identity.users TO renderstore_auth;
GRANT INSERT(plex_username),UPDATE(plex_username) ON TABLE identity.users TO renderstore_admin;
GRANT UPDATE(is_password_change_due) ON TABLE identity.users TO renderstore_auth;
GRANT INSERT(email_verified_at),UPDATE(email_verified_at) ON TABLE identity.users TO renderstore_auth;
GRANT UPDATE(email_verified_at) ON TABLE identity.users TO renderstore_admin;
GRANT UPDATE(last_login_at) ON TABLE identity.users TO renderstore_auth;

CREATE TABLE identity.verification_tokens (
    identifier text NOT NULL,
    token text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT verification_tokens_identifier_is_short_check CHECK (((length(identifier) >= 1) AND (length(identifier) <= 320))),
    CONSTRAINT verification_tokens_times_are_1970_to_9999_check CHECK (((LEAST(created_at, expires_at) >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (GREATEST(created_at, expires_at) < '9999-12-31 00:00:00+00'::timestamp with time zone))),
    CONSTRAINT verification_tokens_token_is_short_check CHECK (((length(token) >= 1) AND (length(token) <= 500)))
);

COMMENT ON TABLE identity.verification_tokens IS 'One row a link that was mailed to prove an address.';
COMMENT ON COLUMN identity.verification_tokens.identifier IS 'The e-mail address to be proven.';
COMMENT ON COLUMN identity.verification_tokens.token IS 'The hash of the link''s token, made by Auth.js. Only sign-in reads it.';
COMMENT ON COLUMN identity.verification_tokens.created_at IS 'When the link was mailed.';
COMMENT ON COLUMN identity.verification_tokens.expires_at IS 'When the link ceases to work.';
COMMENT ON CONSTRAINT verification_tokens_identifier_is_short_check ON identity.verification_tokens IS 'The address to be proven has 1 to 320 characters.';
COMMENT ON CONSTRAINT verification_tokens_times_are_1970_to_9999_check ON identity.verification_tokens IS 'A token''s times lie between 1970 and 9999.';
COMMENT ON CONSTRAINT verification_tokens_token_is_short_check ON identity.verification_tokens IS 'A verification token has 1 to 500 characters.';

ALTER TABLE ONLY identity.verification_tokens
    ADD CONSTRAINT verification_tokens_pkey PRIMARY KEY (identifier, token);

COMMENT ON CONSTRAINT verification_tokens_pkey ON identity.verification_tokens IS 'This address already has this verification token.';

CREATE INDEX verification_tokens_expires_at_idx ON identity.verification_tokens USING btree (expires_at);

GRANT SELECT,DELETE ON TABLE identity.verification_tokens TO renderstore_auth;
GRANT INSERT(identifier) ON TABLE identity.verification_tokens TO renderstore_auth;
GRANT SELECT(identifier) ON TABLE identity.verification_tokens TO renderstore_admin;
GRANT SELECT(identifier) ON TABLE identity.verification_tokens TO renderstore_readonly;
GRANT INSERT(token) ON TABLE identity.verification_tokens TO renderstore_auth;
GRANT SELECT(created_at) ON TABLE identity.verification_tokens TO renderstore_admin;
GRANT SELECT(created_at) ON TABLE identity.verification_tokens TO renderstore_readonly;
GRANT INSERT(expires_at) ON TABLE identity.verification_tokens TO renderstore_auth;
GRANT SELECT(expires_at) ON TABLE identity.verification_tokens TO renderstore_admin;
GRANT SELECT(expires_at) ON TABLE identity.verification_tokens TO renderstore_readonly;

CREATE TABLE identity.web_sessions (
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    session_token text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT web_sessions_session_token_is_short_check CHECK (((length(session_token) >= 1) AND (length(session_token) <= 500))),
    CONSTRAINT web_sessions_times_are_1970_to_9999_check CHECK (((LEAST(created_at, expires_at) >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (GREATEST(created_at, expires_at) < '9999-12-31 00:00:00+00'::timestamp with time zone)))
);

ALTER TABLE ONLY identity.web_sessions FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE identity.web_sessions IS 'One row a browser that is signed in through Auth.js.';
COMMENT ON COLUMN identity.web_sessions.id IS 'The row''s identifier, made by the database.';
COMMENT ON COLUMN identity.web_sessions.user_id IS 'The user who is signed in.';
COMMENT ON COLUMN identity.web_sessions.session_token IS 'The cookie''s value, as Auth.js writes and compares it. Only sign-in reads it.';
COMMENT ON COLUMN identity.web_sessions.created_at IS 'When the browser signed in.';
COMMENT ON COLUMN identity.web_sessions.expires_at IS 'When the session ends; Auth.js moves it while the session is used.';
COMMENT ON CONSTRAINT web_sessions_session_token_is_short_check ON identity.web_sessions IS 'A session''s token has 1 to 500 characters.';
COMMENT ON CONSTRAINT web_sessions_times_are_1970_to_9999_check ON identity.web_sessions IS 'A session''s times lie between 1970 and 9999.';

ALTER TABLE ONLY identity.web_sessions
    ADD CONSTRAINT web_sessions_pkey PRIMARY KEY (id);

COMMENT ON CONSTRAINT web_sessions_pkey ON identity.web_sessions IS 'There is already a session with this id.';

ALTER TABLE ONLY identity.web_sessions
    ADD CONSTRAINT web_sessions_session_token_key UNIQUE (session_token);

COMMENT ON CONSTRAINT web_sessions_session_token_key ON identity.web_sessions IS 'There is already a session with this token.';

CREATE INDEX web_sessions_expires_at_idx ON identity.web_sessions USING btree (expires_at);

CREATE INDEX web_sessions_user_id_idx ON identity.web_sessions USING btree (user_id);

CREATE TRIGGER web_sessions_note_sign_in BEFORE INSERT ON identity.web_sessions FOR EACH ROW WHEN ((new.created_at = now())) EXECUTE FUNCTION identity.note_sign_in();

CREATE TRIGGER web_sessions_refuse_inactive_user BEFORE INSERT OR UPDATE OF user_id ON identity.web_sessions FOR EACH ROW EXECUTE FUNCTION identity.refuse_inactive_user();

ALTER TABLE ONLY identity.web_sessions
    ADD CONSTRAINT web_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT web_sessions_user_id_fkey ON identity.web_sessions IS 'There is no user with this id; still referenced: the user has sessions.';

ALTER TABLE identity.web_sessions ENABLE ROW LEVEL SECURITY;

CREATE POLICY web_sessions_every ON identity.web_sessions TO renderstore_admin, renderstore_auth USING (true) WITH CHECK (true);
CREATE POLICY web_sessions_own ON identity.web_sessions TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id))) WITH CHECK ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY web_sessions_owner ON identity.web_sessions TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY web_sessions_read ON identity.web_sessions FOR SELECT TO renderstore_readonly USING (true);

GRANT DELETE ON TABLE identity.web_sessions TO renderstore_app;
GRANT DELETE ON TABLE identity.web_sessions TO renderstore_admin;
GRANT SELECT,DELETE ON TABLE identity.web_sessions TO renderstore_auth;
GRANT SELECT(id) ON TABLE identity.web_sessions TO renderstore_app;
GRANT SELECT(id) ON TABLE identity.web_sessions TO renderstore_admin;
GRANT SELECT(id) ON TABLE identity.web_sessions TO renderstore_readonly;
GRANT SELECT(user_id) ON TABLE identity.web_sessions TO renderstore_app;
GRANT SELECT(user_id) ON TABLE identity.web_sessions TO renderstore_admin;
GRANT SELECT(user_id) ON TABLE identity.web_sessions TO renderstore_readonly;
GRANT INSERT(user_id) ON TABLE identity.web_sessions TO renderstore_auth;
GRANT INSERT(session_token) ON TABLE identity.web_sessions TO renderstore_auth;
GRANT SELECT(created_at) ON TABLE identity.web_sessions TO renderstore_app;
GRANT SELECT(created_at) ON TABLE identity.web_sessions TO renderstore_admin;
GRANT SELECT(created_at) ON TABLE identity.web_sessions TO renderstore_readonly;
GRANT SELECT(expires_at) ON TABLE identity.web_sessions TO renderstore_app;
GRANT SELECT(expires_at) ON TABLE identity.web_sessions TO renderstore_admin;
GRANT SELECT(expires_at) ON TABLE identity.web_sessions TO renderstore_readonly;
GRANT INSERT(expires_at),UPDATE(expires_at) ON TABLE identity.web_sessions TO renderstore_auth;

CREATE FUNCTION identity.admit_owner() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    insert into identity.owners (user_id)
    values (new.id)
    on conflict do nothing;
    return null;
end
$$;

COMMENT ON FUNCTION identity.admit_owner() IS 'Trigger: a user who comes to this node may own rows here.';

REVOKE ALL ON FUNCTION identity.admit_owner() FROM PUBLIC;

CREATE FUNCTION identity.bind(role_name text, user_id uuid, actor text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
    perform
        set_config('role', role_name, true),
        set_config('search_path', '', true),
        -- What a login or a database may say otherwise, and clients do not read.
        set_config('datestyle', 'ISO', true),
        set_config('intervalstyle', 'postgres', true),
        set_config('renderstore.user_id', coalesce(user_id::text, ''), true),
        set_config('renderstore.actor', coalesce(actor, ''), true);
    -- The role is set by now, so the question is asked with that role's rights.
    if role_name = 'renderstore_admin' and user_id is not null then
        perform
        from identity.users
        where users.id = bind.user_id
            and users.role = 'admin'
            and users.status = 'active';
        if not found then
            raise exception using
                errcode = 'RS001',
                message = 'This user is not an active administrator.';
        end if;
    end if;
end
$$;

COMMENT ON FUNCTION identity.bind(role_name text, user_id uuid, actor text) IS 'Enters a scope for the rest of the transaction: the role, the user whose rows are meant, and who acts.';

CREATE FUNCTION identity.bind_token(token_hash bytea, wanted_role identity.token_role, wanted_user_id uuid) RETURNS boolean
    LANGUAGE plpgsql
    AS $$
declare
    token record;
    chosen identity.token_role;
    acting_for uuid;
begin
    perform identity.bind('renderstore_auth', null, 'auth');

    select
        t.id,
        t.roles,
        t.for_user_id,
        t.revoked_at,
        t.expires_at,
        t.last_used_at,
        t.user_id,
        owners.status as owner_status,
        owners.role as owner_role
    into token
    from identity.api_tokens as t
    left join identity.users as owners on owners.id = t.user_id
    where t.token_hash = bind_token.token_hash;

    if not found then
        raise exception using errcode = 'RS003', message = 'This token is not known.';
    elsif token.revoked_at is not null then
        raise exception using errcode = 'RS003', message = 'This token was revoked.';
    elsif token.expires_at <= now() then
        raise exception using errcode = 'RS003', message = 'This token has expired.';
    elsif token.user_id is not null and token.owner_status is distinct from 'active' then
        raise exception using errcode = 'RS004', message = 'The user of this token is not active.';
    end if;

    chosen = coalesce(wanted_role, case when cardinality(token.roles) = 1 then token.roles[1] end);
    if chosen is null then
        raise exception using
            errcode = 'RS003',
            message = format(
                'This token may act in several roles (%s): name one.',
                array_to_string(token.roles, ', ')
            );
    elsif not chosen = any (token.roles) then
        raise exception using
            errcode = 'RS003',
            message = format('This token may not act as %s.', chosen);
    elsif chosen = 'admin' and token.owner_role <> 'admin' then
        raise exception using
            errcode = 'RS001',
            message = 'This user is not an active administrator.';
    end if;

    if chosen = 'user' then
        acting_for = coalesce(token.for_user_id, wanted_user_id);
        if acting_for is null then
            raise exception using
                errcode = 'RS003',
                message = 'This token may act for any user: name one.';
        elsif acting_for <> wanted_user_id then
            raise exception using
                errcode = 'RS003',
                message = 'This token may not act for that user.';
        end if;
        perform
        from identity.users
        where users.id = acting_for and users.status = 'active';
        if not found then
            raise exception using
                errcode = 'RS004',
                message = 'The user for whom this token acts is not active.';
        end if;
    end if;

    -- acting_for is null for an administrator's token, so bind asks nothing more.
    perform identity.bind(
        case chosen when 'user' then 'renderstore_app' else 'renderstore_' || chosen end,
        acting_for,
        'token:' || token.id
    );
    return
        coalesce(token.last_used_at < now() - interval '1 minute', true)
        and not current_setting('transaction_read_only')::boolean;
end
$$;

COMMENT ON FUNCTION identity.bind_token(token_hash bytea, wanted_role identity.token_role, wanted_user_id uuid) IS 'Enters the scope that an API token may: as its one role or the wanted one, for its one user or the wanted one.
True where identity.note_token_use is to be called once the scope has ended: once a minute, not where only reading is possible.';

CREATE FUNCTION identity.check_session_token(token_hash bytea) RETURNS TABLE(id uuid, user_id uuid, role identity.user_role, expires_at timestamp with time zone)
    LANGUAGE plpgsql ROWS 1
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
    return query
    select
        t.id,
        t.user_id,
        u.role,
        t.expires_at
    from identity.session_tokens as t
    join identity.users as u on u.id = t.user_id
    where t.token_hash = check_session_token.token_hash
        and t.expires_at > now()
        and u.status = 'active';
    -- A transaction that only reads, on a replica for one, leaves no note.
    if not found or current_setting('transaction_read_only') = 'on' then
        return;
    end if;
    -- Whoever finds the row locked leaves the note to the other: a check waits for nobody.
    update identity.session_tokens as t
    set last_used_at = now()
    where t.id in (
        select used.id
        from identity.session_tokens as used
        where used.token_hash = check_session_token.token_hash
            and (
                used.last_used_at is null
                or used.last_used_at < now() - interval '1 minute'
            )
        for no key update skip locked
    );
end
$$;

COMMENT ON FUNCTION identity.check_session_token(token_hash bytea) IS 'The active user to whom a live session token belongs; notes its use at most once a minute, and not where the transaction only reads.';

REVOKE ALL ON FUNCTION identity.check_session_token(token_hash bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.check_session_token(token_hash bytea) TO renderstore_auth;

CREATE FUNCTION identity.create_bootstrap_admin(email text, name text, password_hash text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    made uuid;
begin
    -- A second caller waits here for the first to end.
    insert into identity.bootstraps (is_done)
    values (true)
    on conflict do nothing;
    if not found or exists (select from identity.users where role = 'admin') then
        raise exception using
            errcode = 'RS002',
            message = 'There is already an administrator, or there was one: the first is made only once.';
    end if;
    insert into identity.users (
        role,
        is_bootstrap,
        email,
        name,
        is_password_change_due
    )
    values (
        'admin',
        true,
        create_bootstrap_admin.email,
        create_bootstrap_admin.name,
        create_bootstrap_admin.password_hash is not null
    )
    returning id into made;
    insert into identity.user_secrets (user_id, password_hash)
    values (made, create_bootstrap_admin.password_hash);
    return made;
end
$$;

COMMENT ON FUNCTION identity.create_bootstrap_admin(email text, name text, password_hash text) IS 'Makes the first administrator, whose password must be changed at the first sign-in; refused once there was one.';

REVOKE ALL ON FUNCTION identity.create_bootstrap_admin(email text, name text, password_hash text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.create_bootstrap_admin(email text, name text, password_hash text) TO renderstore_auth;

CREATE FUNCTION identity.current_actor() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE(NULLIF(current_setting('renderstore.actor'::text, true), ''::text), ('login:'::text || (SESSION_USER)::text));

COMMENT ON FUNCTION identity.current_actor() IS 'Who is acting, for events and the audit trail: user:…, token:…, worker:…, admin:…, dba:…, or login:… outside a scope.';

CREATE FUNCTION identity.current_user_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('renderstore.user_id'::text, true), ''::text))::uuid;

COMMENT ON FUNCTION identity.current_user_id() IS 'The user whose rows this transaction may see; null when none is bound.';

CREATE FUNCTION identity.end_access() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    delete from identity.web_sessions where user_id = new.id;
    delete from identity.session_tokens where user_id = new.id;
    delete from identity.macos_accounts where user_id = new.id;
    update identity.api_tokens
    set revoked_at = now()
    where (user_id = new.id or for_user_id = new.id) and revoked_at is null;
    return null;
end
$$;

COMMENT ON FUNCTION identity.end_access() IS 'Trigger: what a deactivation made void stays void when the user comes back before a sweep.';

REVOKE ALL ON FUNCTION identity.end_access() FROM PUBLIC;

CREATE FUNCTION identity.end_erased_owner() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    -- Under replication no cascade fires, so there the sweep ends it.
    if current_setting('session_replication_role') <> 'replica' then
        perform identity.end_owner(old.id);
    end if;
    return null;
end
$$;

COMMENT ON FUNCTION identity.end_erased_owner() IS 'Trigger: what an erased user owns ends at once, or with the next sweep where somebody holds a row of it.';

REVOKE ALL ON FUNCTION identity.end_erased_owner() FROM PUBLIC;

CREATE FUNCTION identity.end_owner(user_id uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '1ms'
    AS $$
begin
    delete from identity.owners as o
    where o.user_id = end_owner.user_id
        and not exists (
            select
            from identity.users as u
            where u.id = o.user_id
        );
    return found;
exception
    when lock_not_available then
        return false;
end
$$;

COMMENT ON FUNCTION identity.end_owner(user_id uuid) IS 'Ends all that an erased user owns and says whether it did: it does not while somebody holds a row of it.';

REVOKE ALL ON FUNCTION identity.end_owner(user_id uuid) FROM PUBLIC;

CREATE FUNCTION identity.guard_user_secrets() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    owner record;
begin
    select
        u.plex_id,
        u.is_bootstrap
    into owner
    from identity.users as u
    where u.id = new.user_id;
    if new.plex_token_encrypted is not null and owner.plex_id is null then
        raise exception using
            errcode = '23514',
            message = 'A Plex token belongs to a Plex id.';
    end if;
    if new.password_hash is not null and owner.is_bootstrap is not true then
        raise exception using
            errcode = '23514',
            message = 'Only the first administrator has a password; everybody else signs in elsewhere.';
    end if;
    return new;
end
$$;

COMMENT ON FUNCTION identity.guard_user_secrets() IS 'Trigger: only a user with a Plex id has a Plex token, and only the first administrator a password.';

REVOKE ALL ON FUNCTION identity.guard_user_secrets() FROM PUBLIC;

CREATE FUNCTION identity.import_account(kind text, source text, old_row jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := ops.imported_user(
        kind,
        coalesce(old_row ->> 'userId', old_row ->> 'user_id')
    );
    made uuid;
    holder uuid;
begin
    select a.id, a.user_id into made, holder
    from identity.accounts as a
    where a.provider = old_row ->> 'provider'
        and a.provider_account_id = old_row ->> 'providerAccountId';
    if owner is null then
        perform ops.refuse_import(kind, source, old_row, 'Its user did not come.');
        return;
    elsif holder <> owner then
        perform ops.refuse_import(kind, source, old_row, 'This account at the provider is linked to another user.');
        return;
    elsif holder = owner then
        perform ops.note_import(
            kind, source, old_row ->> 'id', 'identity.accounts', made::text,
            array['merged with the same account, which stays as is']
        );
        return;
    end if;
    insert into identity.accounts (
        id,
        user_id,
        type,
        provider,
        provider_account_id,
        token_type,
        scope,
        expires_at_s,
        created_at
    )
    select
        ops.imported_id(u.created_at, old_row ->> 'id'),
        owner,
        old_row ->> 'type',
        old_row ->> 'provider',
        old_row ->> 'providerAccountId',
        old_row ->> 'token_type',
        old_row ->> 'scope',
        (old_row ->> 'expires_at')::bigint,
        u.created_at
    from identity.users as u
    where u.id = owner
    returning accounts.id into made;
    insert into identity.account_secrets (
        account_id,
        access_token,
        refresh_token,
        id_token,
        session_state
    )
    values (
        made,
        old_row ->> 'access_token',
        old_row ->> 'refresh_token',
        old_row ->> 'id_token',
        old_row ->> 'session_state'
    );
    perform ops.note_import(
        kind, source, old_row ->> 'id', 'identity.accounts', made::text, '{}'
    );
end
$$;

COMMENT ON FUNCTION identity.import_account(kind text, source text, old_row jsonb) IS 'Brings one account of Auth.js here.';

REVOKE ALL ON FUNCTION identity.import_account(kind text, source text, old_row jsonb) FROM PUBLIC;

CREATE FUNCTION identity.import_api_token(kind text, source text, old_row jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $_$
#variable_conflict use_variable
declare
    token constant text := old_row -> 'token' ->> 'sha256';
    name constant text := coalesce(nullif(left(btrim(old_row ->> 'name'), 200), ''), 'imported');
    service constant text := coalesce(
        nullif(
            left(
                regexp_replace(
                    regexp_replace(lower(name), '[^a-z0-9_-]+', '-', 'g'),
                    '^[^a-z]+|-+$',
                    '',
                    'g'
                ),
                100
            ),
            ''
        ),
        'imported'
    );
    created_at constant timestamptz := old_row ->> 'createdAt';
    made uuid;
begin
    insert into identity.api_tokens (
        id,
        service,
        name,
        prefix,
        token_hash,
        roles,
        created_at,
        revoked_at
    )
    values (
        ops.imported_id(created_at, old_row ->> 'id'),
        service,
        name,
        -- What people see of it: the token itself is not here any more.
        'rs_' || left(token, 8),
        decode(token, 'hex'),
        '{user,worker}',
        created_at,
        case when (old_row ->> 'active')::boolean then null else now() end
    )
    returning api_tokens.id into made;
    perform ops.note_import(
        kind, source, old_row ->> 'id', 'identity.api_tokens', made::text,
        array[
            'token: kept as its SHA-256',
            case
                when (old_row -> 'token' ->> 'characters')::integer < 20
                    then 'token: it has fewer than 20 characters; give it a new secret'
            end,
            case when name <> old_row ->> 'name' then 'name: cut, or was empty' end,
            case
                when (old_row ->> 'active')::boolean is not true
                    then 'active: revoked as of now, its time was not kept'
            end
        ]
    );
end
$_$;

COMMENT ON FUNCTION identity.import_api_token(kind text, source text, old_row jsonb) IS 'Brings one token of a service here, which acts as any user and as a worker until an administrator narrows it.';

REVOKE ALL ON FUNCTION identity.import_api_token(kind text, source text, old_row jsonb) FROM PUBLIC;

CREATE FUNCTION identity.import_names(kind text, user_id uuid, names jsonb, OUT changes text[]) RETURNS text[]
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    wanted text;
begin
    changes := '{}';
    if coalesce(jsonb_typeof(names), 'null') = 'null' then
        return;
    elsif jsonb_typeof(names) <> 'array' then
        changes := array['macUsernames: dropped, it is no list'];
        return;
    end if;
    for wanted in
        select distinct lower(btrim(listed.name))
        from jsonb_array_elements_text(names) as listed (name)
        order by 1
    loop
        if wanted is null or wanted !~ '^[a-z0-9_][a-z0-9_.-]{0,254}$' then
            changes := changes || 'macUsernames: a name that no Mac has is dropped'::text;
        elsif not exists (
            select
            from identity.macos_accounts as m
            where m.name = wanted
        ) then
            insert into identity.macos_accounts (user_id, name)
            values (import_names.user_id, wanted);
        elsif not exists (
            select
            from identity.macos_accounts as m
            where m.name = wanted and m.user_id = import_names.user_id
        ) then
            changes := changes || 'macUsernames: another user''s name is dropped'::text;
        end if;
    end loop;
end
$_$;

COMMENT ON FUNCTION identity.import_names(kind text, user_id uuid, names jsonb, OUT changes text[]) IS 'Gives a user who came from another system the macOS account names that are free; says what was dropped.';

REVOKE ALL ON FUNCTION identity.import_names(kind text, user_id uuid, names jsonb, OUT changes text[]) FROM PUBLIC;

CREATE FUNCTION identity.import_session_token(kind text, source text, old_row jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $_$
#variable_conflict use_variable
declare
    owner constant uuid := ops.imported_user(kind, old_row ->> 'user_id');
    made uuid;
begin
    if owner is null then
        perform ops.refuse_import(kind, source, old_row, 'Its user did not come.');
        return;
    elsif old_row ->> 'token_hash' !~* '^[0-9a-f]{64}$' then
        perform ops.refuse_import(
            kind, source, old_row,
            'Its hash is no SHA-256 in hexadecimal digits: the user signs in again.'
        );
        return;
    end if;
    insert into identity.session_tokens (
        id,
        user_id,
        token_hash,
        last_used_at,
        created_at,
        expires_at
    )
    values (
        ops.imported_id(null, old_row ->> 'id'),
        owner,
        decode(old_row ->> 'token_hash', 'hex'),
        (old_row ->> 'last_used_at')::timestamptz,
        (old_row ->> 'created_at')::timestamptz,
        (old_row ->> 'expires_at')::timestamptz
    )
    returning session_tokens.id into made;
    perform ops.note_import(
        kind, source, old_row ->> 'id', 'identity.session_tokens', made::text, '{}'
    );
end
$_$;

COMMENT ON FUNCTION identity.import_session_token(kind text, source text, old_row jsonb) IS 'Brings one session token here; it goes on working where its hash is a SHA-256.';

REVOKE ALL ON FUNCTION identity.import_session_token(kind text, source text, old_row jsonb) FROM PUBLIC;

CREATE FUNCTION identity.import_user(kind text, source text, old_row jsonb, plan_id text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $_$
#variable_conflict use_variable
declare
    changes text[] := '{}';
    old_id constant text := old_row ->> 'id';
    given_email constant text := nullif(btrim(old_row ->> 'email'), '');
    given_plex constant text := nullif(btrim(old_row ->> 'plex_id'), '');
    given_role constant text := lower(coalesce(old_row ->> 'role', 'user'));
    given_status constant text := lower(coalesce(old_row ->> 'status', 'active'));
    email text := lower(given_email);
    plex_id bigint;
    is_bootstrap boolean := coalesce((old_row ->> 'is_bootstrap_user')::boolean, false);
    name text := nullif(btrim(old_row ->> 'name'), '');
    image text := nullif(old_row ->> 'image', '');
    slack_id text := nullif(btrim(old_row ->> 'slackUserId'), '');
    plex_username text := nullif(btrim(old_row ->> 'plex_username'), '');
    created_at constant timestamptz := coalesce(
        old_row ->> 'createdAt',
        old_row ->> 'created_at'
    );
    updated_at constant timestamptz := coalesce(
        (coalesce(old_row ->> 'updatedAt', old_row ->> 'updated_at'))::timestamptz,
        created_at
    );
    verified_at timestamptz := old_row ->> 'emailVerified';
    login_at timestamptz := old_row ->> 'last_login_at';
    status identity.user_status;
    made uuid;
    there uuid[];
begin
    if ops.is_kept_time(created_at) is not true
        or ops.is_kept_time(updated_at) is not true
        or ops.is_kept_time(verified_at) = false
        or ops.is_kept_time(login_at) = false
    then
        perform ops.refuse_import(kind, source, old_row, 'Its times do not lie between 1970 and 9999.');
        return;
    end if;
    if given_plex ~ '^[0-9]{1,18}$' and given_plex::bigint > 0 then
        plex_id := given_plex;
    elsif given_plex is not null then
        changes := changes || 'plex_id: dropped, it is no number of Plex'::text;
    end if;
    if email is not null
        and (email !~ '^[^@[:space:]]+@[^@[:space:]]+$' or length(email) > 320)
    then
        if plex_id is null then
            perform ops.refuse_import(kind, source, old_row, 'Its e-mail address is none.');
            return;
        end if;
        email := null;
        changes := changes || 'email: dropped, it is no address'::text;
    elsif email <> old_row ->> 'email' then
        changes := changes || 'email: written in lower case'::text;
    end if;

    select array_agg(distinct u.id) into there
    from identity.users as u
    where (u.email = email or u.plex_id = plex_id)
        and u.status in ('active', 'suspended');
    if cardinality(there) > 1 then
        perform ops.refuse_import(
            kind, source, old_row,
            'Its e-mail address and its Plex id belong to two users.'
        );
        return;
    elsif there is not null then
        made := there[1];
        changes := array['merged with the user who has this address or Plex id, and who stays as is'];
    else
        -- A UUID stays; what is none becomes one.
        made := case
            when old_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then old_id::uuid
            else ops.imported_id(created_at, old_id)
        end;
        if given_role not in ('user', 'admin') then
            changes := changes || 'role: became user, the other is not known here'::text;
        end if;
        status := case given_status
            when 'active' then 'active'::identity.user_status
            when 'deleted' then 'deactivated'
            when 'deactivated' then 'deactivated'
            else 'suspended'
        end;
        if given_status not in ('active', 'suspended', 'deactivated') then
            changes := changes || format('status: %s became %s', given_status, status);
        end if;
        if length(name) > 200 then
            name := left(name, 200);
            changes := changes || 'name: cut after 200 characters'::text;
        end if;
        if length(image) > 65536 then
            image := null;
            changes := changes || 'image: dropped, it is longer than 65536 characters'::text;
        end if;
        if length(plex_username) > 200 then
            plex_username := left(plex_username, 200);
            changes := changes || 'plex_username: cut after 200 characters'::text;
        end if;
        if slack_id !~ '^[UW][A-Z0-9]{2,31}$' then
            slack_id := null;
            changes := changes || 'slackUserId: dropped, it is no id of Slack'::text;
        elsif exists (
            select
            from identity.users as u
            where u.slack_id = slack_id and u.status in ('active', 'suspended')
        ) then
            slack_id := null;
            changes := changes || 'slackUserId: dropped, another user has it'::text;
        end if;
        if is_bootstrap
            and exists (
                select
                from identity.users as u
                where u.is_bootstrap
            )
        then
            is_bootstrap := false;
            changes := changes || 'is_bootstrap_user: there is a first administrator already'::text;
        end if;
        if old_row ->> 'plex_token' is not null then
            changes := changes || 'plex_token: dropped, it is sealed with another key; the next sign-in with Plex brings it'::text;
        end if;
        if old_row ->> 'password_hash' is not null then
            changes := changes
                || case
                    when is_bootstrap
                        then 'password_hash: dropped, a new password is due'
                    else 'password_hash: dropped, only the first administrator has a password'
                end;
        end if;
        insert into identity.users (
            id,
            plan_id,
            role,
            status,
            is_bootstrap,
            email,
            name,
            image,
            slack_id,
            plex_id,
            plex_username,
            is_password_change_due,
            email_verified_at,
            last_login_at,
            created_at,
            updated_at
        )
        values (
            made,
            plan_id,
            case given_role when 'admin' then 'admin'::identity.user_role else 'user' end,
            status,
            is_bootstrap,
            email,
            name,
            image,
            slack_id,
            plex_id,
            plex_username,
            is_bootstrap,
            verified_at,
            login_at,
            created_at,
            updated_at
        );
        if is_bootstrap then
            insert into identity.bootstraps (is_done)
            values (true)
            on conflict do nothing;
            -- The hash of nothing that anybody knows: identity.sign_in.change_password takes its place.
            insert into identity.user_secrets (user_id, password_hash)
            values (
                made,
                format(
                    '$argon2id$v=19$m=65536,t=3,p=4$%s$%s',
                    substr(md5(gen_random_uuid()::text), 1, 22),
                    substr(md5(gen_random_uuid()::text) || md5(gen_random_uuid()::text), 1, 43)
                )
            );
        end if;
    end if;
    changes := changes || identity.import_names(kind, made, old_row -> 'macUsernames');
    perform ops.note_import(kind, source, old_id, 'identity.users', made::text, changes);
end
$_$;

COMMENT ON FUNCTION identity.import_user(kind text, source text, old_row jsonb, plan_id text) IS 'Brings one user of another system here, or finds who that is here already.';

REVOKE ALL ON FUNCTION identity.import_user(kind text, source text, old_row jsonb, plan_id text) FROM PUBLIC;

CREATE FUNCTION identity.import_verification_token(kind text, source text, old_row jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
begin
    insert into identity.verification_tokens (identifier, token, expires_at)
    values (
        old_row ->> 'identifier',
        old_row ->> 'token',
        (old_row ->> 'expires')::timestamptz
    );
    perform ops.note_import(
        kind, source, old_row ->> 'id', 'identity.verification_tokens',
        old_row ->> 'identifier', '{}'
    );
end
$$;

COMMENT ON FUNCTION identity.import_verification_token(kind text, source text, old_row jsonb) IS 'Brings one mailed link of Auth.js here.';

REVOKE ALL ON FUNCTION identity.import_verification_token(kind text, source text, old_row jsonb) FROM PUBLIC;

CREATE FUNCTION identity.import_web_session(kind text, source text, old_row jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := ops.imported_user(
        kind,
        coalesce(old_row ->> 'userId', old_row ->> 'user_id')
    );
    made uuid;
begin
    if owner is null then
        perform ops.refuse_import(kind, source, old_row, 'Its user did not come.');
        return;
    end if;
    insert into identity.web_sessions (
        id,
        user_id,
        session_token,
        created_at,
        expires_at
    )
    select
        ops.imported_id(u.created_at, old_row ->> 'id'),
        owner,
        old_row ->> 'sessionToken',
        coalesce(u.last_login_at, u.created_at),
        (old_row ->> 'expires')::timestamptz
    from identity.users as u
    where u.id = owner
    returning web_sessions.id into made;
    perform ops.note_import(
        kind, source, old_row ->> 'id', 'identity.web_sessions', made::text, '{}'
    );
end
$$;

COMMENT ON FUNCTION identity.import_web_session(kind text, source text, old_row jsonb) IS 'Brings one session of Auth.js here: the cookie goes on working.';

REVOKE ALL ON FUNCTION identity.import_web_session(kind text, source text, old_row jsonb) FROM PUBLIC;

CREATE FUNCTION identity.issue_api_token(name text, roles identity.token_role[], user_id uuid, service text, for_user_id uuid, expires_at timestamp with time zone, OUT id uuid, OUT secret text) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    made_prefix text := 'rs_' || substr(md5(gen_random_uuid()::text), 1, 8);
begin
    secret = identity.new_secret(made_prefix);
    insert into identity.api_tokens as t (
        user_id,
        service,
        for_user_id,
        name,
        prefix,
        token_hash,
        roles,
        expires_at
    )
    values (
        issue_api_token.user_id,
        issue_api_token.service,
        -- A user's own token acts for that user.
        coalesce(issue_api_token.user_id, issue_api_token.for_user_id),
        issue_api_token.name,
        made_prefix,
        sha256(convert_to(secret, 'UTF8')),
        issue_api_token.roles,
        issue_api_token.expires_at
    )
    returning t.id into issue_api_token.id;
end
$$;

COMMENT ON FUNCTION identity.issue_api_token(name text, roles identity.token_role[], user_id uuid, service text, for_user_id uuid, expires_at timestamp with time zone, OUT id uuid, OUT secret text) IS 'Issues an API token to a user or a service and gives its id and, this once, its secret.';

REVOKE ALL ON FUNCTION identity.issue_api_token(name text, roles identity.token_role[], user_id uuid, service text, for_user_id uuid, expires_at timestamp with time zone, OUT id uuid, OUT secret text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.issue_api_token(name text, roles identity.token_role[], user_id uuid, service text, for_user_id uuid, expires_at timestamp with time zone, OUT id uuid, OUT secret text) TO renderstore_app;
GRANT ALL ON FUNCTION identity.issue_api_token(name text, roles identity.token_role[], user_id uuid, service text, for_user_id uuid, expires_at timestamp with time zone, OUT id uuid, OUT secret text) TO renderstore_admin;

CREATE FUNCTION identity.issue_session_token(user_id uuid, lifetime interval) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    secret text := identity.new_secret('rs_session');
begin
    insert into identity.session_tokens (user_id, token_hash, expires_at)
    values (
        issue_session_token.user_id,
        sha256(convert_to(secret, 'UTF8')),
        now() + lifetime
    );
    return secret;
end
$$;

COMMENT ON FUNCTION identity.issue_session_token(user_id uuid, lifetime interval) IS 'Issues a session token to an active user and gives its secret, this once.';

REVOKE ALL ON FUNCTION identity.issue_session_token(user_id uuid, lifetime interval) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.issue_session_token(user_id uuid, lifetime interval) TO renderstore_auth;

CREATE FUNCTION identity.keep_revoked() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    raise exception using
        errcode = 'RS003',
        message = 'A revoked token stays revoked; issue a new one.';
end
$$;

COMMENT ON FUNCTION identity.keep_revoked() IS 'Trigger: refuses to make a revoked token work again.';

REVOKE ALL ON FUNCTION identity.keep_revoked() FROM PUBLIC;

CREATE FUNCTION identity.lower_email() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    new.email = lower(new.email);
    return new;
end
$$;

COMMENT ON FUNCTION identity.lower_email() IS 'Trigger: keeps an e-mail address in lower case, however it was written.';

REVOKE ALL ON FUNCTION identity.lower_email() FROM PUBLIC;

CREATE FUNCTION identity.lower_name() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    new.name = lower(new.name);
    return new;
end
$$;

COMMENT ON FUNCTION identity.lower_name() IS 'Trigger: keeps a name in lower case, however it was written.';

REVOKE ALL ON FUNCTION identity.lower_name() FROM PUBLIC;

CREATE FUNCTION identity.new_secret(prefix text) RETURNS text
    LANGUAGE sql
    RETURN ((prefix || '_'::text) || translate(encode((uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())), 'base64'::text), '+/='::text, '-_'::text));

COMMENT ON FUNCTION identity.new_secret(prefix text) IS 'A new secret: the prefix, an underscore and 43 random characters.';

REVOKE ALL ON FUNCTION identity.new_secret(prefix text) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.new_secret(prefix text) TO renderstore_app;
GRANT ALL ON FUNCTION identity.new_secret(prefix text) TO renderstore_auth;
GRANT ALL ON FUNCTION identity.new_secret(prefix text) TO renderstore_admin;

CREATE FUNCTION identity.note_sign_in() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    update identity.users
    set last_login_at = now()
    where id = new.user_id and status = 'active';
    return new;
end
$$;

COMMENT ON FUNCTION identity.note_sign_in() IS 'Trigger: whoever is given a session has signed in.';

REVOKE ALL ON FUNCTION identity.note_sign_in() FROM PUBLIC;

CREATE FUNCTION identity.note_token_use(token_hash bytea) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    perform identity.bind('renderstore_auth', null, 'auth');
    -- Who finds the row locked leaves the note to the other.
    update identity.api_tokens
    set last_used_at = now()
    where api_tokens.id in (
        select noted.id
        from identity.api_tokens as noted
        where noted.token_hash = note_token_use.token_hash
            and coalesce(noted.last_used_at < now() - interval '1 minute', true)
        for no key update skip locked
    );
end
$$;

COMMENT ON FUNCTION identity.note_token_use(token_hash bytea) IS 'Notes that the API token of this SHA-256 was used, at most once a minute; a transaction of its own, after the scope.';

CREATE FUNCTION identity.refuse_inactive_user() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    found_status identity.user_status;
begin
    -- No lock: a suspension at this moment does not wait, and whoever checks a session asks the status again.
    select status into found_status
    from identity.users
    where id = new.user_id;
    if found_status = 'suspended' then
        raise exception using
            errcode = 'RS004',
            message = 'This user is suspended; an administrator can reactivate the account.';
    elsif found_status = 'deactivated' then
        raise exception using
            errcode = 'RS004',
            message = 'This user was deactivated; an administrator can reactivate the account.';
    end if;
    return new;
end
$$;

COMMENT ON FUNCTION identity.refuse_inactive_user() IS 'Trigger: a user who is suspended or deactivated gets no account, session or token.';

REVOKE ALL ON FUNCTION identity.refuse_inactive_user() FROM PUBLIC;

CREATE FUNCTION identity.rotate_api_token(id uuid) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    made_prefix text := 'rs_' || substr(md5(gen_random_uuid()::text), 1, 8);
    secret text := identity.new_secret(made_prefix);
begin
    update identity.api_tokens as t
    set
        prefix = made_prefix,
        token_hash = sha256(convert_to(secret, 'UTF8'))
    where t.id = rotate_api_token.id and t.revoked_at is null;
    if not found then
        raise exception using
            errcode = 'RS003',
            message = 'There is no active API token with this id.';
    end if;
    return secret;
end
$$;

COMMENT ON FUNCTION identity.rotate_api_token(id uuid) IS 'Gives an active API token a new secret, shown this once; the old one ceases to work.';

REVOKE ALL ON FUNCTION identity.rotate_api_token(id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.rotate_api_token(id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION identity.rotate_api_token(id uuid) TO renderstore_admin;

CREATE FUNCTION identity.sweep(max_rows bigint DEFAULT 1000) RETURNS TABLE(web_sessions bigint, session_tokens bigint, api_tokens bigint, verification_tokens bigint, macos_accounts bigint, owners bigint)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 1
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
declare
    ids uuid[];
    revoked bigint;
    erased uuid;
begin
    -- Keys are gathered in arrays, since a join would be planned for a tenth of the table.
    ids = array(
        select s.id
        from identity.web_sessions as s
        where s.expires_at <= now()
        order by s.expires_at
        limit max_rows
        for update skip locked
    );
    ids = ids || array(
        select ended.id
        from identity.users as u
        cross join lateral (
            select s.id
            from identity.web_sessions as s
            where s.user_id = u.id and s.id <> all (ids)
            limit max_rows
            for update skip locked
        ) as ended
        where u.status = 'deactivated'
        limit greatest(max_rows - cardinality(ids), 0)
    );
    delete from identity.web_sessions as s
    where s.id = any (ids);
    get diagnostics web_sessions = row_count;

    ids = array(
        select s.id
        from identity.session_tokens as s
        where s.expires_at <= now()
        order by s.expires_at
        limit max_rows
        for update skip locked
    );
    ids = ids || array(
        select ended.id
        from identity.users as u
        cross join lateral (
            select s.id
            from identity.session_tokens as s
            where s.user_id = u.id and s.id <> all (ids)
            limit max_rows
            for update skip locked
        ) as ended
        where u.status = 'deactivated'
        limit greatest(max_rows - cardinality(ids), 0)
    );
    delete from identity.session_tokens as s
    where s.id = any (ids);
    get diagnostics session_tokens = row_count;

    ids = array(
        select t.id
        from identity.api_tokens as t
        where t.expires_at <= now()
        order by t.expires_at
        limit max_rows
        for update skip locked
    );
    delete from identity.api_tokens as t
    where t.id = any (ids);
    get diagnostics api_tokens = row_count;
    -- A token that a deactivated user issued, or that acts for one.
    ids = array(
        select ended.id
        from identity.users as u
        cross join lateral (
            select t.id
            from identity.api_tokens as t
            where (t.user_id = u.id or t.for_user_id = u.id) and t.revoked_at is null
            limit max_rows
            for update skip locked
        ) as ended
        where u.status = 'deactivated'
        limit greatest(max_rows - api_tokens, 0)
    );
    update identity.api_tokens as t
    set revoked_at = now()
    where t.id = any (ids) and t.revoked_at is null;
    get diagnostics revoked = row_count;
    api_tokens = api_tokens + revoked;

    -- A verification token is never updated, so a ctid stays the row's as long as the row lives.
    delete from identity.verification_tokens as v
    where v.ctid = any (
        array(
            select expired.ctid
            from identity.verification_tokens as expired
            where expired.expires_at <= now()
            order by expired.expires_at
            limit max_rows
        )
    );
    get diagnostics verification_tokens = row_count;

    ids = array(
        select ended.id
        from identity.users as u
        cross join lateral (
            select m.id
            from identity.macos_accounts as m
            where m.user_id = u.id
            limit max_rows
            for update skip locked
        ) as ended
        where u.status = 'deactivated'
        limit max_rows
    );
    delete from identity.macos_accounts as m
    where m.id = any (ids);
    get diagnostics macos_accounts = row_count;

    owners = 0;
    for erased in
        select o.user_id
        from identity.owners as o
        where not exists (
            select
            from identity.users as u
            where u.id = o.user_id
        )
        limit max_rows
    loop
        owners = owners + identity.end_owner(erased)::integer;
    end loop;
    return next;
end
$$;

COMMENT ON FUNCTION identity.sweep(max_rows bigint) IS 'Clears up to max_rows of each: expired sessions and tokens, what deactivated users have left to come in with, and what erased users own. Says how many; call it until it says 0.';

REVOKE ALL ON FUNCTION identity.sweep(max_rows bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION identity.sweep(max_rows bigint) TO renderstore_auth;
GRANT ALL ON FUNCTION identity.sweep(max_rows bigint) TO renderstore_worker;
GRANT ALL ON FUNCTION identity.sweep(max_rows bigint) TO renderstore_admin;

CREATE FUNCTION identity.sweep_all(max_rows bigint) RETURNS bigint
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT (((((swept.web_sessions + swept.session_tokens) + swept.api_tokens) + swept.verification_tokens) + swept.macos_accounts) + swept.owners)
    FROM identity.sweep(sweep_all.max_rows) swept(web_sessions, session_tokens, api_tokens, verification_tokens, macos_accounts, owners);
END;

COMMENT ON FUNCTION identity.sweep_all(max_rows bigint) IS 'How many rows identity.sweep cleared.';

REVOKE ALL ON FUNCTION identity.sweep_all(max_rows bigint) FROM PUBLIC;


-- ==================== work ====================

CREATE SCHEMA work;

COMMENT ON SCHEMA work IS 'Jobs of every kind and their life: queue, leases, quotas, events, logs, workers.';

GRANT USAGE ON SCHEMA work TO renderstore_app;
GRANT USAGE ON SCHEMA work TO renderstore_worker;
GRANT USAGE ON SCHEMA work TO renderstore_admin;
GRANT USAGE ON SCHEMA work TO renderstore_readonly;

CREATE TYPE work.dependency_rule AS ENUM (
    'cancel',
    'wait'
);

COMMENT ON TYPE work.dependency_rule IS 'What becomes of a job when one that it needs fails or is cancelled: cancel it too, or let it wait.';

CREATE TYPE work.job_kind AS ENUM (
    'render',
    'download',
    'step'
);

COMMENT ON TYPE work.job_kind IS 'What a job does: render, download (media), step (of a video: studio). What a kind needs to know stands in its own room under the job''s key.';

CREATE TYPE work.job_status AS ENUM (
    'pending',
    'validating',
    'queued',
    'running',
    'completed',
    'failed',
    'cancelled'
);

COMMENT ON TYPE work.job_status IS 'Where a job stands: pending (waits for a time, a back-off or other jobs), validating (a worker looks at it first), queued (can be claimed), running (a render job''s own word is rendering, a download''s downloading), completed, failed (no try is left), cancelled.';

CREATE TYPE work.outcome AS ENUM (
    'accepted',
    'completed',
    'failed',
    'stopped',
    'released',
    'lost'
);

COMMENT ON TYPE work.outcome IS 'How a worker''s hold of a job ended: accepted (looked at, and valid), completed, failed, stopped because somebody asked, released unfinished, lost with a silent worker.';

CREATE DOMAIN work.backoff_s AS integer
	CONSTRAINT backoff_s_is_1_to_86400_check CHECK (((VALUE >= 1) AND (VALUE <= 86400)));

COMMENT ON DOMAIN work.backoff_s IS 'Seconds before a first retry, 1 to 86400.';

CREATE DOMAIN work.batch_size AS bigint
	CONSTRAINT batch_size_is_0_to_10000_check CHECK (((VALUE >= 0) AND (VALUE <= 10000)));

COMMENT ON DOMAIN work.batch_size IS 'How many rows one call takes, 0 to 10000.';

CREATE DOMAIN work.cancel_reason AS text
	CONSTRAINT cancel_reason_is_short_check CHECK ((length(VALUE) <= 1000));

COMMENT ON DOMAIN work.cancel_reason IS 'Why a cancellation was asked for, up to 1000 characters.';

CREATE DOMAIN work.error_class AS text
	CONSTRAINT error_class_is_slug_check CHECK ((VALUE ~ '^[a-z][a-z0-9_]{0,99}$'::text));

COMMENT ON DOMAIN work.error_class IS 'The class of a failure, such as timeout.';

CREATE DOMAIN work.error_message AS text
	CONSTRAINT error_message_is_short_check CHECK ((length(VALUE) <= 10000));

COMMENT ON DOMAIN work.error_message IS 'What a failure said, up to 10000 characters.';

CREATE DOMAIN work.estimate_s AS integer
	CONSTRAINT estimate_s_is_positive_check CHECK ((VALUE > 0));

COMMENT ON DOMAIN work.estimate_s IS 'How many seconds a job is expected to run.';

CREATE DOMAIN work.failure_limit AS integer
	CONSTRAINT failure_limit_is_1_to_100_check CHECK (((VALUE >= 1) AND (VALUE <= 100)));

COMMENT ON DOMAIN work.failure_limit IS 'How often a job may fail, 1 to 100.';

CREATE DOMAIN work.idempotency_key AS text
	CONSTRAINT idempotency_key_is_short_check CHECK (((length(VALUE) >= 1) AND (length(VALUE) <= 255)));

COMMENT ON DOMAIN work.idempotency_key IS 'An owner''s own name for a submission, 1 to 255 characters.';

CREATE DOMAIN work.job_count AS bigint
	CONSTRAINT job_count_is_not_negative_check CHECK ((VALUE >= 0));

COMMENT ON DOMAIN work.job_count IS 'How many jobs, 0 or more.';

CREATE DOMAIN work.job_labels AS text[]
	CONSTRAINT job_labels_are_few_check CHECK (((cardinality(VALUE) <= 20) AND (array_position(VALUE, NULL::text) IS NULL) AND (octet_length(array_to_string(VALUE, ''::text)) <= 2000)));

COMMENT ON DOMAIN work.job_labels IS 'What a worker must offer for a job, at most 20 labels.';

CREATE DOMAIN work.lease AS interval
	CONSTRAINT lease_is_1_second_to_1_day_check CHECK (((VALUE >= '00:00:01'::interval) AND (VALUE <= '1 day'::interval)));

COMMENT ON DOMAIN work.lease IS 'How long a worker holds a job without being heard of, 1 second to a day.';

CREATE DOMAIN work.percent AS integer
	CONSTRAINT percent_is_0_to_100_check CHECK (((VALUE >= 0) AND (VALUE <= 100)));

COMMENT ON DOMAIN work.percent IS 'How far a job is, 0 to 100.';

CREATE DOMAIN work.priority AS integer
	CONSTRAINT priority_is_0_to_10_check CHECK (((VALUE >= 0) AND (VALUE <= 10)));

COMMENT ON DOMAIN work.priority IS 'How urgent a job is, 0 to 10, 10 first.';

CREATE TABLE work.arrivals (
    user_id uuid NOT NULL,
    job_id uuid NOT NULL
);

ALTER TABLE ONLY work.arrivals FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE work.arrivals IS 'One row a job whose lane was not open when it came: the next claim that finds too little, or the sweep, opens the lane and puts it in line.';
COMMENT ON COLUMN work.arrivals.user_id IS 'The user who owns the job.';
COMMENT ON COLUMN work.arrivals.job_id IS 'The job.';

ALTER TABLE ONLY work.arrivals
    ADD CONSTRAINT arrivals_pkey PRIMARY KEY (user_id, job_id);

COMMENT ON CONSTRAINT arrivals_pkey ON work.arrivals IS 'This job already waits for its lane.';

ALTER TABLE ONLY work.arrivals
    ADD CONSTRAINT arrivals_user_id_job_id_fkey FOREIGN KEY (user_id, job_id) REFERENCES work.jobs(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT arrivals_user_id_job_id_fkey ON work.arrivals IS 'There is no job with this id; still referenced: the job waits for its lane.';

ALTER TABLE work.arrivals ENABLE ROW LEVEL SECURITY;

CREATE POLICY arrivals_own ON work.arrivals FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY arrivals_owner ON work.arrivals TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY arrivals_read ON work.arrivals FOR SELECT TO renderstore_admin, renderstore_readonly, renderstore_worker USING (true);

GRANT SELECT ON TABLE work.arrivals TO renderstore_app;
GRANT SELECT ON TABLE work.arrivals TO renderstore_worker;
GRANT SELECT ON TABLE work.arrivals TO renderstore_admin;
GRANT SELECT ON TABLE work.arrivals TO renderstore_readonly;

CREATE TABLE work.dependencies (
    user_id uuid NOT NULL,
    job_id uuid NOT NULL,
    needs_job_id uuid NOT NULL,
    on_failure work.dependency_rule DEFAULT 'cancel'::work.dependency_rule NOT NULL,
    CONSTRAINT dependencies_needs_earlier_job_check CHECK ((needs_job_id < job_id))
);

ALTER TABLE ONLY work.dependencies FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE work.dependencies IS 'One row a job that another one needs. jobs.needs_left counts those that are not completed.';
COMMENT ON COLUMN work.dependencies.user_id IS 'The user who owns both jobs.';
COMMENT ON COLUMN work.dependencies.job_id IS 'The job that waits.';
COMMENT ON COLUMN work.dependencies.needs_job_id IS 'The job that must be completed first.';
COMMENT ON COLUMN work.dependencies.on_failure IS 'What becomes of the waiting job when the other one fails or is cancelled.';
COMMENT ON CONSTRAINT dependencies_needs_earlier_job_check ON work.dependencies IS 'A job may only wait for jobs that were submitted before it.';

ALTER TABLE ONLY work.dependencies
    ADD CONSTRAINT dependencies_pkey PRIMARY KEY (user_id, job_id, needs_job_id);

COMMENT ON CONSTRAINT dependencies_pkey ON work.dependencies IS 'This job already needs that one.';

CREATE INDEX dependencies_user_id_needs_job_id_idx ON work.dependencies USING btree (user_id, needs_job_id);

ALTER TABLE ONLY work.dependencies
    ADD CONSTRAINT dependencies_user_id_job_id_fkey FOREIGN KEY (user_id, job_id) REFERENCES work.jobs(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT dependencies_user_id_job_id_fkey ON work.dependencies IS 'There is no such job of yours to wait; still referenced: the job needs others.';

ALTER TABLE ONLY work.dependencies
    ADD CONSTRAINT dependencies_user_id_needs_job_id_fkey FOREIGN KEY (user_id, needs_job_id) REFERENCES work.jobs(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT dependencies_user_id_needs_job_id_fkey ON work.dependencies IS 'There is no such job of yours to wait for; still referenced: other jobs need this one.';

ALTER TABLE work.dependencies ENABLE ROW LEVEL SECURITY;

CREATE POLICY dependencies_held ON work.dependencies FOR SELECT TO renderstore_worker USING ((EXISTS ( SELECT
   FROM work.jobs j
  WHERE ((j.user_id = dependencies.user_id) AND (j.id = dependencies.job_id)))));
CREATE POLICY dependencies_own ON work.dependencies FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY dependencies_owner ON work.dependencies TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY dependencies_read ON work.dependencies FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE work.dependencies TO renderstore_app;
GRANT SELECT ON TABLE work.dependencies TO renderstore_worker;
GRANT SELECT ON TABLE work.dependencies TO renderstore_admin;
GRANT SELECT ON TABLE work.dependencies TO renderstore_readonly;

CREATE TABLE work.duties (
    name text NOT NULL
);

COMMENT ON TABLE work.duties IS 'One row a piece of work that one at a time does: whoever does it has locked the row, and others pass it over.';
COMMENT ON COLUMN work.duties.name IS 'The duty.';

ALTER TABLE ONLY work.duties
    ADD CONSTRAINT duties_pkey PRIMARY KEY (name);

COMMENT ON CONSTRAINT duties_pkey ON work.duties IS 'There is already a duty of this name.';

GRANT SELECT ON TABLE work.duties TO renderstore_admin;
GRANT SELECT ON TABLE work.duties TO renderstore_readonly;

CREATE TABLE work.error_classes (
    name work.error_class NOT NULL,
    is_retried boolean NOT NULL,
    meaning text NOT NULL,
    CONSTRAINT error_classes_meaning_is_short_check CHECK (((length(meaning) >= 1) AND (length(meaning) <= 1000)))
);

COMMENT ON TABLE work.error_classes IS 'One row a class of failure, and whether a job that failed with it is tried again.';
COMMENT ON COLUMN work.error_classes.name IS 'The class, as jobs.error_class has it.';
COMMENT ON COLUMN work.error_classes.is_retried IS 'Whether a job that failed with it is tried again while tries are left.';
COMMENT ON COLUMN work.error_classes.meaning IS 'What happened, for people, up to 1000 characters.';
COMMENT ON CONSTRAINT error_classes_meaning_is_short_check ON work.error_classes IS 'The meaning of an error class has 1 to 1000 characters.';

ALTER TABLE ONLY work.error_classes
    ADD CONSTRAINT error_classes_pkey PRIMARY KEY (name);

COMMENT ON CONSTRAINT error_classes_pkey ON work.error_classes IS 'There is already an error class with this name.';

CREATE TRIGGER error_classes_audit_delete AFTER DELETE ON work.error_classes REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_work_error_classes();

CREATE TRIGGER error_classes_audit_insert AFTER INSERT ON work.error_classes REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_work_error_classes();

CREATE TRIGGER error_classes_audit_update AFTER UPDATE ON work.error_classes FOR EACH ROW WHEN (((((old.name)::text IS DISTINCT FROM (new.name)::text) OR (old.is_retried IS DISTINCT FROM new.is_retried)) OR (old.meaning IS DISTINCT FROM new.meaning))) EXECUTE FUNCTION audit.note_work_error_classes();

GRANT SELECT ON TABLE work.error_classes TO renderstore_app;
GRANT SELECT ON TABLE work.error_classes TO renderstore_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE work.error_classes TO renderstore_admin;
GRANT SELECT ON TABLE work.error_classes TO renderstore_readonly;

CREATE TABLE work.events (
    user_id uuid NOT NULL,
    id bigint NOT NULL,
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    before work.job_status NOT NULL,
    after work.job_status NOT NULL,
    made_in xid8 DEFAULT pg_current_xact_id() NOT NULL,
    happened_at timestamp with time zone DEFAULT now() NOT NULL,
    began_at timestamp with time zone,
    held_by text,
    actor text NOT NULL,
    error_class text,
    reason text
);

ALTER TABLE ONLY work.events FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE work.events IS 'One row a transition of a job; the one that ends a run carries its claim too. Append-only; work.history shows it for people.';
COMMENT ON COLUMN work.events.user_id IS 'The user who owns the job.';
COMMENT ON COLUMN work.events.id IS 'The position: later rows have higher ones.';
COMMENT ON COLUMN work.events.job_id IS 'The job.';
COMMENT ON COLUMN work.events.attempt IS 'The attempt during which it happened.';
COMMENT ON COLUMN work.events.before IS 'The status that was left.';
COMMENT ON COLUMN work.events.after IS 'The status that followed.';
COMMENT ON COLUMN work.events.made_in IS 'The transaction that wrote the row, by which a reader knows that nothing before it is still to come.';
COMMENT ON COLUMN work.events.happened_at IS 'When it happened.';
COMMENT ON COLUMN work.events.began_at IS 'When the run began that ended here; null where none did.';
COMMENT ON COLUMN work.events.held_by IS 'The worker whose run ended here; null where none did.';
COMMENT ON COLUMN work.events.actor IS 'Who did it: user:…, worker:…, token:…, admin:…, dba:… or login:…, or sweep where time did.';
COMMENT ON COLUMN work.events.error_class IS 'The class of the failure; null without one.';
COMMENT ON COLUMN work.events.reason IS 'What the failure said, or why it was cancelled; null without a reason.';

ALTER TABLE ONLY work.events
    ADD CONSTRAINT events_pkey PRIMARY KEY (user_id, job_id, id);

COMMENT ON CONSTRAINT events_pkey ON work.events IS 'There is already an event with this number.';

CREATE INDEX events_id_idx ON work.events USING brin (id) WITH (pages_per_range='16', autosummarize='on');

CREATE TRIGGER events_keep BEFORE DELETE OR UPDATE ON work.events FOR EACH ROW EXECUTE FUNCTION work.keep_event();

CREATE TRIGGER events_keep_all BEFORE TRUNCATE ON work.events FOR EACH STATEMENT EXECUTE FUNCTION work.keep_event();

ALTER TABLE ONLY work.events
    ADD CONSTRAINT events_user_id_job_id_fkey FOREIGN KEY (user_id, job_id) REFERENCES work.jobs(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT events_user_id_job_id_fkey ON work.events IS 'There is no job with this id; still referenced: the job has a history.';

ALTER TABLE work.events ENABLE ROW LEVEL SECURITY;

CREATE POLICY events_held ON work.events FOR SELECT TO renderstore_worker USING ((EXISTS ( SELECT
   FROM work.jobs j
  WHERE ((j.user_id = events.user_id) AND (j.id = events.job_id)))));
CREATE POLICY events_own ON work.events FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY events_owner ON work.events TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY events_read ON work.events FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE work.events TO renderstore_app;
GRANT SELECT ON TABLE work.events TO renderstore_worker;
GRANT SELECT ON TABLE work.events TO renderstore_admin;
GRANT SELECT ON TABLE work.events TO renderstore_readonly;

CREATE TABLE work.jobs (
    user_id uuid NOT NULL,
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    kind work.job_kind NOT NULL,
    status work.job_status DEFAULT 'queued'::work.job_status NOT NULL,
    priority work.priority DEFAULT 5 NOT NULL,
    progress work.percent DEFAULT 0 NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    failures integer DEFAULT 0 NOT NULL,
    max_failures work.failure_limit DEFAULT 3 NOT NULL,
    lost_leases integer DEFAULT 0 NOT NULL,
    backoff_s work.backoff_s DEFAULT 10 NOT NULL,
    estimated_s work.estimate_s,
    needs_left integer DEFAULT 0 NOT NULL,
    is_unchecked boolean DEFAULT false NOT NULL,
    is_watched boolean DEFAULT false NOT NULL,
    exit_code bigint,
    held_by text,
    lease_expires_at timestamp with time zone,
    due_at ops.moment,
    auto_cancel_at ops.moment,
    queued_at timestamp with time zone DEFAULT now() NOT NULL,
    started_at timestamp with time zone,
    completed_at timestamp with time zone,
    cancel_requested_at timestamp with time zone,
    labels work.job_labels DEFAULT '{}'::text[] NOT NULL,
    submitted_by text DEFAULT identity.current_actor() NOT NULL,
    idempotency_key work.idempotency_key,
    error_class work.error_class,
    error_message work.error_message,
    cancel_reason work.cancel_reason
)
WITH (fillfactor='60');

ALTER TABLE ONLY work.jobs FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE work.jobs IS 'One row a job of any kind. What it is to do stands in its kind''s room under the same key, such as render.specs.';
COMMENT ON COLUMN work.jobs.user_id IS 'The user who owns the job.';
COMMENT ON COLUMN work.jobs.id IS 'The job''s identifier, made by the database; later jobs sort after earlier ones.';
COMMENT ON COLUMN work.jobs.kind IS 'What the job does.';
COMMENT ON COLUMN work.jobs.status IS 'Where the job stands; work.transitions says what may follow.';
COMMENT ON COLUMN work.jobs.priority IS 'How urgent the job is, 0 to 10, 10 first; up to the plan''s highest.';
COMMENT ON COLUMN work.jobs.progress IS 'Percent done, 0 to 100; within an attempt a lower report leaves it as it is.';
COMMENT ON COLUMN work.jobs.attempt IS 'How often the job was claimed. It is the fence: who holds another attempt changes nothing.';
COMMENT ON COLUMN work.jobs.failures IS 'How many attempts failed; a lost lease is not one.';
COMMENT ON COLUMN work.jobs.max_failures IS 'After how many failures the job has failed, 1 to 100.';
COMMENT ON COLUMN work.jobs.lost_leases IS 'How many leases ran out; after five the job has failed.';
COMMENT ON COLUMN work.jobs.backoff_s IS 'Seconds before the first retry, 1 to 86400; doubled for each further one.';
COMMENT ON COLUMN work.jobs.estimated_s IS 'How many seconds the job is expected to run; null where nobody knows.';
COMMENT ON COLUMN work.jobs.needs_left IS 'How many jobs that this one needs are not completed yet.';
COMMENT ON COLUMN work.jobs.is_unchecked IS 'Whether a worker must look at the job before it is queued: it stays pending until one has.';
COMMENT ON COLUMN work.jobs.is_watched IS 'Whether somebody waits for the job''s end and listens on its work.end_channel.';
COMMENT ON COLUMN work.jobs.exit_code IS 'The exit code of the last attempt''s program; null where none is known.';
COMMENT ON COLUMN work.jobs.held_by IS 'The worker that runs the job, or looks at it first; null for the rest.';
COMMENT ON COLUMN work.jobs.lease_expires_at IS 'Until when the worker holds the job unless it reports; null where nobody does.';
COMMENT ON COLUMN work.jobs.due_at IS 'Before when the job does not start: a given time, or the end of a back-off; null for at once.';
COMMENT ON COLUMN work.jobs.auto_cancel_at IS 'When the job is cancelled by itself unless it has ended; null for never.';
COMMENT ON COLUMN work.jobs.queued_at IS 'When the job was submitted, or asked for again.';
COMMENT ON COLUMN work.jobs.started_at IS 'When the last attempt began; null before the first.';
COMMENT ON COLUMN work.jobs.completed_at IS 'When the job ended, whichever way; null while it has not.';
COMMENT ON COLUMN work.jobs.cancel_requested_at IS 'When somebody asked to cancel; a waiting job ends at once, a running one when its worker stops.';
COMMENT ON COLUMN work.jobs.labels IS 'What a worker must offer, such as gpu; sorted, without doubles, at most 20.';
COMMENT ON COLUMN work.jobs.submitted_by IS 'Who submitted the job: user:…, token:…, admin:…, dba:… or login:….';
COMMENT ON COLUMN work.jobs.idempotency_key IS 'The owner''s own name for this submission, 1 to 255 characters: a repeat finds the job instead of making another; null without one.';
COMMENT ON COLUMN work.jobs.error_class IS 'The class of the last failure, such as timeout; work.error_classes says which are tried again; null without a failure.';
COMMENT ON COLUMN work.jobs.error_message IS 'What the last failure said, up to 10000 characters; null without one.';
COMMENT ON COLUMN work.jobs.cancel_reason IS 'Why a cancellation was asked for, up to 1000 characters; null without a reason.';

ALTER TABLE ONLY work.jobs
    ADD CONSTRAINT jobs_pkey PRIMARY KEY (user_id, id);

COMMENT ON CONSTRAINT jobs_pkey ON work.jobs IS 'There is already a job with this id.';

CREATE INDEX jobs_auto_cancel_idx ON work.jobs USING btree (auto_cancel_at) WHERE ((auto_cancel_at IS NOT NULL) AND (completed_at IS NULL) AND (cancel_requested_at IS NULL));

CREATE INDEX jobs_due_idx ON work.jobs USING btree (due_at) WHERE ((status = 'pending'::work.job_status) AND (due_at IS NOT NULL));

CREATE INDEX jobs_status_id_idx ON work.jobs USING btree (status, id);

CREATE INDEX jobs_unchecked_idx ON work.jobs USING btree (kind, id) WHERE ((status = 'pending'::work.job_status) AND is_unchecked);

CREATE UNIQUE INDEX jobs_user_id_idempotency_key_key ON work.jobs USING btree (user_id, idempotency_key) WHERE (idempotency_key IS NOT NULL);

COMMENT ON INDEX work.jobs_user_id_idempotency_key_key IS 'You already submitted a job with this idempotency key.';

CREATE INDEX jobs_user_id_status_id_idx ON work.jobs USING btree (user_id, status, id);

CREATE TRIGGER jobs_guard BEFORE INSERT OR UPDATE ON work.jobs FOR EACH ROW EXECUTE FUNCTION work.guard_job();

ALTER TABLE ONLY work.jobs
    ADD CONSTRAINT jobs_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT jobs_user_id_fkey ON work.jobs IS 'There is no user with this id; still referenced: the user has jobs.';

ALTER TABLE work.jobs ENABLE ROW LEVEL SECURITY;

CREATE POLICY jobs_held ON work.jobs FOR SELECT TO renderstore_worker USING ((held_by = ( SELECT work.current_worker() AS current_worker)));
CREATE POLICY jobs_own ON work.jobs FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY jobs_owner ON work.jobs TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY jobs_read ON work.jobs FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE work.jobs TO renderstore_app;
GRANT SELECT ON TABLE work.jobs TO renderstore_worker;
GRANT SELECT ON TABLE work.jobs TO renderstore_admin;
GRANT SELECT ON TABLE work.jobs TO renderstore_readonly;

CREATE TABLE work.labels (
    name text NOT NULL,
    meaning text,
    declared_by text DEFAULT identity.current_actor() NOT NULL,
    declared_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT labels_meaning_is_short_check CHECK (((length(meaning) >= 1) AND (length(meaning) <= 1000))),
    CONSTRAINT labels_name_is_short_check CHECK ((((length(name) >= 1) AND (length(name) <= 100)) AND (name !~ '[[:cntrl:]]'::text)))
);

COMMENT ON TABLE work.labels IS 'One row a label that a job may ask for, such as gpu: workers bring theirs, administrators declare others.';
COMMENT ON COLUMN work.labels.name IS 'The label, 1 to 100 characters.';
COMMENT ON COLUMN work.labels.meaning IS 'What it stands for, for people, up to 1000 characters; null where nobody said.';
COMMENT ON COLUMN work.labels.declared_by IS 'Who brought it first: worker:…, admin:…, dba:….';
COMMENT ON COLUMN work.labels.declared_at IS 'When it was brought.';
COMMENT ON CONSTRAINT labels_meaning_is_short_check ON work.labels IS 'The meaning of a label has 1 to 1000 characters.';
COMMENT ON CONSTRAINT labels_name_is_short_check ON work.labels IS 'A label has 1 to 100 characters and no control characters.';

ALTER TABLE ONLY work.labels
    ADD CONSTRAINT labels_pkey PRIMARY KEY (name);

COMMENT ON CONSTRAINT labels_pkey ON work.labels IS 'There is already a label with this name.';

GRANT SELECT ON TABLE work.labels TO renderstore_app;
GRANT SELECT ON TABLE work.labels TO renderstore_worker;
GRANT SELECT,DELETE ON TABLE work.labels TO renderstore_admin;
GRANT SELECT ON TABLE work.labels TO renderstore_readonly;
GRANT INSERT(name) ON TABLE work.labels TO renderstore_admin;
GRANT INSERT(meaning),UPDATE(meaning) ON TABLE work.labels TO renderstore_admin;

CREATE TABLE work.lanes (
    id bigint NOT NULL,
    kind work.job_kind NOT NULL,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    priority work.priority NOT NULL,
    is_paused boolean DEFAULT false NOT NULL,
    turn bigint DEFAULT 0 NOT NULL,
    floor bigint DEFAULT 0 NOT NULL,
    moved_at timestamp with time zone DEFAULT now() NOT NULL,
    opened_at timestamp with time zone DEFAULT now() NOT NULL,
    is_closing boolean DEFAULT false NOT NULL,
    gone_after xid8
)
WITH (fillfactor='20');

COMMENT ON TABLE work.lanes IS 'One row a line of waiting jobs: a kind, the labels asked for, a priority. Shared by all users; the farm''s alone to write.';
COMMENT ON COLUMN work.lanes.id IS 'The lane''s number, as work.ready has it.';
COMMENT ON COLUMN work.lanes.kind IS 'The kind of the lane''s jobs.';
COMMENT ON COLUMN work.lanes.labels IS 'What a worker must offer to take from the lane; sorted.';
COMMENT ON COLUMN work.lanes.priority IS 'The priority of the lane''s jobs.';
COMMENT ON COLUMN work.lanes.is_paused IS 'Whether a pause of the farm or of a label keeps the lane''s jobs back.';
COMMENT ON COLUMN work.lanes.turn IS 'The lane''s clock: the turn that was served last. Whoever has nothing waiting joins here.';
COMMENT ON COLUMN work.lanes.floor IS 'Where claims begin to read: where the clock stood one move earlier. The sweep lifts what came in below.';
COMMENT ON COLUMN work.lanes.moved_at IS 'When the clock last moved, or the lane was opened; at most every 100 ms.';
COMMENT ON COLUMN work.lanes.opened_at IS 'When the lane was opened.';
COMMENT ON COLUMN work.lanes.is_closing IS 'Whether nobody finds the lane any more; it goes once nobody can have found it, and what still came in moves to another.';
COMMENT ON COLUMN work.lanes.gone_after IS 'The transaction before which somebody may have found the lane; null while it is open, or not known yet.';

ALTER TABLE ONLY work.lanes
    ADD CONSTRAINT lanes_pkey PRIMARY KEY (id);

COMMENT ON CONSTRAINT lanes_pkey ON work.lanes IS 'There is already a lane with this number.';

CREATE UNIQUE INDEX lanes_kind_labels_priority_key ON work.lanes USING btree (kind, labels, priority) WHERE (NOT is_closing);

COMMENT ON INDEX work.lanes_kind_labels_priority_key IS 'There is already a lane for this kind, these labels and this priority.';

GRANT SELECT ON TABLE work.lanes TO renderstore_worker;
GRANT SELECT ON TABLE work.lanes TO renderstore_admin;
GRANT SELECT ON TABLE work.lanes TO renderstore_readonly;

CREATE TABLE work.leftovers (
    user_id uuid NOT NULL,
    id bigint NOT NULL,
    job_id uuid NOT NULL
);

ALTER TABLE ONLY work.leftovers FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE work.leftovers IS 'One row a job that is to be looked at again: whether it waits rightly, stands in line, and what hangs on its end.';
COMMENT ON COLUMN work.leftovers.user_id IS 'The user who owns the job.';
COMMENT ON COLUMN work.leftovers.id IS 'The note''s number: a job may be noted more than once, so that no note waits for another.';
COMMENT ON COLUMN work.leftovers.job_id IS 'The job; it may be gone by now.';

ALTER TABLE ONLY work.leftovers
    ADD CONSTRAINT leftovers_pkey PRIMARY KEY (user_id, id);

COMMENT ON CONSTRAINT leftovers_pkey ON work.leftovers IS 'There is already a note with this number.';

ALTER TABLE ONLY work.leftovers
    ADD CONSTRAINT leftovers_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT leftovers_user_id_fkey ON work.leftovers IS 'There is no user with this id; still referenced: the sweep looks at a job of the user.';

ALTER TABLE work.leftovers ENABLE ROW LEVEL SECURITY;

CREATE POLICY leftovers_owner ON work.leftovers TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY leftovers_read ON work.leftovers FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE work.leftovers TO renderstore_admin;
GRANT SELECT ON TABLE work.leftovers TO renderstore_readonly;

CREATE TABLE work.logs (
    user_id uuid NOT NULL,
    job_id uuid NOT NULL,
    "position" bigint NOT NULL,
    attempt integer NOT NULL,
    chunk text NOT NULL,
    written_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT logs_chunk_is_short_check CHECK (((octet_length(chunk) >= 1) AND (octet_length(chunk) <= 1048676))),
    CONSTRAINT logs_position_is_not_negative_check CHECK (("position" >= 0))
);

ALTER TABLE ONLY work.logs FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE work.logs IS 'One row a chunk of a job''s log; work.append_log writes it.';
COMMENT ON COLUMN work.logs.user_id IS 'The user who owns the job.';
COMMENT ON COLUMN work.logs.job_id IS 'The job.';
COMMENT ON COLUMN work.logs."position" IS 'How many bytes of the job''s log come before this chunk.';
COMMENT ON COLUMN work.logs.attempt IS 'The attempt that wrote the chunk.';
COMMENT ON COLUMN work.logs.chunk IS 'The text, up to 1 MiB and the marker of what was dropped.';
COMMENT ON COLUMN work.logs.written_at IS 'When the chunk was written.';
COMMENT ON CONSTRAINT logs_chunk_is_short_check ON work.logs IS 'A chunk of a log has 1 byte to 1 MiB.';
COMMENT ON CONSTRAINT logs_position_is_not_negative_check ON work.logs IS 'A log''s position is 0 or more.';

ALTER TABLE ONLY work.logs
    ADD CONSTRAINT logs_pkey PRIMARY KEY (user_id, job_id, "position");

COMMENT ON CONSTRAINT logs_pkey ON work.logs IS 'This part of the log is already written.';

ALTER TABLE ONLY work.logs
    ADD CONSTRAINT logs_user_id_job_id_fkey FOREIGN KEY (user_id, job_id) REFERENCES work.jobs(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT logs_user_id_job_id_fkey ON work.logs IS 'There is no job with this id; still referenced: the job has a log.';

ALTER TABLE work.logs ENABLE ROW LEVEL SECURITY;

CREATE POLICY logs_held ON work.logs FOR SELECT TO renderstore_worker USING ((EXISTS ( SELECT
   FROM work.jobs j
  WHERE ((j.user_id = logs.user_id) AND (j.id = logs.job_id)))));
CREATE POLICY logs_own ON work.logs FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY logs_owner ON work.logs TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY logs_read ON work.logs FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE work.logs TO renderstore_app;
GRANT SELECT ON TABLE work.logs TO renderstore_worker;
GRANT SELECT ON TABLE work.logs TO renderstore_admin;
GRANT SELECT ON TABLE work.logs TO renderstore_readonly;

CREATE TABLE work.pauses (
    label text NOT NULL,
    reason text,
    paused_by text DEFAULT identity.current_actor() NOT NULL,
    paused_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT pauses_label_is_short_check CHECK ((length(label) <= 200)),
    CONSTRAINT pauses_reason_is_short_check CHECK (((length(reason) >= 1) AND (length(reason) <= 1000)))
);

COMMENT ON TABLE work.pauses IS 'One row a pause that is in force; work.pause and work.resume write it.';
COMMENT ON COLUMN work.pauses.label IS 'The label whose jobs are not handed out; empty for the whole farm.';
COMMENT ON COLUMN work.pauses.reason IS 'Why, up to 1000 characters; null without a reason.';
COMMENT ON COLUMN work.pauses.paused_by IS 'Who paused.';
COMMENT ON COLUMN work.pauses.paused_at IS 'Since when.';
COMMENT ON CONSTRAINT pauses_label_is_short_check ON work.pauses IS 'A label has at most 200 characters.';
COMMENT ON CONSTRAINT pauses_reason_is_short_check ON work.pauses IS 'The reason of a pause has 1 to 1000 characters.';

ALTER TABLE ONLY work.pauses
    ADD CONSTRAINT pauses_pkey PRIMARY KEY (label);

COMMENT ON CONSTRAINT pauses_pkey ON work.pauses IS 'This is already paused.';

CREATE TRIGGER pauses_audit_delete AFTER DELETE ON work.pauses REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_work_pauses();

CREATE TRIGGER pauses_audit_insert AFTER INSERT ON work.pauses REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_work_pauses();

CREATE TRIGGER pauses_audit_update AFTER UPDATE ON work.pauses FOR EACH ROW WHEN (((old.label IS DISTINCT FROM new.label) OR (old.reason IS DISTINCT FROM new.reason))) EXECUTE FUNCTION audit.note_work_pauses();

GRANT SELECT ON TABLE work.pauses TO renderstore_app;
GRANT SELECT ON TABLE work.pauses TO renderstore_worker;
GRANT SELECT ON TABLE work.pauses TO renderstore_admin;
GRANT SELECT ON TABLE work.pauses TO renderstore_readonly;

CREATE TABLE work.ready (
    lane_id bigint NOT NULL,
    turn bigint NOT NULL,
    job_id uuid NOT NULL,
    user_id uuid NOT NULL
);

ALTER TABLE ONLY work.ready FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE work.ready IS 'One row a job that can be claimed now, in the order of turns: each queued job of a user who is not paused.';
COMMENT ON COLUMN work.ready.lane_id IS 'The lane in which the job stands.';
COMMENT ON COLUMN work.ready.turn IS 'The job''s turn: lower ones are handed out first.';
COMMENT ON COLUMN work.ready.job_id IS 'The job.';
COMMENT ON COLUMN work.ready.user_id IS 'The user who owns the job.';

ALTER TABLE ONLY work.ready
    ADD CONSTRAINT ready_pkey PRIMARY KEY (user_id, job_id);

COMMENT ON CONSTRAINT ready_pkey ON work.ready IS 'This job already stands in line.';

CREATE INDEX ready_lane_id_turn_job_id_idx ON work.ready USING btree (lane_id, turn, job_id);

ALTER TABLE ONLY work.ready
    ADD CONSTRAINT ready_user_id_job_id_fkey FOREIGN KEY (user_id, job_id) REFERENCES work.jobs(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT ready_user_id_job_id_fkey ON work.ready IS 'There is no job with this id; still referenced: the job stands in line.';

ALTER TABLE work.ready ENABLE ROW LEVEL SECURITY;

CREATE POLICY ready_own ON work.ready FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY ready_owner ON work.ready TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY ready_read ON work.ready FOR SELECT TO renderstore_admin, renderstore_readonly, renderstore_worker USING (true);

GRANT SELECT ON TABLE work.ready TO renderstore_app;
GRANT SELECT ON TABLE work.ready TO renderstore_worker;
GRANT SELECT ON TABLE work.ready TO renderstore_admin;
GRANT SELECT ON TABLE work.ready TO renderstore_readonly;

CREATE TABLE work.reports (
    user_id uuid NOT NULL,
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    held_by text NOT NULL,
    actor text DEFAULT identity.current_actor() NOT NULL,
    outcome work.outcome,
    lease_expires_at timestamp with time zone,
    exit_code bigint,
    error_class work.error_class,
    error_message work.error_message,
    reported_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT reports_says_something_check CHECK ((num_nonnulls(outcome, lease_expires_at) = 1))
);

ALTER TABLE ONLY work.reports FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE work.reports IS 'One row a job of which its worker reported while somebody else had the job''s row locked. An outcome is as good as in the job: the sweep carries it over.';
COMMENT ON COLUMN work.reports.user_id IS 'The user who owns the job.';
COMMENT ON COLUMN work.reports.job_id IS 'The job; it may be gone by now.';
COMMENT ON COLUMN work.reports.attempt IS 'The attempt that was reported on.';
COMMENT ON COLUMN work.reports.held_by IS 'The worker that reported.';
COMMENT ON COLUMN work.reports.actor IS 'Who reported, as the event will say.';
COMMENT ON COLUMN work.reports.outcome IS 'How the run ended; null for a heartbeat.';
COMMENT ON COLUMN work.reports.lease_expires_at IS 'Until when a heartbeat holds the job, whatever the job''s row says; null for an outcome.';
COMMENT ON COLUMN work.reports.exit_code IS 'The exit code of the attempt''s program; null where none is known.';
COMMENT ON COLUMN work.reports.error_class IS 'The class of the failure; null without one.';
COMMENT ON COLUMN work.reports.error_message IS 'What the failure said; null without one.';
COMMENT ON COLUMN work.reports.reported_at IS 'When it was reported.';
COMMENT ON CONSTRAINT reports_says_something_check ON work.reports IS 'A report has an outcome, or says until when the job is held.';

ALTER TABLE ONLY work.reports
    ADD CONSTRAINT reports_pkey PRIMARY KEY (user_id, job_id);

COMMENT ON CONSTRAINT reports_pkey ON work.reports IS 'There is already a report of this job.';

ALTER TABLE work.reports ENABLE ROW LEVEL SECURITY;

CREATE POLICY reports_owner ON work.reports TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY reports_read ON work.reports FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE work.reports TO renderstore_admin;
GRANT SELECT ON TABLE work.reports TO renderstore_readonly;

CREATE TABLE work.transitions (
    before work.job_status NOT NULL,
    after work.job_status NOT NULL,
    reason text NOT NULL,
    CONSTRAINT transitions_reason_is_short_check CHECK (((length(reason) >= 1) AND (length(reason) <= 200)))
);

COMMENT ON TABLE work.transitions IS 'One row a permitted change of a job''s status; what is not here is refused. work.may_become holds the same rule.';
COMMENT ON COLUMN work.transitions.before IS 'The status that is left.';
COMMENT ON COLUMN work.transitions.after IS 'The status that follows.';
COMMENT ON COLUMN work.transitions.reason IS 'When this happens, for people.';
COMMENT ON CONSTRAINT transitions_reason_is_short_check ON work.transitions IS 'The reason of a transition has 1 to 200 characters.';

ALTER TABLE ONLY work.transitions
    ADD CONSTRAINT transitions_pkey PRIMARY KEY (before, after);

COMMENT ON CONSTRAINT transitions_pkey ON work.transitions IS 'This transition is already permitted.';

GRANT SELECT ON TABLE work.transitions TO renderstore_app;
GRANT SELECT ON TABLE work.transitions TO renderstore_worker;
GRANT SELECT ON TABLE work.transitions TO renderstore_admin;
GRANT SELECT ON TABLE work.transitions TO renderstore_readonly;

CREATE TABLE work.turns (
    user_id uuid NOT NULL,
    lane_id bigint NOT NULL,
    is_farms boolean NOT NULL,
    next_turn bigint NOT NULL
)
WITH (fillfactor='20');

ALTER TABLE ONLY work.turns FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE work.turns IS 'Two rows a user and lane, the user''s own and the farm''s: the turn that the user''s next job gets there is the higher one.';
COMMENT ON COLUMN work.turns.user_id IS 'The user who takes turns.';
COMMENT ON COLUMN work.turns.lane_id IS 'The lane; the sweep removes rows of lanes that are gone.';
COMMENT ON COLUMN work.turns.is_farms IS 'Whether the farm writes the row, for what comes due or comes back: it never waits for the user''s own row.';
COMMENT ON COLUMN work.turns.next_turn IS 'The turn of the user''s next job, unless the lane''s clock is past it: nobody saves up turns.';

ALTER TABLE ONLY work.turns
    ADD CONSTRAINT turns_pkey PRIMARY KEY (user_id, lane_id, is_farms);

COMMENT ON CONSTRAINT turns_pkey ON work.turns IS 'The user already has a turn in this lane.';

CREATE INDEX turns_lane_id_idx ON work.turns USING btree (lane_id);

ALTER TABLE ONLY work.turns
    ADD CONSTRAINT turns_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT turns_user_id_fkey ON work.turns IS 'There is no user with this id; still referenced: the user takes turns in a lane.';

ALTER TABLE work.turns ENABLE ROW LEVEL SECURITY;

CREATE POLICY turns_own ON work.turns FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY turns_owner ON work.turns TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY turns_read ON work.turns FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE work.turns TO renderstore_app;
GRANT SELECT ON TABLE work.turns TO renderstore_admin;
GRANT SELECT ON TABLE work.turns TO renderstore_readonly;

CREATE TABLE work.usages (
    user_id uuid NOT NULL,
    active_jobs work.job_count DEFAULT 0 NOT NULL,
    daily_jobs work.job_count DEFAULT 0 NOT NULL,
    counted_on date DEFAULT ((now() AT TIME ZONE 'utc'::text))::date NOT NULL
)
WITH (fillfactor='20');

ALTER TABLE ONLY work.usages FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE work.usages IS 'One row a user who ever submitted: what is used of the plan. The limits are the plan''s.';
COMMENT ON COLUMN work.usages.user_id IS 'The user who owns the jobs.';
COMMENT ON COLUMN work.usages.active_jobs IS 'How many jobs wait or run. Never too low: raised by every submission, counted anew when it meets the limit.';
COMMENT ON COLUMN work.usages.daily_jobs IS 'How many jobs were submitted on counted_on.';
COMMENT ON COLUMN work.usages.counted_on IS 'The UTC day of daily_jobs.';

ALTER TABLE ONLY work.usages
    ADD CONSTRAINT usages_pkey PRIMARY KEY (user_id);

COMMENT ON CONSTRAINT usages_pkey ON work.usages IS 'This user''s use is already counted.';

ALTER TABLE ONLY work.usages
    ADD CONSTRAINT usages_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT usages_user_id_fkey ON work.usages IS 'There is no user with this id; still referenced: the user''s use is counted.';

ALTER TABLE work.usages ENABLE ROW LEVEL SECURITY;

CREATE POLICY usages_own ON work.usages FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY usages_owner ON work.usages TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY usages_read ON work.usages FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE work.usages TO renderstore_app;
GRANT SELECT ON TABLE work.usages TO renderstore_admin;
GRANT SELECT ON TABLE work.usages TO renderstore_readonly;

CREATE TABLE work.user_pauses (
    user_id uuid NOT NULL,
    reason text,
    paused_by text DEFAULT identity.current_actor() NOT NULL,
    paused_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT user_pauses_reason_is_short_check CHECK (((length(reason) >= 1) AND (length(reason) <= 1000)))
);

ALTER TABLE ONLY work.user_pauses FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE work.user_pauses IS 'One row a user none of whose jobs is handed out at the moment; running ones go on.';
COMMENT ON COLUMN work.user_pauses.user_id IS 'The user.';
COMMENT ON COLUMN work.user_pauses.reason IS 'Why, up to 1000 characters; null without a reason.';
COMMENT ON COLUMN work.user_pauses.paused_by IS 'Who paused.';
COMMENT ON COLUMN work.user_pauses.paused_at IS 'Since when.';
COMMENT ON CONSTRAINT user_pauses_reason_is_short_check ON work.user_pauses IS 'The reason of a pause has 1 to 1000 characters.';

ALTER TABLE ONLY work.user_pauses
    ADD CONSTRAINT user_pauses_pkey PRIMARY KEY (user_id);

COMMENT ON CONSTRAINT user_pauses_pkey ON work.user_pauses IS 'This user is already paused.';

CREATE TRIGGER user_pauses_audit_delete AFTER DELETE ON work.user_pauses REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_work_user_pauses();

CREATE TRIGGER user_pauses_audit_insert AFTER INSERT ON work.user_pauses REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_work_user_pauses();

CREATE TRIGGER user_pauses_audit_update AFTER UPDATE ON work.user_pauses FOR EACH ROW WHEN ((old.reason IS DISTINCT FROM new.reason)) EXECUTE FUNCTION audit.note_work_user_pauses();

ALTER TABLE ONLY work.user_pauses
    ADD CONSTRAINT user_pauses_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT user_pauses_user_id_fkey ON work.user_pauses IS 'There is no user with this id; still referenced: the user is paused.';

ALTER TABLE work.user_pauses ENABLE ROW LEVEL SECURITY;

CREATE POLICY user_pauses_own ON work.user_pauses FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY user_pauses_owner ON work.user_pauses TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY user_pauses_read ON work.user_pauses FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE work.user_pauses TO renderstore_app;
GRANT SELECT ON TABLE work.user_pauses TO renderstore_admin;
GRANT SELECT ON TABLE work.user_pauses TO renderstore_readonly;

CREATE TABLE work.waits (
    worker text NOT NULL,
    kinds work.job_kind[] NOT NULL,
    labels text[] NOT NULL,
    expires_at timestamp with time zone
)
WITH (fillfactor='20');

COMMENT ON TABLE work.waits IS 'One row a worker that has waited for jobs, and what it takes. Only work.await_jobs and work.stop_waiting write it.';
COMMENT ON COLUMN work.waits.worker IS 'The worker''s name, as jobs.held_by has it.';
COMMENT ON COLUMN work.waits.kinds IS 'The kinds of job that the worker takes.';
COMMENT ON COLUMN work.waits.labels IS 'What the worker offers.';
COMMENT ON COLUMN work.waits.expires_at IS 'When the worker is not to be woken any more, unless it says so again; null while it is not waiting.';

ALTER TABLE ONLY work.waits
    ADD CONSTRAINT waits_pkey PRIMARY KEY (worker);

COMMENT ON CONSTRAINT waits_pkey ON work.waits IS 'This worker already waits.';

ALTER TABLE ONLY work.waits
    ADD CONSTRAINT waits_worker_fkey FOREIGN KEY (worker) REFERENCES work.workers(name) ON DELETE CASCADE;

COMMENT ON CONSTRAINT waits_worker_fkey ON work.waits IS 'There is no worker with this name; still referenced: the worker waits for jobs.';

GRANT SELECT ON TABLE work.waits TO renderstore_worker;
GRANT SELECT ON TABLE work.waits TO renderstore_admin;
GRANT SELECT ON TABLE work.waits TO renderstore_readonly;

CREATE TABLE work.worker_lanes (
    worker text NOT NULL,
    lane_id bigint NOT NULL
);

COMMENT ON TABLE work.worker_lanes IS 'One row a worker and a lane that it may take from: what a claim reads instead of all lanes.';
COMMENT ON COLUMN work.worker_lanes.worker IS 'The worker.';
COMMENT ON COLUMN work.worker_lanes.lane_id IS 'The lane, of a kind that the worker takes and with labels that it offers.';

ALTER TABLE ONLY work.worker_lanes
    ADD CONSTRAINT worker_lanes_pkey PRIMARY KEY (worker, lane_id);

COMMENT ON CONSTRAINT worker_lanes_pkey ON work.worker_lanes IS 'The worker already takes from this lane.';

CREATE INDEX worker_lanes_lane_id_idx ON work.worker_lanes USING btree (lane_id);

ALTER TABLE ONLY work.worker_lanes
    ADD CONSTRAINT worker_lanes_lane_id_fkey FOREIGN KEY (lane_id) REFERENCES work.lanes(id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT worker_lanes_lane_id_fkey ON work.worker_lanes IS 'There is no lane with this number; still referenced: workers take from the lane.';

ALTER TABLE ONLY work.worker_lanes
    ADD CONSTRAINT worker_lanes_worker_fkey FOREIGN KEY (worker) REFERENCES work.workers(name) ON DELETE CASCADE;

COMMENT ON CONSTRAINT worker_lanes_worker_fkey ON work.worker_lanes IS 'There is no worker with this name; still referenced: the worker takes from lanes.';

GRANT SELECT ON TABLE work.worker_lanes TO renderstore_worker;
GRANT SELECT ON TABLE work.worker_lanes TO renderstore_admin;
GRANT SELECT ON TABLE work.worker_lanes TO renderstore_readonly;

CREATE TABLE work.workers (
    name text NOT NULL,
    kinds work.job_kind[] NOT NULL,
    labels text[] DEFAULT '{}'::text[] NOT NULL,
    version text,
    registered_at timestamp with time zone DEFAULT now() NOT NULL,
    seen_at timestamp with time zone DEFAULT now() NOT NULL,
    stopped_at timestamp with time zone,
    CONSTRAINT workers_kinds_are_named_check CHECK (((cardinality(kinds) >= 1) AND (array_position(kinds, NULL::work.job_kind) IS NULL))),
    CONSTRAINT workers_labels_are_few_check CHECK (((cardinality(labels) <= 100) AND (array_position(labels, NULL::text) IS NULL) AND (octet_length(array_to_string(labels, ''::text)) <= 10000))),
    CONSTRAINT workers_name_is_short_check CHECK ((((length(name) >= 1) AND (length(name) <= 200)) AND (name !~ '[[:cntrl:]]'::text))),
    CONSTRAINT workers_version_is_short_check CHECK (((length(version) >= 1) AND (length(version) <= 200)))
)
WITH (fillfactor='50');

COMMENT ON TABLE work.workers IS 'One row a worker, under the name with which it enters its scope.';
COMMENT ON COLUMN work.workers.name IS 'The worker''s name, 1 to 200 characters; jobs.held_by has it.';
COMMENT ON COLUMN work.workers.kinds IS 'The kinds of job that the worker takes.';
COMMENT ON COLUMN work.workers.labels IS 'What the worker offers, such as gpu or aftereffects-25; it takes jobs that ask for nothing else.';
COMMENT ON COLUMN work.workers.version IS 'The version of the worker''s program, in its own words; null where it says none.';
COMMENT ON COLUMN work.workers.registered_at IS 'When the worker last registered.';
COMMENT ON COLUMN work.workers.seen_at IS 'When the worker was last heard of.';
COMMENT ON COLUMN work.workers.stopped_at IS 'When the worker said that it stops; null while it works.';
COMMENT ON CONSTRAINT workers_kinds_are_named_check ON work.workers IS 'A worker names the kinds of job that it takes, one or more: render, download, step.';
COMMENT ON CONSTRAINT workers_labels_are_few_check ON work.workers IS 'A worker offers at most 100 labels, of 10000 bytes together, and none of them is null.';
COMMENT ON CONSTRAINT workers_name_is_short_check ON work.workers IS 'A worker''s name has 1 to 200 characters and no control characters.';
COMMENT ON CONSTRAINT workers_version_is_short_check ON work.workers IS 'A worker''s version has 1 to 200 characters.';

ALTER TABLE ONLY work.workers
    ADD CONSTRAINT workers_pkey PRIMARY KEY (name);

COMMENT ON CONSTRAINT workers_pkey ON work.workers IS 'There is already a worker with this name.';

GRANT SELECT ON TABLE work.workers TO renderstore_worker;
GRANT SELECT,DELETE ON TABLE work.workers TO renderstore_admin;
GRANT SELECT ON TABLE work.workers TO renderstore_readonly;
GRANT UPDATE(seen_at) ON TABLE work.workers TO renderstore_worker;
GRANT UPDATE(seen_at) ON TABLE work.workers TO renderstore_admin;
GRANT UPDATE(stopped_at) ON TABLE work.workers TO renderstore_worker;
GRANT UPDATE(stopped_at) ON TABLE work.workers TO renderstore_admin;

ALTER TABLE work.events ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME work.events_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE work.lanes ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME work.lanes_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

ALTER TABLE work.leftovers ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME work.leftovers_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE VIEW work.history WITH (security_invoker='true') AS
 SELECT e.user_id,
    e.job_id,
    e.id AS place,
    e.began_at AS happened_at,
    e.attempt,
        CASE e.before
            WHEN 'validating'::work.job_status THEN 'pending'::work.job_status
            ELSE 'queued'::work.job_status
        END AS before,
    e.before AS after,
    work.holder(e.held_by) AS actor,
    NULL::text AS error_class,
    NULL::text AS reason
   FROM work.events e
  WHERE (e.began_at IS NOT NULL)
UNION ALL
 SELECT e.user_id,
    e.job_id,
    e.id AS place,
    e.happened_at,
    e.attempt,
    e.before,
    e.after,
    e.actor,
    e.error_class,
    e.reason
   FROM work.events e
UNION ALL
 SELECT j.user_id,
    j.id AS job_id,
    NULL::bigint AS place,
    j.started_at AS happened_at,
    j.attempt,
        CASE j.status
            WHEN 'validating'::work.job_status THEN 'pending'::work.job_status
            ELSE 'queued'::work.job_status
        END AS before,
    j.status AS after,
    work.holder(j.held_by) AS actor,
    NULL::text AS error_class,
    NULL::text AS reason
   FROM work.jobs j
  WHERE (j.status = ANY (ARRAY['running'::work.job_status, 'validating'::work.job_status]));

COMMENT ON VIEW work.history IS 'One row a transition of a job, claims included. Order it by place, a claim before its end.';
COMMENT ON COLUMN work.history.user_id IS 'The user who owns the job.';
COMMENT ON COLUMN work.history.job_id IS 'The job.';
COMMENT ON COLUMN work.history.place IS 'The event''s position; a claim has that of its end, and null while it runs.';
COMMENT ON COLUMN work.history.happened_at IS 'When it happened.';
COMMENT ON COLUMN work.history.attempt IS 'The attempt during which it happened, or that it began.';
COMMENT ON COLUMN work.history.before IS 'The status that was left.';
COMMENT ON COLUMN work.history.after IS 'The status that followed.';
COMMENT ON COLUMN work.history.actor IS 'Who did it.';
COMMENT ON COLUMN work.history.error_class IS 'The class of the failure; null without one.';
COMMENT ON COLUMN work.history.reason IS 'What the failure said, or why it was cancelled; null without a reason.';

GRANT SELECT ON TABLE work.history TO renderstore_app;
GRANT SELECT ON TABLE work.history TO renderstore_worker;
GRANT SELECT ON TABLE work.history TO renderstore_admin;
GRANT SELECT ON TABLE work.history TO renderstore_readonly;

CREATE FUNCTION work.accept(user_id uuid, id uuid, attempt integer) RETURNS work.job_status
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT work.report(user_id, id, attempt, 'accepted'::work.outcome) AS report;
END;

COMMENT ON FUNCTION work.accept(user_id uuid, id uuid, attempt integer) IS 'Says that a job which the worker looked at is valid; what becomes of it. Refused without the current lease.';

REVOKE ALL ON FUNCTION work.accept(user_id uuid, id uuid, attempt integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.accept(user_id uuid, id uuid, attempt integer) TO renderstore_worker;

CREATE FUNCTION work.acting_owner(user_id uuid) RETURNS uuid
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    acting constant text := current_setting('role');
    bound constant uuid := identity.current_user_id();
begin
    if acting = 'renderstore_app' and bound is not null then
        if user_id is null or user_id = bound then
            return bound;
        end if;
        raise exception using
            errcode = '42501',
            message = 'Only an administrator names another user.';
    elsif acting = 'renderstore_admin' and coalesce(user_id, bound) is not null then
        return coalesce(user_id, bound);
    elsif acting = 'renderstore_admin' then
        raise exception using
            errcode = '42501',
            message = 'An administrator without a user here names the user whose jobs are meant.';
    end if;
    raise exception using
        errcode = '42501',
        message = 'This is asked within a user''s or an administrator''s scope: identity.bind enters one.';
end
$$;

COMMENT ON FUNCTION work.acting_owner(user_id uuid) IS 'The user whose jobs are meant: the bound one, or, for an administrator, the one that is named.';

REVOKE ALL ON FUNCTION work.acting_owner(user_id uuid) FROM PUBLIC;

CREATE FUNCTION work.acting_worker() RETURNS text
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if current_setting('role') <> 'renderstore_worker' then
        raise exception using
            errcode = 'RS006',
            message = 'Only a worker does this to a job: identity.bind enters its scope.';
    end if;
    return work.current_worker();
end
$$;

COMMENT ON FUNCTION work.acting_worker() IS 'The name of the worker whose scope this is; refuses whoever is in none.';

REVOKE ALL ON FUNCTION work.acting_worker() FROM PUBLIC;

CREATE FUNCTION work.append_log(user_id uuid, job_id uuid, attempt integer, chunk text, max_bytes bigint DEFAULT 1048576) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    marker constant text := E'\n[the log is full: what followed was dropped]\n';
    reached bigint;
    room bigint;
    kept text;
begin
    loop
        perform
        from work.jobs as j
        where j.user_id = user_id
            and j.id = job_id
            and j.attempt = attempt
            and j.status in ('running', 'validating')
            and j.held_by = work.acting_worker();
        if not found then
            perform work.refuse_lost_lease();
        end if;

        select l.position + octet_length(l.chunk) into reached
        from work.logs as l
        where l.user_id = user_id and l.job_id = job_id
        order by l.position desc
        limit 1;
        reached := coalesce(reached, 0);
        -- Only the marker reaches beyond the limit.
        if reached > max_bytes or chunk = '' then
            return reached;
        end if;

        kept := chunk;
        room := max_bytes - reached;
        if octet_length(kept) > room then
            -- The bytes that fit may end within a character; the marker fills the rest and shows the loss.
            kept := left(kept, room::integer);
            while octet_length(kept) > room loop
                kept := left(
                    kept,
                    length(kept) - greatest((octet_length(kept) - room) / 4, 1)::integer
                );
            end loop;
            kept := kept || marker;
        end if;
        -- Two chunks at once meet in the key; the later one looks again where it begins.
        insert into work.logs (user_id, job_id, position, attempt, chunk)
        values (user_id, job_id, reached, attempt, kept)
        on conflict do nothing;
        if found then
            return reached + octet_length(kept);
        end if;
    end loop;
end
$$;

COMMENT ON FUNCTION work.append_log(user_id uuid, job_id uuid, attempt integer, chunk text, max_bytes bigint) IS 'The position reached after appending to the log of a job that the acting worker holds. What exceeds the limit is dropped, and marked.';

REVOKE ALL ON FUNCTION work.append_log(user_id uuid, job_id uuid, attempt integer, chunk text, max_bytes bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION work.append_log(user_id uuid, job_id uuid, attempt integer, chunk text, max_bytes bigint) TO renderstore_worker;

CREATE FUNCTION work.ask_again(job work.jobs) RETURNS work.job_status
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
    needs constant bigint := work.count_needs(job.user_id, job.id);
    became work.job_status;
begin
    perform work.charge_jobs(job.user_id, 1, job.priority, false);
    -- It begins anew, but for its attempts.
    update work.jobs as j
    set
        status = case
            when needs > 0 or j.is_unchecked or j.due_at > now()
                then 'pending'::work.job_status
            else 'queued'
        end,
        needs_left = needs,
        completed_at = null,
        queued_at = now(),
        started_at = null,
        progress = 0,
        failures = 0,
        lost_leases = 0,
        exit_code = null,
        error_class = null,
        error_message = null,
        cancel_requested_at = null,
        cancel_reason = null,
        auto_cancel_at = case when j.auto_cancel_at > now() then j.auto_cancel_at end
    where j.user_id = job.user_id and j.id = job.id
    returning j.status into became;
    insert into work.events (user_id, job_id, attempt, before, after, actor)
    values (
        job.user_id,
        job.id,
        job.attempt,
        job.status,
        became,
        identity.current_actor()
    );
    if became = 'queued' then
        perform work.enter_line(
            array[job.user_id],
            array[job.id],
            false,
            work.is_stranger(job.user_id)
        );
    end if;
    perform work.note_asked(
        job,
        'try_again',
        jsonb_build_object('status', job.status),
        jsonb_build_object('status', became)
    );
    -- One that it needs may have ended while this waited for its turn; what waits for it has to wait again.
    insert into work.leftovers (user_id, job_id)
    select job.user_id, job.id
    where needs > 0
    union all
    select d.user_id, d.job_id
    from work.dependencies as d
    where job.status = 'completed'
        and d.user_id = job.user_id
        and d.needs_job_id = job.id;
    return became;
end
$$;

COMMENT ON FUNCTION work.ask_again(job work.jobs) IS 'A job that had ended, which the caller has locked after its owner''s use, waits anew. Gives the status it has now.';

REVOKE ALL ON FUNCTION work.ask_again(job work.jobs) FROM PUBLIC;

CREATE FUNCTION work.ask_to_cancel(users uuid[], ids uuid[], reason text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
begin
    perform work.cancel_waiting(users, ids, reason, true);
    update work.jobs as j
    set
        cancel_requested_at = now(),
        cancel_reason = coalesce(j.cancel_reason, reason)
    from unnest(users, ids) as late (user_id, id)
    where j.user_id = late.user_id
        and j.id = late.id
        and j.status in ('running', 'validating')
        and j.cancel_requested_at is null;
end
$$;

COMMENT ON FUNCTION work.ask_to_cancel(users uuid[], ids uuid[], reason text) IS 'Cancels what waits of these jobs, which the caller has locked, and asks the workers of the others to stop.';

REVOKE ALL ON FUNCTION work.ask_to_cancel(users uuid[], ids uuid[], reason text) FROM PUBLIC;

CREATE FUNCTION work.await_jobs(kinds work.job_kind[] DEFAULT NULL::work.job_kind[], patience interval DEFAULT '00:00:30'::interval) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    me constant text := work.acting_worker();
    until constant timestamptz := clock_timestamp() + least(patience, interval '1 hour');
begin
    insert into work.waits as waiting (worker, kinds, labels, expires_at)
    select
        w.name,
        coalesce(await_jobs.kinds, w.kinds),
        w.labels,
        until
    from work.workers as w
    where w.name = me
    on conflict on constraint waits_pkey do update
    set
        kinds = excluded.kinds,
        labels = excluded.labels,
        expires_at = excluded.expires_at;
    if not found then
        perform work.refuse_unregistered(me);
    end if;
end
$$;

COMMENT ON FUNCTION work.await_jobs(kinds work.job_kind[], patience interval) IS 'Says that the acting worker, which listens on its work.wake_channel, waits for jobs. It must claim once more after this, and again until every transaction that was open then has ended.';

REVOKE ALL ON FUNCTION work.await_jobs(kinds work.job_kind[], patience interval) FROM PUBLIC;
GRANT ALL ON FUNCTION work.await_jobs(kinds work.job_kind[], patience interval) TO renderstore_worker;

CREATE FUNCTION work.cancel(id uuid, reason text DEFAULT NULL::text, user_id uuid DEFAULT NULL::uuid, OUT status work.job_status) RETURNS work.job_status
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    if job.status in ('pending', 'queued') then
        perform work.cancel_waiting(
            array[job.user_id],
            array[job.id],
            reason,
            work.is_stranger(job.user_id)
        );
    elsif job.status in ('running', 'validating') then
        update work.jobs as j
        set
            cancel_requested_at = coalesce(j.cancel_requested_at, now()),
            cancel_reason = coalesce(reason, j.cancel_reason)
        where j.user_id = job.user_id and j.id = job.id;
    elsif job.status <> 'cancelled' then
        raise exception using
            errcode = 'RS005',
            message = format('This job has already %s.', job.status);
    end if;
    select j.status into status
    from work.jobs as j
    where j.user_id = job.user_id and j.id = job.id;
    perform work.note_cancel(job);
end
$$;

COMMENT ON FUNCTION work.cancel(id uuid, reason text, user_id uuid, OUT status work.job_status) IS 'Asks to cancel a job: a waiting one is cancelled at once, a running one when its worker stops. Gives the status it has now.';

REVOKE ALL ON FUNCTION work.cancel(id uuid, reason text, user_id uuid, OUT status work.job_status) FROM PUBLIC;
GRANT ALL ON FUNCTION work.cancel(id uuid, reason text, user_id uuid, OUT status work.job_status) TO renderstore_app;
GRANT ALL ON FUNCTION work.cancel(id uuid, reason text, user_id uuid, OUT status work.job_status) TO renderstore_admin;

CREATE FUNCTION work.cancel_deactivated(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    orphaned record;
begin
    select array_agg(j.user_id) as users, array_agg(j.id) as ids into orphaned
    from (
        select k.user_id, k.id
        from identity.users as o
        cross join lateral (
            select j.user_id, j.id
            from work.jobs as j
            where j.user_id = o.id
                and j.status in ('pending', 'validating', 'queued', 'running')
                and j.cancel_requested_at is null
            limit (select max_rows)
            for no key update skip locked
        ) as k
        where o.status = 'deactivated'
        limit (select max_rows)
    ) as j;
    if orphaned.ids is not null then
        perform work.ask_to_cancel(
            orphaned.users,
            orphaned.ids,
            'The user was deactivated.'
        );
    end if;
    return coalesce(cardinality(orphaned.ids), 0);
end
$$;

COMMENT ON FUNCTION work.cancel_deactivated(max_rows bigint) IS 'How many jobs of deactivated users were cancelled, or asked to stop.';

REVOKE ALL ON FUNCTION work.cancel_deactivated(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION work.cancel_late(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    late record;
begin
    select array_agg(j.user_id) as users, array_agg(j.id) as ids into late
    from (
        select j.user_id, j.id
        from work.jobs as j
        where j.auto_cancel_at <= now()
            and j.completed_at is null
            and j.cancel_requested_at is null
        order by j.auto_cancel_at
        limit max_rows
        for no key update skip locked
    ) as j;
    if late.ids is not null then
        perform work.ask_to_cancel(late.users, late.ids, 'Its time was over.');
    end if;
    return coalesce(cardinality(late.ids), 0);
end
$$;

COMMENT ON FUNCTION work.cancel_late(max_rows bigint) IS 'How many jobs'' times were over: a running one hears of it by its next heartbeat.';

REVOKE ALL ON FUNCTION work.cancel_late(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION work.cancel_waiting(users uuid[], ids uuid[], reason text, is_farms boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
    ended record;
begin
    with seen as materialized (
        select j.user_id, j.id, j.status as before
        from unnest(users, ids) as listed (user_id, id)
        join work.jobs as j on j.user_id = listed.user_id and j.id = listed.id
        where j.status in ('pending', 'queued')
    ),

    changed as (
        update work.jobs as j
        set
            status = 'cancelled',
            completed_at = now(),
            cancel_requested_at = now(),
            cancel_reason = coalesce(reason, j.cancel_reason)
        from seen
        where j.user_id = seen.user_id and j.id = seen.id
        returning
            j.user_id,
            j.id,
            j.attempt,
            seen.before,
            j.cancel_reason,
            j.is_watched
    ),

    noted as (
        insert into work.events (user_id, job_id, attempt, before, after, actor, reason)
        select
            user_id,
            id,
            attempt,
            before,
            'cancelled',
            identity.current_actor(),
            cancel_reason
        from changed
    )

    select
        array_agg(user_id) as users,
        array_agg(id) as ids,
        array_agg(id) filter (where is_watched) as watched_ids
    into ended
    from changed;
    if ended.ids is null then
        return;
    end if;
    perform work.leave_line(ended.users, ended.ids);
    perform pg_notify(work.end_channel(watched.id), '')
    from unnest(ended.watched_ids) as watched (id);
    perform work.settle(ended.users, ended.ids, is_farms);
end
$$;

COMMENT ON FUNCTION work.cancel_waiting(users uuid[], ids uuid[], reason text, is_farms boolean) IS 'Cancels waiting jobs that the caller has locked, and settles what hangs on them.';

REVOKE ALL ON FUNCTION work.cancel_waiting(users uuid[], ids uuid[], reason text, is_farms boolean) FROM PUBLIC;

CREATE FUNCTION work.carry_reports(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    said work.reports;
    job work.jobs;
    carried bigint := 0;
begin
    for said in
        select r.*
        from work.reports as r
        order by r.user_id, r.job_id
        limit max_rows
        for update skip locked
    loop
        select * into job
        from work.jobs as j
        where j.user_id = said.user_id and j.id = said.job_id
        for no key update skip locked;
        if not found then
            -- Locked still, or gone.
            perform
            from work.jobs as j
            where j.user_id = said.user_id and j.id = said.job_id;
            continue when found;
        elsif job.attempt = said.attempt and job.held_by = said.held_by then
            if said.outcome is null then
                update work.jobs as j
                set lease_expires_at = greatest(j.lease_expires_at, said.lease_expires_at)
                where j.user_id = job.user_id and j.id = job.id;
            else
                perform work.end_run(
                    job,
                    said.outcome,
                    said.error_class,
                    said.error_message,
                    said.exit_code,
                    said.actor
                );
            end if;
        end if;
        delete from work.reports as r
        where r.user_id = said.user_id and r.job_id = said.job_id;
        carried := carried + 1;
    end loop;
    return carried;
end
$$;

COMMENT ON FUNCTION work.carry_reports(max_rows bigint) IS 'How many reports were carried over that found their job''s row locked.';

REVOKE ALL ON FUNCTION work.carry_reports(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION work.charge_jobs(user_id uuid, new_jobs bigint, top_priority integer, is_submission boolean, OUT is_paused boolean, OUT step bigint) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    today constant date := (now() at time zone 'utc')::date;
    used record;
begin
    -- An administrator never queues for what a user may hold.
    if user_id is distinct from identity.current_user_id() then
        perform work.lock_owner(user_id);
    end if;
    for attempt in 1 .. 2 loop
        update work.usages as u
        set
            active_jobs = u.active_jobs + new_jobs,
            -- A transaction that began before midnight does not bring yesterday back.
            daily_jobs = case when u.counted_on >= today then u.daily_jobs else 0 end
                + case when is_submission then new_jobs else 0 end,
            counted_on = greatest(u.counted_on, today)
        from identity.users as o
        join identity.plans as p on p.id = o.plan_id
        where u.user_id = user_id and o.id = user_id
        returning
            u.active_jobs,
            u.daily_jobs,
            o.status,
            p.name,
            p.share,
            p.max_active_jobs,
            p.max_daily_jobs,
            p.max_priority,
            exists (
                select
                from work.user_pauses as pause
                where pause.user_id = user_id
            ) as is_paused
        into used;
        exit when found;
        if attempt = 2 then
            perform work.check_active(null);
        end if;
        insert into work.usages (user_id, active_jobs)
        values (user_id, work.count_active(user_id))
        on conflict do nothing;
    end loop;

    if used.status <> 'active' then
        perform work.check_active(used.status);
    end if;
    if top_priority > used.max_priority then
        perform work.check_plan_priority(used.name, top_priority, used.max_priority);
    end if;
    if is_submission and used.daily_jobs > used.max_daily_jobs then
        perform ops.check_limit(
            used.name,
            'plans_max_daily_jobs',
            'The plan %s allows %s jobs a day; %s were submitted today and %s more were asked for.',
            used.daily_jobs::bigint,
            new_jobs,
            used.max_daily_jobs
        );
    end if;
    if used.active_jobs > used.max_active_jobs then
        -- The count may be too high, since no end lowers it.
        update work.usages as u
        set active_jobs = work.count_active(user_id) + new_jobs
        where u.user_id = user_id
        returning u.active_jobs into used.active_jobs;
        perform ops.check_limit(
            used.name,
            'plans_max_active_jobs',
            'The plan %s allows %s jobs to wait or run at once; %s do and %s more were asked for.',
            used.active_jobs::bigint,
            new_jobs,
            used.max_active_jobs
        );
    end if;
    is_paused := used.is_paused;
    step := work.step(used.share);
end
$$;

COMMENT ON FUNCTION work.charge_jobs(user_id uuid, new_jobs bigint, top_priority integer, is_submission boolean, OUT is_paused boolean, OUT step bigint) IS 'Charges jobs that are about to wait to their owner, or refuses; says whether the owner is paused and how far the owner''s turns lie apart.';

REVOKE ALL ON FUNCTION work.charge_jobs(user_id uuid, new_jobs bigint, top_priority integer, is_submission boolean, OUT is_paused boolean, OUT step bigint) FROM PUBLIC;

CREATE FUNCTION work.check_active(status identity.user_status) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if status is distinct from 'active' then
        raise exception using
            errcode = 'RS004',
            message = coalesce(
                format(
                    'This user is %s; an administrator can reactivate the account.',
                    status
                ),
                'There is no such user any more.'
            );
    end if;
end
$$;

COMMENT ON FUNCTION work.check_active(status identity.user_status) IS 'Refuses who is not active, or, where it is null, is no user any more.';

REVOKE ALL ON FUNCTION work.check_active(status identity.user_status) FROM PUBLIC;

CREATE FUNCTION work.check_administrator() RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if current_setting('role') <> 'renderstore_admin' then
        raise exception using
            errcode = '42501',
            message = 'Only an administrator does this: identity.bind enters that scope.';
    end if;
end
$$;

COMMENT ON FUNCTION work.check_administrator() IS 'Refuses whoever is in no administrator''s scope.';

REVOKE ALL ON FUNCTION work.check_administrator() FROM PUBLIC;

CREATE FUNCTION work.check_labels(labels text[]) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    strange text;
begin
    select l.name into strange
    from unnest(labels) as l (name)
    where not exists (
        select
        from work.labels as known
        where known.name = l.name
    )
    limit 1;
    if found then
        raise exception using
            errcode = 'RS011',
            message = format(
                'No worker of this farm has offered the label %s. There are: %s.',
                left(strange, 100),
                coalesce(
                    (
                        select string_agg(known.name, ', ' order by known.name)
                        from (
                            select name
                            from work.labels
                            order by name
                            limit 20
                        ) as known
                    ),
                    'none'
                )
            );
    end if;
end
$$;

COMMENT ON FUNCTION work.check_labels(labels text[]) IS 'Refuses labels that no worker registered and nobody declared.';

REVOKE ALL ON FUNCTION work.check_labels(labels text[]) FROM PUBLIC;

CREATE FUNCTION work.check_lease(user_id uuid, job_id uuid, attempt integer) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
begin
    perform
    from work.jobs as j
    where j.user_id = user_id
        and j.id = job_id
        and j.attempt = attempt
        and j.status = 'running'
        and j.held_by = work.acting_worker();
    if not found then
        perform work.refuse_lost_lease();
    end if;
end
$$;

COMMENT ON FUNCTION work.check_lease(user_id uuid, job_id uuid, attempt integer) IS 'Refuses a worker without the job''s current lease.';

REVOKE ALL ON FUNCTION work.check_lease(user_id uuid, job_id uuid, attempt integer) FROM PUBLIC;

CREATE FUNCTION work.check_new_job(status text, outcomes integer) RETURNS void
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if status not in ('pending', 'queued') then
        raise exception using
            errcode = 'RS005',
            message = format('A new job is queued or pending, not %s.', status);
    elsif outcomes > 0 then
        raise exception using
            errcode = 'RS005',
            message = 'A new job says what it is to do, not what becomes of it: the database keeps that, and makes the id.';
    end if;
end
$$;

COMMENT ON FUNCTION work.check_new_job(status text, outcomes integer) IS 'Refuses an insert into a kind''s view that says where the job stands, or how many other things that become of it.';

REVOKE ALL ON FUNCTION work.check_new_job(status text, outcomes integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.check_new_job(status text, outcomes integer) TO renderstore_app;
GRANT ALL ON FUNCTION work.check_new_job(status text, outcomes integer) TO renderstore_admin;

CREATE FUNCTION work.check_plan_priority(plan text, priority integer, max_priority integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if priority > max_priority then
        raise exception using
            errcode = 'RS007',
            constraint = 'plans_max_priority',
            message = format(
                'The plan %s allows priorities up to %s; %s was asked for.',
                plan,
                max_priority,
                priority
            );
    end if;
end
$$;

COMMENT ON FUNCTION work.check_plan_priority(plan text, priority integer, max_priority integer) IS 'Refuses a priority above the plan''s.';

REVOKE ALL ON FUNCTION work.check_plan_priority(plan text, priority integer, max_priority integer) FROM PUBLIC;

CREATE FUNCTION work.claim(max_jobs bigint DEFAULT 1, kinds work.job_kind[] DEFAULT NULL::work.job_kind[], lease interval DEFAULT '00:01:00'::interval) RETURNS TABLE(user_id uuid, id uuid, attempt integer, kind work.job_kind, lease_expires_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 10
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET enable_sort TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
    me constant text := work.acting_worker();
    until constant timestamptz := now() + lease::work.lease;
    -- One claim in 32 ignores priority, so that a low one is reached in the end.
    ignores_priority constant boolean := random() < 0.03125;
    jobs_left bigint := max_jobs::work.batch_size;
    lane bigint;
    lane_moved bigint;
    reached bigint;
    is_late boolean;
begin
    loop
        for user_id, id, attempt, kind, lease_expires_at, lane, reached, is_late in
            -- Materialized: asked twice, it would lock and take more than the limit.
            with picked as materialized (
                select
                    r.user_id,
                    r.job_id,
                    r.turn,
                    l.id as lane_id,
                    r.turn > l.turn
                    and l.moved_at < now() - interval '100 milliseconds' as is_late
                from (
                    select
                        k.id,
                        k.floor,
                        k.turn,
                        k.moved_at
                    from work.worker_lanes as m
                    -- The limit keeps it a look into each of the worker's own, whatever the statistics say.
                    cross join lateral (
                        select
                            k.id,
                            k.kind,
                            k.priority,
                            k.floor,
                            k.turn,
                            k.moved_at,
                            k.is_paused
                        from work.lanes as k
                        where k.id = m.lane_id
                        limit 1
                    ) as k
                    where m.worker = me
                        and not k.is_paused
                        and (claim.kinds is null or k.kind = any(claim.kinds))
                    order by
                        case when ignores_priority then 0 else k.priority end
                        + random() desc
                ) as l
                -- Its place first: one that another claim took since this began is gone, and its job is not locked.
                cross join lateral (
                    select
                        q.user_id,
                        q.job_id,
                        q.turn
                    from work.ready as q
                    where q.lane_id = l.id
                        and q.turn >= l.floor
                        and exists (
                            select
                            from identity.users as o
                            where o.id = q.user_id and o.status <> 'deactivated'
                        )
                    order by q.turn, q.job_id
                    for update of q skip locked
                ) as r
                cross join lateral (
                    select
                    from work.jobs as k
                    where k.user_id = r.user_id
                        and k.id = r.job_id
                        and k.status = 'queued'
                    for no key update skip locked
                ) as taken
                limit jobs_left
            ),
            gone as (
                delete from work.ready as r
                using picked
                where r.user_id = picked.user_id and r.job_id = picked.job_id
            )
            update work.jobs as j
            set
                status = 'running',
                attempt = j.attempt + 1,
                held_by = me,
                lease_expires_at = until,
                started_at = now(),
                progress = 0,
                due_at = null,
                exit_code = null
            from picked
            where j.user_id = picked.user_id and j.id = picked.job_id
            returning
                j.user_id,
                j.id,
                j.attempt,
                j.kind,
                j.lease_expires_at,
                picked.lane_id,
                picked.turn,
                picked.is_late
        loop
            return next;
            jobs_left := jobs_left - 1;
            -- The clock follows the turn that was served, at most every 100 ms; one that another claim is moving is let be. Asked again
            -- of the row as it is: who joined the line at a turn that it passes twice is below the floor.
            if is_late and lane is distinct from lane_moved then
                lane_moved := lane;
                update work.lanes as l
                set
                    floor = l.turn,
                    turn = reached,
                    moved_at = clock_timestamp()
                where l.id in (
                        select k.id
                        from work.lanes as k
                        where k.id = lane
                        for no key update skip locked
                    )
                    and l.turn < reached
                    and l.moved_at < now() - interval '100 milliseconds';
            end if;
        end loop;
        if jobs_left < 1 then
            return;
        end if;
        -- What came for a lane that was not open.
        exit when not exists (
            select
            from work.arrivals
        );
        exit when work.open_lanes() = 0;
    end loop;
    if jobs_left = max_jobs
        and not exists (
            select
            from work.workers as w
            where w.name = me
        )
    then
        -- Who names what it takes has said all that a registration says, but for labels.
        if claim.kinds is null then
            perform work.refuse_unregistered(me);
        end if;
        perform work.register(claim.kinds);
        return query
        select again.*
        from work.claim(max_jobs, claim.kinds, lease) as again;
    end if;
end
$$;

COMMENT ON FUNCTION work.claim(max_jobs bigint, kinds work.job_kind[], lease interval) IS 'Takes up to this many jobs for the acting worker, of its registered kinds or of fewer that are named; one that never registered does so with what it names. Each comes with its attempt, the token with which to report.';

REVOKE ALL ON FUNCTION work.claim(max_jobs bigint, kinds work.job_kind[], lease interval) FROM PUBLIC;
GRANT ALL ON FUNCTION work.claim(max_jobs bigint, kinds work.job_kind[], lease interval) TO renderstore_worker;

CREATE FUNCTION work.clear_ended_jobs(max_rows bigint DEFAULT 1000) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
    cleared bigint;
begin
    with old_jobs as materialized (
        select
            old.user_id,
            old.id
        from identity.users as o
        join identity.plans as p on p.id = o.plan_id
        cross join lateral (
            select
                j.user_id,
                j.id
            from work.jobs as j
            where j.user_id = o.id
                and j.id < ops.first_uuidv7(now() - p.keep_ended_jobs_days * interval '1 day')
                and j.completed_at < now() - p.keep_ended_jobs_days * interval '1 day'
                -- What waits for it in vain would be released.
                and (
                    j.status = 'completed'
                    or not exists (
                        select
                        from work.dependencies as d
                        join work.jobs as waiting
                            on waiting.user_id = d.user_id and waiting.id = d.job_id
                        where d.user_id = j.user_id
                            and d.needs_job_id = j.id
                            and waiting.completed_at is null
                    )
                )
            order by j.id
            limit max_rows
            for update skip locked
        ) as old
        where p.keep_ended_jobs_days is not null
        limit max_rows
    )

    delete from work.jobs as j
    using old_jobs
    where j.user_id = old_jobs.user_id and j.id = old_jobs.id;
    get diagnostics cleared = row_count;
    return cleared;
end
$$;

COMMENT ON FUNCTION work.clear_ended_jobs(max_rows bigint) IS 'Deletes up to max_rows jobs that ended longer ago than their owner''s plan keeps them, with all that hangs on them, and says how many. Call it until it says 0.';

REVOKE ALL ON FUNCTION work.clear_ended_jobs(max_rows bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION work.clear_ended_jobs(max_rows bigint) TO renderstore_worker;
GRANT ALL ON FUNCTION work.clear_ended_jobs(max_rows bigint) TO renderstore_admin;

CREATE FUNCTION work.close_idle_lanes(max_rows bigint) RETURNS bigint
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT work.close_lanes(max_rows, '01:00:00'::interval) AS close_lanes;
END;

COMMENT ON FUNCTION work.close_idle_lanes(max_rows bigint) IS 'How many lanes ended that nobody had used for an hour.';

REVOKE ALL ON FUNCTION work.close_idle_lanes(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION work.close_lanes(max_rows bigint, idle_for interval) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
    stray record;
    closed bigint[];
begin
    -- Hidden by an earlier sweep: from here on nobody finds them.
    update work.lanes as l
    set gone_after = pg_snapshot_xmax(pg_current_snapshot())
    where l.id in (
        select k.id
        from work.lanes as k
        where k.is_closing and k.gone_after is null
        for update skip locked
    );

    select array_agg(j.user_id) as users, array_agg(j.id) as ids into stray
    from (
        select j.user_id, j.id
        from work.lanes as l
        join work.ready as r on r.lane_id = l.id
        join work.jobs as j on j.user_id = r.user_id and j.id = r.job_id
        where l.is_closing
        limit max_rows
        for no key update of j skip locked
    ) as j;
    if stray.ids is not null then
        perform work.leave_line(stray.users, stray.ids);
        perform work.enter_line(stray.users, stray.ids, false, true);
    end if;

    with gone as (
        delete from work.lanes as l
        where l.id in (
            select k.id
            from work.lanes as k
            where k.is_closing
                and k.gone_after <= pg_snapshot_xmin(pg_current_snapshot())
                and not exists (
                    select
                    from work.ready as r
                    where r.lane_id = k.id
                )
            for update skip locked
        )
        returning l.id
    )

    select array_agg(gone.id) into closed
    from gone;
    delete from work.turns as t
    where t.lane_id = any(closed);

    with hidden as (
        update work.lanes as l
        set is_closing = true
        where l.id in (
            select k.id
            from work.lanes as k
            where not k.is_closing
                and greatest(k.moved_at, k.opened_at) < now() - idle_for
                and not exists (
                    select
                    from work.ready as r
                    where r.lane_id = k.id
                )
            limit max_rows
            for update skip locked
        )
        returning l.id
    )

    delete from work.worker_lanes as m
    using hidden
    where m.lane_id = hidden.id;
    return coalesce(cardinality(closed), 0);
end
$$;

COMMENT ON FUNCTION work.close_lanes(max_rows bigint, idle_for interval) IS 'How many lanes ended that nobody had used for so long; it hides those whose time has come.';

REVOKE ALL ON FUNCTION work.close_lanes(max_rows bigint, idle_for interval) FROM PUBLIC;

CREATE FUNCTION work.complete_held(user_ids uuid[], ids uuid[], attempts integer[]) RETURNS bigint[]
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
    me constant text := work.acting_worker();
    done record;
    done_ids uuid[];
    patience bigint;
begin
    loop
        with held as materialized (
            select j.user_id, j.id
            from unnest(user_ids, ids, attempts) as h (user_id, id, attempt)
            join work.jobs as j
                on j.user_id = h.user_id and j.id = h.id and j.attempt = h.attempt
            where j.status = 'running' and j.held_by = me
            for no key update of j skip locked
        ),
        ended as (
            update work.jobs as j
            set
                status = 'completed',
                completed_at = now(),
                progress = 100,
                exit_code = 0,
                held_by = null,
                lease_expires_at = null
            from held
            where j.user_id = held.user_id and j.id = held.id
            returning j.user_id, j.id, j.attempt, j.started_at, j.is_watched
        ),
        noted as (
            insert into work.events (
                user_id,
                job_id,
                attempt,
                before,
                after,
                began_at,
                held_by,
                actor
            )
            select
                ended.user_id,
                ended.id,
                ended.attempt,
                'running',
                'completed',
                ended.started_at,
                me,
                identity.current_actor()
            from ended
        )
        select
            array_agg(ended.id) as ids,
            array_agg(ended.id) filter (where ended.is_watched) as watched_ids,
            array_agg(ended.id) filter (
                where exists (
                    select
                    from work.dependencies as d
                    where d.user_id = ended.user_id and d.needs_job_id = ended.id
                )
            ) as needed_ids
        into done
        from ended;
        if done.needed_ids is not null then
            perform work.settle(array_agg(h.user_id), array_agg(h.id), true)
            from unnest(user_ids, ids) as h (user_id, id)
            where h.id = any(done.needed_ids);
        end if;
        if done.watched_ids is not null then
            perform pg_notify(work.end_channel(watched.id), '')
            from unnest(done.watched_ids) as watched (id);
        end if;
        if cardinality(done.ids) = cardinality(ids) then
            return null;
        end if;
        -- Not to wait, but to meet a heartbeat of its own only once.
        done_ids := done_ids || done.ids;
        patience := coalesce(patience, 0) + 1;
        exit when patience > 3
            or not exists (
                select
                from unnest(user_ids, ids, attempts) as h (user_id, id, attempt)
                join work.jobs as j
                    on j.user_id = h.user_id and j.id = h.id and j.attempt = h.attempt
                where j.status = 'running' and j.held_by = me
            );
        perform pg_sleep(0.005);
    end loop;
    return (
        select array_agg(h.nth)
        from unnest(user_ids, ids, attempts) with ordinality
            as h (user_id, id, attempt, nth)
        where not exists (
                select
                from unnest(done_ids) as done (id)
                join work.jobs as j on j.user_id = h.user_id and j.id = done.id
                where done.id = h.id and j.attempt = h.attempt
            )
            and not work.note_report(h.user_id, h.id, h.attempt, me, 'completed')
    );
end
$$;

COMMENT ON FUNCTION work.complete_held(user_ids uuid[], ids uuid[], attempts integer[]) IS 'Completes what of these the acting worker holds; gives the places in the lists of the others, whose leases were lost, and null where there is none.';

REVOKE ALL ON FUNCTION work.complete_held(user_ids uuid[], ids uuid[], attempts integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.complete_held(user_ids uuid[], ids uuid[], attempts integer[]) TO renderstore_worker;

CREATE FUNCTION work.count_active(owner uuid) RETURNS bigint
    LANGUAGE sql STABLE
    RETURN (SELECT count(*) AS count FROM work.jobs j WHERE ((j.user_id = count_active.owner) AND (j.status = ANY (ARRAY['pending'::work.job_status, 'validating'::work.job_status, 'queued'::work.job_status, 'running'::work.job_status]))));

COMMENT ON FUNCTION work.count_active(owner uuid) IS 'How many jobs of a user wait or run.';

REVOKE ALL ON FUNCTION work.count_active(owner uuid) FROM PUBLIC;

CREATE FUNCTION work.count_needs(owner uuid, job uuid) RETURNS bigint
    LANGUAGE sql STABLE
    RETURN (SELECT count(*) AS count FROM (work.dependencies d JOIN work.jobs needed ON (((needed.user_id = d.user_id) AND (needed.id = d.needs_job_id) AND (needed.status <> 'completed'::work.job_status)))) WHERE ((d.user_id = count_needs.owner) AND (d.job_id = count_needs.job)));

COMMENT ON FUNCTION work.count_needs(owner uuid, job uuid) IS 'How many of the jobs that a job needs are not completed.';

REVOKE ALL ON FUNCTION work.count_needs(owner uuid, job uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.count_needs(owner uuid, job uuid) TO renderstore_admin;
GRANT ALL ON FUNCTION work.count_needs(owner uuid, job uuid) TO renderstore_readonly;

CREATE FUNCTION work.current_worker() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE WHEN starts_with(current_setting('renderstore.actor'::text, true), 'worker:'::text) THEN substr(current_setting('renderstore.actor'::text, true), 8) ELSE identity.current_actor() END;

COMMENT ON FUNCTION work.current_worker() IS 'The name under which the acting worker holds jobs: that of its scope, or its token or login.';

REVOKE ALL ON FUNCTION work.current_worker() FROM PUBLIC;
GRANT ALL ON FUNCTION work.current_worker() TO renderstore_worker;

CREATE FUNCTION work.delete(id uuid, user_id uuid DEFAULT NULL::uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    job work.jobs;
    hanging uuid[];
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    if job.status in ('running', 'validating') then
        raise exception using
            errcode = 'RS005',
            message = 'A running job is cancelled before it is deleted.';
    end if;
    select array_agg(d.job_id) into hanging
    from work.dependencies as d
    where d.user_id = job.user_id and d.needs_job_id = job.id;
    delete from work.jobs as j
    where j.user_id = job.user_id and j.id = job.id;
    perform work.note_asked(
        job,
        'delete',
        jsonb_build_object('status', job.status),
        null
    );
    if job.is_watched then
        perform pg_notify(work.end_channel(job.id), '');
    end if;
    if hanging is null then
        return;
    end if;
    -- They wait for one job less.
    insert into work.leftovers (user_id, job_id)
    select job.user_id, listed.id
    from unnest(hanging) as listed (id);
    select array_agg(j.id) into hanging
    from (
        select j.id
        from work.jobs as j
        where j.user_id = job.user_id
            and j.id = any(hanging)
            and j.status in ('pending', 'queued')
        for no key update skip locked
    ) as j;
    if hanging is not null then
        perform work.renew(
            array_fill(job.user_id, array[cardinality(hanging)]),
            hanging,
            work.is_stranger(job.user_id)
        );
    end if;
end
$$;

COMMENT ON FUNCTION work.delete(id uuid, user_id uuid) IS 'Deletes a job with all that hangs on it; what waited for it waits no more.';

REVOKE ALL ON FUNCTION work.delete(id uuid, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.delete(id uuid, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION work.delete(id uuid, user_id uuid) TO renderstore_admin;

CREATE FUNCTION work.end_channel(job_id uuid) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('renderstore_end_'::text || replace((job_id)::text, '-'::text, ''::text));

COMMENT ON FUNCTION work.end_channel(job_id uuid) IS 'The channel on which the end of a watched job is announced. Everybody may listen anywhere, so a notification says nothing.';

REVOKE ALL ON FUNCTION work.end_channel(job_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.end_channel(job_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION work.end_channel(job_id uuid) TO renderstore_worker;
GRANT ALL ON FUNCTION work.end_channel(job_id uuid) TO renderstore_admin;
GRANT ALL ON FUNCTION work.end_channel(job_id uuid) TO renderstore_readonly;

CREATE FUNCTION work.end_run(job work.jobs, outcome work.outcome, error_class text DEFAULT NULL::text, error_message text DEFAULT NULL::text, exit_code bigint DEFAULT NULL::bigint, actor text DEFAULT NULL::text) RETURNS work.job_status
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    became constant work.job_status := work.status_after(job, outcome, error_class);
    has_ended constant boolean := became in ('completed', 'failed', 'cancelled');
    has_failed constant boolean := outcome in ('failed', 'lost');
begin
    update work.jobs as j
    set
        status = became,
        held_by = null,
        lease_expires_at = null,
        is_unchecked = j.is_unchecked and outcome <> 'accepted',
        progress = case when became = 'completed' then 100 else j.progress end,
        failures = j.failures + (outcome = 'failed')::integer,
        lost_leases = j.lost_leases + (outcome = 'lost')::integer,
        error_class = case when has_failed then error_class else j.error_class end,
        error_message = case
            when has_failed then left(error_message, 10000)
            else j.error_message
        end,
        exit_code = case
            when outcome = 'completed' then coalesce(j.exit_code, 0)
            when outcome = 'failed' then exit_code
            else j.exit_code
        end,
        due_at = case
            when has_ended then null
            when outcome = 'accepted' then j.due_at
            -- Doubled for each failure, up to a day, spread by half so that what fell together does not rise together.
            when outcome = 'failed' then now()
                + least(j.backoff_s * 2 ^ least(j.failures, 20), 86400)
                * (0.5 + random()) * interval '1 second'
        end,
        completed_at = case when has_ended then now() end,
        cancel_requested_at = case
            when became = 'cancelled' then coalesce(j.cancel_requested_at, now())
            else j.cancel_requested_at
        end
    where j.user_id = job.user_id and j.id = job.id;
    insert into work.events (
        user_id,
        job_id,
        attempt,
        before,
        after,
        began_at,
        held_by,
        actor,
        error_class,
        reason
    )
    values (
        job.user_id,
        job.id,
        job.attempt,
        job.status,
        became,
        job.started_at,
        job.held_by,
        coalesce(actor, identity.current_actor()),
        case when has_failed then error_class end,
        case
            when became = 'cancelled' then job.cancel_reason
            when has_failed then left(error_message, 10000)
        end
    );
    if became = 'queued' then
        perform work.enter_line(
            array[job.user_id],
            array[job.id],
            outcome <> 'accepted',
            true
        );
    elsif has_ended then
        if job.is_watched then
            perform pg_notify(work.end_channel(job.id), '');
        end if;
        perform work.settle(array[job.user_id], array[job.id], true);
    end if;
    return became;
end
$$;

COMMENT ON FUNCTION work.end_run(job work.jobs, outcome work.outcome, error_class text, error_message text, exit_code bigint, actor text) IS 'Ends a worker''s hold of a job, which the caller has locked, with all that follows. Gives the status it has now.';

REVOKE ALL ON FUNCTION work.end_run(job work.jobs, outcome work.outcome, error_class text, error_message text, exit_code bigint, actor text) FROM PUBLIC;

CREATE FUNCTION work.enter_line(users uuid[], ids uuid[], at_head boolean, is_farms boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
    line record;
begin
    for line in
        with entering as materialized (
            select
                j.user_id,
                j.id,
                j.kind,
                j.labels,
                j.priority,
                exists (
                    select
                    from work.user_pauses as p
                    where p.user_id = j.user_id
                ) as is_paused
            from unnest(users, ids) as listed (user_id, id)
            join work.jobs as j on j.user_id = listed.user_id and j.id = listed.id
            where j.status = 'queued'
        ),

        -- A resume that commits at this moment does not see the job.
        noted as (
            insert into work.leftovers (user_id, job_id)
            select entering.user_id, entering.id
            from entering
            where entering.is_paused
        )

        select
            j.user_id,
            j.kind,
            j.labels,
            j.priority,
            l.id as lane_id,
            l.turn,
            l.is_paused,
            array_agg(j.id order by j.id) as ids
        from entering as j
        left join work.lanes as l
            on l.kind = j.kind
            and l.labels = j.labels
            and l.priority = j.priority
            and not l.is_closing
        where not j.is_paused
        group by j.user_id, j.kind, j.labels, j.priority, l.id
        order by j.user_id, l.id
    loop
        if line.lane_id is null then
            insert into work.arrivals (user_id, job_id)
            select line.user_id, arrived.id
            from unnest(line.ids) as arrived (id)
            on conflict do nothing;
        elsif at_head then
            -- Whoever had its turn and lost it through no fault of its own goes first.
            insert into work.ready (lane_id, turn, job_id, user_id)
            select line.lane_id, line.turn, entering.id, line.user_id
            from unnest(line.ids) as entering (id);
        else
            perform work.join_line(
                line.user_id,
                line.lane_id,
                line.turn,
                (
                    select work.step(p.share)
                    from identity.users as o
                    join identity.plans as p on p.id = o.plan_id
                    where o.id = line.user_id
                ),
                line.ids,
                is_farms
            );
        end if;
        if line.is_paused is not true then
            perform work.wake(line.kind, line.labels, cardinality(line.ids));
        end if;
    end loop;
end
$$;

COMMENT ON FUNCTION work.enter_line(users uuid[], ids uuid[], at_head boolean, is_farms boolean) IS 'Puts queued jobs that the caller has locked into line, at their user''s next turn or at the head; notes those of paused users for the sweep.';

REVOKE ALL ON FUNCTION work.enter_line(users uuid[], ids uuid[], at_head boolean, is_farms boolean) FROM PUBLIC;

CREATE FUNCTION work.expire_leases(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    SET jit TO 'off'
    SET lock_timeout TO '100ms'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    job work.jobs;
    lost bigint := 0;
    held constant work.job_status[] := '{running,validating}';
    status_held work.job_status;
begin
    -- One status a look: in the order of its index.
    foreach status_held in array held loop
        for job in
            select j.*
            from work.jobs as j
            where j.status = status_held
                and j.lease_expires_at < now()
                and not exists (
                    select
                    from work.reports as r
                    where r.user_id = j.user_id
                        and r.job_id = j.id
                        and r.attempt = j.attempt
                        and (r.outcome is not null or r.lease_expires_at >= now())
                )
            order by j.id
            limit max_rows - lost
            for no key update of j skip locked
        loop
            -- A report that finds the job locked comes into the same row: either it is first and counts, or it is refused.
            begin
                insert into work.reports as r (user_id, job_id, attempt, held_by, outcome)
                values (job.user_id, job.id, job.attempt, job.held_by, 'lost')
                on conflict on constraint reports_pkey do update
                set
                    attempt = excluded.attempt,
                    held_by = excluded.held_by,
                    outcome = excluded.outcome,
                    lease_expires_at = null
                where r.attempt < excluded.attempt
                    or r.outcome is null and r.lease_expires_at < now();
                continue when not found;
            exception
                when lock_not_available then
                    continue;
            end;
            perform work.end_run(
                job,
                'lost',
                'lost',
                'The worker ' || job.held_by || ' fell silent.'
            );
            delete from work.reports as r
            where r.user_id = job.user_id and r.job_id = job.id;
            lost := lost + 1;
        end loop;
    end loop;
    return lost;
end
$$;

COMMENT ON FUNCTION work.expire_leases(max_rows bigint) IS 'How many jobs were taken from workers that fell silent: back to the head of the line at no cost of a try, but not for ever.';

REVOKE ALL ON FUNCTION work.expire_leases(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION work.fail(user_id uuid, id uuid, attempt integer, error_class text DEFAULT 'unknown'::text, error_message text DEFAULT NULL::text, exit_code bigint DEFAULT NULL::bigint) RETURNS work.job_status
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT work.report(user_id, id, attempt, 'failed'::work.outcome, COALESCE(error_class, 'unknown'::text), error_message, exit_code) AS report;
END;

COMMENT ON FUNCTION work.fail(user_id uuid, id uuid, attempt integer, error_class text, error_message text, exit_code bigint) IS 'Says that an attempt failed. The job waits for another try, or has failed; what became of it. Refused without the current lease.';

REVOKE ALL ON FUNCTION work.fail(user_id uuid, id uuid, attempt integer, error_class text, error_message text, exit_code bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION work.fail(user_id uuid, id uuid, attempt integer, error_class text, error_message text, exit_code bigint) TO renderstore_worker;

CREATE FUNCTION work.finish(user_id uuid, id uuid, attempt integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if work.complete_held(array[user_id], array[id], array[attempt]) is not null then
        perform work.refuse_lost_lease();
    end if;
end
$$;

COMMENT ON FUNCTION work.finish(user_id uuid, id uuid, attempt integer) IS 'Completes a job; refused without the current lease.';

REVOKE ALL ON FUNCTION work.finish(user_id uuid, id uuid, attempt integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.finish(user_id uuid, id uuid, attempt integer) TO renderstore_worker;

CREATE FUNCTION work.finish_and_claim(user_ids uuid[], ids uuid[], attempts integer[], max_jobs bigint DEFAULT 1, kinds work.job_kind[] DEFAULT NULL::work.job_kind[], lease interval DEFAULT '00:01:00'::interval) RETURNS TABLE(is_refused boolean, user_id uuid, id uuid, attempt integer, kind work.job_kind, lease_expires_at timestamp with time zone)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    refused constant bigint[] := work.complete_held(user_ids, ids, attempts);
begin
    if refused is not null then
        return query
        select
            true,
            finish_and_claim.user_ids[lost.nth],
            finish_and_claim.ids[lost.nth],
            finish_and_claim.attempts[lost.nth],
            null::work.job_kind,
            null::timestamptz
        from unnest(refused) as lost (nth);
    end if;
    return query
    select
        false,
        claimed.user_id,
        claimed.id,
        claimed.attempt,
        claimed.kind,
        claimed.lease_expires_at
    from work.claim(max_jobs, finish_and_claim.kinds, lease) as claimed;
end
$$;

COMMENT ON FUNCTION work.finish_and_claim(user_ids uuid[], ids uuid[], attempts integer[], max_jobs bigint, kinds work.job_kind[], lease interval) IS 'Completes jobs and takes the next ones; is_refused marks those whose leases were lost.';

REVOKE ALL ON FUNCTION work.finish_and_claim(user_ids uuid[], ids uuid[], attempts integer[], max_jobs bigint, kinds work.job_kind[], lease interval) FROM PUBLIC;
GRANT ALL ON FUNCTION work.finish_and_claim(user_ids uuid[], ids uuid[], attempts integer[], max_jobs bigint, kinds work.job_kind[], lease interval) TO renderstore_worker;

CREATE FUNCTION work.finish_many(user_ids uuid[], ids uuid[], attempts integer[]) RETURNS TABLE(user_id uuid, id uuid, attempt integer)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    return query
    select
        finish_many.user_ids[refused.nth],
        finish_many.ids[refused.nth],
        finish_many.attempts[refused.nth]
    from unnest(work.complete_held(user_ids, ids, attempts)) as refused (nth);
end
$$;

COMMENT ON FUNCTION work.finish_many(user_ids uuid[], ids uuid[], attempts integer[]) IS 'Completes jobs, and gives those that were refused because their leases were lost.';

REVOKE ALL ON FUNCTION work.finish_many(user_ids uuid[], ids uuid[], attempts integer[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.finish_many(user_ids uuid[], ids uuid[], attempts integer[]) TO renderstore_worker;

CREATE FUNCTION work.follow_pauses() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    lane record;
begin
    perform
    from work.lanes as l
    where l.is_paused <> work.is_lane_paused(l.labels)
    order by l.id
    for no key update;
    for lane in
        update work.lanes as l
        set is_paused = not l.is_paused
        where l.is_paused <> work.is_lane_paused(l.labels)
        returning l.kind, l.labels, l.is_paused
    loop
        if not lane.is_paused then
            perform work.wake(lane.kind, lane.labels, null);
        end if;
    end loop;
end
$$;

COMMENT ON FUNCTION work.follow_pauses() IS 'Lanes follow the pauses; whoever waits for a resumed one is woken.';

REVOKE ALL ON FUNCTION work.follow_pauses() FROM PUBLIC;

CREATE FUNCTION work.guard_job() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    -- What every job goes through comes first, as the rules below say it.
    if tg_op = 'INSERT'
        and new.status in ('queued', 'pending')
        and new.held_by is null
        and new.lease_expires_at is null
        and new.completed_at is null
        or old.status = 'queued'
        and new.status = 'running'
        and new.held_by is not null
        and new.lease_expires_at is not null
        and new.completed_at is null
        or old.status = 'running'
        and new.status = 'completed'
        and new.held_by is null
        and new.lease_expires_at is null
        and new.completed_at is not null
    then
        return new;
    end if;
    if (new.status in ('running', 'validating')) <> (new.held_by is not null)
        or (new.held_by is null) <> (new.lease_expires_at is null)
        or (new.status in ('completed', 'failed', 'cancelled'))
        <> (new.completed_at is not null)
        or new.status = 'failed' and new.error_class is null
    then
        raise exception using
            errcode = '23514',
            schema = 'work',
            table = 'jobs',
            constraint = 'jobs_is_whole_check',
            message = 'A running job, or one that is validated, has a holder and a lease, an ended one the time of its end, a failed one a class of failure; no other job has a holder, a lease or an end.';
    elsif tg_op = 'UPDATE'
        and new.status <> old.status
        and not (case old.status
            when 'queued' then new.status in ('pending', 'running', 'failed', 'cancelled')
            when 'running'
                then new.status in ('pending', 'queued', 'completed', 'failed', 'cancelled')
            when 'pending'
                then new.status in ('validating', 'queued', 'failed', 'cancelled')
            when 'validating'
                then new.status in ('pending', 'queued', 'failed', 'cancelled')
            when 'failed' then new.status in ('pending', 'queued')
            when 'cancelled' then new.status in ('pending', 'queued')
            -- What a download has kept stays; whatever else is completed is so for good.
            when 'completed'
                then new.kind = 'download' and new.status in ('pending', 'queued')
            else false
        end)
    then
        raise exception using
            errcode = 'RS005',
            message = format('A %s job cannot become %s.', old.status, new.status);
    end if;
    return new;
end
$$;

COMMENT ON FUNCTION work.guard_job() IS 'Trigger: refuses a change of status that work.transitions does not have, and a job that lacks what its status asks for or has what belongs to another.';

REVOKE ALL ON FUNCTION work.guard_job() FROM PUBLIC;

CREATE FUNCTION work.heartbeat(user_id uuid, id uuid, attempt integer, progress integer DEFAULT NULL::integer, lease interval DEFAULT '00:01:00'::interval) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    stop boolean;
begin
    select beat.is_cancel_requested into stop
    from work.heartbeat_many(
        array[heartbeat.user_id],
        array[heartbeat.id],
        array[heartbeat.attempt],
        array[heartbeat.progress],
        heartbeat.lease
    ) as beat;
    if not found then
        perform work.refuse_lost_lease();
    end if;
    return stop;
end
$$;

COMMENT ON FUNCTION work.heartbeat(user_id uuid, id uuid, attempt integer, progress integer, lease interval) IS 'Extends a lease and notes progress; whether the worker should stop.';

REVOKE ALL ON FUNCTION work.heartbeat(user_id uuid, id uuid, attempt integer, progress integer, lease interval) FROM PUBLIC;
GRANT ALL ON FUNCTION work.heartbeat(user_id uuid, id uuid, attempt integer, progress integer, lease interval) TO renderstore_worker;

CREATE FUNCTION work.heartbeat_many(user_ids uuid[], ids uuid[], attempts integer[], progresses integer[] DEFAULT NULL::integer[], lease interval DEFAULT '00:01:00'::interval) RETURNS TABLE(user_id uuid, id uuid, is_cancel_requested boolean)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_column
declare
    me constant text := work.acting_worker();
    until constant timestamptz := now() + lease::work.lease;
    extended bigint;
begin
    return query
    with held as materialized (
        select j.user_id, j.id, h.progress
        from unnest(user_ids, ids, attempts, progresses)
            as h (user_id, id, attempt, progress)
        join work.jobs as j
            on j.user_id = h.user_id and j.id = h.id and j.attempt = h.attempt
        where j.status in ('running', 'validating') and j.held_by = me
        for no key update of j skip locked
    )
    update work.jobs as j
    set
        lease_expires_at = until,
        progress = greatest(j.progress, held.progress)
    from held
    where j.user_id = held.user_id and j.id = held.id
    returning j.user_id, j.id, j.cancel_requested_at is not null;
    get diagnostics extended = row_count;
    if extended = cardinality(ids) then
        return;
    end if;
    for user_id, id, is_cancel_requested, extended in
        select j.user_id, j.id, j.cancel_requested_at is not null, j.attempt
        from unnest(user_ids, ids, attempts) as h (user_id, id, attempt)
        join work.jobs as j
            on j.user_id = h.user_id and j.id = h.id and j.attempt = h.attempt
        where j.status in ('running', 'validating')
            and j.held_by = me
            and j.lease_expires_at <> until
    loop
        perform work.note_report(user_id, id, extended::integer, me, null, until);
        return next;
    end loop;
end
$$;

COMMENT ON FUNCTION work.heartbeat_many(user_ids uuid[], ids uuid[], attempts integer[], progresses integer[], lease interval) IS 'Extends the leases of jobs that the acting worker holds, and notes their progress; gives each that is still held, and whether somebody asked to cancel it. What is missing was lost.';

REVOKE ALL ON FUNCTION work.heartbeat_many(user_ids uuid[], ids uuid[], attempts integer[], progresses integer[], lease interval) FROM PUBLIC;
GRANT ALL ON FUNCTION work.heartbeat_many(user_ids uuid[], ids uuid[], attempts integer[], progresses integer[], lease interval) TO renderstore_worker;

CREATE FUNCTION work.hold_lease(user_id uuid, job_id uuid, attempt integer) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
begin
    perform
    from work.jobs as j
    where j.user_id = user_id
        and j.id = job_id
        and j.attempt = attempt
        and j.held_by = work.acting_worker()
    for no key update skip locked;
    perform work.check_lease(user_id, job_id, attempt);
end
$$;

COMMENT ON FUNCTION work.hold_lease(user_id uuid, job_id uuid, attempt integer) IS 'Refuses a worker without the job''s current lease, and keeps the sweep away for the rest of the transaction.';

REVOKE ALL ON FUNCTION work.hold_lease(user_id uuid, job_id uuid, attempt integer) FROM PUBLIC;

CREATE FUNCTION work.holder(held_by text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (held_by ~ '^(token|user|admin|dba|login):'::text) THEN held_by ELSE ('worker:'::text || held_by) END;

COMMENT ON FUNCTION work.holder(held_by text) IS 'A job''s holder as events name who acts: the opposite of work.current_worker.';

REVOKE ALL ON FUNCTION work.holder(held_by text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.holder(held_by text) TO renderstore_app;
GRANT ALL ON FUNCTION work.holder(held_by text) TO renderstore_worker;
GRANT ALL ON FUNCTION work.holder(held_by text) TO renderstore_admin;
GRANT ALL ON FUNCTION work.holder(held_by text) TO renderstore_readonly;

CREATE FUNCTION work.import_jobs(kind work.job_kind, jobs jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    waiting record;
begin
    -- What orders the calls of one user comes first, as in a submission; whoever holds it is not waited for long.
    perform work.lock_owner(listed.user_id)
    from (
        select distinct (j.value ->> 'user_id')::uuid as user_id
        from jsonb_array_elements(jobs) as j (value)
        where j.value ->> 'status' = 'queued'
        order by 1
    ) as listed;

    with given as materialized (
        select *
        from jsonb_to_recordset(jobs) as j (
            user_id uuid,
            id uuid,
            status work.job_status,
            priority integer,
            progress integer,
            was_run boolean,
            estimated_s integer,
            auto_cancel_at timestamptz,
            queued_at timestamptz,
            started_at timestamptz,
            completed_at timestamptz,
            error_message text,
            cancel_reason text,
            log text
        )
    ),

    made as (
        insert into work.jobs (
            user_id,
            id,
            kind,
            status,
            priority,
            progress,
            attempt,
            failures,
            estimated_s,
            auto_cancel_at,
            queued_at,
            started_at,
            completed_at,
            cancel_requested_at,
            submitted_by,
            error_class,
            error_message,
            cancel_reason
        )
        select
            j.user_id,
            j.id,
            kind,
            j.status,
            j.priority,
            j.progress,
            j.was_run::integer,
            (j.status = 'failed')::integer,
            j.estimated_s,
            j.auto_cancel_at,
            j.queued_at,
            j.started_at,
            j.completed_at,
            case j.status when 'cancelled' then j.completed_at end,
            'user:' || j.user_id,
            case j.status when 'failed' then 'unknown' end,
            j.error_message,
            j.cancel_reason
        from given as j
    ),

    noted as (
        insert into work.events (
            user_id,
            job_id,
            attempt,
            before,
            after,
            happened_at,
            began_at,
            actor,
            error_class,
            reason
        )
        select
            j.user_id,
            j.id,
            j.was_run::integer,
            case when j.was_run then 'running'::work.job_status else 'queued' end,
            j.status,
            j.completed_at,
            j.started_at,
            identity.current_actor(),
            case j.status when 'failed' then 'unknown' end,
            case j.status when 'cancelled' then j.cancel_reason else j.error_message end
        from given as j
        where j.completed_at is not null
        order by j.completed_at, j.id
    ),

    logged as (
        insert into work.logs (user_id, job_id, position, attempt, chunk, written_at)
        select
            j.user_id,
            j.id,
            octet_length(left(j.log, nth * 250000)),
            j.was_run::integer,
            substr(j.log, nth * 250000 + 1, 250000),
            coalesce(j.completed_at, j.queued_at)
        from given as j
        -- Four bytes a character at most: a chunk has less than 1 MiB.
        cross join lateral generate_series(0, (length(j.log) - 1) / 250000) as nth
        where j.log <> ''
    )

    select
        array_agg(j.user_id order by j.id) as users,
        array_agg(j.id order by j.id) as ids
    into waiting
    from given as j
    where j.status = 'queued';

    if waiting.ids is not null then
        update work.usages as u
        set active_jobs = u.active_jobs + counted.jobs
        from (
            select listed.user_id, count(*) as jobs
            from unnest(waiting.users) as listed (user_id)
            group by listed.user_id
        ) as counted
        where u.user_id = counted.user_id;
        perform work.enter_line(waiting.users, waiting.ids, false, true);
    end if;
end
$$;

COMMENT ON FUNCTION work.import_jobs(kind work.job_kind, jobs jsonb) IS 'Makes jobs that come from another system, without their specifications: ended ones with the event of their end, waiting ones in line.';

REVOKE ALL ON FUNCTION work.import_jobs(kind work.job_kind, jobs jsonb) FROM PUBLIC;

CREATE FUNCTION work.is_at_rest(owner uuid, job uuid) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    perform
    from work.jobs as j
    where j.user_id = owner and j.id = job and j.status = 'completed';
    if found then
        return true;
    end if;
    perform
    from work.jobs as j
    where j.user_id = owner and j.id = job
    for no key update skip locked;
    return found;
end
$$;

COMMENT ON FUNCTION work.is_at_rest(owner uuid, job uuid) IS 'Whether nobody is changing a job at this moment; locks it, so that nobody begins to.';

REVOKE ALL ON FUNCTION work.is_at_rest(owner uuid, job uuid) FROM PUBLIC;

CREATE FUNCTION work.is_lane_paused(labels text[]) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (EXISTS (SELECT FROM work.pauses WHERE ((pauses.label = ''::text) OR (pauses.label = ANY (is_lane_paused.labels)))));

COMMENT ON FUNCTION work.is_lane_paused(labels text[]) IS 'Whether a pause keeps back the jobs that ask for these labels.';

REVOKE ALL ON FUNCTION work.is_lane_paused(labels text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION work.is_lane_paused(labels text[]) TO renderstore_admin;
GRANT ALL ON FUNCTION work.is_lane_paused(labels text[]) TO renderstore_readonly;

CREATE FUNCTION work.is_lost(owner uuid, job uuid) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (EXISTS (SELECT FROM ((work.dependencies d JOIN work.jobs needed ON (((needed.user_id = d.user_id) AND (needed.id = d.needs_job_id)))) JOIN work.jobs j ON (((j.user_id = d.user_id) AND (j.id = d.job_id)))) WHERE ((d.user_id = is_lost.owner) AND (d.job_id = is_lost.job) AND (d.on_failure = 'cancel'::work.dependency_rule) AND (needed.status = ANY (ARRAY['failed'::work.job_status, 'cancelled'::work.job_status])) AND ((needed.completed_at > j.queued_at) OR (NOT (EXISTS (SELECT FROM work.events e WHERE ((e.user_id = d.user_id) AND (e.job_id = d.job_id) AND (e.before = ANY (ARRAY['failed'::work.job_status, 'cancelled'::work.job_status]))))))))));

COMMENT ON FUNCTION work.is_lost(owner uuid, job uuid) IS 'Whether a job must be cancelled because one that it needs failed or was cancelled, and nobody has asked for it again since.';

REVOKE ALL ON FUNCTION work.is_lost(owner uuid, job uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.is_lost(owner uuid, job uuid) TO renderstore_admin;
GRANT ALL ON FUNCTION work.is_lost(owner uuid, job uuid) TO renderstore_readonly;

CREATE FUNCTION work.is_stranger(owner uuid) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (owner IS DISTINCT FROM identity.current_user_id());

COMMENT ON FUNCTION work.is_stranger(owner uuid) IS 'Whether somebody else than the owner acts, who takes places in line as the farm does: the owner may hold the own ones.';

REVOKE ALL ON FUNCTION work.is_stranger(owner uuid) FROM PUBLIC;

CREATE FUNCTION work.join_line(user_id uuid, lane_id bigint, clock bigint, step bigint, ids uuid[], is_farms boolean) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    raised constant bigint := cardinality(ids) * step;
    next_turn bigint;
begin
    if is_farms then
        -- What another of the farm's transactions has locked, and what is not there, is let be.
        update work.turns as t
        set next_turn = greatest(t.next_turn, clock) + raised
        where (t.user_id, t.lane_id, t.is_farms) in (
            select k.user_id, k.lane_id, k.is_farms
            from work.turns as k
            where k.user_id = user_id and k.lane_id = lane_id and k.is_farms
            for no key update skip locked
        )
        returning t.next_turn into next_turn;
        select greatest(next_turn, max(t.next_turn) + raised, clock + raised)
        into next_turn
        from work.turns as t
        where t.user_id = user_id and t.lane_id = lane_id and not t.is_farms;
    else
        insert into work.turns as t (user_id, lane_id, is_farms, next_turn)
        values (
            user_id,
            lane_id,
            false,
            greatest(
                -- Spreads users who join at the same moment, so that a floor can lie between them.
                clock + (random() * 1000)::bigint,
                (
                    select farms.next_turn
                    from work.turns as farms
                    where farms.user_id = user_id
                        and farms.lane_id = lane_id
                        and farms.is_farms
                )
            ) + raised
        )
        on conflict on constraint turns_pkey do update
        set next_turn = greatest(excluded.next_turn, t.next_turn + raised)
        returning t.next_turn into next_turn;
    end if;
    insert into work.ready (lane_id, turn, job_id, user_id)
    select
        lane_id,
        next_turn - raised + (listed.nth - 1) * step,
        listed.id,
        user_id
    from unnest(ids) with ordinality as listed (id, nth);
end
$$;

COMMENT ON FUNCTION work.join_line(user_id uuid, lane_id bigint, clock bigint, step bigint, ids uuid[], is_farms boolean) IS 'Puts jobs of one user into a lane, each at the user''s next turn, and raises that.';

REVOKE ALL ON FUNCTION work.join_line(user_id uuid, lane_id bigint, clock bigint, step bigint, ids uuid[], is_farms boolean) FROM PUBLIC;

CREATE FUNCTION work.keep_event() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if tg_op = 'DELETE' then
        perform
        from work.jobs as j
        where j.user_id = old.user_id and j.id = old.job_id;
        if not found then
            return old;
        end if;
    end if;
    raise exception using
        errcode = '42501',
        message = 'The history of a job is append-only; it goes when the job does.';
end
$$;

COMMENT ON FUNCTION work.keep_event() IS 'Trigger: an event never changes, and is deletable only when its job is gone.';

REVOKE ALL ON FUNCTION work.keep_event() FROM PUBLIC;

CREATE FUNCTION work.keep_spec() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    perform
    from work.jobs as j
    where j.user_id = old.user_id and j.id = old.job_id;
    if not found then
        return old;
    end if;
    raise exception using
        errcode = 'RS009',
        message = 'A job needs its specification; delete the job, and it goes too.';
end
$$;

COMMENT ON FUNCTION work.keep_spec() IS 'Trigger: a specification goes only with its job.';

REVOKE ALL ON FUNCTION work.keep_spec() FROM PUBLIC;

CREATE FUNCTION work.lacks_specification(user_id uuid, id uuid, kind work.job_kind) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN CASE kind WHEN 'render'::work.job_kind THEN render.lacks_specification(user_id, id) WHEN 'download'::work.job_kind THEN media.lacks_specification(user_id, id) WHEN 'step'::work.job_kind THEN studio.lacks_specification(user_id, id) ELSE NULL::boolean END;

COMMENT ON FUNCTION work.lacks_specification(user_id uuid, id uuid, kind work.job_kind) IS 'Whether a job lacks what its kind needs beside it.';

REVOKE ALL ON FUNCTION work.lacks_specification(user_id uuid, id uuid, kind work.job_kind) FROM PUBLIC;
GRANT ALL ON FUNCTION work.lacks_specification(user_id uuid, id uuid, kind work.job_kind) TO renderstore_admin;
GRANT ALL ON FUNCTION work.lacks_specification(user_id uuid, id uuid, kind work.job_kind) TO renderstore_readonly;

CREATE FUNCTION work.leave_line(users uuid[], ids uuid[]) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
    gone bigint;
begin
    delete from work.ready as r
    using unnest(users, ids) as named (user_id, job_id)
    where r.user_id = named.user_id and r.job_id = named.job_id;
    -- Where two at once take the same job out, only one did.
    get diagnostics gone = row_count;
    delete from work.arrivals as a
    using unnest(users, ids) as named (user_id, job_id)
    where a.user_id = named.user_id and a.job_id = named.job_id;
    return gone;
end
$$;

COMMENT ON FUNCTION work.leave_line(users uuid[], ids uuid[]) IS 'Takes jobs that the caller has locked out of line; says how many were in it.';

REVOKE ALL ON FUNCTION work.leave_line(users uuid[], ids uuid[]) FROM PUBLIC;

CREATE FUNCTION work.lift_stragglers(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    line record;
    lifted bigint := 0;
begin
    -- They joined below the floor: a slow transaction, or a claim that was rolled back.
    for line in
        with stragglers as materialized (
            select
                q.user_id,
                q.job_id,
                q.lane_id,
                l.turn,
                l.kind,
                l.labels
            from work.lanes as l
            -- The limit keeps it a look into each lane: read whole, the line is long.
            cross join lateral (
                select
                    r.user_id,
                    r.job_id,
                    r.lane_id
                from work.ready as r
                where r.lane_id = l.id and r.turn < l.floor
                order by r.turn, r.job_id
                limit (select max_rows)
            ) as q
            join work.jobs as j on j.user_id = q.user_id and j.id = q.job_id
            limit (select max_rows)
            for no key update of j skip locked
        ),

        moved as (
            update work.ready as q
            set turn = s.turn
            from stragglers as s
            where q.user_id = s.user_id
                and q.job_id = s.job_id
                and q.lane_id = s.lane_id
            returning s.kind, s.labels
        )

        select moved.kind, moved.labels, count(*) as jobs
        from moved
        group by moved.kind, moved.labels
    loop
        perform work.wake(line.kind, line.labels, line.jobs);
        lifted := lifted + line.jobs;
    end loop;
    return lifted;
end
$$;

COMMENT ON FUNCTION work.lift_stragglers(max_rows bigint) IS 'How many jobs were lifted to where claims look that had joined the line below it.';

REVOKE ALL ON FUNCTION work.lift_stragglers(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION work.link(id uuid, needs_job_ids uuid[], on_failure work.dependency_rule DEFAULT 'cancel'::work.dependency_rule, user_id uuid DEFAULT NULL::uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    if job.status not in ('pending', 'queued') then
        raise exception using
            errcode = 'RS005',
            message = 'What a job waits for is named before it begins; this one has begun.';
    end if;
    return work.link_needs(job.user_id, job.id, needs_job_ids, on_failure);
end
$$;

COMMENT ON FUNCTION work.link(id uuid, needs_job_ids uuid[], on_failure work.dependency_rule, user_id uuid) IS 'A waiting job waits for these earlier ones too. Gives how many links were made.';

REVOKE ALL ON FUNCTION work.link(id uuid, needs_job_ids uuid[], on_failure work.dependency_rule, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.link(id uuid, needs_job_ids uuid[], on_failure work.dependency_rule, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION work.link(id uuid, needs_job_ids uuid[], on_failure work.dependency_rule, user_id uuid) TO renderstore_admin;

CREATE FUNCTION work.link_needs(user_id uuid, job_id uuid, needs_job_ids uuid[], on_failure work.dependency_rule) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    linked bigint;
begin
    insert into work.dependencies (user_id, job_id, needs_job_id, on_failure)
    select distinct user_id, job_id, listed.id, coalesce(on_failure, 'cancel')
    from unnest(needs_job_ids) as listed (id);
    get diagnostics linked = row_count;
    perform work.renew(array[user_id], array[job_id], work.is_stranger(user_id));
    -- Whoever ends one of them at this moment does not see the link: the sweep looks again.
    insert into work.leftovers (user_id, job_id)
    select j.user_id, j.id
    from work.jobs as j
    where j.user_id = user_id and j.id = job_id and j.needs_left > 0;
    return linked;
end
$$;

COMMENT ON FUNCTION work.link_needs(user_id uuid, job_id uuid, needs_job_ids uuid[], on_failure work.dependency_rule) IS 'How many links were made from a job, which the caller has locked, to those that it needs.';

REVOKE ALL ON FUNCTION work.link_needs(user_id uuid, job_id uuid, needs_job_ids uuid[], on_failure work.dependency_rule) FROM PUBLIC;

CREATE FUNCTION work.list_held_jobs(worker text) RETURNS SETOF work.jobs
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
begin
    if current_setting('role') in ('renderstore_admin', 'renderstore_readonly')
        or worker = work.acting_worker()
    then
        return query
        select j.*
        from work.jobs as j
        where j.status in ('running', 'validating') and j.held_by = worker
        order by j.user_id, j.id;
    end if;
end
$$;

COMMENT ON FUNCTION work.list_held_jobs(worker text) IS 'The jobs that a worker holds: a worker sees its own, whoever sees every row anybody''s.';

REVOKE ALL ON FUNCTION work.list_held_jobs(worker text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_held_jobs(worker text) TO renderstore_worker;
GRANT ALL ON FUNCTION work.list_held_jobs(worker text) TO renderstore_admin;
GRANT ALL ON FUNCTION work.list_held_jobs(worker text) TO renderstore_readonly;

CREATE FUNCTION work.list_own_jobs(status work.job_status DEFAULT NULL::work.job_status, kind work.job_kind DEFAULT NULL::work.job_kind, before_id uuid DEFAULT NULL::uuid, page_size bigint DEFAULT 50) RETURNS SETOF work.jobs
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := identity.current_user_id();
    before constant uuid := coalesce(before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
begin
    if status is null then
        return query
        select j.*
        from work.jobs as j
        where j.user_id = owner
            and j.id < before
            and (kind is null or j.kind = kind)
        order by j.id desc
        limit page_size::work.batch_size;
    else
        -- By status too: behind a policy the planner does not see that all have one.
        return query
        select j.*
        from work.jobs as j
        where j.user_id = owner
            and j.status = status
            and j.id < before
            and (kind is null or j.kind = kind)
        order by j.status desc, j.id desc
        limit page_size::work.batch_size;
    end if;
end
$$;

COMMENT ON FUNCTION work.list_own_jobs(status work.job_status, kind work.job_kind, before_id uuid, page_size bigint) IS 'A page of the bound user''s jobs, newest first, before the one with this id; of one status and one kind where they are named.';

REVOKE ALL ON FUNCTION work.list_own_jobs(status work.job_status, kind work.job_kind, before_id uuid, page_size bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION work.list_own_jobs(status work.job_status, kind work.job_kind, before_id uuid, page_size bigint) TO renderstore_app;
GRANT ALL ON FUNCTION work.list_own_jobs(status work.job_status, kind work.job_kind, before_id uuid, page_size bigint) TO renderstore_admin;

CREATE FUNCTION work.lock_job(owner uuid, id uuid) RETURNS work.jobs
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    if owner = identity.current_user_id() then
        perform work.lock_owner(owner);
        select * into job
        from work.jobs as j
        where j.user_id = owner and j.id = id
        for no key update;
        if found then
            return job;
        end if;
    end if;
    for patience in 1 .. 100 loop
        select * into job
        from work.jobs as j
        where j.user_id = owner and j.id = id
        for no key update skip locked;
        if found then
            return job;
        end if;
        perform
        from work.jobs as j
        where j.user_id = owner and j.id = id;
        if not found then
            raise exception using
                errcode = 'P0002',
                message = 'There is no job with this id.';
        end if;
        perform pg_sleep(0.01);
    end loop;
    raise lock_not_available using
        message = 'Somebody is changing this job at this moment; try again.';
end
$$;

COMMENT ON FUNCTION work.lock_job(owner uuid, id uuid) IS 'A user''s job, locked for the rest of the transaction; refuses where there is none.';

REVOKE ALL ON FUNCTION work.lock_job(owner uuid, id uuid) FROM PUBLIC;

CREATE FUNCTION work.lock_owner(owner uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    insert into work.usages (user_id, active_jobs)
    select owner, work.count_active(owner)
    where not exists (
        select
        from work.usages as u
        where u.user_id = owner
    )
    on conflict do nothing;
    if owner = identity.current_user_id() then
        perform
        from work.usages as u
        where u.user_id = owner
        for no key update;
        return;
    end if;
    for patience in 1 .. 100 loop
        perform
        from work.usages as u
        where u.user_id = owner
        for no key update skip locked;
        if found then
            return;
        end if;
        perform pg_sleep(0.01);
    end loop;
    raise lock_not_available using
        message = 'A transaction of this user stays open; try again once it has ended.';
end
$$;

COMMENT ON FUNCTION work.lock_owner(owner uuid) IS 'Locks what orders the calls of one user.';

REVOKE ALL ON FUNCTION work.lock_owner(owner uuid) FROM PUBLIC;

CREATE FUNCTION work.lock_to_charge(id uuid, user_id uuid) RETURNS work.jobs
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    owner constant uuid := work.owner_of(id, user_id);
begin
    -- First, as a submission.
    if owner is not null then
        perform work.lock_owner(owner);
    end if;
    return work.lock_job(owner, id);
end
$$;

COMMENT ON FUNCTION work.lock_to_charge(id uuid, user_id uuid) IS 'A job and its owner''s use, locked in this order, for what charges it anew.';

REVOKE ALL ON FUNCTION work.lock_to_charge(id uuid, user_id uuid) FROM PUBLIC;

CREATE FUNCTION work.look_again(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    noted record;
    lost record;
    stray record;
begin
    with taken as materialized (
        select n.user_id, n.id, n.job_id
        from work.leftovers as n
        order by n.user_id, n.id
        limit max_rows
        for update skip locked
    ),

    locked as materialized (
        select j.user_id, j.id
        from taken
        cross join lateral (
            select k.user_id, k.id
            from work.jobs as k
            where k.user_id = taken.user_id
                and k.id = taken.job_id
                and k.status not in ('running', 'validating')
                -- Whoever is about to end one that it needs may not see that it waits.
                and not exists (
                    select
                    from work.dependencies as d
                    where d.user_id = k.user_id
                        and d.job_id = k.id
                        and not work.is_at_rest(d.user_id, d.needs_job_id)
                )
            for no key update skip locked
        ) as j
    ),

    -- Whoever resumes such a user waits for this, and finds the job then. Who is doing so at this moment may see it as it was: the
    -- note stays.
    paused as materialized (
        select p.user_id
        from work.user_pauses as p
        where p.user_id in (
            select taken.user_id
            from taken
        )
        for key share skip locked
    ),

    gone as (
        delete from work.leftovers as n
        using taken
        left join locked on locked.user_id = taken.user_id and locked.id = taken.job_id
        where n.user_id = taken.user_id
            and n.id = taken.id
            and (
                locked.id is not null
                and (
                    exists (
                        select
                        from paused
                        where paused.user_id = taken.user_id
                    )
                    or not exists (
                        select
                        from work.user_pauses as p
                        where p.user_id = taken.user_id
                    )
                )
                or not exists (
                    select
                    from work.jobs as j
                    where j.user_id = taken.user_id
                        and j.id = taken.job_id
                        and j.status not in ('running', 'validating')
                )
            )
        returning n.id
    )

    select
        (
            select array_agg(once.user_id order by once.user_id, once.id)
            from (
                select distinct locked.user_id, locked.id
                from locked
            ) as once
        ) as users,
        (
            select array_agg(once.id order by once.user_id, once.id)
            from (
                select distinct locked.user_id, locked.id
                from locked
            ) as once
        ) as ids,
        (
            select coalesce(array_agg(paused.user_id), '{}')
            from paused
        ) as paused_users,
        count(*) as notes
    into noted
    from gone;
    if noted.ids is null then
        return noted.notes;
    end if;

    select * into lost
    from work.refresh(noted.users, noted.ids, true);
    perform work.settle(
        noted.users || lost.lost_users,
        noted.ids || lost.lost_ids,
        true,
        max_rows
    );
    select array_agg(j.user_id) as users, array_agg(j.id) as ids into stray
    from unnest(noted.users, noted.ids) as listed (user_id, id)
    join work.jobs as j on j.user_id = listed.user_id and j.id = listed.id
    where j.status = 'queued'
        and not exists (
            select
            from work.ready as r
            where r.user_id = j.user_id and r.job_id = j.id
        )
        and not exists (
            select
            from work.arrivals as a
            where a.user_id = j.user_id and a.job_id = j.id
        )
        and j.user_id <> all(noted.paused_users);
    if stray.ids is not null then
        perform work.enter_line(stray.users, stray.ids, false, true);
    end if;
    return noted.notes;
end
$$;

COMMENT ON FUNCTION work.look_again(max_rows bigint) IS 'How many notes of jobs were settled that somebody had passed over.';

REVOKE ALL ON FUNCTION work.look_again(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION work.may_become(before work.job_status, after work.job_status) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE before WHEN 'queued'::work.job_status THEN (after = ANY (ARRAY['pending'::work.job_status, 'running'::work.job_status, 'failed'::work.job_status, 'cancelled'::work.job_status])) WHEN 'running'::work.job_status THEN (after = ANY (ARRAY['pending'::work.job_status, 'queued'::work.job_status, 'completed'::work.job_status, 'failed'::work.job_status, 'cancelled'::work.job_status])) WHEN 'pending'::work.job_status THEN (after = ANY (ARRAY['validating'::work.job_status, 'queued'::work.job_status, 'failed'::work.job_status, 'cancelled'::work.job_status])) WHEN 'validating'::work.job_status THEN (after = ANY (ARRAY['pending'::work.job_status, 'queued'::work.job_status, 'failed'::work.job_status, 'cancelled'::work.job_status])) WHEN 'failed'::work.job_status THEN (after = ANY (ARRAY['pending'::work.job_status, 'queued'::work.job_status])) WHEN 'cancelled'::work.job_status THEN (after = ANY (ARRAY['pending'::work.job_status, 'queued'::work.job_status])) WHEN 'completed'::work.job_status THEN (after = ANY (ARRAY['pending'::work.job_status, 'queued'::work.job_status])) ELSE false END;

COMMENT ON FUNCTION work.may_become(before work.job_status, after work.job_status) IS 'Whether a job in the first status may become the second.';

REVOKE ALL ON FUNCTION work.may_become(before work.job_status, after work.job_status) FROM PUBLIC;
GRANT ALL ON FUNCTION work.may_become(before work.job_status, after work.job_status) TO renderstore_app;
GRANT ALL ON FUNCTION work.may_become(before work.job_status, after work.job_status) TO renderstore_worker;
GRANT ALL ON FUNCTION work.may_become(before work.job_status, after work.job_status) TO renderstore_admin;
GRANT ALL ON FUNCTION work.may_become(before work.job_status, after work.job_status) TO renderstore_readonly;

CREATE FUNCTION work.mend() RETURNS TABLE(what text, jobs bigint)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    stray record;
begin
    perform work.check_administrator();
    delete from work.ready as q
    where not exists (
        select
        from work.jobs as j
        join work.lanes as l
            on l.id = q.lane_id
            and (l.kind, l.labels, l.priority) = (j.kind, j.labels::text[], j.priority)
        where j.user_id = q.user_id
            and j.id = q.job_id
            and j.status = 'queued'
            and not exists (
                select
                from work.user_pauses as p
                where p.user_id = j.user_id
            )
    );
    get diagnostics jobs = row_count;
    what := 'taken out of line';
    return next;
    delete from work.arrivals as a
    where not exists (
        select
        from work.jobs as j
        where j.user_id = a.user_id and j.id = a.job_id and j.status = 'queued'
    );

    select array_agg(j.user_id) as users, array_agg(j.id) as ids into stray
    from work.jobs as j
    where j.status in ('pending', 'queued');
    perform work.renew(stray.users, stray.ids, true, 1000000);
    select array_agg(j.user_id) as users, array_agg(j.id) as ids into stray
    from work.jobs as j
    where j.status = 'queued'
        and not exists (
            select
            from work.ready as r
            where r.user_id = j.user_id and r.job_id = j.id
        )
        and not exists (
            select
            from work.arrivals as a
            where a.user_id = j.user_id and a.job_id = j.id
        );
    perform work.enter_line(stray.users, stray.ids, false, true);
    perform work.open_lanes(1000000);
    what := 'put in line';
    jobs := coalesce(cardinality(stray.ids), 0);
    return next;

    insert into work.usages as u (user_id, active_jobs)
    select j.user_id, count(*)
    from work.jobs as j
    where j.completed_at is null
    group by j.user_id
    on conflict on constraint usages_pkey do update
    set active_jobs = excluded.active_jobs
    where u.active_jobs < excluded.active_jobs;
    get diagnostics jobs = row_count;
    what := 'counted anew';
    return next;

    insert into work.events (user_id, job_id, attempt, before, after, actor, reason)
    select
        j.user_id,
        j.id,
        j.attempt,
        case j.status when 'completed' then 'running'::work.job_status else 'queued' end,
        j.status,
        identity.current_actor(),
        'Mended: how it came to this was not kept.'
    from work.jobs as j
    where j.completed_at is not null
        and not exists (
            select
            from work.events as e
            where e.user_id = j.user_id and e.job_id = j.id and e.after = j.status
        );
    get diagnostics jobs = row_count;
    what := 'given the event of their end';
    return next;
    perform work.follow_pauses();
    insert into work.worker_lanes (worker, lane_id)
    select w.name, l.id
    from work.workers as w
    join work.lanes as l
        on l.kind = any(w.kinds) and l.labels <@ w.labels and not l.is_closing
    on conflict do nothing;
end
$$;

COMMENT ON FUNCTION work.mend() IS 'Makes line, counts and events agree with the jobs again, after somebody changed rows as their owner. What was done, for an administrator; stop the workers first.';

REVOKE ALL ON FUNCTION work.mend() FROM PUBLIC;
GRANT ALL ON FUNCTION work.mend() TO renderstore_admin;

CREATE FUNCTION work.mend_pauses(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    stray record;
    gone bigint := 0;
begin
    -- A pause passes over what somebody is changing at that moment.
    select array_agg(j.user_id) as users, array_agg(j.id) as ids into stray
    from (
        select j.user_id, j.id
        from work.user_pauses as p
        cross join lateral (
            select r.user_id, r.job_id
            from work.ready as r
            where r.user_id = p.user_id
            order by r.job_id
            limit max_rows
        ) as q
        join work.jobs as j on j.user_id = q.user_id and j.id = q.job_id
        limit max_rows
        for no key update of j skip locked
        -- A resume that commits meanwhile has looked who is not in line.
        for key share of p skip locked
    ) as j;
    if stray.ids is not null then
        gone := work.leave_line(stray.users, stray.ids);
    end if;
    -- A lane that was opened while somebody paused or resumed did not see it.
    if exists (
        select
        from work.lanes as l
        where l.is_paused <> work.is_lane_paused(l.labels)
    )
    then
        perform work.follow_pauses();
    end if;
    return gone;
end
$$;

COMMENT ON FUNCTION work.mend_pauses(max_rows bigint) IS 'How many jobs of paused users left the line that a pause had passed over; lanes follow pauses that they had not seen.';

REVOKE ALL ON FUNCTION work.mend_pauses(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION work.note_asked(job work.jobs, asked text, before jsonb, after jsonb) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 INSERT INTO audit.entries (user_id, table_name, row_key, operation, changed, before, after)
   VALUES ((note_asked.job).user_id, 'work.jobs'::text, ((note_asked.job).id)::text, (note_asked.asked)::audit.operation, ARRAY( SELECT c.name
            FROM jsonb_object_keys(note_asked.before) c(name)), note_asked.before, note_asked.after);
END;

COMMENT ON FUNCTION work.note_asked(job work.jobs, asked text, before jsonb, after jsonb) IS 'Keeps that somebody asked something of a job, and what it changed.';

REVOKE ALL ON FUNCTION work.note_asked(job work.jobs, asked text, before jsonb, after jsonb) FROM PUBLIC;

CREATE FUNCTION work.note_cancel(job work.jobs) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    -- Asked once more, it is asked no more than before.
    if job.completed_at is null and job.cancel_requested_at is null then
        perform work.note_asked(
            job,
            'cancel',
            jsonb_build_object('status', job.status),
            jsonb_build_object(
                'status',
                case
                    when job.status in ('pending', 'queued') then 'cancelled'
                    else job.status
                end
            )
        );
    end if;
end
$$;

COMMENT ON FUNCTION work.note_cancel(job work.jobs) IS 'Keeps that somebody asked to cancel a job, as it was before.';

REVOKE ALL ON FUNCTION work.note_cancel(job work.jobs) FROM PUBLIC;

CREATE FUNCTION work.note_report(user_id uuid, id uuid, attempt integer, worker text, outcome work.outcome, lease_expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone, error_class text DEFAULT NULL::text, error_message text DEFAULT NULL::text, exit_code bigint DEFAULT NULL::bigint) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
begin
    insert into work.reports as r (
        user_id,
        job_id,
        attempt,
        held_by,
        outcome,
        lease_expires_at,
        error_class,
        error_message,
        exit_code
    )
    select
        j.user_id,
        j.id,
        j.attempt,
        j.held_by,
        outcome,
        lease_expires_at,
        error_class,
        left(error_message, 10000),
        exit_code
    from work.jobs as j
    where j.user_id = user_id
        and j.id = id
        and j.attempt = attempt
        and case j.status
            when 'running' then outcome is distinct from 'accepted'
            when 'validating' then outcome is distinct from 'completed'
            else false
        end
        and j.held_by = worker
    on conflict on constraint reports_pkey do update
    set
        attempt = excluded.attempt,
        held_by = excluded.held_by,
        actor = excluded.actor,
        outcome = excluded.outcome,
        lease_expires_at = excluded.lease_expires_at,
        error_class = excluded.error_class,
        error_message = excluded.error_message,
        exit_code = excluded.exit_code,
        reported_at = excluded.reported_at
    where r.attempt < excluded.attempt or r.outcome is null;
    if not found then
        return false;
    end if;
    -- Asked after the insert, which waited for a sweep that took the job away.
    perform
    from work.jobs as j
    where j.user_id = user_id
        and j.id = id
        and j.attempt = attempt
        and j.status in ('running', 'validating')
        and j.held_by = worker;
    if not found then
        delete from work.reports as r
        where r.user_id = user_id and r.job_id = id and r.attempt = attempt;
        return false;
    end if;
    return true;
end
$$;

COMMENT ON FUNCTION work.note_report(user_id uuid, id uuid, attempt integer, worker text, outcome work.outcome, lease_expires_at timestamp with time zone, error_class text, error_message text, exit_code bigint) IS 'Notes a report of a job that the worker holds, but whose row somebody else has locked; false where it holds it no more, or has reported its end.';

REVOKE ALL ON FUNCTION work.note_report(user_id uuid, id uuid, attempt integer, worker text, outcome work.outcome, lease_expires_at timestamp with time zone, error_class text, error_message text, exit_code bigint) FROM PUBLIC;

CREATE FUNCTION work.open_lanes(max_rows bigint DEFAULT 1000) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
    arrived record;
begin
    if not work.take_duty('open lanes') then
        return 0;
    end if;
    select array_agg(j.user_id) as users, array_agg(j.id) as ids into arrived
    from (
        select k.user_id, k.id
        from work.arrivals as a
        -- Beside it, so that no plan begins with the jobs.
        cross join lateral (
            select j.user_id, j.id
            from work.jobs as j
            where j.user_id = a.user_id and j.id = a.job_id
            for no key update skip locked
        ) as k
        order by a.user_id, a.job_id
        limit (select max_rows)
    ) as j;
    if arrived.ids is null then
        return 0;
    end if;
    with wanted as (
        select distinct j.kind, j.labels::text[] as labels, j.priority
        from unnest(arrived.users, arrived.ids) as a (user_id, job_id)
        join work.jobs as j on j.user_id = a.user_id and j.id = a.job_id
    ),

    opened as (
        insert into work.lanes (kind, labels, priority, is_paused)
        select
            wanted.kind,
            wanted.labels,
            wanted.priority,
            work.is_lane_paused(wanted.labels)
        from wanted
        where not exists (
            select
            from work.lanes as l
            where l.kind = wanted.kind
                and l.labels = wanted.labels
                and l.priority = wanted.priority
                and not l.is_closing
        )
        returning id, kind, labels
    )

    insert into work.worker_lanes (worker, lane_id)
    select w.name, opened.id
    from opened
    join work.workers as w
        on opened.kind = any(w.kinds) and opened.labels <@ w.labels;
    -- The farm's own rows: nobody else can be in a lane that nobody sees yet. A claim comes here more than once, and whoever
    -- submitted meanwhile did not see the lane either.
    insert into work.turns (user_id, lane_id, is_farms, next_turn)
    select distinct j.user_id, l.id, true, 0
    from unnest(arrived.users, arrived.ids) as a (user_id, job_id)
    join work.jobs as j on j.user_id = a.user_id and j.id = a.job_id
    join work.lanes as l
        on l.kind = j.kind
        and l.labels = j.labels
        and l.priority = j.priority
        and not l.is_closing
    where l.opened_at = now()
    on conflict on constraint turns_pkey do nothing;
    perform work.leave_line(arrived.users, arrived.ids);
    perform work.enter_line(arrived.users, arrived.ids, false, true);
    return cardinality(arrived.ids);
end
$$;

COMMENT ON FUNCTION work.open_lanes(max_rows bigint) IS 'How many jobs were put in line whose lanes were not open: it opens them, and shows them to the workers that may take from them.';

REVOKE ALL ON FUNCTION work.open_lanes(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION work.owner_of(id uuid, user_id uuid) RETURNS uuid
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
begin
    if current_setting('role') = 'renderstore_admin' and user_id is null then
        return (
            select j.user_id
            from work.jobs as j
            where j.status = any(enum_range(null::work.job_status)) and j.id = id
        );
    end if;
    return work.acting_owner(user_id);
end
$$;

COMMENT ON FUNCTION work.owner_of(id uuid, user_id uuid) IS 'The user whose job is meant: the bound one, or, for an administrator, the one that is named, else the job''s own.';

REVOKE ALL ON FUNCTION work.owner_of(id uuid, user_id uuid) FROM PUBLIC;

CREATE FUNCTION work.pause(label text DEFAULT ''::text, reason text DEFAULT NULL::text) RETURNS work.pauses
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '5s'
    AS $$
#variable_conflict use_variable
declare
    made work.pauses;
begin
    perform work.check_administrator();
    insert into work.pauses as p (label, reason)
    values (label, reason)
    on conflict on constraint pauses_pkey do update
    set reason = excluded.reason
    returning p.* into made;
    perform work.follow_pauses();
    return made;
end
$$;

COMMENT ON FUNCTION work.pause(label text, reason text) IS 'Hands out none of a label''s jobs from now on, or of the whole farm''s where the label is empty; running ones go on.';

REVOKE ALL ON FUNCTION work.pause(label text, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.pause(label text, reason text) TO renderstore_admin;

CREATE FUNCTION work.pause_user(user_id uuid, reason text DEFAULT NULL::text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET lock_timeout TO '5s'
    AS $$
#variable_conflict use_variable
declare
    waiting uuid[];
begin
    perform work.check_administrator();
    insert into work.user_pauses (user_id, reason)
    values (user_id, reason)
    on conflict on constraint user_pauses_pkey do update
    set reason = excluded.reason;
    select array_agg(j.id) into waiting
    from (
        select j.id
        from work.jobs as j
        where j.user_id = user_id and j.status = 'queued'
        for no key update skip locked
    ) as j;
    if waiting is not null then
        perform work.leave_line(
            array_fill(user_id, array[cardinality(waiting)]),
            waiting
        );
    end if;
    return coalesce(cardinality(waiting), 0);
end
$$;

COMMENT ON FUNCTION work.pause_user(user_id uuid, reason text) IS 'Hands out none of a user''s jobs from now on; running ones go on. Gives how many left the line.';

REVOKE ALL ON FUNCTION work.pause_user(user_id uuid, reason text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.pause_user(user_id uuid, reason text) TO renderstore_admin;

CREATE FUNCTION work.problems() RETURNS TABLE(user_id uuid, job_id uuid, problem text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select j.user_id, j.id, 'queued, but not in line'
    from work.jobs as j
    where j.status = 'queued'
        and not exists (
            select
            from work.user_pauses as p
            where p.user_id = j.user_id
        )
        and not exists (
            select
            from work.ready as q
            where q.user_id = j.user_id and q.job_id = j.id
        )
        and not exists (
            select
            from work.arrivals as a
            where a.user_id = j.user_id and a.job_id = j.id
        )
    union all
    select q.user_id, q.job_id, 'in line, but not queued'
    from (
        select r.user_id, r.job_id
        from work.ready as r
        union all
        select a.user_id, a.job_id
        from work.arrivals as a
    ) as q
    left join work.jobs as j on j.user_id = q.user_id and j.id = q.job_id
    where j.status is distinct from 'queued'
    union all
    select q.user_id, q.job_id, 'in line, but its user is paused'
    from work.ready as q
    join work.user_pauses as p on p.user_id = q.user_id
    union all
    select null, null, 'a lane that does not follow the pauses'
    from work.lanes as l
    where l.is_paused <> work.is_lane_paused(l.labels)
    union all
    select q.user_id, q.job_id, 'in the wrong lane'
    from work.ready as q
    join work.jobs as j on j.user_id = q.user_id and j.id = q.job_id
    left join work.lanes as l on l.id = q.lane_id
    where (l.kind, l.labels, l.priority) is distinct from (j.kind, j.labels, j.priority)
    union all
    select null, null, format('the worker %s does not see a lane', w.name)
    from work.workers as w
    join work.lanes as l
        on l.kind = any(w.kinds) and l.labels <@ w.labels and not l.is_closing
    where not exists (
        select
        from work.worker_lanes as m
        where m.worker = w.name and m.lane_id = l.id
    )
    union all
    select j.user_id, j.id, 'needs_left is wrong'
    from work.jobs as j
    where j.needs_left <> work.count_needs(j.user_id, j.id)
        and j.status in ('pending', 'queued')
    union all
    select j.user_id, j.id, 'queued, but held back'
    from work.jobs as j
    where j.status = 'queued' and (j.needs_left > 0 or j.is_unchecked)
    union all
    select j.user_id, j.id, 'pending without a reason'
    from work.jobs as j
    where j.status = 'pending'
        and j.needs_left = 0
        and j.due_at is null
        and not j.is_unchecked
    union all
    select j.user_id, j.id, 'waits for a job that failed or was cancelled'
    from work.jobs as j
    where j.status in ('pending', 'queued') and work.is_lost(j.user_id, j.id)
    union all
    select
        j.user_id,
        null,
        case
            when u.user_id is null then 'active, but never charged'
            else 'more active jobs than were charged'
        end
    from (
        select k.user_id, count(*) as active_jobs
        from work.jobs as k
        where k.completed_at is null
        group by k.user_id
    ) as j
    left join work.usages as u on u.user_id = j.user_id
    where coalesce(u.active_jobs, 0) < j.active_jobs
    union all
    select j.user_id, j.id, 'without the event of its end'
    from work.jobs as j
    where j.completed_at is not null
        and not exists (
            select
            from work.events as e
            where e.user_id = j.user_id and e.job_id = j.id and e.after = j.status
        )
    union all
    select e.user_id, e.job_id, 'an event that is no transition'
    from work.events as e
    where not work.may_become(e.before, e.after)
    union all
    select j.user_id, j.id, 'without its specification'
    from work.jobs as j
    where work.lacks_specification(j.user_id, j.id, j.kind)
$$;

COMMENT ON FUNCTION work.problems() IS 'Whatever disagrees between jobs, line, leases, counts and events: nothing, or a defect. Reads everything. What work.sweep has not caught up with yet may show.';

REVOKE ALL ON FUNCTION work.problems() FROM PUBLIC;
GRANT ALL ON FUNCTION work.problems() TO renderstore_admin;
GRANT ALL ON FUNCTION work.problems() TO renderstore_readonly;

CREATE FUNCTION work.refresh(users uuid[], ids uuid[], is_farms boolean, OUT lost_users uuid[], OUT lost_ids uuid[]) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
    moved record;
begin
    with seen as materialized (
        select
            j.user_id,
            j.id,
            j.status as before,
            counted.needs,
            case
                when work.is_lost(j.user_id, j.id) then 'cancelled'::work.job_status
                when counted.needs > 0 or j.is_unchecked or j.due_at > now()
                    then 'pending'
                else 'queued'
            end as after
        from unnest(users, ids) as listed (user_id, id)
        join work.jobs as j on j.user_id = listed.user_id and j.id = listed.id
        cross join lateral (
            select work.count_needs(j.user_id, j.id) as needs
        ) as counted
        where j.status in ('pending', 'queued')
    ),

    changed as (
        update work.jobs as j
        set
            needs_left = seen.needs,
            status = seen.after,
            completed_at = case when seen.after = 'cancelled' then now() end,
            cancel_requested_at = case when seen.after = 'cancelled' then now() end,
            cancel_reason = case
                when seen.after = 'cancelled'
                    then 'A job that it needs did not complete.'
            end
        from seen
        where j.user_id = seen.user_id
            and j.id = seen.id
            and (j.needs_left <> seen.needs or seen.before <> seen.after)
        returning
            j.user_id,
            j.id,
            j.attempt,
            seen.before,
            j.status as after,
            j.cancel_reason,
            j.is_watched
    ),

    noted as (
        insert into work.events (user_id, job_id, attempt, before, after, actor, reason)
        select
            user_id,
            id,
            attempt,
            before,
            after,
            identity.current_actor(),
            cancel_reason
        from changed
        where before <> after
    )

    select
        array_agg(user_id) filter (where before = 'queued' and after <> 'queued')
            as left_users,
        array_agg(id) filter (where before = 'queued' and after <> 'queued') as left_ids,
        array_agg(user_id) filter (where before <> 'queued' and after = 'queued')
            as entering_users,
        array_agg(id) filter (where before <> 'queued' and after = 'queued')
            as entering_ids,
        array_agg(user_id) filter (where after = 'cancelled') as lost_users,
        array_agg(id) filter (where after = 'cancelled') as lost_ids,
        array_agg(id) filter (where after = 'cancelled' and is_watched) as watched_ids
    into moved
    from changed;
    if moved.left_ids is not null then
        perform work.leave_line(moved.left_users, moved.left_ids);
    end if;
    if moved.entering_ids is not null then
        perform work.enter_line(
            moved.entering_users,
            moved.entering_ids,
            false,
            is_farms
        );
    end if;
    perform pg_notify(work.end_channel(watched.id), '')
    from unnest(moved.watched_ids) as watched (id);
    lost_users := moved.lost_users;
    lost_ids := moved.lost_ids;
end
$$;

COMMENT ON FUNCTION work.refresh(users uuid[], ids uuid[], is_farms boolean, OUT lost_users uuid[], OUT lost_ids uuid[]) IS 'Looks anew at what waiting jobs, which the caller has locked, wait for: they move into line, out of it, or are cancelled. Gives the cancelled ones, whose dependants are still to be settled.';

REVOKE ALL ON FUNCTION work.refresh(users uuid[], ids uuid[], is_farms boolean, OUT lost_users uuid[], OUT lost_ids uuid[]) FROM PUBLIC;

CREATE FUNCTION work.refuse_lost_lease() RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    raise exception using
        errcode = 'RS008',
        message = 'This job''s lease was lost: somebody else may hold it by now.';
end
$$;

COMMENT ON FUNCTION work.refuse_lost_lease() IS 'Refuses a report that came without the current lease.';

REVOKE ALL ON FUNCTION work.refuse_lost_lease() FROM PUBLIC;
GRANT ALL ON FUNCTION work.refuse_lost_lease() TO renderstore_worker;

CREATE FUNCTION work.refuse_unregistered(worker text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    raise exception using
        errcode = 'RS012',
        message = format(
            'The worker %s is not registered: work.register says which kinds it takes and what it offers.',
            worker
        );
end
$$;

COMMENT ON FUNCTION work.refuse_unregistered(worker text) IS 'Refuses a worker that never registered.';

REVOKE ALL ON FUNCTION work.refuse_unregistered(worker text) FROM PUBLIC;

CREATE FUNCTION work.register(kinds work.job_kind[], labels text[] DEFAULT '{}'::text[], version text DEFAULT NULL::text) RETURNS work.workers
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    me constant text := work.acting_worker();
    offered constant text[] := work.sorted_labels(labels);
    is_known constant boolean := exists (
        select
        from work.workers as w
        where w.name = me
    );
    registered work.workers;
begin
    insert into work.workers as w (name, kinds, labels, version)
    values (me, kinds, offered, version)
    on conflict on constraint workers_pkey do update
    set
        kinds = excluded.kinds,
        labels = excluded.labels,
        version = excluded.version,
        registered_at = now(),
        seen_at = now(),
        stopped_at = null
    returning w.* into registered;
    insert into work.labels (name)
    select l.name
    from unnest(offered) as l (name)
    order by l.name
    on conflict do nothing;

    delete from work.worker_lanes as m
    using work.lanes as l
    where m.worker = me
        and l.id = m.lane_id
        and not (l.kind = any(kinds) and l.labels <@ offered);
    insert into work.worker_lanes (worker, lane_id)
    select me, l.id
    from work.lanes as l
    where l.kind = any(kinds) and l.labels <@ offered and not l.is_closing
    order by l.id
    on conflict do nothing;

    -- Whoever held jobs under this name is dead, or is refused from here on. A deleted registration that is made again keeps them.
    if is_known then
        update work.jobs as j
        set lease_expires_at = now() - interval '1 second'
        from (
            select
                k.user_id,
                k.id
            from work.jobs as k
            where k.status in ('running', 'validating') and k.held_by = me
            for no key update skip locked
        ) as elder
        where j.user_id = elder.user_id and j.id = elder.id;
        if found then
            perform work.expire_leases(10000);
        end if;
    end if;
    return registered;
end
$$;

COMMENT ON FUNCTION work.register(kinds work.job_kind[], labels text[], version text) IS 'Registers the acting worker, or anew: the kinds that it takes, the labels that it offers, its version. What was held under its name is lost to whoever held it.';

REVOKE ALL ON FUNCTION work.register(kinds work.job_kind[], labels text[], version text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.register(kinds work.job_kind[], labels text[], version text) TO renderstore_worker;

CREATE FUNCTION work.release(user_id uuid, id uuid, attempt integer) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT work.report(user_id, id, attempt, 'released'::work.outcome) AS report;
END;

COMMENT ON FUNCTION work.release(user_id uuid, id uuid, attempt integer) IS 'Gives a job back unfinished, to the head of its line. Refused without the current lease.';

REVOKE ALL ON FUNCTION work.release(user_id uuid, id uuid, attempt integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.release(user_id uuid, id uuid, attempt integer) TO renderstore_worker;

CREATE FUNCTION work.release_due(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_sort TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    due record;
begin
    with taken as materialized (
        select j.user_id, j.id
        from work.jobs as j
        where j.status = 'pending' and j.due_at <= now()
        order by j.due_at
        limit max_rows
        for no key update skip locked
    ),

    released as (
        update work.jobs as j
        set due_at = null
        from taken
        where j.user_id = taken.user_id and j.id = taken.id
        returning j.user_id, j.id
    )

    select array_agg(user_id) as users, array_agg(id) as ids into due
    from released;
    if due.ids is null then
        return 0;
    end if;
    perform work.renew(due.users, due.ids, true);
    return cardinality(due.ids);
end
$$;

COMMENT ON FUNCTION work.release_due(max_rows bigint) IS 'How many jobs'' times have come.';

REVOKE ALL ON FUNCTION work.release_due(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION work.renew(users uuid[], ids uuid[], is_farms boolean, max_rows bigint DEFAULT 100) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT work.settle(lost.lost_users, lost.lost_ids, renew.is_farms, renew.max_rows) AS settle
    FROM work.refresh(renew.users, renew.ids, renew.is_farms) lost(lost_users, lost_ids);
END;

COMMENT ON FUNCTION work.renew(users uuid[], ids uuid[], is_farms boolean, max_rows bigint) IS 'Looks anew at what waiting jobs, which the caller has locked, wait for, and settles what hangs on those that are cancelled by it.';

REVOKE ALL ON FUNCTION work.renew(users uuid[], ids uuid[], is_farms boolean, max_rows bigint) FROM PUBLIC;

CREATE FUNCTION work.report(user_id uuid, id uuid, attempt integer, outcome work.outcome, error_class text DEFAULT NULL::text, error_message text DEFAULT NULL::text, exit_code bigint DEFAULT NULL::bigint) RETURNS work.job_status
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    me constant text := work.acting_worker();
    job work.jobs;
begin
    if outcome = 'lost' then
        raise exception using
            errcode = '42501',
            message = 'Only the sweep finds a worker silent.';
    end if;
    for patience in 1 .. 4 loop
        select * into job
        from work.jobs as j
        where j.user_id = user_id
            and j.id = id
            and j.attempt = attempt
            and j.status in ('running', 'validating')
            and j.held_by = me
        for no key update skip locked;
        if found then
            if outcome = 'accepted' and job.status = 'running' then
                raise exception using
                    errcode = 'RS005',
                    message = 'Only a job that is validated is accepted; this one runs.';
            end if;
            return work.end_run(
                job,
                outcome,
                error_class,
                error_message,
                exit_code
            );
        end if;
        select * into job
        from work.jobs as j
        where j.user_id = user_id
            and j.id = id
            and j.attempt = attempt
            and j.status in ('running', 'validating')
            and j.held_by = me;
        exit when not found;
        perform pg_sleep(0.005);
    end loop;
    if job.id is null
        or not work.note_report(
            user_id,
            id,
            attempt,
            me,
            outcome,
            null,
            error_class,
            error_message,
            exit_code
        )
    then
        perform work.refuse_lost_lease();
    end if;
    return work.status_after(job, outcome, error_class);
end
$$;

COMMENT ON FUNCTION work.report(user_id uuid, id uuid, attempt integer, outcome work.outcome, error_class text, error_message text, exit_code bigint) IS 'Ends the acting worker''s hold of a job; what becomes of it.';

REVOKE ALL ON FUNCTION work.report(user_id uuid, id uuid, attempt integer, outcome work.outcome, error_class text, error_message text, exit_code bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION work.report(user_id uuid, id uuid, attempt integer, outcome work.outcome, error_class text, error_message text, exit_code bigint) TO renderstore_worker;

CREATE FUNCTION work.resume(label text DEFAULT ''::text) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET lock_timeout TO '5s'
    AS $$
#variable_conflict use_variable
declare
    ended bigint;
begin
    perform work.check_administrator();
    delete from work.pauses as p
    where p.label = label;
    get diagnostics ended = row_count;
    perform work.follow_pauses();
    return ended;
end
$$;

COMMENT ON FUNCTION work.resume(label text) IS 'Ends a pause of a label, or of the farm where it is empty. Gives how many ended: one or none.';

REVOKE ALL ON FUNCTION work.resume(label text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.resume(label text) TO renderstore_admin;

CREATE FUNCTION work.resume_user(user_id uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET lock_timeout TO '5s'
    AS $$
#variable_conflict use_variable
declare
    waiting uuid[];
begin
    perform work.check_administrator();
    delete from work.user_pauses as p
    where p.user_id = user_id;
    if not found then
        return 0;
    end if;
    select array_agg(j.id) into waiting
    from (
        select j.id
        from work.jobs as j
        where j.user_id = user_id
            and j.status = 'queued'
            and not exists (
                select
                from work.ready as r
                where r.user_id = j.user_id and r.job_id = j.id
            )
        for no key update skip locked
    ) as j;
    if waiting is not null then
        perform work.leave_line(
            array_fill(user_id, array[cardinality(waiting)]),
            waiting
        );
        perform work.enter_line(
            array_fill(user_id, array[cardinality(waiting)]),
            waiting,
            false,
            true
        );
    end if;
    insert into work.leftovers (user_id, job_id)
    select j.user_id, j.id
    from work.jobs as j
    where j.user_id = user_id
        and j.status = 'queued'
        and j.id <> all (coalesce(waiting, '{}'))
        and not exists (
            select
            from work.ready as r
            where r.user_id = j.user_id and r.job_id = j.id
        );
    return coalesce(cardinality(waiting), 0);
end
$$;

COMMENT ON FUNCTION work.resume_user(user_id uuid) IS 'Hands out a user''s jobs again. Gives how many entered the line.';

REVOKE ALL ON FUNCTION work.resume_user(user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.resume_user(user_id uuid) TO renderstore_admin;

CREATE FUNCTION work.set_auto_cancel(id uuid, auto_cancel_at timestamp with time zone, user_id uuid DEFAULT NULL::uuid, OUT status work.job_status) RETURNS work.job_status
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    status := job.status;
    if job.completed_at is not null then
        raise exception using
            errcode = 'RS005',
            message = format('This job has already ended: it is %s.', job.status);
    end if;
    update work.jobs as j
    set auto_cancel_at = auto_cancel_at
    where j.user_id = job.user_id and j.id = job.id;
end
$$;

COMMENT ON FUNCTION work.set_auto_cancel(id uuid, auto_cancel_at timestamp with time zone, user_id uuid, OUT status work.job_status) IS 'A job that has not ended by then is cancelled by itself; null for never. Gives its status.';

REVOKE ALL ON FUNCTION work.set_auto_cancel(id uuid, auto_cancel_at timestamp with time zone, user_id uuid, OUT status work.job_status) FROM PUBLIC;
GRANT ALL ON FUNCTION work.set_auto_cancel(id uuid, auto_cancel_at timestamp with time zone, user_id uuid, OUT status work.job_status) TO renderstore_app;
GRANT ALL ON FUNCTION work.set_auto_cancel(id uuid, auto_cancel_at timestamp with time zone, user_id uuid, OUT status work.job_status) TO renderstore_admin;

CREATE FUNCTION work.set_due(id uuid, due_at timestamp with time zone, user_id uuid DEFAULT NULL::uuid, OUT status work.job_status) RETURNS work.job_status
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    if job.status not in ('pending', 'validating', 'queued') then
        raise exception using
            errcode = 'RS005',
            message = format('Only a waiting job can be given another time; this one is %s.', job.status);
    end if;
    update work.jobs as j
    set due_at = due_at
    where j.user_id = job.user_id and j.id = job.id;
    perform work.renew(
        array[job.user_id],
        array[job.id],
        work.is_stranger(job.user_id)
    );
    select j.status into status
    from work.jobs as j
    where j.user_id = job.user_id and j.id = job.id;
end
$$;

COMMENT ON FUNCTION work.set_due(id uuid, due_at timestamp with time zone, user_id uuid, OUT status work.job_status) IS 'A waiting job starts no earlier than this; null for at once. Gives the status it has now.';

REVOKE ALL ON FUNCTION work.set_due(id uuid, due_at timestamp with time zone, user_id uuid, OUT status work.job_status) FROM PUBLIC;
GRANT ALL ON FUNCTION work.set_due(id uuid, due_at timestamp with time zone, user_id uuid, OUT status work.job_status) TO renderstore_app;
GRANT ALL ON FUNCTION work.set_due(id uuid, due_at timestamp with time zone, user_id uuid, OUT status work.job_status) TO renderstore_admin;

CREATE FUNCTION work.set_priority(id uuid, priority integer, user_id uuid DEFAULT NULL::uuid, OUT status work.job_status) RETURNS work.job_status
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    status := job.status;
    if job.status not in ('pending', 'validating', 'queued') then
        raise exception using
            errcode = 'RS005',
            message = format('Only a waiting job can be given another priority; this one is %s.', job.status);
    end if;
    perform work.check_plan_priority(p.name, priority, p.max_priority)
    from identity.users as o
    join identity.plans as p on p.id = o.plan_id
    where o.id = job.user_id;
    if job.priority = priority then
        return;
    end if;
    update work.jobs as j
    set priority = priority
    where j.user_id = job.user_id and j.id = job.id;
    perform work.note_asked(
        job,
        'set_priority',
        jsonb_build_object('priority', job.priority),
        jsonb_build_object('priority', priority)
    );
    if job.status = 'queued' then
        perform work.leave_line(array[job.user_id], array[job.id]);
        perform work.enter_line(
            array[job.user_id],
            array[job.id],
            false,
            work.is_stranger(job.user_id)
        );
    end if;
end
$$;

COMMENT ON FUNCTION work.set_priority(id uuid, priority integer, user_id uuid, OUT status work.job_status) IS 'Gives a waiting job another priority, within the plan. Gives its status.';

REVOKE ALL ON FUNCTION work.set_priority(id uuid, priority integer, user_id uuid, OUT status work.job_status) FROM PUBLIC;
GRANT ALL ON FUNCTION work.set_priority(id uuid, priority integer, user_id uuid, OUT status work.job_status) TO renderstore_app;
GRANT ALL ON FUNCTION work.set_priority(id uuid, priority integer, user_id uuid, OUT status work.job_status) TO renderstore_admin;

CREATE FUNCTION work.settle(users uuid[], ids uuid[], is_farms boolean, max_rows bigint DEFAULT 100) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
    ended_users uuid[] := users;
    ended_ids uuid[] := ids;
    rows_left bigint := max_rows;
    taken record;
begin
    while ended_ids is not null loop
        with hanging as materialized (
            select d.user_id, d.job_id, d.needs_job_id
            from unnest(ended_users, ended_ids) as ended (user_id, id)
            join work.jobs as needed
                on needed.user_id = ended.user_id and needed.id = ended.id
            join work.dependencies as d
                on d.user_id = ended.user_id and d.needs_job_id = ended.id
            join work.jobs as j on j.user_id = d.user_id and j.id = d.job_id
            where j.status in ('pending', 'validating', 'queued')
                and case needed.status
                    when 'completed'
                        then j.needs_left <> work.count_needs(j.user_id, j.id)
                    when 'failed' then work.is_lost(j.user_id, j.id)
                    when 'cancelled' then work.is_lost(j.user_id, j.id)
                    else false
                end
            limit (select rows_left + 1)
        ),

        locked as materialized (
            select j.user_id, j.id
            from hanging
            join work.jobs as j
                on j.user_id = hanging.user_id and j.id = hanging.job_id
            where j.status in ('pending', 'queued')
            order by j.user_id, j.id
            limit (select rows_left)
            for no key update of j skip locked
        ),

        noted as (
            insert into work.leftovers (user_id, job_id)
            select distinct hanging.user_id, hanging.needs_job_id
            from hanging
            where not exists (
                select
                from locked
                where locked.user_id = hanging.user_id and locked.id = hanging.job_id
            )
        )

        select array_agg(user_id) as users, array_agg(id) as ids into taken
        from locked;
        exit when taken.ids is null;
        rows_left := rows_left - cardinality(taken.ids);
        select lost.lost_users, lost.lost_ids into ended_users, ended_ids
        from work.refresh(taken.users, taken.ids, is_farms) as lost;
    end loop;
end
$$;

COMMENT ON FUNCTION work.settle(users uuid[], ids uuid[], is_farms boolean, max_rows bigint) IS 'What follows for the dependants of jobs that ended, at most this many; the rest is noted for the sweep.';

REVOKE ALL ON FUNCTION work.settle(users uuid[], ids uuid[], is_farms boolean, max_rows bigint) FROM PUBLIC;

CREATE FUNCTION work.show_lanes(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    shown bigint;
begin
    -- Who is new, beside all others: most of the time there is nobody.
    insert into work.worker_lanes (worker, lane_id)
    select w.name, l.id
    from (
        select new_lanes.id as lane_id, all_workers.name
        from work.lanes as new_lanes
        cross join work.workers as all_workers
        where new_lanes.opened_at > now() - interval '1 hour'
        union
        select all_lanes.id, new_workers.name
        from work.workers as new_workers
        cross join work.lanes as all_lanes
        where new_workers.registered_at > now() - interval '1 hour'
    ) as pairs
    join work.workers as w on w.name = pairs.name
    join work.lanes as l on l.id = pairs.lane_id
    where l.kind = any(w.kinds)
        and l.labels <@ w.labels
        and not l.is_closing
        and not exists (
            select
            from work.worker_lanes as m
            where m.worker = w.name and m.lane_id = l.id
        )
    order by w.name, l.id
    limit max_rows
    on conflict do nothing;
    get diagnostics shown = row_count;
    return shown;
end
$$;

COMMENT ON FUNCTION work.show_lanes(max_rows bigint) IS 'How many lanes were shown to workers that registered while they were being opened: neither had seen the other.';

REVOKE ALL ON FUNCTION work.show_lanes(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION work.sorted_labels(labels text[]) RETURNS text[]
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(SELECT DISTINCT label.label FROM unnest(sorted_labels.labels) label(label) ORDER BY label.label);

COMMENT ON FUNCTION work.sorted_labels(labels text[]) IS 'Labels in order and without doubles, as a lane compares them.';

REVOKE ALL ON FUNCTION work.sorted_labels(labels text[]) FROM PUBLIC;

CREATE FUNCTION work.status_after(job work.jobs, outcome work.outcome, error_class text) RETURNS work.job_status
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    most_lost_leases constant integer := 5;
begin
    return case
        when outcome = 'completed' then 'completed'::work.job_status
        when outcome = 'stopped' or job.cancel_requested_at is not null then 'cancelled'
        when outcome = 'lost' and job.lost_leases + 1 >= most_lost_leases then 'failed'
        when outcome = 'failed'
            and (
                job.failures + 1 >= job.max_failures
                or exists (
                    select
                    from work.error_classes as c
                    where c.name = status_after.error_class and not c.is_retried
                )
            )
            then 'failed'
        when outcome = 'failed' then 'pending'
        when outcome = 'accepted'
            and (work.count_needs(job.user_id, job.id) > 0 or job.due_at > now())
            then 'pending'
        when outcome <> 'accepted' and job.status = 'validating' then 'pending'
        else 'queued'
    end;
end
$$;

COMMENT ON FUNCTION work.status_after(job work.jobs, outcome work.outcome, error_class text) IS 'What becomes of a held job.';

REVOKE ALL ON FUNCTION work.status_after(job work.jobs, outcome work.outcome, error_class text) FROM PUBLIC;

CREATE FUNCTION work.step(share bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (1000000 / share);

COMMENT ON FUNCTION work.step(share bigint) IS 'How far a user''s turns lie apart: twice the share, half the step.';

REVOKE ALL ON FUNCTION work.step(share bigint) FROM PUBLIC;

CREATE FUNCTION work.stop(user_id uuid, id uuid, attempt integer) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT work.report(user_id, id, attempt, 'stopped'::work.outcome) AS report;
END;

COMMENT ON FUNCTION work.stop(user_id uuid, id uuid, attempt integer) IS 'Says that a job was stopped because somebody asked to cancel it. Refused without the current lease.';

REVOKE ALL ON FUNCTION work.stop(user_id uuid, id uuid, attempt integer) FROM PUBLIC;
GRANT ALL ON FUNCTION work.stop(user_id uuid, id uuid, attempt integer) TO renderstore_worker;

CREATE FUNCTION work.stop_waiting() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    update work.waits as w
    set expires_at = null
    where w.worker = work.acting_worker() and w.expires_at is not null;
end
$$;

COMMENT ON FUNCTION work.stop_waiting() IS 'Says that the acting worker has found something to do.';

REVOKE ALL ON FUNCTION work.stop_waiting() FROM PUBLIC;
GRANT ALL ON FUNCTION work.stop_waiting() TO renderstore_worker;

CREATE FUNCTION work.submit(user_id uuid, kind work.job_kind, priority integer DEFAULT 5, labels text[] DEFAULT '{}'::text[], max_failures integer DEFAULT 3, backoff_s integer DEFAULT 10, estimated_s integer DEFAULT NULL::integer, due_at timestamp with time zone DEFAULT NULL::timestamp with time zone, auto_cancel_at timestamp with time zone DEFAULT NULL::timestamp with time zone, idempotency_key text DEFAULT NULL::text, needs_job_ids uuid[] DEFAULT NULL::uuid[], on_failure work.dependency_rule DEFAULT 'cancel'::work.dependency_rule, is_unchecked boolean DEFAULT false, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_variable
declare
    has_needs constant boolean := coalesce(cardinality(needs_job_ids), 0) > 0;
    sorted text[] := labels;
    became work.job_status := 'queued';
    charged record;
    lane record;
begin
    if idempotency_key is not null then
        -- It orders two submissions of one key.
        perform work.lock_owner(user_id);
        select j.id, false, j.queued_at into id, is_new, queued_at
        from work.jobs as j
        where j.user_id = user_id and j.idempotency_key = idempotency_key;
        if found then
            return;
        end if;
    end if;
    if labels <> '{}' then
        sorted := work.sorted_labels(labels);
        perform work.check_labels(sorted);
    end if;
    charged := work.charge_jobs(user_id, 1, priority, true);
    if is_unchecked or has_needs or due_at > now() then
        became := 'pending';
    end if;

    insert into work.jobs as j (
        user_id,
        kind,
        status,
        priority,
        labels,
        max_failures,
        backoff_s,
        estimated_s,
        due_at,
        auto_cancel_at,
        idempotency_key,
        is_unchecked
    )
    values (
        user_id,
        kind,
        became,
        priority,
        sorted,
        max_failures,
        backoff_s,
        estimated_s,
        due_at,
        auto_cancel_at,
        idempotency_key,
        is_unchecked
    )
    returning j.id, true, j.queued_at into id, is_new, queued_at;
    if has_needs then
        perform work.link_needs(user_id, id, needs_job_ids, on_failure);
        return;
    elsif became <> 'queued' then
        return;
    elsif charged.is_paused then
        perform work.enter_line(array[user_id], array[id], false, false);
        return;
    end if;

    select
        l.id,
        l.turn,
        not l.is_paused
        and exists (
            select
            from work.waits as w
            where w.expires_at > clock_timestamp()
        ) as is_awaited
    into lane
    from work.lanes as l
    where l.kind = kind
        and l.labels = sorted
        and l.priority = priority
        and not l.is_closing;
    if not found then
        insert into work.arrivals (user_id, job_id)
        values (user_id, id);
    else
        perform work.join_line(
            user_id,
            lane.id,
            lane.turn,
            charged.step,
            array[id],
            false
        );
    end if;
    if lane.is_awaited is not false
        or current_setting('transaction_isolation') <> 'read committed'
    then
        perform work.wake(kind, sorted, 1);
    end if;
end
$$;

COMMENT ON FUNCTION work.submit(user_id uuid, kind work.job_kind, priority integer, labels text[], max_failures integer, backoff_s integer, estimated_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, idempotency_key text, needs_job_ids uuid[], on_failure work.dependency_rule, is_unchecked boolean, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) IS 'A job just submitted for a user, without its specification; or the one that is there with this idempotency key.';

REVOKE ALL ON FUNCTION work.submit(user_id uuid, kind work.job_kind, priority integer, labels text[], max_failures integer, backoff_s integer, estimated_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, idempotency_key text, needs_job_ids uuid[], on_failure work.dependency_rule, is_unchecked boolean, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) FROM PUBLIC;

CREATE FUNCTION work.submit_many(user_id uuid, kind work.job_kind, jobs bigint, priorities integer[] DEFAULT NULL::integer[], estimates_s integer[] DEFAULT NULL::integer[], idempotency_keys text[] DEFAULT NULL::text[], labels text[] DEFAULT '{}'::text[], label_lists jsonb DEFAULT NULL::jsonb, max_failures integer DEFAULT 3, backoff_s integer DEFAULT 10, due_at timestamp with time zone DEFAULT NULL::timestamp with time zone, auto_cancel_at timestamp with time zone DEFAULT NULL::timestamp with time zone) RETURNS TABLE(nth bigint, is_new boolean, id uuid, queued_at timestamp with time zone)
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_nestloop TO 'off'
    SET enable_hashjoin TO 'on'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    charged record;
    new_ids uuid[];
    asked record;
begin
    -- It orders two submissions of one key.
    perform work.lock_owner(user_id);

    select array_agg(made.id order by made.id) into new_ids
    from (
        select ops.uuidv7() as id
        from generate_series(1, jobs)
    ) as made;
    -- What is there already, or comes twice in this call, is not made again.
    with listed as (
        select
            l.nth,
            l.idempotency_key,
            coalesce(l.priority, 5) as priority,
            known.id as known_id,
            l.idempotency_key is not null
            and row_number() over (
                partition by l.idempotency_key
                order by l.nth
            ) > 1 as is_repeat
        from unnest(new_ids, idempotency_keys, priorities) with ordinality
            as l (id, idempotency_key, priority, nth)
        left join work.jobs as known
            on known.user_id = user_id and known.idempotency_key = l.idempotency_key
    )

    select
        count(*) as jobs,
        max(listed.priority) as top_priority,
        array_agg(listed.nth) as nths
    into asked
    from listed
    where listed.known_id is null and not listed.is_repeat;

    if asked.jobs > 0 then
        perform work.check_labels(
            array(
                select unnest(labels)
                union
                select own.label
                from jsonb_array_elements(label_lists) as lists (list)
                cross join lateral jsonb_array_elements_text(lists.list) as own (label)
            )
        );
        charged := work.charge_jobs(user_id, asked.jobs, asked.top_priority, true);
        insert into work.jobs (
            user_id,
            id,
            kind,
            status,
            priority,
            labels,
            max_failures,
            backoff_s,
            estimated_s,
            due_at,
            auto_cancel_at,
            idempotency_key
        )
        select
            user_id,
            listed.id,
            kind,
            case when due_at > now() then 'pending'::work.job_status else 'queued' end,
            coalesce(listed.priority, 5),
            work.sorted_labels(
                coalesce(
                    (
                        select array_agg(own.label)
                        from jsonb_array_elements_text(
                            label_lists -> (listed.nth - 1)::integer
                        ) as own (label)
                    ),
                    labels
                )
            ),
            max_failures,
            backoff_s,
            listed.estimated_s,
            due_at,
            auto_cancel_at,
            listed.idempotency_key
        from unnest(new_ids, priorities, estimates_s, idempotency_keys) with ordinality
            as listed (id, priority, estimated_s, idempotency_key, nth)
        join unnest(asked.nths) as wanted (nth) on wanted.nth = listed.nth;
        if (due_at > now()) is not true then
            perform work.enter_line(
                array_fill(user_id, array[cardinality(new_ids)]),
                new_ids,
                false,
                false
            );
        end if;
    end if;

    return query
    select
        listed.nth,
        j.id = listed.id,
        j.id,
        j.queued_at
    from unnest(new_ids, idempotency_keys) with ordinality
        as listed (id, idempotency_key, nth)
    join work.jobs as j
        on j.user_id = user_id
        and (j.id = listed.id or j.idempotency_key = listed.idempotency_key)
    order by listed.nth;
end
$$;

COMMENT ON FUNCTION work.submit_many(user_id uuid, kind work.job_kind, jobs bigint, priorities integer[], estimates_s integer[], idempotency_keys text[], labels text[], label_lists jsonb, max_failures integer, backoff_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone) IS 'Jobs just submitted for a user, without their specifications, all of them or none; a repeat of an idempotency key gives the job that is there.';

REVOKE ALL ON FUNCTION work.submit_many(user_id uuid, kind work.job_kind, jobs bigint, priorities integer[], estimates_s integer[], idempotency_keys text[], labels text[], label_lists jsonb, max_failures integer, backoff_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone) FROM PUBLIC;

CREATE FUNCTION work.sweep(max_rows bigint DEFAULT 1000) RETURNS TABLE(what text, jobs bigint, problem text)
    LANGUAGE sql
    BEGIN ATOMIC
 SELECT swept.what,
     swept.jobs,
     swept.problem
    FROM ops.sweep(sweep.max_rows, true) swept(what, jobs, problem);
END;

COMMENT ON FUNCTION work.sweep(max_rows bigint) IS 'The part of ops.sweep that the queue waits for: any worker calls it, as often as it likes.';

REVOKE ALL ON FUNCTION work.sweep(max_rows bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION work.sweep(max_rows bigint) TO renderstore_worker;
GRANT ALL ON FUNCTION work.sweep(max_rows bigint) TO renderstore_admin;

CREATE FUNCTION work.take_duty(name text) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
begin
    perform
    from work.duties as d
    where d.name = name
    for update skip locked;
    return found;
end
$$;

COMMENT ON FUNCTION work.take_duty(name text) IS 'Whether this transaction does a duty, alone until it ends.';

REVOKE ALL ON FUNCTION work.take_duty(name text) FROM PUBLIC;

CREATE FUNCTION work.try_again(id uuid, user_id uuid DEFAULT NULL::uuid, OUT status work.job_status) RETURNS work.job_status
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    job := work.lock_to_charge(id, user_id);
    if job.status not in ('failed', 'cancelled') then
        raise exception using
            errcode = 'RS005',
            message = format('A %s job cannot be tried again: only one that failed or was cancelled.', job.status);
    end if;
    status := work.ask_again(job);
end
$$;

COMMENT ON FUNCTION work.try_again(id uuid, user_id uuid, OUT status work.job_status) IS 'A job that had failed or was cancelled waits anew. Gives the status it has now.';

REVOKE ALL ON FUNCTION work.try_again(id uuid, user_id uuid, OUT status work.job_status) FROM PUBLIC;
GRANT ALL ON FUNCTION work.try_again(id uuid, user_id uuid, OUT status work.job_status) TO renderstore_app;
GRANT ALL ON FUNCTION work.try_again(id uuid, user_id uuid, OUT status work.job_status) TO renderstore_admin;

CREATE FUNCTION work.unlink(id uuid, needs_job_ids uuid[], user_id uuid DEFAULT NULL::uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    job work.jobs;
    unlinked bigint;
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    delete from work.dependencies as d
    where d.user_id = job.user_id
        and d.job_id = job.id
        and d.needs_job_id = any(needs_job_ids);
    get diagnostics unlinked = row_count;
    perform work.renew(
        array[job.user_id],
        array[job.id],
        work.is_stranger(job.user_id)
    );
    return unlinked;
end
$$;

COMMENT ON FUNCTION work.unlink(id uuid, needs_job_ids uuid[], user_id uuid) IS 'A job waits for these no more. Gives how many links were taken away.';

REVOKE ALL ON FUNCTION work.unlink(id uuid, needs_job_ids uuid[], user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION work.unlink(id uuid, needs_job_ids uuid[], user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION work.unlink(id uuid, needs_job_ids uuid[], user_id uuid) TO renderstore_admin;

CREATE FUNCTION work.validate(max_jobs bigint DEFAULT 1, kinds work.job_kind[] DEFAULT NULL::work.job_kind[], lease interval DEFAULT '00:01:00'::interval) RETURNS TABLE(user_id uuid, id uuid, attempt integer, kind work.job_kind, lease_expires_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 10
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
declare
    me constant text := work.acting_worker();
begin
    return query
    with picked as materialized (
        select j.user_id, j.id
        from work.workers as w
        cross join unnest(coalesce(validate.kinds, w.kinds)) as wanted (kind)
        join work.jobs as j
            on j.kind = wanted.kind
            and j.status = 'pending'
            and j.is_unchecked
            and j.labels <@ w.labels
        where w.name = me and wanted.kind = any(w.kinds)
        limit max_jobs::work.batch_size
        for no key update of j skip locked
    ),

    held as (
        update work.jobs as j
        set
            status = 'validating',
            attempt = j.attempt + 1,
            held_by = me,
            lease_expires_at = now() + lease::work.lease,
            started_at = now()
        from picked
        where j.user_id = picked.user_id and j.id = picked.id
        returning j.user_id, j.id, j.attempt, j.kind, j.lease_expires_at
    )

    select held.*
    from held;
end
$$;

COMMENT ON FUNCTION work.validate(max_jobs bigint, kinds work.job_kind[], lease interval) IS 'Takes up to this many jobs that a worker must look at before they are queued. It accepts each with work.accept, or fails it.';

REVOKE ALL ON FUNCTION work.validate(max_jobs bigint, kinds work.job_kind[], lease interval) FROM PUBLIC;
GRANT ALL ON FUNCTION work.validate(max_jobs bigint, kinds work.job_kind[], lease interval) TO renderstore_worker;

CREATE FUNCTION work.wake(kind work.job_kind, labels text[], jobs bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
begin
    -- An old snapshot does not see who waits by now: everybody is told.
    if current_setting('transaction_isolation') <> 'read committed' then
        perform pg_notify('renderstore_wake', '');
        return;
    end if;
    perform pg_notify(work.wake_channel(chosen.worker), '')
    from (
        select idle.worker
        from work.waits as idle
        where idle.expires_at > clock_timestamp()
            and kind = any(idle.kinds)
            and labels <@ idle.labels
        order by random()
        limit jobs
    ) as chosen;
end
$$;

COMMENT ON FUNCTION work.wake(kind work.job_kind, labels text[], jobs bigint) IS 'Wakes up to this many waiting workers that take such jobs; all of them where jobs is null.';

REVOKE ALL ON FUNCTION work.wake(kind work.job_kind, labels text[], jobs bigint) FROM PUBLIC;

CREATE FUNCTION work.wake_channel(worker text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ('renderstore_wake_'::text || md5(worker));

COMMENT ON FUNCTION work.wake_channel(worker text) IS 'The channel on which a worker of this name listens. Everybody may listen anywhere, so a notification says nothing.';

REVOKE ALL ON FUNCTION work.wake_channel(worker text) FROM PUBLIC;
GRANT ALL ON FUNCTION work.wake_channel(worker text) TO renderstore_worker;

CREATE FUNCTION work.wake_waiting() RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
begin
    if not exists (
        select
        from work.waits as w
        where w.expires_at > clock_timestamp()
    )
    then
        return;
    end if;
    perform work.wake(l.kind, l.labels, 1)
    from work.lanes as l
    where not l.is_paused
        and exists (
            select
            from work.ready as r
            where r.lane_id = l.id and r.turn >= l.floor
        );
end
$$;

COMMENT ON FUNCTION work.wake_waiting() IS 'Wakes a waiting worker for each lane in which jobs stand: what a worker calls that was woken while it was busy, and now and then.';

REVOKE ALL ON FUNCTION work.wake_waiting() FROM PUBLIC;
GRANT ALL ON FUNCTION work.wake_waiting() TO renderstore_worker;

CREATE FUNCTION work.watch(id uuid, user_id uuid DEFAULT NULL::uuid, OUT status work.job_status) RETURNS work.job_status
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    status := job.status;
    if job.completed_at is null and not job.is_watched then
        update work.jobs as j
        set is_watched = true
        where j.user_id = job.user_id and j.id = job.id;
    end if;
end
$$;

COMMENT ON FUNCTION work.watch(id uuid, user_id uuid, OUT status work.job_status) IS 'The end of a job will be announced on its work.end_channel. Gives its status: one that has ended announces nothing more.';

REVOKE ALL ON FUNCTION work.watch(id uuid, user_id uuid, OUT status work.job_status) FROM PUBLIC;
GRANT ALL ON FUNCTION work.watch(id uuid, user_id uuid, OUT status work.job_status) TO renderstore_app;
GRANT ALL ON FUNCTION work.watch(id uuid, user_id uuid, OUT status work.job_status) TO renderstore_admin;

COMMENT ON CONSTRAINT backoff_s_is_1_to_86400_check ON DOMAIN work.backoff_s IS 'A back-off is 1 second to a day.';
COMMENT ON CONSTRAINT batch_size_is_0_to_10000_check ON DOMAIN work.batch_size IS 'One call takes 0 to 10000 rows.';
COMMENT ON CONSTRAINT cancel_reason_is_short_check ON DOMAIN work.cancel_reason IS 'The reason of a cancellation has at most 1000 characters.';
COMMENT ON CONSTRAINT error_class_is_slug_check ON DOMAIN work.error_class IS 'An error class has 1 to 100 lower-case letters, digits and underscores and begins with a letter.';
COMMENT ON CONSTRAINT error_message_is_short_check ON DOMAIN work.error_message IS 'An error message has at most 10000 characters.';
COMMENT ON CONSTRAINT estimate_s_is_positive_check ON DOMAIN work.estimate_s IS 'An estimate is a number of seconds above 0.';
COMMENT ON CONSTRAINT failure_limit_is_1_to_100_check ON DOMAIN work.failure_limit IS 'A job may fail 1 to 100 times.';
COMMENT ON CONSTRAINT idempotency_key_is_short_check ON DOMAIN work.idempotency_key IS 'An idempotency key has 1 to 255 characters.';
COMMENT ON CONSTRAINT job_count_is_not_negative_check ON DOMAIN work.job_count IS 'A count of jobs is 0 or more.';
COMMENT ON CONSTRAINT job_labels_are_few_check ON DOMAIN work.job_labels IS 'A job asks for at most 20 labels, of 2000 bytes together, and none of them is null.';
COMMENT ON CONSTRAINT lease_is_1_second_to_1_day_check ON DOMAIN work.lease IS 'A lease is 1 second to a day.';
COMMENT ON CONSTRAINT percent_is_0_to_100_check ON DOMAIN work.percent IS 'A job''s progress is 0 to 100 percent.';
COMMENT ON CONSTRAINT priority_is_0_to_10_check ON DOMAIN work.priority IS 'A job''s priority is 0 to 10.';


-- ==================== render ====================

CREATE SCHEMA render;

COMMENT ON SCHEMA render IS 'What a render job is to do: project, template, paths, frames, nexrender''s configuration.';

GRANT USAGE ON SCHEMA render TO renderstore_app;
GRANT USAGE ON SCHEMA render TO renderstore_worker;
GRANT USAGE ON SCHEMA render TO renderstore_admin;
GRANT USAGE ON SCHEMA render TO renderstore_readonly;

CREATE TYPE render.path_style AS ENUM (
    'posix',
    'windows',
    'uri'
);

COMMENT ON TYPE render.path_style IS 'How a path is written: posix (/Volumes/ads), windows (C:\ads, C:/ads, \\server\ads, //server/ads), uri (s3://ads).';

CREATE FUNCTION render.path_style(path text) RETURNS render.path_style
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (path ~ '^[A-Za-z]:[\\/]'::text) THEN 'windows'::render.path_style WHEN (path ~ '^(\\\\|//)(?![.?][\\/])[^\\/]+[\\/]+[^\\/]'::text) THEN 'windows'::render.path_style WHEN (path ~ '^[A-Za-z][A-Za-z0-9+.-]+://[^/\\?#]'::text) THEN 'uri'::render.path_style WHEN (path ~ '^[Ff][Ii][Ll][Ee]:///'::text) THEN 'uri'::render.path_style WHEN (path ~ '^/(?!/[^/])'::text) THEN 'posix'::render.path_style ELSE NULL::render.path_style END;

COMMENT ON FUNCTION render.path_style(path text) IS 'The style of a path; null where it is not absolute in any of them. Asks for no more than that: render.path_problem does.';

REVOKE ALL ON FUNCTION render.path_style(path text) FROM PUBLIC;
GRANT ALL ON FUNCTION render.path_style(path text) TO renderstore_app;
GRANT ALL ON FUNCTION render.path_style(path text) TO renderstore_worker;
GRANT ALL ON FUNCTION render.path_style(path text) TO renderstore_admin;
GRANT ALL ON FUNCTION render.path_style(path text) TO renderstore_readonly;

CREATE TYPE render.render_status AS ENUM (
    'pending',
    'validating',
    'queued',
    'rendering',
    'completed',
    'failed',
    'cancelled'
);

COMMENT ON TYPE render.render_status IS 'Where a render job stands, in the words of the trade: rendering is work.job_status''s running.';

CREATE DOMAIN render.data_path AS text
	CONSTRAINT data_path_is_path_check CHECK ((render.path_problem(VALUE) IS NULL));

COMMENT ON DOMAIN render.data_path IS 'The data that fill the template.';

CREATE DOMAIN render.nexrender_config AS jsonb
	CONSTRAINT nexrender_config_is_accepted_check CHECK ((render.nexrender_problem(VALUE) IS NULL));

COMMENT ON DOMAIN render.nexrender_config IS 'A job as nexrender takes it.';

CREATE DOMAIN render.nexrender_job_id AS text
	CONSTRAINT nexrender_job_id_is_short_check CHECK ((((length(VALUE) >= 1) AND (length(VALUE) <= 200)) AND (VALUE !~ '[[:cntrl:]]'::text) AND (VALUE <> '.'::text) AND render.is_folder_name(VALUE)));

COMMENT ON DOMAIN render.nexrender_job_id IS 'A job''s uid at nexrender, up to 200 characters.';

CREATE DOMAIN render.output_name AS text
	CONSTRAINT output_name_is_short_check CHECK (((length(VALUE) >= 1) AND (length(VALUE) <= 500)));

COMMENT ON DOMAIN render.output_name IS 'What people call a result, 1 to 500 characters.';

CREATE DOMAIN render.output_path AS text
	CONSTRAINT output_path_is_path_check CHECK ((render.path_problem(VALUE) IS NULL));

COMMENT ON DOMAIN render.output_path IS 'Where the result goes.';

CREATE DOMAIN render.project_name AS text
	CONSTRAINT project_name_is_short_check CHECK (((length(VALUE) >= 1) AND (length(VALUE) <= 500)));

COMMENT ON DOMAIN render.project_name IS 'What people call a project, 1 to 500 characters.';

CREATE DOMAIN render.project_path AS text
	CONSTRAINT project_path_is_path_check CHECK ((render.path_problem(VALUE) IS NULL));

COMMENT ON DOMAIN render.project_path IS 'The After Effects project to render.';

CREATE DOMAIN render.template_path AS text
	CONSTRAINT template_path_is_path_check CHECK ((render.path_problem(VALUE) IS NULL));

COMMENT ON DOMAIN render.template_path IS 'The template to fill and render.';

CREATE TABLE render.outputs (
    user_id uuid NOT NULL,
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    job_id uuid NOT NULL,
    attempt integer NOT NULL,
    path text NOT NULL,
    size_bytes bigint,
    media_type text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT outputs_media_type_is_media_type_check CHECK ((media_type ~ '^[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}$'::text)),
    CONSTRAINT outputs_path_is_path_check CHECK ((render.path_problem(path) IS NULL)),
    CONSTRAINT outputs_size_bytes_is_not_negative_check CHECK ((size_bytes >= 0))
);

ALTER TABLE ONLY render.outputs FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE render.outputs IS 'One row a file that a render job made.';
COMMENT ON COLUMN render.outputs.user_id IS 'The user who owns the job.';
COMMENT ON COLUMN render.outputs.id IS 'The row''s identifier, made by the database.';
COMMENT ON COLUMN render.outputs.job_id IS 'The job.';
COMMENT ON COLUMN render.outputs.attempt IS 'The attempt that made the file.';
COMMENT ON COLUMN render.outputs.path IS 'Where the file lies.';
COMMENT ON COLUMN render.outputs.size_bytes IS 'The file''s size in bytes; null where it is not known.';
COMMENT ON COLUMN render.outputs.media_type IS 'What the file holds, such as video/quicktime; null where it is not known.';
COMMENT ON COLUMN render.outputs.created_at IS 'When the file was reported.';
COMMENT ON CONSTRAINT outputs_media_type_is_media_type_check ON render.outputs IS 'A media type looks like video/quicktime, in lower case.';
COMMENT ON CONSTRAINT outputs_path_is_path_check ON render.outputs IS 'The path of a file is absolute, does not climb, and has at most 2048 bytes, 255 in a name; ask render.path_problem what is wrong.';
COMMENT ON CONSTRAINT outputs_size_bytes_is_not_negative_check ON render.outputs IS 'A file''s size is 0 bytes or more.';

ALTER TABLE ONLY render.outputs
    ADD CONSTRAINT outputs_pkey PRIMARY KEY (user_id, id);

COMMENT ON CONSTRAINT outputs_pkey ON render.outputs IS 'There is already an output with this id.';

ALTER TABLE ONLY render.outputs
    ADD CONSTRAINT outputs_user_id_job_id_path_key UNIQUE (user_id, job_id, path);

COMMENT ON CONSTRAINT outputs_user_id_job_id_path_key ON render.outputs IS 'The job already made a file at this path.';

ALTER TABLE ONLY render.outputs
    ADD CONSTRAINT outputs_user_id_job_id_fkey FOREIGN KEY (user_id, job_id) REFERENCES work.jobs(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT outputs_user_id_job_id_fkey ON render.outputs IS 'There is no job with this id; still referenced: the job made files.';

ALTER TABLE render.outputs ENABLE ROW LEVEL SECURITY;

CREATE POLICY outputs_held ON render.outputs FOR SELECT TO renderstore_worker USING ((EXISTS ( SELECT
   FROM work.jobs j
  WHERE ((j.user_id = outputs.user_id) AND (j.id = outputs.job_id)))));
CREATE POLICY outputs_own ON render.outputs FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY outputs_owner ON render.outputs TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY outputs_read ON render.outputs FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE render.outputs TO renderstore_app;
GRANT SELECT ON TABLE render.outputs TO renderstore_worker;
GRANT SELECT ON TABLE render.outputs TO renderstore_admin;
GRANT SELECT ON TABLE render.outputs TO renderstore_readonly;

CREATE TABLE render.specs (
    user_id uuid NOT NULL,
    job_id uuid NOT NULL,
    project_name render.project_name,
    output_name render.output_name,
    project_path render.project_path,
    template_path render.template_path,
    data_path render.data_path,
    output_path render.output_path NOT NULL,
    frame_start integer,
    frame_end integer,
    frame_step integer,
    nexrender_job_id render.nexrender_job_id,
    nexrender_config render.nexrender_config,
    CONSTRAINT specs_data_path_has_template_check CHECK (((data_path IS NULL) OR (template_path IS NOT NULL))),
    CONSTRAINT specs_frame_step_is_not_zero_check CHECK (((frame_step <> 0) AND ((frame_step IS NULL) OR (frame_start IS NOT NULL)))),
    CONSTRAINT specs_frame_step_leads_to_end_check CHECK (((frame_start = frame_end) OR ((frame_start < frame_end) = (COALESCE(frame_step, 1) > 0)))),
    CONSTRAINT specs_frames_are_a_range_check CHECK ((num_nonnulls(frame_start, frame_end) = ANY (ARRAY[0, 2]))),
    CONSTRAINT specs_has_one_source_check CHECK ((num_nonnulls(project_path, template_path) = 1))
)
WITH (toast_tuple_target='4080');

ALTER TABLE ONLY render.specs FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE render.specs IS 'One row a render job: what it is to do. render.jobs shows it together with the job''s life.';
COMMENT ON COLUMN render.specs.user_id IS 'The user who owns the job.';
COMMENT ON COLUMN render.specs.job_id IS 'The job.';
COMMENT ON COLUMN render.specs.project_name IS 'What people call the project, 1 to 500 characters; null without a name.';
COMMENT ON COLUMN render.specs.output_name IS 'What people call the result, 1 to 500 characters; null without a name.';
COMMENT ON COLUMN render.specs.project_path IS 'The After Effects project to render; null where a template is.';
COMMENT ON COLUMN render.specs.template_path IS 'The template to fill and render; null where a project is.';
COMMENT ON COLUMN render.specs.data_path IS 'The data that fill the template; null without any.';
COMMENT ON COLUMN render.specs.output_path IS 'Where the result goes; may hold a token such as [####].';
COMMENT ON COLUMN render.specs.frame_start IS 'The first frame, which may be negative; null for the whole composition.';
COMMENT ON COLUMN render.specs.frame_end IS 'The last frame, included; null for the whole composition.';
COMMENT ON COLUMN render.specs.frame_step IS 'From a frame to the next, negative to go backwards; null for 1.';
COMMENT ON COLUMN render.specs.nexrender_job_id IS 'The job''s uid at nexrender; null where it has none.';
COMMENT ON COLUMN render.specs.nexrender_config IS 'The job as nexrender takes it; null where another program renders. render.nexrender_problem says what is wrong with one.';
COMMENT ON CONSTRAINT specs_data_path_has_template_check ON render.specs IS 'A data path belongs to a template path.';
COMMENT ON CONSTRAINT specs_frame_step_is_not_zero_check ON render.specs IS 'A frame step is not 0, and belongs to a start and an end.';
COMMENT ON CONSTRAINT specs_frame_step_leads_to_end_check ON render.specs IS 'A frame step leads from the start to the end: backwards it is negative.';
COMMENT ON CONSTRAINT specs_frames_are_a_range_check ON render.specs IS 'Frames have a start and an end, or neither.';
COMMENT ON CONSTRAINT specs_has_one_source_check ON render.specs IS 'A render job has either a project path or a template path.';

ALTER TABLE ONLY render.specs
    ADD CONSTRAINT specs_pkey PRIMARY KEY (user_id, job_id);

COMMENT ON CONSTRAINT specs_pkey ON render.specs IS 'This job already has its specification.';

CREATE INDEX specs_job_id_idx ON render.specs USING btree (job_id);

CREATE INDEX specs_output_path_idx ON render.specs USING btree (user_id, output_path, job_id);

CREATE INDEX specs_project_path_idx ON render.specs USING btree (user_id, project_path, job_id) WHERE (project_path IS NOT NULL);

CREATE TRIGGER specs_keep BEFORE DELETE ON render.specs FOR EACH ROW EXECUTE FUNCTION work.keep_spec();

ALTER TABLE ONLY render.specs
    ADD CONSTRAINT specs_user_id_job_id_fkey FOREIGN KEY (user_id, job_id) REFERENCES work.jobs(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT specs_user_id_job_id_fkey ON render.specs IS 'There is no such job of yours to specify; still referenced: the job has a specification.';

ALTER TABLE render.specs ENABLE ROW LEVEL SECURITY;

CREATE POLICY specs_held ON render.specs FOR SELECT TO renderstore_worker USING ((EXISTS ( SELECT
   FROM work.jobs j
  WHERE ((j.user_id = specs.user_id) AND (j.id = specs.job_id)))));
CREATE POLICY specs_own ON render.specs FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY specs_owner ON render.specs TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY specs_read ON render.specs FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE render.specs TO renderstore_app;
GRANT SELECT ON TABLE render.specs TO renderstore_worker;
GRANT SELECT ON TABLE render.specs TO renderstore_admin;
GRANT SELECT ON TABLE render.specs TO renderstore_readonly;

CREATE VIEW render.jobs WITH (security_invoker='true') AS
 SELECT j.user_id,
    j.id,
    render.to_render(j.status) AS status,
    j.priority,
    j.progress,
    j.attempt,
    j.failures,
    j.max_failures,
    j.lost_leases,
    j.backoff_s,
    j.estimated_s,
    (EXTRACT(epoch FROM (j.completed_at - j.started_at)))::double precision AS actual_s,
    j.labels,
    s.project_name,
    s.output_name,
    (s.project_path)::text AS project_path,
    (s.template_path)::text AS template_path,
    (s.data_path)::text AS data_path,
    (s.output_path)::text AS output_path,
    render.path_style((s.output_path)::text) AS output_path_style,
    s.frame_start,
    s.frame_end,
    s.frame_step,
    s.nexrender_job_id,
    (s.nexrender_config)::jsonb AS nexrender_config,
    j.submitted_by,
    j.idempotency_key,
    j.held_by,
    j.lease_expires_at,
    j.exit_code,
    j.error_class,
    j.error_message,
    j.cancel_reason,
    j.due_at,
    j.auto_cancel_at,
    j.queued_at,
    j.started_at,
    j.completed_at,
    j.cancel_requested_at
   FROM (work.jobs j
     JOIN render.specs s ON (((s.user_id = j.user_id) AND (s.job_id = j.id))));

COMMENT ON VIEW render.jobs IS 'One row a render job: its life from work.jobs and its content from render.specs. Insert submits; functions change.';
COMMENT ON COLUMN render.jobs.user_id IS 'The user who owns the job.';
COMMENT ON COLUMN render.jobs.id IS 'The job''s identifier, made by the database; later jobs sort after earlier ones.';
COMMENT ON COLUMN render.jobs.status IS 'Where the job stands, in the words of the trade.';
COMMENT ON COLUMN render.jobs.priority IS 'How urgent the job is, 0 to 10, 10 first; up to the plan''s highest.';
COMMENT ON COLUMN render.jobs.progress IS 'Percent done, 0 to 100; within an attempt a lower report leaves it as it is.';
COMMENT ON COLUMN render.jobs.attempt IS 'How often the job was claimed. It is the fence: who holds another attempt changes nothing.';
COMMENT ON COLUMN render.jobs.failures IS 'How many attempts failed; a lost lease is not one.';
COMMENT ON COLUMN render.jobs.max_failures IS 'After how many failures the job has failed, 1 to 100.';
COMMENT ON COLUMN render.jobs.lost_leases IS 'How many leases ran out; after five the job has failed.';
COMMENT ON COLUMN render.jobs.backoff_s IS 'Seconds before the first retry, 1 to 86400; doubled for each further one.';
COMMENT ON COLUMN render.jobs.estimated_s IS 'How many seconds the job is expected to run; null where nobody knows.';
COMMENT ON COLUMN render.jobs.actual_s IS 'How many seconds the last attempt took; null while the job has not ended, or never began.';
COMMENT ON COLUMN render.jobs.labels IS 'What a worker must offer, such as gpu; sorted, without doubles, at most 20.';
COMMENT ON COLUMN render.jobs.project_name IS 'What people call the project, 1 to 500 characters; null without a name.';
COMMENT ON COLUMN render.jobs.output_name IS 'What people call the result, 1 to 500 characters; null without a name.';
COMMENT ON COLUMN render.jobs.project_path IS 'The After Effects project to render; null where a template is.';
COMMENT ON COLUMN render.jobs.template_path IS 'The template to fill and render; null where a project is.';
COMMENT ON COLUMN render.jobs.data_path IS 'The data that fill the template; null without any.';
COMMENT ON COLUMN render.jobs.output_path IS 'Where the result goes; may hold a token such as [####].';
COMMENT ON COLUMN render.jobs.output_path_style IS 'How the output''s path is written.';
COMMENT ON COLUMN render.jobs.frame_start IS 'The first frame, which may be negative; null for the whole composition.';
COMMENT ON COLUMN render.jobs.frame_end IS 'The last frame, included; null for the whole composition.';
COMMENT ON COLUMN render.jobs.frame_step IS 'From a frame to the next, negative to go backwards; null for 1.';
COMMENT ON COLUMN render.jobs.nexrender_job_id IS 'The job''s uid at nexrender; null where it has none.';
COMMENT ON COLUMN render.jobs.nexrender_config IS 'The job as nexrender takes it; null where another program renders. render.nexrender_problem says what is wrong with one.';
COMMENT ON COLUMN render.jobs.submitted_by IS 'Who submitted the job: user:…, token:…, admin:…, dba:… or login:….';
COMMENT ON COLUMN render.jobs.idempotency_key IS 'The owner''s own name for this submission, 1 to 255 characters: a repeat finds the job instead of making another; null without one.';
COMMENT ON COLUMN render.jobs.held_by IS 'The worker that runs the job; null unless it runs.';
COMMENT ON COLUMN render.jobs.lease_expires_at IS 'Until when the worker holds the job unless it reports; null unless it runs.';
COMMENT ON COLUMN render.jobs.exit_code IS 'The exit code of the last attempt''s program; null where none is known.';
COMMENT ON COLUMN render.jobs.error_class IS 'The class of the last failure, such as timeout; work.error_classes says which are tried again; null without a failure.';
COMMENT ON COLUMN render.jobs.error_message IS 'What the last failure said, up to 10000 characters; null without one.';
COMMENT ON COLUMN render.jobs.cancel_reason IS 'Why a cancellation was asked for, up to 1000 characters; null without a reason.';
COMMENT ON COLUMN render.jobs.due_at IS 'Before when the job does not start: a given time, or the end of a back-off; null for at once.';
COMMENT ON COLUMN render.jobs.auto_cancel_at IS 'When the job is cancelled by itself unless it has ended; null for never.';
COMMENT ON COLUMN render.jobs.queued_at IS 'When the job was submitted, or asked for again.';
COMMENT ON COLUMN render.jobs.started_at IS 'When the last attempt began; null before the first.';
COMMENT ON COLUMN render.jobs.completed_at IS 'When the job ended, whichever way; null while it has not.';
COMMENT ON COLUMN render.jobs.cancel_requested_at IS 'When somebody asked to cancel; a waiting job ends at once, a running one when its worker stops.';

CREATE TRIGGER jobs_submit INSTEAD OF INSERT ON render.jobs FOR EACH ROW EXECUTE FUNCTION render.submit_inserted();

GRANT SELECT,INSERT ON TABLE render.jobs TO renderstore_app;
GRANT SELECT ON TABLE render.jobs TO renderstore_worker;
GRANT SELECT,INSERT ON TABLE render.jobs TO renderstore_admin;
GRANT SELECT ON TABLE render.jobs TO renderstore_readonly;

CREATE FUNCTION render.claim(max_jobs bigint DEFAULT 1, lease interval DEFAULT '00:01:00'::interval) RETURNS TABLE(user_id uuid, id uuid, attempt integer, lease_expires_at timestamp with time zone, project_name text, output_name text, project_path text, template_path text, data_path text, output_path text, frame_start integer, frame_end integer, frame_step integer, nexrender_job_id text, nexrender_config jsonb)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 10
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
begin
    return query
    select
        claimed.user_id,
        claimed.id,
        claimed.attempt,
        claimed.lease_expires_at,
        s.project_name::text,
        s.output_name::text,
        s.project_path::text,
        s.template_path::text,
        s.data_path::text,
        s.output_path::text,
        s.frame_start,
        s.frame_end,
        s.frame_step,
        s.nexrender_job_id::text,
        s.nexrender_config::jsonb
    from work.claim(max_jobs, '{render}', lease) as claimed
    join render.specs as s
        on s.user_id = claimed.user_id and s.job_id = claimed.id;
end
$$;

COMMENT ON FUNCTION render.claim(max_jobs bigint, lease interval) IS 'Takes up to this many render jobs for the acting worker, as work.claim does, and gives with each what it is to do.';

REVOKE ALL ON FUNCTION render.claim(max_jobs bigint, lease interval) FROM PUBLIC;
GRANT ALL ON FUNCTION render.claim(max_jobs bigint, lease interval) TO renderstore_worker;

CREATE FUNCTION render.finish(user_id uuid, id uuid, attempt integer, paths text[] DEFAULT '{}'::text[], sizes_bytes bigint[] DEFAULT '{}'::bigint[], media_types text[] DEFAULT '{}'::text[]) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    me constant text := work.acting_worker();
begin
    if paths <> '{}' then
        -- A file's foreign key would wait for whoever is deleting the job.
        perform
        from work.jobs as j
        where j.user_id = user_id and j.id = id and j.held_by = me
        for key share skip locked;
        if found then
            insert into render.outputs (
                user_id,
                job_id,
                attempt,
                path,
                size_bytes,
                media_type
            )
            select
                j.user_id,
                j.id,
                j.attempt,
                made.path,
                made.size_bytes,
                made.media_type
            from work.jobs as j
            cross join unnest(paths, sizes_bytes, media_types)
                as made (path, size_bytes, media_type)
            where j.user_id = user_id
                and j.id = id
                and j.attempt = attempt
                and j.status = 'running'
                and j.held_by = me;
        else
            perform
            from work.jobs as j
            where j.user_id = user_id and j.id = id and j.held_by = me;
            if found then
                raise lock_not_available using
                    message = 'Somebody is deleting this job at this moment; report again.';
            end if;
        end if;
    end if;
    -- It refuses whoever does not hold the job, and with it the files.
    perform work.finish(user_id, id, attempt);
end
$$;

COMMENT ON FUNCTION render.finish(user_id uuid, id uuid, attempt integer, paths text[], sizes_bytes bigint[], media_types text[]) IS 'Completes a render job and keeps the files that it made. Refused without the current lease.';

REVOKE ALL ON FUNCTION render.finish(user_id uuid, id uuid, attempt integer, paths text[], sizes_bytes bigint[], media_types text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION render.finish(user_id uuid, id uuid, attempt integer, paths text[], sizes_bytes bigint[], media_types text[]) TO renderstore_worker;

CREATE FUNCTION render.has_long_name(path text, style render.path_style) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (EXISTS (SELECT FROM regexp_split_to_table(CASE has_long_name.style WHEN 'uri'::render.path_style THEN regexp_replace(render.uri_names(has_long_name.path), '%[0-9A-Fa-f]{2}'::text, '.'::text, 'g'::text) ELSE has_long_name.path END, CASE has_long_name.style WHEN 'windows'::render.path_style THEN '[\\/]'::text ELSE '/'::text END) name(name) WHERE (octet_length(name.name) > 255)));

COMMENT ON FUNCTION render.has_long_name(path text, style render.path_style) IS 'Whether a name in a path has more than the 255 bytes that file systems keep.';

REVOKE ALL ON FUNCTION render.has_long_name(path text, style render.path_style) FROM PUBLIC;
GRANT ALL ON FUNCTION render.has_long_name(path text, style render.path_style) TO renderstore_app;
GRANT ALL ON FUNCTION render.has_long_name(path text, style render.path_style) TO renderstore_worker;
GRANT ALL ON FUNCTION render.has_long_name(path text, style render.path_style) TO renderstore_admin;
GRANT ALL ON FUNCTION render.has_long_name(path text, style render.path_style) TO renderstore_readonly;

CREATE FUNCTION render.import_jobs(kind text, source text, old_rows jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    judged record;
begin
    -- Beside the rows: as the condition of a join it would be asked for every user.
    with listed as materialized (
        select
            r.value,
            ops.imported_user(kind, r.value ->> 'userId') as user_id
        from jsonb_array_elements(old_rows) as r (value)
    ),

    told as materialized (
        select
            r.value as old_row,
            r.value ->> 'id' as old_id,
            u.id as user_id,
            u.status as user_status,
            p.keep_ended_jobs_days,
            upper(r.value ->> 'status') as old_status,
            (r.value ->> 'createdAt')::timestamptz as created_at,
            (r.value ->> 'updatedAt')::timestamptz as updated_at,
            (r.value ->> 'queuedAt')::timestamptz as queued_at,
            (r.value ->> 'startedAt')::timestamptz as started_at,
            (r.value ->> 'completedAt')::timestamptz as completed_at,
            (r.value ->> 'autoCancelAt')::timestamptz as auto_cancel_at,
            (r.value ->> 'priority')::integer as priority,
            (r.value ->> 'progress')::integer as progress,
            (r.value ->> 'estimatedTime')::integer as estimated_s,
            (r.value ->> 'actualTime')::integer as actual_s,
            nullif(r.value ->> 'projectName', '') as project_name,
            nullif(r.value ->> 'outputName', '') as output_name,
            nullif(r.value ->> 'projectPath', '') as project_path,
            nullif(r.value ->> 'templatePath', '') as template_path,
            nullif(r.value ->> 'dataPath', '') as data_path,
            nullif(r.value ->> 'outputPath', '') as output_path,
            nullif(r.value ->> 'nexrenderJobId', '') as nexrender_job_id,
            -- An empty object says as much as none.
            nullif(nullif(r.value -> 'nexrenderConfig', 'null'), '{}') as config,
            coalesce(
                nullif(r.value ->> 'errorMessage', ''),
                nullif(r.value ->> 'error', '')
            ) as message,
            nullif(r.value ->> 'cancelledReason', '') as cancel_reason,
            nullif(r.value ->> 'logs', '') as log
        from listed as r
        left join identity.users as u on u.id = r.user_id
        left join identity.plans as p on p.id = u.plan_id
    ),

    placed as materialized (
        select
            t.*,
            case t.old_status
                when 'COMPLETED' then 'completed'
                when 'FAILED' then 'failed'
                when 'CANCELLED' then 'cancelled'
                when 'PENDING' then 'queued'
                when 'VALIDATING' then 'queued'
                when 'QUEUED' then 'queued'
                when 'RENDERING' then 'queued'
            end as status
        from told as t
    ),

    asked as materialized (
        select
            p.*,
            p.status <> 'queued' as is_ended,
            case
                when p.user_id is null then 'Its user did not come.'
                when p.status is null then 'Its status is none that is known here.'
                when
                    ops.is_kept_time(p.created_at) is not true
                    or ops.is_kept_time(p.updated_at) = false
                    or ops.is_kept_time(p.queued_at) = false
                    or ops.is_kept_time(p.started_at) = false
                    or ops.is_kept_time(p.completed_at) = false
                    or ops.is_kept_time(p.auto_cancel_at) = false
                    then 'Its times do not lie between 1970 and 9999.'
                when p.status = 'queued' and p.user_status <> 'active'
                    then 'It waits, and its user may not render.'
                when p.output_path is null then 'outputPath: It has none.'
                when num_nonnulls(p.project_path, p.template_path) <> 1
                    then 'It names neither a project nor a template, or both.'
                else coalesce(
                    'outputPath: ' || render.path_problem(p.output_path),
                    'projectPath: ' || render.path_problem(p.project_path),
                    'templatePath: ' || render.path_problem(p.template_path),
                    'dataPath: ' || render.path_problem(p.data_path),
                    'nexrenderConfig: ' || render.nexrender_problem(p.config)
                )
            end as problem,
            nexrender_job_id !~ '[[:cntrl:]]'
            and nexrender_job_id <> '.'
            and length(nexrender_job_id) <= 200
            and render.is_folder_name(nexrender_job_id) as is_nexrenders
        from placed as p
    ),

    ended as materialized (
        select
            a.*,
            case
                when a.is_ended then coalesce(a.completed_at, a.updated_at, a.created_at)
            end as ended_at
        from asked as a
    ),

    begun as materialized (
        select
            e.*,
            case
                when e.is_ended
                    then coalesce(
                        e.started_at,
                        e.ended_at - e.actual_s * interval '1 second'
                    )
            end as began_at,
            ops.imported_id(e.created_at, e.old_id) as id
        from ended as e
        where e.problem is null
    ),

    kept as (
        insert into ops.imported (kind, source, old_id, table_name, row_key, changes)
        select
            kind,
            source,
            b.old_id,
            'work.jobs',
            b.id::text,
            array_remove(
                array[
                    case
                        when b.old_status in ('PENDING', 'VALIDATING', 'RENDERING')
                            then format('status: %s became QUEUED', b.old_status)
                    end,
                    case
                        when not b.is_ended and b.progress <> 0
                            then 'progress: begins anew at 0'
                        when b.progress not between 0 and 100
                            then 'progress: clamped to 0 to 100'
                    end,
                    case
                        when b.priority not between 0 and 10
                            then 'priority: clamped to 0 to 10'
                    end,
                    case
                        when b.is_ended and b.completed_at is null
                            then 'completedAt: taken from updatedAt'
                        when not b.is_ended and b.completed_at is not null
                            then 'completedAt: dropped, it has not ended'
                    end,
                    case
                        when b.is_ended and b.started_at is null and b.actual_s is not null
                            then 'startedAt: actualTime before completedAt'
                        when not b.is_ended and b.started_at is not null
                            then 'startedAt: dropped, it begins anew'
                        when
                            b.is_ended
                            and abs(
                                extract(epoch from b.ended_at - b.started_at) - b.actual_s
                            ) >= 1
                            then 'actualTime: dropped, here it is completedAt less startedAt'
                    end,
                    case
                        when not b.is_ended and b.actual_s is not null
                            then 'actualTime: dropped, it begins anew'
                    end,
                    case
                        when b.estimated_s <= 0
                            then 'estimatedTime: dropped, it is no number of seconds'
                    end,
                    case
                        when b.data_path is not null and b.template_path is null
                            then 'dataPath: dropped, there is no template'
                    end,
                    case
                        when b.is_nexrenders = false
                            then 'nexrenderJobId: dropped, it is no folder''s name'
                    end,
                    case
                        when length(b.project_name) > 500
                            then 'projectName: cut after 500 characters'
                    end,
                    case
                        when length(b.output_name) > 500
                            then 'outputName: cut after 500 characters'
                    end,
                    case
                        when length(b.message) > 10000
                            then 'error: cut after 10000 characters'
                    end,
                    case
                        when length(b.cancel_reason) > 1000
                            then 'cancelledReason: cut after 1000 characters'
                    end,
                    case
                        when b.log is not null and length(b.log) > 250000
                            then 'logs: in several chunks'
                    end,
                    case
                        when b.ended_at < now() - b.keep_ended_jobs_days * interval '1 day'
                            then 'beware: its user''s plan keeps it no longer, and the next sweep deletes it'
                    end
                ],
                null
            )
        from begun as b
    ),

    refused as (
        insert into ops.import_refusals (kind, source, old_id, reason, old_row)
        select kind, source, e.old_id, e.problem, e.old_row
        from ended as e
        where e.problem is not null
        on conflict on constraint import_refusals_pkey do update
        set
            reason = excluded.reason,
            old_row = excluded.old_row,
            refused_at = excluded.refused_at
    )

    select
        jsonb_agg(
            jsonb_build_object(
                'user_id', b.user_id,
                'id', b.id,
                'status', b.status,
                'priority', least(greatest(coalesce(b.priority, 5), 0), 10),
                'progress', case when b.is_ended then least(greatest(b.progress, 0), 100) else 0 end,
                'was_run', b.status in ('completed', 'failed')
                or b.status = 'cancelled' and b.began_at is not null,
                'estimated_s', case when b.estimated_s > 0 then b.estimated_s end,
                'auto_cancel_at', b.auto_cancel_at,
                'queued_at', coalesce(b.queued_at, b.created_at),
                'started_at', b.began_at,
                'completed_at', b.ended_at,
                'error_message', left(b.message, 10000),
                'cancel_reason', left(b.cancel_reason, 1000),
                'log', b.log,
                'project_name', left(b.project_name, 500),
                'output_name', left(b.output_name, 500),
                'project_path', b.project_path,
                'template_path', b.template_path,
                'data_path', case when b.template_path is not null then b.data_path end,
                'output_path', b.output_path,
                'nexrender_job_id', case when b.is_nexrenders then b.nexrender_job_id end,
                'nexrender_config', b.config
            )
        ) as jobs
    into judged
    from begun as b;
    if judged.jobs is not null then
        perform work.import_jobs('render', judged.jobs);
        insert into render.specs (
            user_id,
            job_id,
            project_name,
            output_name,
            project_path,
            template_path,
            data_path,
            output_path,
            nexrender_job_id,
            nexrender_config
        )
        select
            j.user_id,
            j.id,
            j.project_name,
            j.output_name,
            j.project_path,
            j.template_path,
            j.data_path,
            j.output_path,
            j.nexrender_job_id,
            j.nexrender_config
        from jsonb_to_recordset(judged.jobs) as j (
            user_id uuid,
            id uuid,
            project_name text,
            output_name text,
            project_path text,
            template_path text,
            data_path text,
            output_path text,
            nexrender_job_id text,
            nexrender_config jsonb
        );
    end if;
end
$$;

COMMENT ON FUNCTION render.import_jobs(kind text, source text, old_rows jsonb) IS 'Brings jobs of a render manager here, and keeps those that cannot come with the reason.';

REVOKE ALL ON FUNCTION render.import_jobs(kind text, source text, old_rows jsonb) FROM PUBLIC;

CREATE FUNCTION render.is_folder_name(name text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (name !~ '[\\/]|\.\.'::text);

COMMENT ON FUNCTION render.is_folder_name(name text) IS 'Whether a folder of that name stays where it is made: no slash of either kind and no .. in it.';

REVOKE ALL ON FUNCTION render.is_folder_name(name text) FROM PUBLIC;
GRANT ALL ON FUNCTION render.is_folder_name(name text) TO renderstore_app;
GRANT ALL ON FUNCTION render.is_folder_name(name text) TO renderstore_worker;
GRANT ALL ON FUNCTION render.is_folder_name(name text) TO renderstore_admin;
GRANT ALL ON FUNCTION render.is_folder_name(name text) TO renderstore_readonly;

CREATE FUNCTION render.is_plain(config jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((config @@ '((((((((($.type() == "object" && $."template".type() == "object") && $."template"."src".type() == "string") && $."template"."src" != "") && $."template"."composition".type() == "string") && $."template"."composition" != "") && $."assets".type() == "array") && !(exists ($."uid"))) && !(exists ($."state"))) && !(exists ($."actions")))'::jsonpath) AND (jsonb_array_length((config -> 'assets'::text)) = jsonb_array_length(jsonb_path_query_array(config, 'strict $."assets"[*]?((((((@."type" == "image" || @."type" == "audio") || @."type" == "video") && @."src".type() == "string") && @."src" != "") && @."layerName".type() == "string") && @."layerName" != "")'::jsonpath))));

COMMENT ON FUNCTION render.is_plain(config jsonb) IS 'Whether a configuration holds what most hold and no more, so that nothing can be wrong in it. Others may be right too.';

REVOKE ALL ON FUNCTION render.is_plain(config jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION render.is_plain(config jsonb) TO renderstore_app;
GRANT ALL ON FUNCTION render.is_plain(config jsonb) TO renderstore_worker;
GRANT ALL ON FUNCTION render.is_plain(config jsonb) TO renderstore_admin;
GRANT ALL ON FUNCTION render.is_plain(config jsonb) TO renderstore_readonly;

CREATE FUNCTION render.is_truthy(value jsonb) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE jsonb_typeof(value) WHEN 'string'::text THEN (value <> '""'::jsonb) WHEN 'number'::text THEN (value <> '0'::jsonb) WHEN 'boolean'::text THEN (value = 'true'::jsonb) WHEN 'null'::text THEN false ELSE (value IS NOT NULL) END;

COMMENT ON FUNCTION render.is_truthy(value jsonb) IS 'Whether JavaScript takes a JSON value for true: all but null, false, 0 and "", and what is missing. nexrender asks no more of most values.';

REVOKE ALL ON FUNCTION render.is_truthy(value jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION render.is_truthy(value jsonb) TO renderstore_app;
GRANT ALL ON FUNCTION render.is_truthy(value jsonb) TO renderstore_worker;
GRANT ALL ON FUNCTION render.is_truthy(value jsonb) TO renderstore_admin;
GRANT ALL ON FUNCTION render.is_truthy(value jsonb) TO renderstore_readonly;

CREATE FUNCTION render.lacks_specification(user_id uuid, id uuid) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (NOT (EXISTS (SELECT FROM render.specs s WHERE ((s.user_id = lacks_specification.user_id) AND (s.job_id = lacks_specification.id)))));

COMMENT ON FUNCTION render.lacks_specification(user_id uuid, id uuid) IS 'Whether a render job has no specification: work.problems asks.';

REVOKE ALL ON FUNCTION render.lacks_specification(user_id uuid, id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION render.lacks_specification(user_id uuid, id uuid) TO renderstore_admin;
GRANT ALL ON FUNCTION render.lacks_specification(user_id uuid, id uuid) TO renderstore_readonly;

CREATE FUNCTION render.nexrender_action_problem(actions jsonb, phase text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
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

COMMENT ON FUNCTION render.nexrender_action_problem(actions jsonb, phase text) IS 'What nexrender would refuse in the actions of a phase (prerender, postrender); null where nothing.';

REVOKE ALL ON FUNCTION render.nexrender_action_problem(actions jsonb, phase text) FROM PUBLIC;
GRANT ALL ON FUNCTION render.nexrender_action_problem(actions jsonb, phase text) TO renderstore_app;
GRANT ALL ON FUNCTION render.nexrender_action_problem(actions jsonb, phase text) TO renderstore_worker;
GRANT ALL ON FUNCTION render.nexrender_action_problem(actions jsonb, phase text) TO renderstore_admin;
GRANT ALL ON FUNCTION render.nexrender_action_problem(actions jsonb, phase text) TO renderstore_readonly;

CREATE FUNCTION render.nexrender_asset_problem(asset jsonb, nth integer) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
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

COMMENT ON FUNCTION render.nexrender_asset_problem(asset jsonb, nth integer) IS 'What nexrender would refuse in an asset at a position of the list, counted from 0; null where nothing.';

REVOKE ALL ON FUNCTION render.nexrender_asset_problem(asset jsonb, nth integer) FROM PUBLIC;
GRANT ALL ON FUNCTION render.nexrender_asset_problem(asset jsonb, nth integer) TO renderstore_app;
GRANT ALL ON FUNCTION render.nexrender_asset_problem(asset jsonb, nth integer) TO renderstore_worker;
GRANT ALL ON FUNCTION render.nexrender_asset_problem(asset jsonb, nth integer) TO renderstore_admin;
GRANT ALL ON FUNCTION render.nexrender_asset_problem(asset jsonb, nth integer) TO renderstore_readonly;

CREATE FUNCTION render.nexrender_problem(config jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    AS $$
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

COMMENT ON FUNCTION render.nexrender_problem(config jsonb) IS 'What a nexrender server would refuse in a configuration, as a sentence that names the path in the JSON; null where nothing is, and for null.';

REVOKE ALL ON FUNCTION render.nexrender_problem(config jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION render.nexrender_problem(config jsonb) TO renderstore_app;
GRANT ALL ON FUNCTION render.nexrender_problem(config jsonb) TO renderstore_worker;
GRANT ALL ON FUNCTION render.nexrender_problem(config jsonb) TO renderstore_admin;
GRANT ALL ON FUNCTION render.nexrender_problem(config jsonb) TO renderstore_readonly;

CREATE FUNCTION render.path_problem(path text) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET standard_conforming_strings TO 'on'
    AS $_$
declare
    style render.path_style;
begin
    -- Nothing can be wrong in most paths, and a job has four: short, and of names that begin with no dot.
    if path is null
        or octet_length(path) <= 255
        and path collate "C" ~ '^(/[A-Za-z0-9_\[\]#-][A-Za-z0-9_\[\]#. -]*)+$'
    then
        return null;
    end if;
    style = render.path_style(path);
    if path = '' then
        return 'A path is not empty.';
    elsif octet_length(path) > 2048 then
        return 'A path has at most 2048 bytes.';
    -- By number: what [[:cntrl:]] holds depends on the collation.
    elsif path ~ '[\u0001-\u001f\u007f-\u009f]' then
        return 'A path holds no control characters.';
    elsif style is null then
        return render.relative_problem(path);
    -- A posix path may yet be opened on Windows, where a backslash separates.
    elsif style <> 'uri' and path ~ '(^|[\\/])\.\.([\\/]|$)' then
        return 'A path does not climb: no .. in it.';
    elsif octet_length(path) > 255 and render.has_long_name(path, style) then
        return 'A name in a path has at most 255 bytes.';
    end if;
    return case style
        when 'windows' then render.windows_problem(path)
        when 'uri' then render.uri_problem(path)
    end;
end
$_$;

COMMENT ON FUNCTION render.path_problem(path text) IS 'What is wrong with a path, as a sentence; null where nothing is, and for null.';

REVOKE ALL ON FUNCTION render.path_problem(path text) FROM PUBLIC;
GRANT ALL ON FUNCTION render.path_problem(path text) TO renderstore_app;
GRANT ALL ON FUNCTION render.path_problem(path text) TO renderstore_worker;
GRANT ALL ON FUNCTION render.path_problem(path text) TO renderstore_admin;
GRANT ALL ON FUNCTION render.path_problem(path text) TO renderstore_readonly;

CREATE FUNCTION render.relative_problem(path text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (path ~ '^[A-Za-z]:'::text) THEN 'A path is absolute: write C:\file, since C:file depends on a folder.'::text WHEN (path ~ '^(\\\\|//)[.?][\\/]'::text) THEN 'A path names a file, not a device: leave out \\?\ and \\.\ in front.'::text WHEN (path ~ '^(\\\\|//)'::text) THEN 'A network path names its server and its share: \\server\share\file.'::text WHEN (path ~ '^[A-Za-z][A-Za-z0-9+.-]+:'::text) THEN 'A URI is written scheme://host/file or file:///folder/file.'::text ELSE 'A path is absolute: /folder, C:\folder, \\server\share or scheme://host.'::text END;

COMMENT ON FUNCTION render.relative_problem(path text) IS 'Why a path has no style, as a sentence.';

REVOKE ALL ON FUNCTION render.relative_problem(path text) FROM PUBLIC;
GRANT ALL ON FUNCTION render.relative_problem(path text) TO renderstore_app;
GRANT ALL ON FUNCTION render.relative_problem(path text) TO renderstore_worker;
GRANT ALL ON FUNCTION render.relative_problem(path text) TO renderstore_admin;
GRANT ALL ON FUNCTION render.relative_problem(path text) TO renderstore_readonly;

CREATE FUNCTION render.set_names(id uuid, project_name text, output_name text, user_id uuid DEFAULT NULL::uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    job := work.lock_job(work.owner_of(id, user_id), id);
    update render.specs as s
    set
        project_name = project_name,
        output_name = output_name
    where s.user_id = job.user_id and s.job_id = job.id;
end
$$;

COMMENT ON FUNCTION render.set_names(id uuid, project_name text, output_name text, user_id uuid) IS 'Gives a render job''s project and output other names; null for none.';

REVOKE ALL ON FUNCTION render.set_names(id uuid, project_name text, output_name text, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION render.set_names(id uuid, project_name text, output_name text, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION render.set_names(id uuid, project_name text, output_name text, user_id uuid) TO renderstore_admin;

CREATE FUNCTION render.submit(output_path text, template_path text DEFAULT NULL::text, project_path text DEFAULT NULL::text, data_path text DEFAULT NULL::text, project_name text DEFAULT NULL::text, output_name text DEFAULT NULL::text, frame_start integer DEFAULT NULL::integer, frame_end integer DEFAULT NULL::integer, frame_step integer DEFAULT NULL::integer, nexrender_job_id text DEFAULT NULL::text, nexrender_config jsonb DEFAULT NULL::jsonb, priority integer DEFAULT 5, labels text[] DEFAULT '{}'::text[], max_failures integer DEFAULT 3, backoff_s integer DEFAULT 10, estimated_s integer DEFAULT NULL::integer, due_at timestamp with time zone DEFAULT NULL::timestamp with time zone, auto_cancel_at timestamp with time zone DEFAULT NULL::timestamp with time zone, idempotency_key text DEFAULT NULL::text, needs_job_ids uuid[] DEFAULT NULL::uuid[], on_failure work.dependency_rule DEFAULT 'cancel'::work.dependency_rule, validate_first boolean DEFAULT false, user_id uuid DEFAULT NULL::uuid, OUT owner_id uuid, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    made record;
begin
    owner_id := work.acting_owner(user_id);
    made := work.submit(
        owner_id,
        'render',
        priority,
        labels,
        max_failures,
        backoff_s,
        estimated_s,
        due_at,
        auto_cancel_at,
        idempotency_key,
        needs_job_ids,
        on_failure,
        validate_first
    );
    id := made.id;
    is_new := made.is_new;
    queued_at := made.queued_at;
    if is_new then
        insert into render.specs (
            user_id,
            job_id,
            project_name,
            output_name,
            project_path,
            template_path,
            data_path,
            output_path,
            frame_start,
            frame_end,
            frame_step,
            nexrender_job_id,
            nexrender_config
        )
        values (
            owner_id,
            id,
            project_name,
            output_name,
            project_path,
            template_path,
            data_path,
            output_path,
            frame_start,
            frame_end,
            frame_step,
            nexrender_job_id,
            nexrender_config
        );
    end if;
end
$$;

COMMENT ON FUNCTION render.submit(output_path text, template_path text, project_path text, data_path text, project_name text, output_name text, frame_start integer, frame_end integer, frame_step integer, nexrender_job_id text, nexrender_config jsonb, priority integer, labels text[], max_failures integer, backoff_s integer, estimated_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, idempotency_key text, needs_job_ids uuid[], on_failure work.dependency_rule, validate_first boolean, user_id uuid, OUT owner_id uuid, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) IS 'A render job just submitted by the bound user, or for the one that an administrator names; a repeat of an idempotency key gives the job that is there. validate_first: a worker looks at it before it is queued.';

REVOKE ALL ON FUNCTION render.submit(output_path text, template_path text, project_path text, data_path text, project_name text, output_name text, frame_start integer, frame_end integer, frame_step integer, nexrender_job_id text, nexrender_config jsonb, priority integer, labels text[], max_failures integer, backoff_s integer, estimated_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, idempotency_key text, needs_job_ids uuid[], on_failure work.dependency_rule, validate_first boolean, user_id uuid, OUT owner_id uuid, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION render.submit(output_path text, template_path text, project_path text, data_path text, project_name text, output_name text, frame_start integer, frame_end integer, frame_step integer, nexrender_job_id text, nexrender_config jsonb, priority integer, labels text[], max_failures integer, backoff_s integer, estimated_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, idempotency_key text, needs_job_ids uuid[], on_failure work.dependency_rule, validate_first boolean, user_id uuid, OUT owner_id uuid, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) TO renderstore_app;
GRANT ALL ON FUNCTION render.submit(output_path text, template_path text, project_path text, data_path text, project_name text, output_name text, frame_start integer, frame_end integer, frame_step integer, nexrender_job_id text, nexrender_config jsonb, priority integer, labels text[], max_failures integer, backoff_s integer, estimated_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, idempotency_key text, needs_job_ids uuid[], on_failure work.dependency_rule, validate_first boolean, user_id uuid, OUT owner_id uuid, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) TO renderstore_admin;

CREATE FUNCTION render.submit_inserted() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    made record;
begin
    perform work.check_new_job(
        new.status::text,
        num_nonnulls(
            new.id,
            new.progress,
            new.attempt,
            new.failures,
            new.lost_leases,
            new.actual_s,
            new.output_path_style,
            new.submitted_by,
            new.held_by,
            new.lease_expires_at,
            new.exit_code,
            new.error_class,
            new.error_message,
            new.cancel_reason,
            new.queued_at,
            new.started_at,
            new.completed_at,
            new.cancel_requested_at
        )
    );
    select * into made
    from render.submit(
        new.output_path,
        new.template_path,
        new.project_path,
        new.data_path,
        new.project_name,
        new.output_name,
        new.frame_start,
        new.frame_end,
        new.frame_step,
        new.nexrender_job_id,
        new.nexrender_config,
        coalesce(new.priority::integer, 5),
        coalesce(new.labels::text[], '{}'),
        coalesce(new.max_failures::integer, 3),
        coalesce(new.backoff_s::integer, 10),
        new.estimated_s,
        new.due_at,
        new.auto_cancel_at,
        new.idempotency_key,
        user_id => new.user_id
    );
    select jobs.* into new
    from render.jobs
    where jobs.user_id = made.owner_id and jobs.id = made.id;
    return new;
end
$$;

COMMENT ON FUNCTION render.submit_inserted() IS 'Trigger: an insert into render.jobs submits.';

REVOKE ALL ON FUNCTION render.submit_inserted() FROM PUBLIC;

CREATE FUNCTION render.submit_many(output_paths text[], template_paths text[] DEFAULT NULL::text[], project_paths text[] DEFAULT NULL::text[], data_paths text[] DEFAULT NULL::text[], project_names text[] DEFAULT NULL::text[], output_names text[] DEFAULT NULL::text[], frame_starts integer[] DEFAULT NULL::integer[], frame_ends integer[] DEFAULT NULL::integer[], frame_steps integer[] DEFAULT NULL::integer[], nexrender_job_ids text[] DEFAULT NULL::text[], nexrender_configs jsonb[] DEFAULT NULL::jsonb[], priorities integer[] DEFAULT NULL::integer[], estimates_s integer[] DEFAULT NULL::integer[], idempotency_keys text[] DEFAULT NULL::text[], labels text[] DEFAULT '{}'::text[], label_lists jsonb DEFAULT NULL::jsonb, max_failures integer DEFAULT 3, backoff_s integer DEFAULT 10, due_at timestamp with time zone DEFAULT NULL::timestamp with time zone, auto_cancel_at timestamp with time zone DEFAULT NULL::timestamp with time zone, user_id uuid DEFAULT NULL::uuid) RETURNS TABLE(nth bigint, is_new boolean, owner_id uuid, id uuid, queued_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET work_mem TO '64MB'
    SET enable_nestloop TO 'off'
    SET enable_hashjoin TO 'on'
    SET jit TO 'off'
    AS $_$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    asked constant bigint := cardinality(output_paths)::work.batch_size;
    made record;
begin
    if jsonb_typeof(label_lists) <> 'array'
        or jsonb_path_exists(
            label_lists,
            'strict $[*] ? (@.type() != "array" || exists(@[*] ? (@.type() != "string")))'
        )
    then
        raise exception using
            errcode = '23514',
            message = 'label_lists is a list that holds, for each job, a list of labels.';
    elsif greatest(
        cardinality(template_paths),
        cardinality(project_paths),
        cardinality(data_paths),
        cardinality(project_names),
        cardinality(output_names),
        cardinality(frame_starts),
        cardinality(frame_ends),
        cardinality(frame_steps),
        cardinality(nexrender_job_ids),
        cardinality(nexrender_configs),
        cardinality(priorities),
        cardinality(estimates_s),
        cardinality(idempotency_keys),
        jsonb_array_length(label_lists)
    ) > asked
    then
        raise exception using
            errcode = '23514',
            message = 'Every job has an output path: no list is longer than that of the output paths.';
    end if;
    select
        array_agg(m.nth order by m.nth) as nths,
        array_agg(m.is_new order by m.nth) as news,
        array_agg(m.id order by m.nth) as ids,
        array_agg(m.queued_at order by m.nth) as times
    into made
    from work.submit_many(
        owner,
        'render',
        asked,
        priorities,
        estimates_s,
        idempotency_keys,
        labels,
        label_lists,
        max_failures,
        backoff_s,
        due_at,
        auto_cancel_at
    ) as m;

    insert into render.specs (
        user_id,
        job_id,
        project_name,
        output_name,
        project_path,
        template_path,
        data_path,
        output_path,
        frame_start,
        frame_end,
        frame_step,
        nexrender_job_id,
        nexrender_config
    )
    select
        owner,
        listed.id,
        listed.project_name,
        listed.output_name,
        listed.project_path,
        listed.template_path,
        listed.data_path,
        listed.output_path,
        listed.frame_start,
        listed.frame_end,
        listed.frame_step,
        listed.nexrender_job_id,
        listed.nexrender_config
    from unnest(
            made.ids,
            made.news,
            project_names,
            output_names,
            project_paths,
            template_paths,
            data_paths,
            output_paths,
            frame_starts,
            frame_ends,
            frame_steps,
            nexrender_job_ids,
            nexrender_configs
        ) as listed (
            id,
            is_new,
            project_name,
            output_name,
            project_path,
            template_path,
            data_path,
            output_path,
            frame_start,
            frame_end,
            frame_step,
            nexrender_job_id,
            nexrender_config
        )
    where listed.is_new;

    return query
    select
        listed.nth,
        listed.is_new,
        owner,
        listed.id,
        listed.queued_at
    from unnest(made.nths, made.news, made.ids, made.times)
        as listed (nth, is_new, id, queued_at);
end
$_$;

COMMENT ON FUNCTION render.submit_many(output_paths text[], template_paths text[], project_paths text[], data_paths text[], project_names text[], output_names text[], frame_starts integer[], frame_ends integer[], frame_steps integer[], nexrender_job_ids text[], nexrender_configs jsonb[], priorities integer[], estimates_s integer[], idempotency_keys text[], labels text[], label_lists jsonb, max_failures integer, backoff_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, user_id uuid) IS 'Render jobs just submitted by the bound user, or for the one that an administrator names, all of them or none; a repeat of an idempotency key gives the job that is there. A list that is null says nothing of any job; label_lists holds a list of labels for each.';

REVOKE ALL ON FUNCTION render.submit_many(output_paths text[], template_paths text[], project_paths text[], data_paths text[], project_names text[], output_names text[], frame_starts integer[], frame_ends integer[], frame_steps integer[], nexrender_job_ids text[], nexrender_configs jsonb[], priorities integer[], estimates_s integer[], idempotency_keys text[], labels text[], label_lists jsonb, max_failures integer, backoff_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION render.submit_many(output_paths text[], template_paths text[], project_paths text[], data_paths text[], project_names text[], output_names text[], frame_starts integer[], frame_ends integer[], frame_steps integer[], nexrender_job_ids text[], nexrender_configs jsonb[], priorities integer[], estimates_s integer[], idempotency_keys text[], labels text[], label_lists jsonb, max_failures integer, backoff_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION render.submit_many(output_paths text[], template_paths text[], project_paths text[], data_paths text[], project_names text[], output_names text[], frame_starts integer[], frame_ends integer[], frame_steps integer[], nexrender_job_ids text[], nexrender_configs jsonb[], priorities integer[], estimates_s integer[], idempotency_keys text[], labels text[], label_lists jsonb, max_failures integer, backoff_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, user_id uuid) TO renderstore_admin;

CREATE FUNCTION render.to_render(status work.job_status) RETURNS render.render_status
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE status WHEN 'pending'::work.job_status THEN 'pending'::render.render_status WHEN 'validating'::work.job_status THEN 'validating'::render.render_status WHEN 'queued'::work.job_status THEN 'queued'::render.render_status WHEN 'running'::work.job_status THEN 'rendering'::render.render_status WHEN 'completed'::work.job_status THEN 'completed'::render.render_status WHEN 'failed'::work.job_status THEN 'failed'::render.render_status WHEN 'cancelled'::work.job_status THEN 'cancelled'::render.render_status ELSE NULL::render.render_status END;

COMMENT ON FUNCTION render.to_render(status work.job_status) IS 'The same status in the words of the trade.';

REVOKE ALL ON FUNCTION render.to_render(status work.job_status) FROM PUBLIC;
GRANT ALL ON FUNCTION render.to_render(status work.job_status) TO renderstore_app;
GRANT ALL ON FUNCTION render.to_render(status work.job_status) TO renderstore_worker;
GRANT ALL ON FUNCTION render.to_render(status work.job_status) TO renderstore_admin;
GRANT ALL ON FUNCTION render.to_render(status work.job_status) TO renderstore_readonly;

CREATE FUNCTION render.to_work(status render.render_status) RETURNS work.job_status
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE status WHEN 'pending'::render.render_status THEN 'pending'::work.job_status WHEN 'validating'::render.render_status THEN 'validating'::work.job_status WHEN 'queued'::render.render_status THEN 'queued'::work.job_status WHEN 'rendering'::render.render_status THEN 'running'::work.job_status WHEN 'completed'::render.render_status THEN 'completed'::work.job_status WHEN 'failed'::render.render_status THEN 'failed'::work.job_status WHEN 'cancelled'::render.render_status THEN 'cancelled'::work.job_status ELSE NULL::work.job_status END;

COMMENT ON FUNCTION render.to_work(status render.render_status) IS 'The same status in the words of the queue.';

REVOKE ALL ON FUNCTION render.to_work(status render.render_status) FROM PUBLIC;
GRANT ALL ON FUNCTION render.to_work(status render.render_status) TO renderstore_app;
GRANT ALL ON FUNCTION render.to_work(status render.render_status) TO renderstore_worker;
GRANT ALL ON FUNCTION render.to_work(status render.render_status) TO renderstore_admin;
GRANT ALL ON FUNCTION render.to_work(status render.render_status) TO renderstore_readonly;

CREATE FUNCTION render.uri_names(path text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (path ~ '^[Hh][Tt][Tt][Pp][Ss]?:'::text) THEN regexp_replace(path, '\?.*$'::text, ''::text) ELSE path END;

COMMENT ON FUNCTION render.uri_names(path text) IS 'The part of a URI that is made of names: without the query of a web address.';

REVOKE ALL ON FUNCTION render.uri_names(path text) FROM PUBLIC;
GRANT ALL ON FUNCTION render.uri_names(path text) TO renderstore_app;
GRANT ALL ON FUNCTION render.uri_names(path text) TO renderstore_worker;
GRANT ALL ON FUNCTION render.uri_names(path text) TO renderstore_admin;
GRANT ALL ON FUNCTION render.uri_names(path text) TO renderstore_readonly;

CREATE FUNCTION render.uri_problem(path text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (render.uri_names(path) ~ '\\'::text) THEN 'A URI holds no backslash: write /.'::text WHEN (regexp_replace(regexp_replace(render.uri_names(path), '%2[Ee]'::text, '.'::text, 'g'::text), '%(2[Ff]|5[Cc])'::text, '/'::text, 'g'::text) ~ '(^|/)\.\.([/?#]|$)'::text) THEN 'A path does not climb: no .. in it, encoded neither.'::text WHEN ((render.uri_names(path) COLLATE "C") ~* '%(0[1-9](?![0-9]*d)|0[0a-f]|1[0-9a-f]|7f|c2%[89][0-9a-f])'::text) THEN 'A path holds no control characters, encoded neither.'::text WHEN (path !~* ((((('^file:///|^[^:]+://([!$-.0-;=a-z_~]*@)?'::text || '([!$-.0-9;=a-z_~]+'::text) || '|\[([0-9a-f]{1,4}:){7}[0-9a-f]{1,4}\]'::text) || '|\[(?!([0-9a-f]*:){8})([0-9a-f]{1,4}(:[0-9a-f]{1,4})*)?'::text) || '::([0-9a-f]{1,4}(:[0-9a-f]{1,4})*)?\]'::text) || ')(:[0-9]{0,5})?([/?#]|$)'::text)) THEN 'A URI names its host in ASCII: a name, an address, or an IPv6 one in [ ].'::text ELSE NULL::text END;

COMMENT ON FUNCTION render.uri_problem(path text) IS 'What is wrong in a URI alone, as a sentence; null where nothing.';

REVOKE ALL ON FUNCTION render.uri_problem(path text) FROM PUBLIC;
GRANT ALL ON FUNCTION render.uri_problem(path text) TO renderstore_app;
GRANT ALL ON FUNCTION render.uri_problem(path text) TO renderstore_worker;
GRANT ALL ON FUNCTION render.uri_problem(path text) TO renderstore_admin;
GRANT ALL ON FUNCTION render.uri_problem(path text) TO renderstore_readonly;

CREATE FUNCTION render.windows_problem(path text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN (regexp_replace(path, '^[A-Za-z]:'::text, ''::text) ~ '[<>:"|?*]'::text) THEN 'A name in a Windows path holds none of < > : " | ? and *.'::text WHEN (path ~ '([^\\/][. ]|[\\/] )([\\/]|$)'::text) THEN 'A name in a Windows path does not end in a dot or a space.'::text WHEN ((path COLLATE "C") ~* ('[\\/](con|prn|aux|nul|con(in|out)\$|(com|lpt)[1-9\u00b9\u00b2\u00b3])'::text || ' *(\.[^\\/]*)?([\\/]|$)'::text)) THEN 'A name in a Windows path is no device''s: CON, NUL, COM1 and such.'::text ELSE NULL::text END;

COMMENT ON FUNCTION render.windows_problem(path text) IS 'What Windows alone would not take in a path, as a sentence; null where nothing.';

REVOKE ALL ON FUNCTION render.windows_problem(path text) FROM PUBLIC;
GRANT ALL ON FUNCTION render.windows_problem(path text) TO renderstore_app;
GRANT ALL ON FUNCTION render.windows_problem(path text) TO renderstore_worker;
GRANT ALL ON FUNCTION render.windows_problem(path text) TO renderstore_admin;
GRANT ALL ON FUNCTION render.windows_problem(path text) TO renderstore_readonly;

COMMENT ON CONSTRAINT data_path_is_path_check ON DOMAIN render.data_path IS 'The path of the data file is absolute, does not climb, and has at most 2048 bytes, 255 in a name; ask render.path_problem what is wrong.';
COMMENT ON CONSTRAINT nexrender_config_is_accepted_check ON DOMAIN render.nexrender_config IS 'nexrender would refuse this configuration, or it is larger than 1 MiB, deeper than 200 levels, or has a number of more than 100 digits; render.nexrender_problem says what is wrong.';
COMMENT ON CONSTRAINT nexrender_job_id_is_short_check ON DOMAIN render.nexrender_job_id IS 'A nexrender job id has 1 to 200 characters, no slashes and no ..: it becomes the name of a folder.';
COMMENT ON CONSTRAINT output_name_is_short_check ON DOMAIN render.output_name IS 'An output''s name has 1 to 500 characters.';
COMMENT ON CONSTRAINT output_path_is_path_check ON DOMAIN render.output_path IS 'The path of the output is absolute, does not climb, and has at most 2048 bytes, 255 in a name; ask render.path_problem what is wrong.';
COMMENT ON CONSTRAINT project_name_is_short_check ON DOMAIN render.project_name IS 'A project''s name has 1 to 500 characters.';
COMMENT ON CONSTRAINT project_path_is_path_check ON DOMAIN render.project_path IS 'The path of the After Effects project is absolute, does not climb, and has at most 2048 bytes, 255 in a name; ask render.path_problem what is wrong.';
COMMENT ON CONSTRAINT template_path_is_path_check ON DOMAIN render.template_path IS 'The path of the template is absolute, does not climb, and has at most 2048 bytes, 255 in a name; ask render.path_problem what is wrong.';


-- ==================== studio ====================

CREATE SCHEMA studio;

COMMENT ON SCHEMA studio IS 'Projects, scenes, characters, animations, frames, their assets and presets.';

GRANT USAGE ON SCHEMA studio TO renderstore_app;
GRANT USAGE ON SCHEMA studio TO renderstore_worker;
GRANT USAGE ON SCHEMA studio TO renderstore_admin;
GRANT USAGE ON SCHEMA studio TO renderstore_readonly;

CREATE TYPE studio.asset_kind AS ENUM (
    'image',
    'audio',
    'video',
    'subtitles',
    'project_file',
    'sprite_sheet',
    'other'
);

COMMENT ON TYPE studio.asset_kind IS 'What a file is: image, audio, video, subtitles, project_file (of another program), sprite_sheet, other.';

CREATE TYPE studio.asset_state AS ENUM (
    'reserved',
    'kept',
    'abandoned',
    'expired',
    'deleted',
    'removing',
    'gone'
);

COMMENT ON TYPE studio.asset_state IS 'Where an asset stands: reserved (its file is on its way), kept, abandoned (no file came), expired, deleted (both can be restored while the file is there), removing (the janitor has it), gone.';

CREATE TYPE studio.asset_use AS ENUM (
    'input',
    'output'
);

COMMENT ON TYPE studio.asset_use IS 'What a job does with an asset: input (reads it), output (made it).';

CREATE TYPE studio.playback AS ENUM (
    'forward',
    'reverse',
    'ping_pong',
    'ping_pong_reverse'
);

COMMENT ON TYPE studio.playback IS 'In which direction frames play: forward, reverse, ping_pong (there and back), ping_pong_reverse (back and there).';

CREATE TYPE studio.preset_kind AS ENUM (
    'script',
    'image',
    'voice',
    'subtitles',
    'video',
    'animation',
    'other'
);

COMMENT ON TYPE studio.preset_kind IS 'What a preset is for: script, image, voice, subtitles, video, animation, other.';

CREATE TYPE studio.project_status AS ENUM (
    'draft',
    'generating',
    'completed',
    'failed',
    'archived'
);

COMMENT ON TYPE studio.project_status IS 'Where a project stands: draft (somebody writes), generating, completed, failed, archived (put away).';

CREATE TYPE studio.scene_status AS ENUM (
    'pending',
    'generating',
    'completed',
    'failed'
);

COMMENT ON TYPE studio.scene_status IS 'Where a scene stands: pending (nothing was made of it yet), generating, completed, failed.';

CREATE TYPE studio.step_kind AS ENUM (
    'script',
    'image',
    'voice',
    'subtitles',
    'video',
    'other'
);

COMMENT ON TYPE studio.step_kind IS 'What a step makes: script, image, voice, subtitles, video, other.';

CREATE DOMAIN studio.provider AS text
	CONSTRAINT provider_is_short_check CHECK (((length(VALUE) >= 1) AND (length(VALUE) <= 100)));

COMMENT ON DOMAIN studio.provider IS 'Who makes something for us, such as openai, 1 to 100 characters.';

CREATE DOMAIN studio.tally AS bigint
	CONSTRAINT tally_is_0_to_quadrillion_check CHECK (((VALUE >= 0) AND (VALUE <= '1000000000000000'::bigint)));

COMMENT ON DOMAIN studio.tally IS 'How many tokens, or millionths of money, 0 to 10^15.';

CREATE TABLE studio.animations (
    user_id uuid NOT NULL,
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    project_id uuid NOT NULL,
    character_id uuid NOT NULL,
    name text NOT NULL,
    frames_per_second smallint DEFAULT 12 NOT NULL,
    playback studio.playback DEFAULT 'forward'::studio.playback NOT NULL,
    repeats integer,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at ops.moment,
    CONSTRAINT animations_frames_per_second_is_1_to_1000_check CHECK (((frames_per_second >= 1) AND (frames_per_second <= 1000))),
    CONSTRAINT animations_name_is_short_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT animations_repeats_is_1_to_65535_check CHECK (((repeats >= 1) AND (repeats <= 65535)))
);

ALTER TABLE ONLY studio.animations FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE studio.animations IS 'One row an animation of a character.';
COMMENT ON COLUMN studio.animations.user_id IS 'The user who owns the project.';
COMMENT ON COLUMN studio.animations.id IS 'The animation''s identifier, made by the database.';
COMMENT ON COLUMN studio.animations.project_id IS 'The project, as the character has it; the database writes it.';
COMMENT ON COLUMN studio.animations.character_id IS 'The character.';
COMMENT ON COLUMN studio.animations.name IS 'What the animation is called, 1 to 200 characters, unique among the character''s living ones.';
COMMENT ON COLUMN studio.animations.frames_per_second IS 'How fast frames play whose duration nobody says, 1 to 1000.';
COMMENT ON COLUMN studio.animations.playback IS 'In which direction the frames play.';
COMMENT ON COLUMN studio.animations.repeats IS 'How often the animation plays, 1 to 65535; null for ever.';
COMMENT ON COLUMN studio.animations.created_at IS 'When the animation was created.';
COMMENT ON COLUMN studio.animations.updated_at IS 'When the row last changed.';
COMMENT ON COLUMN studio.animations.deleted_at IS 'When the animation was deleted; null while it lives.';
COMMENT ON CONSTRAINT animations_frames_per_second_is_1_to_1000_check ON studio.animations IS 'An animation plays 1 to 1000 frames a second.';
COMMENT ON CONSTRAINT animations_name_is_short_check ON studio.animations IS 'An animation''s name has 1 to 200 characters.';
COMMENT ON CONSTRAINT animations_repeats_is_1_to_65535_check ON studio.animations IS 'An animation plays 1 to 65535 times, or for ever.';

ALTER TABLE ONLY studio.animations
    ADD CONSTRAINT animations_pkey PRIMARY KEY (user_id, id);

COMMENT ON CONSTRAINT animations_pkey ON studio.animations IS 'There is already an animation with this id.';

CREATE INDEX animations_user_id_character_id_idx ON studio.animations USING btree (user_id, character_id);

CREATE UNIQUE INDEX animations_user_id_character_id_name_key ON studio.animations USING btree (user_id, character_id, name) WHERE (deleted_at IS NULL);

COMMENT ON INDEX studio.animations_user_id_character_id_name_key IS 'The character already has an animation with this name.';

CREATE INDEX animations_user_id_project_id_idx ON studio.animations USING btree (user_id, project_id);

CREATE TRIGGER animations_audit_delete AFTER DELETE ON studio.animations REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_studio_animations();

CREATE TRIGGER animations_audit_insert AFTER INSERT ON studio.animations REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_studio_animations();

CREATE TRIGGER animations_audit_update AFTER UPDATE ON studio.animations FOR EACH ROW WHEN ((((((((old.project_id IS DISTINCT FROM new.project_id) OR (old.character_id IS DISTINCT FROM new.character_id)) OR (old.name IS DISTINCT FROM new.name)) OR (old.frames_per_second IS DISTINCT FROM new.frames_per_second)) OR (old.playback IS DISTINCT FROM new.playback)) OR (old.repeats IS DISTINCT FROM new.repeats)) OR ((old.deleted_at)::timestamp with time zone IS DISTINCT FROM (new.deleted_at)::timestamp with time zone))) EXECUTE FUNCTION audit.note_studio_animations();

CREATE TRIGGER animations_follow_character BEFORE INSERT ON studio.animations FOR EACH ROW EXECUTE FUNCTION studio.follow_character();

CREATE TRIGGER animations_refuse_deleted_project BEFORE INSERT ON studio.animations FOR EACH ROW EXECUTE FUNCTION studio.refuse_deleted_project();

CREATE TRIGGER animations_set_updated_at BEFORE UPDATE ON studio.animations FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION ops.set_updated_at();

ALTER TABLE ONLY studio.animations
    ADD CONSTRAINT animations_user_id_character_id_fkey FOREIGN KEY (user_id, character_id) REFERENCES studio.characters(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT animations_user_id_character_id_fkey ON studio.animations IS 'There is no character with this id; still referenced: the character has animations.';

ALTER TABLE ONLY studio.animations
    ADD CONSTRAINT animations_user_id_project_id_fkey FOREIGN KEY (user_id, project_id) REFERENCES studio.projects(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT animations_user_id_project_id_fkey ON studio.animations IS 'There is no project with this id; still referenced: the project has animations.';

ALTER TABLE studio.animations ENABLE ROW LEVEL SECURITY;

CREATE POLICY animations_every ON studio.animations TO renderstore_admin USING (true) WITH CHECK (true);
CREATE POLICY animations_own ON studio.animations TO renderstore_app USING (((user_id = ( SELECT identity.current_user_id() AS current_user_id)) AND (project_id <> ALL (( SELECT studio.deleted_project_ids() AS deleted_project_ids)::uuid[])))) WITH CHECK (((user_id = ( SELECT identity.current_user_id() AS current_user_id)) AND (project_id <> ALL (( SELECT studio.deleted_project_ids() AS deleted_project_ids)::uuid[]))));
CREATE POLICY animations_owner ON studio.animations TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY animations_read ON studio.animations FOR SELECT TO renderstore_readonly USING (true);

GRANT SELECT ON TABLE studio.animations TO renderstore_app;
GRANT SELECT ON TABLE studio.animations TO renderstore_admin;
GRANT SELECT ON TABLE studio.animations TO renderstore_readonly;
GRANT INSERT(user_id) ON TABLE studio.animations TO renderstore_app;
GRANT INSERT(user_id) ON TABLE studio.animations TO renderstore_admin;
GRANT INSERT(character_id) ON TABLE studio.animations TO renderstore_app;
GRANT INSERT(character_id) ON TABLE studio.animations TO renderstore_admin;
GRANT INSERT(name),UPDATE(name) ON TABLE studio.animations TO renderstore_app;
GRANT INSERT(name),UPDATE(name) ON TABLE studio.animations TO renderstore_admin;
GRANT INSERT(frames_per_second),UPDATE(frames_per_second) ON TABLE studio.animations TO renderstore_app;
GRANT INSERT(frames_per_second),UPDATE(frames_per_second) ON TABLE studio.animations TO renderstore_admin;
GRANT INSERT(playback),UPDATE(playback) ON TABLE studio.animations TO renderstore_app;
GRANT INSERT(playback),UPDATE(playback) ON TABLE studio.animations TO renderstore_admin;
GRANT INSERT(repeats),UPDATE(repeats) ON TABLE studio.animations TO renderstore_app;
GRANT INSERT(repeats),UPDATE(repeats) ON TABLE studio.animations TO renderstore_admin;
GRANT UPDATE(deleted_at) ON TABLE studio.animations TO renderstore_app;
GRANT UPDATE(deleted_at) ON TABLE studio.animations TO renderstore_admin;

CREATE TABLE studio.assets (
    user_id uuid NOT NULL,
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    project_id uuid,
    kind studio.asset_kind NOT NULL,
    state studio.asset_state DEFAULT 'reserved'::studio.asset_state NOT NULL,
    uri text NOT NULL,
    name text,
    size_bytes bigint NOT NULL,
    media_type text,
    sha256 bytea,
    width integer,
    height integer,
    duration_ms bigint,
    provenance jsonb,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    kept_at timestamp with time zone,
    expires_at ops.moment,
    deleted_at timestamp with time zone,
    missing_at timestamp with time zone,
    sweep_at timestamp with time zone DEFAULT (now() + '1 day'::interval),
    CONSTRAINT assets_duration_ms_is_not_negative_check CHECK ((duration_ms >= 0)),
    CONSTRAINT assets_has_width_and_height_check CHECK ((((width IS NULL) = (height IS NULL)) AND ((width >= 1) AND (width <= 1000000)) AND ((height >= 1) AND (height <= 1000000)))),
    CONSTRAINT assets_is_whole_check CHECK ((((state = ANY (ARRAY['reserved'::studio.asset_state, 'kept'::studio.asset_state])) = (deleted_at IS NULL)) AND ((state <> 'kept'::studio.asset_state) OR (kept_at IS NOT NULL)) AND ((state <> 'reserved'::studio.asset_state) OR (kept_at IS NULL)))),
    CONSTRAINT assets_media_type_is_media_type_check CHECK ((media_type ~ '^[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}$'::text)),
    CONSTRAINT assets_name_is_short_check CHECK (((length(name) >= 1) AND (length(name) <= 255))),
    CONSTRAINT assets_provenance_is_object_check CHECK (((jsonb_typeof(provenance) = 'object'::text) AND (ops.json_problem(provenance) IS NULL))),
    CONSTRAINT assets_sha256_is_sha256_check CHECK ((length(sha256) = 32)),
    CONSTRAINT assets_size_bytes_is_not_negative_check CHECK (((size_bytes >= 0) AND (size_bytes <= '1125899906842624'::bigint))),
    CONSTRAINT assets_uri_is_the_owners_check CHECK ((ops.is_owners_uri(user_id, uri) AND (uri ~ '^[A-Za-z0-9._/-]+$'::text) AND (length(uri) <= 300)))
);

ALTER TABLE ONLY studio.assets FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE studio.assets IS 'One row an asset: what is known of a file.';
COMMENT ON COLUMN studio.assets.user_id IS 'The user who owns the asset.';
COMMENT ON COLUMN studio.assets.id IS 'The asset''s identifier, made by the database.';
COMMENT ON COLUMN studio.assets.project_id IS 'The project that the asset belongs to; null where it belongs to none, or to several.';
COMMENT ON COLUMN studio.assets.kind IS 'What the file is.';
COMMENT ON COLUMN studio.assets.state IS 'Where the asset stands; studio.transitions says what may follow.';
COMMENT ON COLUMN studio.assets.uri IS 'Where the file lies, under the owner''s id; made by the database.';
COMMENT ON COLUMN studio.assets.name IS 'What people call the file, up to 255 characters; null without a name.';
COMMENT ON COLUMN studio.assets.size_bytes IS 'The file''s size in bytes; the expected one while it is reserved.';
COMMENT ON COLUMN studio.assets.media_type IS 'What the file holds, such as image/png; null where nobody knows.';
COMMENT ON COLUMN studio.assets.sha256 IS 'The SHA-256 of the file, 32 bytes; null until it is kept, or where nobody knows.';
COMMENT ON COLUMN studio.assets.width IS 'The image''s width in pixels; null where it has none.';
COMMENT ON COLUMN studio.assets.height IS 'The image''s height in pixels; null where it has none.';
COMMENT ON COLUMN studio.assets.duration_ms IS 'How long it plays, in milliseconds; null where it does not.';
COMMENT ON COLUMN studio.assets.provenance IS 'What it was made with, such as prompt, model and seed, as an object; null where nobody knows.';
COMMENT ON COLUMN studio.assets.created_at IS 'When the asset was reserved.';
COMMENT ON COLUMN studio.assets.updated_at IS 'When the row last changed.';
COMMENT ON COLUMN studio.assets.kept_at IS 'When the file was there; null before. From then on its bytes count until it is gone.';
COMMENT ON COLUMN studio.assets.expires_at IS 'From when the asset expires, unless something uses it; null for never.';
COMMENT ON COLUMN studio.assets.deleted_at IS 'When the asset expired, was deleted or was given up; null while it is reserved or kept.';
COMMENT ON COLUMN studio.assets.missing_at IS 'When reconcile found no file; null where nobody missed it.';
COMMENT ON COLUMN studio.assets.sweep_at IS 'When the sweep looks at the row next: a reservation''s end, an expiry, the clearing of what is gone; null for never.';
COMMENT ON CONSTRAINT assets_duration_ms_is_not_negative_check ON studio.assets IS 'A file plays for 0 milliseconds or more.';
COMMENT ON CONSTRAINT assets_has_width_and_height_check ON studio.assets IS 'An image has a width and a height of 1 to 1000000 pixels, or neither.';
COMMENT ON CONSTRAINT assets_is_whole_check ON studio.assets IS 'A kept asset says since when, a reserved one does not, and any other says since when it is not.';
COMMENT ON CONSTRAINT assets_media_type_is_media_type_check ON studio.assets IS 'A media type looks like image/png, in lower case.';
COMMENT ON CONSTRAINT assets_name_is_short_check ON studio.assets IS 'An asset''s name has 1 to 255 characters.';
COMMENT ON CONSTRAINT assets_provenance_is_object_check ON studio.assets IS 'Provenance is a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';
COMMENT ON CONSTRAINT assets_sha256_is_sha256_check ON studio.assets IS 'A file''s hash is a SHA-256: 32 bytes.';
COMMENT ON CONSTRAINT assets_size_bytes_is_not_negative_check ON studio.assets IS 'A file''s size is 0 bytes to a pebibyte.';
COMMENT ON CONSTRAINT assets_uri_is_the_owners_check ON studio.assets IS 'An asset''s URI begins with its owner''s id and a slash, does not climb, and has letters, digits, dots, dashes and slashes, 300 at most.';

ALTER TABLE ONLY studio.assets
    ADD CONSTRAINT assets_pkey PRIMARY KEY (user_id, id);

COMMENT ON CONSTRAINT assets_pkey ON studio.assets IS 'There is already an asset with this id.';

ALTER TABLE ONLY studio.assets
    ADD CONSTRAINT assets_user_id_uri_key UNIQUE (user_id, uri);

COMMENT ON CONSTRAINT assets_user_id_uri_key ON studio.assets IS 'There is already an asset with this file.';

CREATE INDEX assets_id_idx ON studio.assets USING btree (id);

CREATE INDEX assets_sha256_idx ON studio.assets USING btree (user_id, sha256) WHERE (state = 'kept'::studio.asset_state);

CREATE INDEX assets_sweep_at_idx ON studio.assets USING btree (sweep_at) WHERE (sweep_at IS NOT NULL);

CREATE INDEX assets_user_id_project_id_id_idx ON studio.assets USING btree (user_id, project_id, id);

CREATE TRIGGER assets_audit_delete AFTER DELETE ON studio.assets REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_studio_assets();

CREATE TRIGGER assets_audit_insert AFTER INSERT ON studio.assets REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_studio_assets();

CREATE TRIGGER assets_audit_update AFTER UPDATE ON studio.assets FOR EACH ROW WHEN (((((((((((((((((old.project_id IS DISTINCT FROM new.project_id) OR (old.kind IS DISTINCT FROM new.kind)) OR (old.state IS DISTINCT FROM new.state)) OR (old.uri IS DISTINCT FROM new.uri)) OR (old.name IS DISTINCT FROM new.name)) OR (old.size_bytes IS DISTINCT FROM new.size_bytes)) OR (old.media_type IS DISTINCT FROM new.media_type)) OR (old.sha256 IS DISTINCT FROM new.sha256)) OR (old.width IS DISTINCT FROM new.width)) OR (old.height IS DISTINCT FROM new.height)) OR (old.duration_ms IS DISTINCT FROM new.duration_ms)) OR (old.provenance IS DISTINCT FROM new.provenance)) OR (old.kept_at IS DISTINCT FROM new.kept_at)) OR ((old.expires_at)::timestamp with time zone IS DISTINCT FROM (new.expires_at)::timestamp with time zone)) OR (old.deleted_at IS DISTINCT FROM new.deleted_at)) OR (old.missing_at IS DISTINCT FROM new.missing_at))) EXECUTE FUNCTION audit.note_studio_assets();

CREATE TRIGGER assets_follow_expiry BEFORE UPDATE OF expires_at ON studio.assets FOR EACH ROW WHEN (((new.state = 'kept'::studio.asset_state) AND ((old.expires_at)::timestamp with time zone IS DISTINCT FROM (new.expires_at)::timestamp with time zone))) EXECUTE FUNCTION studio.follow_expiry();

CREATE TRIGGER assets_guard BEFORE UPDATE OF state ON studio.assets FOR EACH ROW WHEN ((old.state <> new.state)) EXECUTE FUNCTION studio.guard_asset();

CREATE TRIGGER assets_note_removal AFTER DELETE ON studio.assets FOR EACH ROW WHEN ((old.state <> 'gone'::studio.asset_state)) EXECUTE FUNCTION studio.note_removal();

CREATE TRIGGER assets_set_updated_at BEFORE UPDATE ON studio.assets FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION ops.set_updated_at();

ALTER TABLE ONLY studio.assets
    ADD CONSTRAINT assets_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT assets_user_id_fkey ON studio.assets IS 'There is no user with this id; still referenced: the user has assets.';

ALTER TABLE ONLY studio.assets
    ADD CONSTRAINT assets_user_id_project_id_fkey FOREIGN KEY (user_id, project_id) REFERENCES studio.projects(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT assets_user_id_project_id_fkey ON studio.assets IS 'There is no project with this id; still referenced: the project has assets.';

ALTER TABLE studio.assets ENABLE ROW LEVEL SECURITY;

CREATE POLICY assets_every ON studio.assets TO renderstore_admin USING (true) WITH CHECK (true);
CREATE POLICY assets_held ON studio.assets FOR SELECT TO renderstore_worker USING ((EXISTS ( SELECT
   FROM studio.job_assets u
  WHERE ((u.user_id = assets.user_id) AND (u.asset_id = assets.id)))));
CREATE POLICY assets_own ON studio.assets TO renderstore_app USING (((user_id = ( SELECT identity.current_user_id() AS current_user_id)) AND ((project_id IS NULL) OR (project_id <> ALL (( SELECT studio.deleted_project_ids() AS deleted_project_ids)::uuid[]))))) WITH CHECK (((user_id = ( SELECT identity.current_user_id() AS current_user_id)) AND ((project_id IS NULL) OR (project_id <> ALL (( SELECT studio.deleted_project_ids() AS deleted_project_ids)::uuid[])))));
CREATE POLICY assets_owner ON studio.assets TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY assets_read ON studio.assets FOR SELECT TO renderstore_readonly USING (true);

GRANT SELECT ON TABLE studio.assets TO renderstore_app;
GRANT SELECT ON TABLE studio.assets TO renderstore_admin;
GRANT SELECT ON TABLE studio.assets TO renderstore_readonly;
GRANT SELECT ON TABLE studio.assets TO renderstore_worker;
GRANT UPDATE(name) ON TABLE studio.assets TO renderstore_app;
GRANT UPDATE(name) ON TABLE studio.assets TO renderstore_admin;
GRANT UPDATE(provenance) ON TABLE studio.assets TO renderstore_app;
GRANT UPDATE(provenance) ON TABLE studio.assets TO renderstore_admin;
GRANT UPDATE(expires_at) ON TABLE studio.assets TO renderstore_app;
GRANT UPDATE(expires_at) ON TABLE studio.assets TO renderstore_admin;
GRANT UPDATE(missing_at) ON TABLE studio.assets TO renderstore_admin;

CREATE TABLE studio.characters (
    user_id uuid NOT NULL,
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    project_id uuid NOT NULL,
    name text NOT NULL,
    description text,
    config jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at ops.moment,
    CONSTRAINT characters_config_is_object_check CHECK (((jsonb_typeof(config) = 'object'::text) AND (ops.json_problem(config) IS NULL))),
    CONSTRAINT characters_description_is_short_check CHECK ((length(description) <= 20000)),
    CONSTRAINT characters_name_is_short_check CHECK (((length(name) >= 1) AND (length(name) <= 200)))
);

ALTER TABLE ONLY studio.characters FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE studio.characters IS 'One row a character of a project.';
COMMENT ON COLUMN studio.characters.user_id IS 'The user who owns the project.';
COMMENT ON COLUMN studio.characters.id IS 'The character''s identifier, made by the database.';
COMMENT ON COLUMN studio.characters.project_id IS 'The project.';
COMMENT ON COLUMN studio.characters.name IS 'What the character is called, 1 to 200 characters, unique among the project''s living ones.';
COMMENT ON COLUMN studio.characters.description IS 'What the character is like, up to 20000 characters; null where nobody says.';
COMMENT ON COLUMN studio.characters.config IS 'The character''s settings, an object of the application''s own.';
COMMENT ON COLUMN studio.characters.created_at IS 'When the character was created.';
COMMENT ON COLUMN studio.characters.updated_at IS 'When the row last changed.';
COMMENT ON COLUMN studio.characters.deleted_at IS 'When the character was deleted; null while it lives.';
COMMENT ON CONSTRAINT characters_config_is_object_check ON studio.characters IS 'A character''s configuration is a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';
COMMENT ON CONSTRAINT characters_description_is_short_check ON studio.characters IS 'A character''s description has at most 20000 characters.';
COMMENT ON CONSTRAINT characters_name_is_short_check ON studio.characters IS 'A character''s name has 1 to 200 characters.';

ALTER TABLE ONLY studio.characters
    ADD CONSTRAINT characters_pkey PRIMARY KEY (user_id, id);

COMMENT ON CONSTRAINT characters_pkey ON studio.characters IS 'There is already a character with this id.';

CREATE INDEX characters_user_id_project_id_idx ON studio.characters USING btree (user_id, project_id);

CREATE UNIQUE INDEX characters_user_id_project_id_name_key ON studio.characters USING btree (user_id, project_id, name) WHERE (deleted_at IS NULL);

COMMENT ON INDEX studio.characters_user_id_project_id_name_key IS 'The project already has a character with this name.';

CREATE TRIGGER characters_audit_delete AFTER DELETE ON studio.characters REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_studio_characters();

CREATE TRIGGER characters_audit_insert AFTER INSERT ON studio.characters REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_studio_characters();

CREATE TRIGGER characters_audit_update AFTER UPDATE ON studio.characters FOR EACH ROW WHEN ((((((old.project_id IS DISTINCT FROM new.project_id) OR (old.name IS DISTINCT FROM new.name)) OR (old.description IS DISTINCT FROM new.description)) OR (old.config IS DISTINCT FROM new.config)) OR ((old.deleted_at)::timestamp with time zone IS DISTINCT FROM (new.deleted_at)::timestamp with time zone))) EXECUTE FUNCTION audit.note_studio_characters();

CREATE TRIGGER characters_refuse_deleted_project BEFORE INSERT ON studio.characters FOR EACH ROW EXECUTE FUNCTION studio.refuse_deleted_project();

CREATE TRIGGER characters_set_updated_at BEFORE UPDATE ON studio.characters FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION ops.set_updated_at();

ALTER TABLE ONLY studio.characters
    ADD CONSTRAINT characters_user_id_project_id_fkey FOREIGN KEY (user_id, project_id) REFERENCES studio.projects(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT characters_user_id_project_id_fkey ON studio.characters IS 'There is no project with this id; still referenced: the project has characters.';

ALTER TABLE studio.characters ENABLE ROW LEVEL SECURITY;

CREATE POLICY characters_every ON studio.characters TO renderstore_admin USING (true) WITH CHECK (true);
CREATE POLICY characters_own ON studio.characters TO renderstore_app USING (((user_id = ( SELECT identity.current_user_id() AS current_user_id)) AND (project_id <> ALL (( SELECT studio.deleted_project_ids() AS deleted_project_ids)::uuid[])))) WITH CHECK (((user_id = ( SELECT identity.current_user_id() AS current_user_id)) AND (project_id <> ALL (( SELECT studio.deleted_project_ids() AS deleted_project_ids)::uuid[]))));
CREATE POLICY characters_owner ON studio.characters TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY characters_read ON studio.characters FOR SELECT TO renderstore_readonly USING (true);

GRANT SELECT ON TABLE studio.characters TO renderstore_app;
GRANT SELECT ON TABLE studio.characters TO renderstore_admin;
GRANT SELECT ON TABLE studio.characters TO renderstore_readonly;
GRANT INSERT(user_id) ON TABLE studio.characters TO renderstore_app;
GRANT INSERT(user_id) ON TABLE studio.characters TO renderstore_admin;
GRANT INSERT(project_id) ON TABLE studio.characters TO renderstore_app;
GRANT INSERT(project_id) ON TABLE studio.characters TO renderstore_admin;
GRANT INSERT(name),UPDATE(name) ON TABLE studio.characters TO renderstore_app;
GRANT INSERT(name),UPDATE(name) ON TABLE studio.characters TO renderstore_admin;
GRANT INSERT(description),UPDATE(description) ON TABLE studio.characters TO renderstore_app;
GRANT INSERT(description),UPDATE(description) ON TABLE studio.characters TO renderstore_admin;
GRANT INSERT(config),UPDATE(config) ON TABLE studio.characters TO renderstore_app;
GRANT INSERT(config),UPDATE(config) ON TABLE studio.characters TO renderstore_admin;
GRANT UPDATE(deleted_at) ON TABLE studio.characters TO renderstore_app;
GRANT UPDATE(deleted_at) ON TABLE studio.characters TO renderstore_admin;

CREATE TABLE studio.frames (
    user_id uuid NOT NULL,
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    project_id uuid NOT NULL,
    animation_id uuid NOT NULL,
    "position" integer NOT NULL,
    duration_ms integer NOT NULL,
    asset_id uuid,
    pivot_x integer,
    pivot_y integer,
    source_x integer,
    source_y integer,
    source_width integer,
    source_height integer,
    CONSTRAINT frames_duration_ms_is_1_to_3600000_check CHECK (((duration_ms >= 1) AND (duration_ms <= 3600000))),
    CONSTRAINT frames_pivot_is_a_point_check CHECK ((num_nonnulls(pivot_x, pivot_y) = ANY (ARRAY[0, 2]))),
    CONSTRAINT frames_position_is_positive_check CHECK (("position" >= 1)),
    CONSTRAINT frames_source_is_a_rectangle_check CHECK (((num_nonnulls(source_x, source_y, source_width, source_height) = ANY (ARRAY[0, 4])) AND (LEAST(source_x, source_y) >= 0) AND (LEAST(source_width, source_height) >= 1)))
);

ALTER TABLE ONLY studio.frames FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE studio.frames IS 'One row a frame of an animation.';
COMMENT ON COLUMN studio.frames.user_id IS 'The user who owns the project.';
COMMENT ON COLUMN studio.frames.id IS 'The frame''s identifier, made by the database.';
COMMENT ON COLUMN studio.frames.project_id IS 'The project, as the animation has it.';
COMMENT ON COLUMN studio.frames.animation_id IS 'The animation.';
COMMENT ON COLUMN studio.frames."position" IS 'The frame''s place in its animation, from 1.';
COMMENT ON COLUMN studio.frames.duration_ms IS 'How long the frame stays, in milliseconds, 1 to 3600000.';
COMMENT ON COLUMN studio.frames.asset_id IS 'The asset that shows the frame; null where none does yet.';
COMMENT ON COLUMN studio.frames.pivot_x IS 'Where the frame is held, in pixels from its left edge; null where nobody says.';
COMMENT ON COLUMN studio.frames.pivot_y IS 'Where the frame is held, in pixels from its upper edge; null where nobody says.';
COMMENT ON COLUMN studio.frames.source_x IS 'Where the frame begins in its asset, in pixels from the left; null where it is the whole asset.';
COMMENT ON COLUMN studio.frames.source_y IS 'Where the frame begins in its asset, in pixels from above; null where it is the whole asset.';
COMMENT ON COLUMN studio.frames.source_width IS 'How wide the frame is in its asset, in pixels; null where it is the whole asset.';
COMMENT ON COLUMN studio.frames.source_height IS 'How high the frame is in its asset, in pixels; null where it is the whole asset.';
COMMENT ON CONSTRAINT frames_duration_ms_is_1_to_3600000_check ON studio.frames IS 'A frame stays for 1 millisecond to an hour.';
COMMENT ON CONSTRAINT frames_pivot_is_a_point_check ON studio.frames IS 'A pivot has both coordinates, or neither.';
COMMENT ON CONSTRAINT frames_position_is_positive_check ON studio.frames IS 'A frame''s position is 1 or more.';
COMMENT ON CONSTRAINT frames_source_is_a_rectangle_check ON studio.frames IS 'The part of an asset has a place and a size of at least one pixel, or neither.';

ALTER TABLE ONLY studio.frames
    ADD CONSTRAINT frames_pkey PRIMARY KEY (user_id, id);

COMMENT ON CONSTRAINT frames_pkey ON studio.frames IS 'There is already a frame with this id.';

ALTER TABLE ONLY studio.frames
    ADD CONSTRAINT frames_user_id_animation_id_position_key UNIQUE (user_id, animation_id, "position") DEFERRABLE;

COMMENT ON CONSTRAINT frames_user_id_animation_id_position_key ON studio.frames IS 'The animation already has a frame at this place.';

CREATE INDEX frames_user_id_asset_id_idx ON studio.frames USING btree (user_id, asset_id) WHERE (asset_id IS NOT NULL);

CREATE INDEX frames_user_id_project_id_idx ON studio.frames USING btree (user_id, project_id);

ALTER TABLE ONLY studio.frames
    ADD CONSTRAINT frames_user_id_animation_id_fkey FOREIGN KEY (user_id, animation_id) REFERENCES studio.animations(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT frames_user_id_animation_id_fkey ON studio.frames IS 'There is no animation with this id; still referenced: the animation has frames.';

ALTER TABLE ONLY studio.frames
    ADD CONSTRAINT frames_user_id_asset_id_fkey FOREIGN KEY (user_id, asset_id) REFERENCES studio.assets(user_id, id);

COMMENT ON CONSTRAINT frames_user_id_asset_id_fkey ON studio.frames IS 'There is no asset with this id; still referenced: a frame uses the asset.';

ALTER TABLE ONLY studio.frames
    ADD CONSTRAINT frames_user_id_project_id_fkey FOREIGN KEY (user_id, project_id) REFERENCES studio.projects(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT frames_user_id_project_id_fkey ON studio.frames IS 'There is no project with this id; still referenced: the project has frames.';

ALTER TABLE studio.frames ENABLE ROW LEVEL SECURITY;

CREATE POLICY frames_every ON studio.frames TO renderstore_admin USING (true) WITH CHECK (true);
CREATE POLICY frames_own ON studio.frames TO renderstore_app USING (((user_id = ( SELECT identity.current_user_id() AS current_user_id)) AND (project_id <> ALL (( SELECT studio.deleted_project_ids() AS deleted_project_ids)::uuid[])))) WITH CHECK (((user_id = ( SELECT identity.current_user_id() AS current_user_id)) AND (project_id <> ALL (( SELECT studio.deleted_project_ids() AS deleted_project_ids)::uuid[]))));
CREATE POLICY frames_owner ON studio.frames TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY frames_read ON studio.frames FOR SELECT TO renderstore_readonly USING (true);

GRANT SELECT ON TABLE studio.frames TO renderstore_app;
GRANT SELECT ON TABLE studio.frames TO renderstore_admin;
GRANT SELECT ON TABLE studio.frames TO renderstore_readonly;
GRANT UPDATE(duration_ms) ON TABLE studio.frames TO renderstore_app;
GRANT UPDATE(duration_ms) ON TABLE studio.frames TO renderstore_admin;
GRANT UPDATE(pivot_x) ON TABLE studio.frames TO renderstore_app;
GRANT UPDATE(pivot_x) ON TABLE studio.frames TO renderstore_admin;
GRANT UPDATE(pivot_y) ON TABLE studio.frames TO renderstore_app;
GRANT UPDATE(pivot_y) ON TABLE studio.frames TO renderstore_admin;
GRANT UPDATE(source_x) ON TABLE studio.frames TO renderstore_app;
GRANT UPDATE(source_x) ON TABLE studio.frames TO renderstore_admin;
GRANT UPDATE(source_y) ON TABLE studio.frames TO renderstore_app;
GRANT UPDATE(source_y) ON TABLE studio.frames TO renderstore_admin;
GRANT UPDATE(source_width) ON TABLE studio.frames TO renderstore_app;
GRANT UPDATE(source_width) ON TABLE studio.frames TO renderstore_admin;
GRANT UPDATE(source_height) ON TABLE studio.frames TO renderstore_app;
GRANT UPDATE(source_height) ON TABLE studio.frames TO renderstore_admin;

CREATE TABLE studio.job_assets (
    user_id uuid NOT NULL,
    job_id uuid NOT NULL,
    asset_id uuid NOT NULL,
    use studio.asset_use NOT NULL
);

ALTER TABLE ONLY studio.job_assets FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE studio.job_assets IS 'One row an asset that a job reads or made.';
COMMENT ON COLUMN studio.job_assets.user_id IS 'The user who owns both.';
COMMENT ON COLUMN studio.job_assets.job_id IS 'The job.';
COMMENT ON COLUMN studio.job_assets.asset_id IS 'The asset.';
COMMENT ON COLUMN studio.job_assets.use IS 'What the job does with it.';

ALTER TABLE ONLY studio.job_assets
    ADD CONSTRAINT job_assets_pkey PRIMARY KEY (user_id, job_id, asset_id, use);

COMMENT ON CONSTRAINT job_assets_pkey ON studio.job_assets IS 'The job already has this asset.';

CREATE INDEX job_assets_user_id_asset_id_idx ON studio.job_assets USING btree (user_id, asset_id);

ALTER TABLE ONLY studio.job_assets
    ADD CONSTRAINT job_assets_user_id_asset_id_fkey FOREIGN KEY (user_id, asset_id) REFERENCES studio.assets(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT job_assets_user_id_asset_id_fkey ON studio.job_assets IS 'There is no asset with this id; still referenced: a job uses the asset.';

ALTER TABLE ONLY studio.job_assets
    ADD CONSTRAINT job_assets_user_id_job_id_fkey FOREIGN KEY (user_id, job_id) REFERENCES work.jobs(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT job_assets_user_id_job_id_fkey ON studio.job_assets IS 'There is no job with this id; still referenced: the job uses assets.';

ALTER TABLE studio.job_assets ENABLE ROW LEVEL SECURITY;

CREATE POLICY job_assets_held ON studio.job_assets FOR SELECT TO renderstore_worker USING ((EXISTS ( SELECT
   FROM work.jobs j
  WHERE ((j.user_id = job_assets.user_id) AND (j.id = job_assets.job_id)))));
CREATE POLICY job_assets_own ON studio.job_assets FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY job_assets_owner ON studio.job_assets TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY job_assets_read ON studio.job_assets FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE studio.job_assets TO renderstore_app;
GRANT SELECT ON TABLE studio.job_assets TO renderstore_worker;
GRANT SELECT ON TABLE studio.job_assets TO renderstore_admin;
GRANT SELECT ON TABLE studio.job_assets TO renderstore_readonly;

CREATE TABLE studio.presets (
    user_id uuid NOT NULL,
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    kind studio.preset_kind NOT NULL,
    name text NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    purge_at timestamp with time zone,
    CONSTRAINT presets_default_lives_check CHECK (((NOT is_default) OR (deleted_at IS NULL))),
    CONSTRAINT presets_name_is_short_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT presets_purge_at_follows_deletion_check CHECK (((purge_at IS NULL) OR (deleted_at IS NOT NULL))),
    CONSTRAINT presets_settings_are_object_check CHECK (((jsonb_typeof(settings) = 'object'::text) AND (ops.json_problem(settings) IS NULL)))
);

ALTER TABLE ONLY studio.presets FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE studio.presets IS 'One row a preset of a user. studio.preset_choices shows them together with the standard ones.';
COMMENT ON COLUMN studio.presets.user_id IS 'The user who owns the preset.';
COMMENT ON COLUMN studio.presets.id IS 'The preset''s identifier, made by the database.';
COMMENT ON COLUMN studio.presets.kind IS 'What the preset is for.';
COMMENT ON COLUMN studio.presets.name IS 'What people call the preset, 1 to 100 characters, unique among the user''s living ones of its kind.';
COMMENT ON COLUMN studio.presets.settings IS 'What it sets, an object of the application''s own.';
COMMENT ON COLUMN studio.presets.is_default IS 'Whether it is chosen where nobody names one: at most one of a kind, ahead of the standard default.';
COMMENT ON COLUMN studio.presets.created_at IS 'When the preset was created.';
COMMENT ON COLUMN studio.presets.updated_at IS 'When the row last changed.';
COMMENT ON COLUMN studio.presets.deleted_at IS 'When the preset was deleted; null while it lives.';
COMMENT ON COLUMN studio.presets.purge_at IS 'From when the sweep purges the deleted preset, so that it cannot be restored; null while it lives, or where the plan keeps it for ever.';
COMMENT ON CONSTRAINT presets_default_lives_check ON studio.presets IS 'A deleted preset is no default.';
COMMENT ON CONSTRAINT presets_name_is_short_check ON studio.presets IS 'A preset''s name has 1 to 100 characters.';
COMMENT ON CONSTRAINT presets_purge_at_follows_deletion_check ON studio.presets IS 'Only a deleted preset is purged.';
COMMENT ON CONSTRAINT presets_settings_are_object_check ON studio.presets IS 'A preset''s settings are a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';

ALTER TABLE ONLY studio.presets
    ADD CONSTRAINT presets_pkey PRIMARY KEY (user_id, id);

COMMENT ON CONSTRAINT presets_pkey ON studio.presets IS 'There is already a preset with this id.';

CREATE INDEX presets_deleted_idx ON studio.presets USING btree (user_id, deleted_at, id) WHERE (deleted_at IS NOT NULL);

CREATE INDEX presets_purge_at_idx ON studio.presets USING btree (purge_at) WHERE (purge_at IS NOT NULL);

CREATE UNIQUE INDEX presets_user_id_kind_key ON studio.presets USING btree (user_id, kind) WHERE is_default;

COMMENT ON INDEX studio.presets_user_id_kind_key IS 'You already have a default preset of this kind.';

CREATE UNIQUE INDEX presets_user_id_kind_name_key ON studio.presets USING btree (user_id, kind, name) WHERE (deleted_at IS NULL);

COMMENT ON INDEX studio.presets_user_id_kind_name_key IS 'You already have a preset of this kind with this name.';

CREATE TRIGGER presets_audit_delete AFTER DELETE ON studio.presets REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_studio_presets();

CREATE TRIGGER presets_audit_insert AFTER INSERT ON studio.presets REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_studio_presets();

CREATE TRIGGER presets_audit_update AFTER UPDATE ON studio.presets FOR EACH ROW WHEN ((((((old.kind IS DISTINCT FROM new.kind) OR (old.name IS DISTINCT FROM new.name)) OR (old.settings IS DISTINCT FROM new.settings)) OR (old.is_default IS DISTINCT FROM new.is_default)) OR (old.deleted_at IS DISTINCT FROM new.deleted_at))) EXECUTE FUNCTION audit.note_studio_presets();

CREATE TRIGGER presets_set_updated_at BEFORE UPDATE ON studio.presets FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION ops.set_updated_at();

ALTER TABLE ONLY studio.presets
    ADD CONSTRAINT presets_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT presets_user_id_fkey ON studio.presets IS 'There is no user with this id; still referenced: the user has presets.';

ALTER TABLE studio.presets ENABLE ROW LEVEL SECURITY;

CREATE POLICY presets_every ON studio.presets TO renderstore_admin USING (true) WITH CHECK (true);
CREATE POLICY presets_own ON studio.presets TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id))) WITH CHECK ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY presets_owner ON studio.presets TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY presets_read ON studio.presets FOR SELECT TO renderstore_readonly USING (true);

GRANT SELECT ON TABLE studio.presets TO renderstore_app;
GRANT SELECT ON TABLE studio.presets TO renderstore_admin;
GRANT SELECT ON TABLE studio.presets TO renderstore_readonly;
GRANT UPDATE(name) ON TABLE studio.presets TO renderstore_app;
GRANT UPDATE(name) ON TABLE studio.presets TO renderstore_admin;
GRANT UPDATE(settings) ON TABLE studio.presets TO renderstore_app;
GRANT UPDATE(settings) ON TABLE studio.presets TO renderstore_admin;

CREATE TABLE studio.project_jobs (
    user_id uuid NOT NULL,
    job_id uuid NOT NULL,
    project_id uuid NOT NULL,
    linked_at timestamp with time zone DEFAULT now() NOT NULL
);

ALTER TABLE ONLY studio.project_jobs FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE studio.project_jobs IS 'One row a job that works for a project. It goes with either of them.';
COMMENT ON COLUMN studio.project_jobs.user_id IS 'The user who owns both.';
COMMENT ON COLUMN studio.project_jobs.job_id IS 'The job.';
COMMENT ON COLUMN studio.project_jobs.project_id IS 'The project.';
COMMENT ON COLUMN studio.project_jobs.linked_at IS 'When the job was linked.';

ALTER TABLE ONLY studio.project_jobs
    ADD CONSTRAINT project_jobs_pkey PRIMARY KEY (user_id, job_id);

COMMENT ON CONSTRAINT project_jobs_pkey ON studio.project_jobs IS 'This job already works for a project.';

CREATE INDEX project_jobs_user_id_project_id_job_id_idx ON studio.project_jobs USING btree (user_id, project_id, job_id);

ALTER TABLE ONLY studio.project_jobs
    ADD CONSTRAINT project_jobs_user_id_job_id_fkey FOREIGN KEY (user_id, job_id) REFERENCES work.jobs(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT project_jobs_user_id_job_id_fkey ON studio.project_jobs IS 'There is no job with this id; still referenced: the job works for a project.';

ALTER TABLE ONLY studio.project_jobs
    ADD CONSTRAINT project_jobs_user_id_project_id_fkey FOREIGN KEY (user_id, project_id) REFERENCES studio.projects(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT project_jobs_user_id_project_id_fkey ON studio.project_jobs IS 'There is no project with this id; still referenced: jobs work for the project.';

ALTER TABLE studio.project_jobs ENABLE ROW LEVEL SECURITY;

CREATE POLICY project_jobs_own ON studio.project_jobs FOR SELECT TO renderstore_app USING (((user_id = ( SELECT identity.current_user_id() AS current_user_id)) AND (project_id <> ALL (( SELECT studio.deleted_project_ids() AS deleted_project_ids)::uuid[]))));
CREATE POLICY project_jobs_owner ON studio.project_jobs TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY project_jobs_read ON studio.project_jobs FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE studio.project_jobs TO renderstore_app;
GRANT SELECT ON TABLE studio.project_jobs TO renderstore_admin;
GRANT SELECT ON TABLE studio.project_jobs TO renderstore_readonly;

CREATE TABLE studio.projects (
    user_id uuid NOT NULL,
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    status studio.project_status DEFAULT 'draft'::studio.project_status NOT NULL,
    title text NOT NULL,
    source_text text,
    config jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    purge_at timestamp with time zone,
    CONSTRAINT projects_config_is_object_check CHECK (((jsonb_typeof(config) = 'object'::text) AND (ops.json_problem(config) IS NULL))),
    CONSTRAINT projects_purge_at_follows_deletion_check CHECK (((purge_at IS NULL) OR (deleted_at IS NOT NULL))),
    CONSTRAINT projects_source_text_is_short_check CHECK ((length(source_text) <= 500000)),
    CONSTRAINT projects_title_is_short_check CHECK (((length(title) >= 1) AND (length(title) <= 200)))
);

ALTER TABLE ONLY studio.projects FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE studio.projects IS 'One row a project. What hangs under it carries its id.';
COMMENT ON COLUMN studio.projects.user_id IS 'The user who owns the project.';
COMMENT ON COLUMN studio.projects.id IS 'The project''s identifier, made by the database; later projects sort after earlier ones.';
COMMENT ON COLUMN studio.projects.status IS 'Where the project stands; studio.transitions says what may follow.';
COMMENT ON COLUMN studio.projects.title IS 'What people call the project, 1 to 200 characters, unique among the user''s living projects.';
COMMENT ON COLUMN studio.projects.source_text IS 'The story or script that the project began with, up to 500000 characters; null without one.';
COMMENT ON COLUMN studio.projects.config IS 'The project''s settings, an object of the application''s own.';
COMMENT ON COLUMN studio.projects.created_at IS 'When the project was created.';
COMMENT ON COLUMN studio.projects.updated_at IS 'When the row last changed.';
COMMENT ON COLUMN studio.projects.deleted_at IS 'When the project was deleted; null while it lives.';
COMMENT ON COLUMN studio.projects.purge_at IS 'From when the sweep purges the deleted project, so that it cannot be restored; null while it lives, or where the plan keeps it for ever.';
COMMENT ON CONSTRAINT projects_config_is_object_check ON studio.projects IS 'A project''s configuration is a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';
COMMENT ON CONSTRAINT projects_purge_at_follows_deletion_check ON studio.projects IS 'Only a deleted project is purged.';
COMMENT ON CONSTRAINT projects_source_text_is_short_check ON studio.projects IS 'A project''s source text has at most 500000 characters.';
COMMENT ON CONSTRAINT projects_title_is_short_check ON studio.projects IS 'A project''s title has 1 to 200 characters.';

ALTER TABLE ONLY studio.projects
    ADD CONSTRAINT projects_pkey PRIMARY KEY (user_id, id);

COMMENT ON CONSTRAINT projects_pkey ON studio.projects IS 'There is already a project with this id.';

CREATE INDEX projects_deleted_at_idx ON studio.projects USING btree (deleted_at) WHERE (deleted_at IS NOT NULL);

CREATE INDEX projects_deleted_idx ON studio.projects USING btree (user_id, deleted_at, id) WHERE (deleted_at IS NOT NULL);

CREATE INDEX projects_id_idx ON studio.projects USING btree (id);

CREATE INDEX projects_living_idx ON studio.projects USING btree (user_id, id) WHERE (deleted_at IS NULL);

CREATE INDEX projects_purge_at_idx ON studio.projects USING btree (purge_at) WHERE (purge_at IS NOT NULL);

CREATE UNIQUE INDEX projects_user_id_title_key ON studio.projects USING btree (user_id, title) WHERE (deleted_at IS NULL);

COMMENT ON INDEX studio.projects_user_id_title_key IS 'You already have a project with this title.';

CREATE TRIGGER projects_audit_delete AFTER DELETE ON studio.projects REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_studio_projects();

CREATE TRIGGER projects_audit_insert AFTER INSERT ON studio.projects REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_studio_projects();

CREATE TRIGGER projects_audit_update AFTER UPDATE ON studio.projects FOR EACH ROW WHEN ((((((old.status IS DISTINCT FROM new.status) OR (old.title IS DISTINCT FROM new.title)) OR (old.source_text IS DISTINCT FROM new.source_text)) OR (old.config IS DISTINCT FROM new.config)) OR (old.deleted_at IS DISTINCT FROM new.deleted_at))) EXECUTE FUNCTION audit.note_studio_projects();

CREATE TRIGGER projects_guard BEFORE UPDATE OF status ON studio.projects FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION studio.guard_project();

CREATE TRIGGER projects_set_updated_at BEFORE UPDATE ON studio.projects FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION ops.set_updated_at();

ALTER TABLE ONLY studio.projects
    ADD CONSTRAINT projects_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT projects_user_id_fkey ON studio.projects IS 'There is no user with this id; still referenced: the user has projects.';

ALTER TABLE studio.projects ENABLE ROW LEVEL SECURITY;

CREATE POLICY projects_every ON studio.projects TO renderstore_admin USING (true) WITH CHECK (true);
CREATE POLICY projects_own ON studio.projects TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id))) WITH CHECK ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY projects_owner ON studio.projects TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY projects_read ON studio.projects FOR SELECT TO renderstore_readonly USING (true);

GRANT SELECT ON TABLE studio.projects TO renderstore_app;
GRANT SELECT ON TABLE studio.projects TO renderstore_admin;
GRANT SELECT ON TABLE studio.projects TO renderstore_readonly;
GRANT UPDATE(status) ON TABLE studio.projects TO renderstore_app;
GRANT UPDATE(status) ON TABLE studio.projects TO renderstore_admin;
GRANT UPDATE(title) ON TABLE studio.projects TO renderstore_app;
GRANT UPDATE(title) ON TABLE studio.projects TO renderstore_admin;
GRANT UPDATE(source_text) ON TABLE studio.projects TO renderstore_app;
GRANT UPDATE(source_text) ON TABLE studio.projects TO renderstore_admin;
GRANT UPDATE(config) ON TABLE studio.projects TO renderstore_app;
GRANT UPDATE(config) ON TABLE studio.projects TO renderstore_admin;

CREATE TABLE studio.scenes (
    user_id uuid NOT NULL,
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    project_id uuid NOT NULL,
    "position" integer,
    status studio.scene_status DEFAULT 'pending'::studio.scene_status NOT NULL,
    narration text,
    image_prompt text,
    duration_ms bigint,
    config jsonb DEFAULT '{}'::jsonb NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    deleted_at timestamp with time zone,
    CONSTRAINT scenes_config_is_object_check CHECK (((jsonb_typeof(config) = 'object'::text) AND (ops.json_problem(config) IS NULL))),
    CONSTRAINT scenes_duration_ms_is_positive_check CHECK (((duration_ms >= 1) AND (duration_ms <= 86400000))),
    CONSTRAINT scenes_image_prompt_is_short_check CHECK ((length(image_prompt) <= 20000)),
    CONSTRAINT scenes_is_placed_while_it_lives_check CHECK ((("position" IS NULL) = (deleted_at IS NOT NULL))),
    CONSTRAINT scenes_narration_is_short_check CHECK ((length(narration) <= 100000)),
    CONSTRAINT scenes_position_is_positive_check CHECK (("position" >= 1))
);

ALTER TABLE ONLY studio.scenes FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE studio.scenes IS 'One row a scene of a project.';
COMMENT ON COLUMN studio.scenes.user_id IS 'The user who owns the project.';
COMMENT ON COLUMN studio.scenes.id IS 'The scene''s identifier, made by the database.';
COMMENT ON COLUMN studio.scenes.project_id IS 'The project.';
COMMENT ON COLUMN studio.scenes."position" IS 'The scene''s place in its project, from 1; null for a deleted one.';
COMMENT ON COLUMN studio.scenes.status IS 'Where the scene stands; studio.transitions says what may follow.';
COMMENT ON COLUMN studio.scenes.narration IS 'What is spoken, up to 100000 characters; null where nothing is yet.';
COMMENT ON COLUMN studio.scenes.image_prompt IS 'What its image is made of, up to 20000 characters; null without one.';
COMMENT ON COLUMN studio.scenes.duration_ms IS 'How long the scene takes, in milliseconds; null where nobody knows.';
COMMENT ON COLUMN studio.scenes.config IS 'The scene''s settings, an object of the application''s own.';
COMMENT ON COLUMN studio.scenes.created_at IS 'When the scene was created.';
COMMENT ON COLUMN studio.scenes.updated_at IS 'When the row last changed.';
COMMENT ON COLUMN studio.scenes.deleted_at IS 'When the scene was deleted; null while it lives.';
COMMENT ON CONSTRAINT scenes_config_is_object_check ON studio.scenes IS 'A scene''s configuration is a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';
COMMENT ON CONSTRAINT scenes_duration_ms_is_positive_check ON studio.scenes IS 'A scene takes 1 millisecond to a day.';
COMMENT ON CONSTRAINT scenes_image_prompt_is_short_check ON studio.scenes IS 'A prompt has at most 20000 characters.';
COMMENT ON CONSTRAINT scenes_is_placed_while_it_lives_check ON studio.scenes IS 'A living scene has a position, and a deleted one has none.';
COMMENT ON CONSTRAINT scenes_narration_is_short_check ON studio.scenes IS 'A narration has at most 100000 characters.';
COMMENT ON CONSTRAINT scenes_position_is_positive_check ON studio.scenes IS 'A scene''s position is 1 or more.';

ALTER TABLE ONLY studio.scenes
    ADD CONSTRAINT scenes_pkey PRIMARY KEY (user_id, id);

COMMENT ON CONSTRAINT scenes_pkey ON studio.scenes IS 'There is already a scene with this id.';

ALTER TABLE ONLY studio.scenes
    ADD CONSTRAINT scenes_user_id_project_id_position_key UNIQUE (user_id, project_id, "position") DEFERRABLE;

COMMENT ON CONSTRAINT scenes_user_id_project_id_position_key ON studio.scenes IS 'The project already has a scene at this place.';

CREATE INDEX scenes_id_idx ON studio.scenes USING btree (id);

CREATE TRIGGER scenes_audit_delete AFTER DELETE ON studio.scenes REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_studio_scenes();

CREATE TRIGGER scenes_audit_insert AFTER INSERT ON studio.scenes REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_studio_scenes();

CREATE TRIGGER scenes_audit_update AFTER UPDATE ON studio.scenes FOR EACH ROW WHEN ((((((((old.project_id IS DISTINCT FROM new.project_id) OR (old.status IS DISTINCT FROM new.status)) OR (old.narration IS DISTINCT FROM new.narration)) OR (old.image_prompt IS DISTINCT FROM new.image_prompt)) OR (old.duration_ms IS DISTINCT FROM new.duration_ms)) OR (old.config IS DISTINCT FROM new.config)) OR (old.deleted_at IS DISTINCT FROM new.deleted_at))) EXECUTE FUNCTION audit.note_studio_scenes();

CREATE TRIGGER scenes_guard BEFORE UPDATE OF status ON studio.scenes FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION studio.guard_scene();

CREATE TRIGGER scenes_set_updated_at BEFORE UPDATE ON studio.scenes FOR EACH ROW WHEN ((old.* IS DISTINCT FROM new.*)) EXECUTE FUNCTION ops.set_updated_at();

ALTER TABLE ONLY studio.scenes
    ADD CONSTRAINT scenes_user_id_project_id_fkey FOREIGN KEY (user_id, project_id) REFERENCES studio.projects(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT scenes_user_id_project_id_fkey ON studio.scenes IS 'There is no project with this id; still referenced: the project has scenes.';

ALTER TABLE studio.scenes ENABLE ROW LEVEL SECURITY;

CREATE POLICY scenes_every ON studio.scenes TO renderstore_admin USING (true) WITH CHECK (true);
CREATE POLICY scenes_own ON studio.scenes TO renderstore_app USING (((user_id = ( SELECT identity.current_user_id() AS current_user_id)) AND (project_id <> ALL (( SELECT studio.deleted_project_ids() AS deleted_project_ids)::uuid[])))) WITH CHECK (((user_id = ( SELECT identity.current_user_id() AS current_user_id)) AND (project_id <> ALL (( SELECT studio.deleted_project_ids() AS deleted_project_ids)::uuid[]))));
CREATE POLICY scenes_owner ON studio.scenes TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY scenes_read ON studio.scenes FOR SELECT TO renderstore_readonly USING (true);

GRANT SELECT ON TABLE studio.scenes TO renderstore_app;
GRANT SELECT ON TABLE studio.scenes TO renderstore_admin;
GRANT SELECT ON TABLE studio.scenes TO renderstore_readonly;
GRANT UPDATE(status) ON TABLE studio.scenes TO renderstore_app;
GRANT UPDATE(status) ON TABLE studio.scenes TO renderstore_admin;
GRANT UPDATE(narration) ON TABLE studio.scenes TO renderstore_app;
GRANT UPDATE(narration) ON TABLE studio.scenes TO renderstore_admin;
GRANT UPDATE(image_prompt) ON TABLE studio.scenes TO renderstore_app;
GRANT UPDATE(image_prompt) ON TABLE studio.scenes TO renderstore_admin;
GRANT UPDATE(duration_ms) ON TABLE studio.scenes TO renderstore_app;
GRANT UPDATE(duration_ms) ON TABLE studio.scenes TO renderstore_admin;
GRANT UPDATE(config) ON TABLE studio.scenes TO renderstore_app;
GRANT UPDATE(config) ON TABLE studio.scenes TO renderstore_admin;

CREATE TABLE studio.standard_presets (
    id text NOT NULL,
    kind studio.preset_kind NOT NULL,
    name text NOT NULL,
    settings jsonb DEFAULT '{}'::jsonb NOT NULL,
    is_default boolean DEFAULT false NOT NULL,
    CONSTRAINT standard_presets_id_is_slug_check CHECK ((id ~ '^[a-z][a-z0-9_]{0,62}$'::text)),
    CONSTRAINT standard_presets_name_is_short_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT standard_presets_settings_are_object_check CHECK (((jsonb_typeof(settings) = 'object'::text) AND (ops.json_problem(settings) IS NULL)))
);

COMMENT ON TABLE studio.standard_presets IS 'One row a preset that everybody has.';
COMMENT ON COLUMN studio.standard_presets.id IS 'The preset''s short name in lower case.';
COMMENT ON COLUMN studio.standard_presets.kind IS 'What the preset is for.';
COMMENT ON COLUMN studio.standard_presets.name IS 'What people call the preset, 1 to 100 characters.';
COMMENT ON COLUMN studio.standard_presets.settings IS 'What it sets, an object of the application''s own.';
COMMENT ON COLUMN studio.standard_presets.is_default IS 'Whether it is chosen where a user has no default of this kind and names none: at most one of a kind.';
COMMENT ON CONSTRAINT standard_presets_id_is_slug_check ON studio.standard_presets IS 'A standard preset''s id has 1 to 63 lower-case letters, digits and underscores and begins with a letter.';
COMMENT ON CONSTRAINT standard_presets_name_is_short_check ON studio.standard_presets IS 'A standard preset''s name has 1 to 100 characters.';
COMMENT ON CONSTRAINT standard_presets_settings_are_object_check ON studio.standard_presets IS 'A standard preset''s settings are a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';

ALTER TABLE ONLY studio.standard_presets
    ADD CONSTRAINT standard_presets_kind_name_key UNIQUE (kind, name);

COMMENT ON CONSTRAINT standard_presets_kind_name_key ON studio.standard_presets IS 'There is already a standard preset of this kind with this name.';

ALTER TABLE ONLY studio.standard_presets
    ADD CONSTRAINT standard_presets_pkey PRIMARY KEY (id);

COMMENT ON CONSTRAINT standard_presets_pkey ON studio.standard_presets IS 'There is already a standard preset with this id.';

CREATE UNIQUE INDEX standard_presets_kind_key ON studio.standard_presets USING btree (kind) WHERE is_default;

COMMENT ON INDEX studio.standard_presets_kind_key IS 'There is already a standard default of this kind.';

CREATE TRIGGER standard_presets_audit_delete AFTER DELETE ON studio.standard_presets REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_studio_standard_presets();

CREATE TRIGGER standard_presets_audit_insert AFTER INSERT ON studio.standard_presets REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_studio_standard_presets();

CREATE TRIGGER standard_presets_audit_update AFTER UPDATE ON studio.standard_presets FOR EACH ROW WHEN ((((((old.id IS DISTINCT FROM new.id) OR (old.kind IS DISTINCT FROM new.kind)) OR (old.name IS DISTINCT FROM new.name)) OR (old.settings IS DISTINCT FROM new.settings)) OR (old.is_default IS DISTINCT FROM new.is_default))) EXECUTE FUNCTION audit.note_studio_standard_presets();

GRANT SELECT ON TABLE studio.standard_presets TO renderstore_app;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE studio.standard_presets TO renderstore_admin;
GRANT SELECT ON TABLE studio.standard_presets TO renderstore_readonly;

CREATE TABLE studio.step_costs (
    user_id uuid NOT NULL,
    job_id uuid NOT NULL,
    project_id uuid,
    scene_id uuid,
    step studio.step_kind NOT NULL,
    provider studio.provider,
    tokens_in studio.tally DEFAULT 0 NOT NULL,
    tokens_out studio.tally DEFAULT 0 NOT NULL,
    cost_micros studio.tally DEFAULT 0 NOT NULL,
    attempt integer DEFAULT 0 NOT NULL,
    earlier_tokens_in studio.tally DEFAULT 0 NOT NULL,
    earlier_tokens_out studio.tally DEFAULT 0 NOT NULL,
    earlier_cost_micros studio.tally DEFAULT 0 NOT NULL,
    submitted_at timestamp with time zone DEFAULT now() NOT NULL,
    reported_at timestamp with time zone
);

ALTER TABLE ONLY studio.step_costs FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE studio.step_costs IS 'One row a step: what it used and cost, all attempts together. It stays as long as its project or its job.';
COMMENT ON COLUMN studio.step_costs.user_id IS 'The user who owns the job.';
COMMENT ON COLUMN studio.step_costs.job_id IS 'The job, which may be cleared by now.';
COMMENT ON COLUMN studio.step_costs.project_id IS 'The project that it worked for; null once that is purged.';
COMMENT ON COLUMN studio.step_costs.scene_id IS 'The scene that it worked for; null for the whole project, or once the scene is gone.';
COMMENT ON COLUMN studio.step_costs.step IS 'What it makes.';
COMMENT ON COLUMN studio.step_costs.provider IS 'Who made it, as submitted or last reported; null where nobody said.';
COMMENT ON COLUMN studio.step_costs.tokens_in IS 'How many tokens went in, all attempts together.';
COMMENT ON COLUMN studio.step_costs.tokens_out IS 'How many tokens came out, all attempts together.';
COMMENT ON COLUMN studio.step_costs.cost_micros IS 'What it cost, all attempts together, in millionths of the currency that the application counts in.';
COMMENT ON COLUMN studio.step_costs.attempt IS 'The attempt that reported last; 0 before the first report. An earlier one reports no more.';
COMMENT ON COLUMN studio.step_costs.earlier_tokens_in IS 'The part of tokens_in of earlier attempts than that.';
COMMENT ON COLUMN studio.step_costs.earlier_tokens_out IS 'The part of tokens_out of earlier attempts than that.';
COMMENT ON COLUMN studio.step_costs.earlier_cost_micros IS 'The part of cost_micros of earlier attempts than that.';
COMMENT ON COLUMN studio.step_costs.submitted_at IS 'When the step was submitted.';
COMMENT ON COLUMN studio.step_costs.reported_at IS 'When its worker last reported; null before the first time.';

ALTER TABLE ONLY studio.step_costs
    ADD CONSTRAINT step_costs_pkey PRIMARY KEY (user_id, job_id);

COMMENT ON CONSTRAINT step_costs_pkey ON studio.step_costs IS 'The cost of this job is already counted.';

CREATE INDEX step_costs_user_id_project_id_idx ON studio.step_costs USING btree (user_id, project_id);

CREATE INDEX step_costs_user_id_scene_id_idx ON studio.step_costs USING btree (user_id, scene_id);

CREATE INDEX step_costs_without_project_idx ON studio.step_costs USING btree (user_id, job_id) WHERE (project_id IS NULL);

ALTER TABLE ONLY studio.step_costs
    ADD CONSTRAINT step_costs_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT step_costs_user_id_fkey ON studio.step_costs IS 'There is no user with this id; still referenced: the user''s steps are counted.';

ALTER TABLE ONLY studio.step_costs
    ADD CONSTRAINT step_costs_user_id_project_id_fkey FOREIGN KEY (user_id, project_id) REFERENCES studio.projects(user_id, id) ON DELETE SET NULL (project_id);

COMMENT ON CONSTRAINT step_costs_user_id_project_id_fkey ON studio.step_costs IS 'There is no project with this id; still referenced: the project''s cost is counted.';

ALTER TABLE ONLY studio.step_costs
    ADD CONSTRAINT step_costs_user_id_scene_id_fkey FOREIGN KEY (user_id, scene_id) REFERENCES studio.scenes(user_id, id) ON DELETE SET NULL (scene_id);

COMMENT ON CONSTRAINT step_costs_user_id_scene_id_fkey ON studio.step_costs IS 'There is no scene with this id; still referenced: the scene''s cost is counted.';

ALTER TABLE studio.step_costs ENABLE ROW LEVEL SECURITY;

CREATE POLICY step_costs_held ON studio.step_costs FOR SELECT TO renderstore_worker USING ((EXISTS ( SELECT
   FROM work.jobs j
  WHERE ((j.user_id = step_costs.user_id) AND (j.id = step_costs.job_id)))));
CREATE POLICY step_costs_own ON studio.step_costs FOR SELECT TO renderstore_app USING (((user_id = ( SELECT identity.current_user_id() AS current_user_id)) AND ((project_id IS NULL) OR (project_id <> ALL (( SELECT studio.deleted_project_ids() AS deleted_project_ids)::uuid[])))));
CREATE POLICY step_costs_owner ON studio.step_costs TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY step_costs_read ON studio.step_costs FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE studio.step_costs TO renderstore_app;
GRANT SELECT ON TABLE studio.step_costs TO renderstore_worker;
GRANT SELECT ON TABLE studio.step_costs TO renderstore_admin;
GRANT SELECT ON TABLE studio.step_costs TO renderstore_readonly;

CREATE TABLE studio.step_specs (
    user_id uuid NOT NULL,
    job_id uuid NOT NULL,
    project_id uuid,
    scene_id uuid,
    step studio.step_kind NOT NULL,
    provider studio.provider,
    provider_task_id text,
    last_completed_part integer DEFAULT 0 NOT NULL,
    config jsonb DEFAULT '{}'::jsonb NOT NULL,
    result jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT step_specs_config_is_object_check CHECK (((jsonb_typeof(config) = 'object'::text) AND (ops.json_problem(config) IS NULL))),
    CONSTRAINT step_specs_last_completed_part_is_not_negative_check CHECK ((last_completed_part >= 0)),
    CONSTRAINT step_specs_provider_task_id_is_short_check CHECK (((length(provider_task_id) >= 1) AND (length(provider_task_id) <= 500))),
    CONSTRAINT step_specs_result_is_object_check CHECK (((jsonb_typeof(result) = 'object'::text) AND (ops.json_problem(result) IS NULL)))
);

ALTER TABLE ONLY studio.step_specs FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE studio.step_specs IS 'One row a step: what it is to do, and how far it is. studio.steps shows it together with the job''s life.';
COMMENT ON COLUMN studio.step_specs.user_id IS 'The user who owns the job.';
COMMENT ON COLUMN studio.step_specs.job_id IS 'The job.';
COMMENT ON COLUMN studio.step_specs.project_id IS 'The project that it works for; null once that is purged.';
COMMENT ON COLUMN studio.step_specs.scene_id IS 'The scene that it works for; null for a step of the whole project, or once the scene is gone.';
COMMENT ON COLUMN studio.step_specs.step IS 'What it makes.';
COMMENT ON COLUMN studio.step_specs.provider IS 'Who makes it, 1 to 100 characters; null where that is open, or nobody else does.';
COMMENT ON COLUMN studio.step_specs.provider_task_id IS 'The provider''s own id of the task, as last reported: whoever takes the step over asks for it instead of paying again; null before any.';
COMMENT ON COLUMN studio.step_specs.last_completed_part IS 'How many of the step''s own parts are done, 0 before the first: whoever takes it over goes on after it. It never falls.';
COMMENT ON COLUMN studio.step_specs.config IS 'What is to be made, such as a prompt: an object of the application''s own.';
COMMENT ON COLUMN studio.step_specs.result IS 'What was made so far that is no file: an object of the worker''s own.';
COMMENT ON CONSTRAINT step_specs_config_is_object_check ON studio.step_specs IS 'A step''s configuration is a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';
COMMENT ON CONSTRAINT step_specs_last_completed_part_is_not_negative_check ON studio.step_specs IS 'The last completed part is 0 or more.';
COMMENT ON CONSTRAINT step_specs_provider_task_id_is_short_check ON studio.step_specs IS 'A provider''s task id has 1 to 500 characters.';
COMMENT ON CONSTRAINT step_specs_result_is_object_check ON studio.step_specs IS 'A step''s result is a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';

ALTER TABLE ONLY studio.step_specs
    ADD CONSTRAINT step_specs_pkey PRIMARY KEY (user_id, job_id);

COMMENT ON CONSTRAINT step_specs_pkey ON studio.step_specs IS 'This job already has its specification.';

CREATE INDEX step_specs_job_id_idx ON studio.step_specs USING btree (job_id);

CREATE INDEX step_specs_user_id_project_id_job_id_idx ON studio.step_specs USING btree (user_id, project_id, job_id);

CREATE INDEX step_specs_user_id_scene_id_job_id_idx ON studio.step_specs USING btree (user_id, scene_id, job_id);

CREATE TRIGGER step_specs_keep BEFORE DELETE ON studio.step_specs FOR EACH ROW EXECUTE FUNCTION work.keep_spec();

ALTER TABLE ONLY studio.step_specs
    ADD CONSTRAINT step_specs_user_id_job_id_fkey FOREIGN KEY (user_id, job_id) REFERENCES work.jobs(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT step_specs_user_id_job_id_fkey ON studio.step_specs IS 'There is no such job of yours to specify; still referenced: the job has a specification.';

ALTER TABLE ONLY studio.step_specs
    ADD CONSTRAINT step_specs_user_id_project_id_fkey FOREIGN KEY (user_id, project_id) REFERENCES studio.projects(user_id, id) ON DELETE SET NULL (project_id);

COMMENT ON CONSTRAINT step_specs_user_id_project_id_fkey ON studio.step_specs IS 'There is no project with this id; still referenced: steps work for the project.';

ALTER TABLE ONLY studio.step_specs
    ADD CONSTRAINT step_specs_user_id_scene_id_fkey FOREIGN KEY (user_id, scene_id) REFERENCES studio.scenes(user_id, id) ON DELETE SET NULL (scene_id);

COMMENT ON CONSTRAINT step_specs_user_id_scene_id_fkey ON studio.step_specs IS 'There is no scene with this id; still referenced: steps work for the scene.';

ALTER TABLE studio.step_specs ENABLE ROW LEVEL SECURITY;

CREATE POLICY step_specs_held ON studio.step_specs FOR SELECT TO renderstore_worker USING ((EXISTS ( SELECT
   FROM work.jobs j
  WHERE ((j.user_id = step_specs.user_id) AND (j.id = step_specs.job_id)))));
CREATE POLICY step_specs_own ON studio.step_specs FOR SELECT TO renderstore_app USING (((user_id = ( SELECT identity.current_user_id() AS current_user_id)) AND ((project_id IS NULL) OR (project_id <> ALL (( SELECT studio.deleted_project_ids() AS deleted_project_ids)::uuid[])))));
CREATE POLICY step_specs_owner ON studio.step_specs TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY step_specs_read ON studio.step_specs FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE studio.step_specs TO renderstore_app;
GRANT SELECT ON TABLE studio.step_specs TO renderstore_worker;
GRANT SELECT ON TABLE studio.step_specs TO renderstore_admin;
GRANT SELECT ON TABLE studio.step_specs TO renderstore_readonly;

CREATE TABLE studio.tags (
    user_id uuid NOT NULL,
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    project_id uuid NOT NULL,
    animation_id uuid NOT NULL,
    name text NOT NULL,
    first_position integer NOT NULL,
    last_position integer NOT NULL,
    playback studio.playback DEFAULT 'forward'::studio.playback NOT NULL,
    repeats integer,
    CONSTRAINT tags_is_a_stretch_check CHECK (((1 <= first_position) AND (first_position <= last_position))),
    CONSTRAINT tags_name_is_short_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT tags_repeats_is_1_to_65535_check CHECK (((repeats >= 1) AND (repeats <= 65535)))
);

ALTER TABLE ONLY studio.tags FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE studio.tags IS 'One row a tag of an animation: a stretch of frames.';
COMMENT ON COLUMN studio.tags.user_id IS 'The user who owns the project.';
COMMENT ON COLUMN studio.tags.id IS 'The tag''s identifier, made by the database.';
COMMENT ON COLUMN studio.tags.project_id IS 'The project, as the animation has it.';
COMMENT ON COLUMN studio.tags.animation_id IS 'The animation.';
COMMENT ON COLUMN studio.tags.name IS 'What the stretch is called, 1 to 200 characters.';
COMMENT ON COLUMN studio.tags.first_position IS 'The position of its first frame.';
COMMENT ON COLUMN studio.tags.last_position IS 'The position of its last frame, included.';
COMMENT ON COLUMN studio.tags.playback IS 'In which direction the stretch plays.';
COMMENT ON COLUMN studio.tags.repeats IS 'How often the stretch plays, 1 to 65535; null for ever.';
COMMENT ON CONSTRAINT tags_is_a_stretch_check ON studio.tags IS 'A tag leads from a frame to the same or a later one.';
COMMENT ON CONSTRAINT tags_name_is_short_check ON studio.tags IS 'A tag''s name has 1 to 200 characters.';
COMMENT ON CONSTRAINT tags_repeats_is_1_to_65535_check ON studio.tags IS 'A tag plays 1 to 65535 times, or for ever.';

ALTER TABLE ONLY studio.tags
    ADD CONSTRAINT tags_pkey PRIMARY KEY (user_id, id);

COMMENT ON CONSTRAINT tags_pkey ON studio.tags IS 'There is already a tag with this id.';

CREATE INDEX tags_user_id_animation_id_first_position_idx ON studio.tags USING btree (user_id, animation_id, first_position);

CREATE INDEX tags_user_id_project_id_idx ON studio.tags USING btree (user_id, project_id);

ALTER TABLE ONLY studio.tags
    ADD CONSTRAINT tags_user_id_animation_id_fkey FOREIGN KEY (user_id, animation_id) REFERENCES studio.animations(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT tags_user_id_animation_id_fkey ON studio.tags IS 'There is no animation with this id; still referenced: the animation has tags.';

ALTER TABLE ONLY studio.tags
    ADD CONSTRAINT tags_user_id_project_id_fkey FOREIGN KEY (user_id, project_id) REFERENCES studio.projects(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT tags_user_id_project_id_fkey ON studio.tags IS 'There is no project with this id; still referenced: the project has tags.';

ALTER TABLE studio.tags ENABLE ROW LEVEL SECURITY;

CREATE POLICY tags_every ON studio.tags TO renderstore_admin USING (true) WITH CHECK (true);
CREATE POLICY tags_own ON studio.tags TO renderstore_app USING (((user_id = ( SELECT identity.current_user_id() AS current_user_id)) AND (project_id <> ALL (( SELECT studio.deleted_project_ids() AS deleted_project_ids)::uuid[])))) WITH CHECK (((user_id = ( SELECT identity.current_user_id() AS current_user_id)) AND (project_id <> ALL (( SELECT studio.deleted_project_ids() AS deleted_project_ids)::uuid[]))));
CREATE POLICY tags_owner ON studio.tags TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY tags_read ON studio.tags FOR SELECT TO renderstore_readonly USING (true);

GRANT SELECT ON TABLE studio.tags TO renderstore_app;
GRANT SELECT ON TABLE studio.tags TO renderstore_admin;
GRANT SELECT ON TABLE studio.tags TO renderstore_readonly;
GRANT UPDATE(name) ON TABLE studio.tags TO renderstore_app;
GRANT UPDATE(name) ON TABLE studio.tags TO renderstore_admin;
GRANT UPDATE(playback) ON TABLE studio.tags TO renderstore_app;
GRANT UPDATE(playback) ON TABLE studio.tags TO renderstore_admin;
GRANT UPDATE(repeats) ON TABLE studio.tags TO renderstore_app;
GRANT UPDATE(repeats) ON TABLE studio.tags TO renderstore_admin;

CREATE TABLE studio.transitions (
    subject text NOT NULL,
    before text NOT NULL,
    after text NOT NULL,
    reason text NOT NULL,
    CONSTRAINT transitions_after_is_short_check CHECK (((length(after) >= 1) AND (length(after) <= 63))),
    CONSTRAINT transitions_before_is_short_check CHECK (((length(before) >= 1) AND (length(before) <= 63))),
    CONSTRAINT transitions_reason_is_short_check CHECK (((length(reason) >= 1) AND (length(reason) <= 200))),
    CONSTRAINT transitions_subject_is_known_check CHECK ((subject = ANY (ARRAY['project'::text, 'scene'::text, 'asset'::text])))
);

COMMENT ON TABLE studio.transitions IS 'One row a permitted change of a project, scene or asset; what is not here is refused. studio.may_become holds the same rule.';
COMMENT ON COLUMN studio.transitions.subject IS 'What changes: project, scene or asset.';
COMMENT ON COLUMN studio.transitions.before IS 'The status that is left.';
COMMENT ON COLUMN studio.transitions.after IS 'The status that follows.';
COMMENT ON COLUMN studio.transitions.reason IS 'When this happens, for people, 1 to 200 characters.';
COMMENT ON CONSTRAINT transitions_after_is_short_check ON studio.transitions IS 'A status has 1 to 63 characters.';
COMMENT ON CONSTRAINT transitions_before_is_short_check ON studio.transitions IS 'A status has 1 to 63 characters.';
COMMENT ON CONSTRAINT transitions_reason_is_short_check ON studio.transitions IS 'The reason of a transition has 1 to 200 characters.';
COMMENT ON CONSTRAINT transitions_subject_is_known_check ON studio.transitions IS 'A transition is one of a project, a scene or an asset.';

ALTER TABLE ONLY studio.transitions
    ADD CONSTRAINT transitions_pkey PRIMARY KEY (subject, before, after);

COMMENT ON CONSTRAINT transitions_pkey ON studio.transitions IS 'This transition is already permitted.';

GRANT SELECT ON TABLE studio.transitions TO renderstore_app;
GRANT SELECT ON TABLE studio.transitions TO renderstore_worker;
GRANT SELECT ON TABLE studio.transitions TO renderstore_admin;
GRANT SELECT ON TABLE studio.transitions TO renderstore_readonly;

CREATE TABLE studio.usages (
    user_id uuid NOT NULL,
    is_farms boolean NOT NULL,
    living_projects bigint DEFAULT 0 NOT NULL,
    stored_bytes bigint DEFAULT 0 NOT NULL,
    reserved_bytes bigint DEFAULT 0 NOT NULL,
    CONSTRAINT usages_living_projects_is_not_negative_check CHECK ((living_projects >= 0))
);

ALTER TABLE ONLY studio.usages FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE studio.usages IS 'Up to two rows a user who ever had a project or an asset: together they are what is used of the plan.';
COMMENT ON COLUMN studio.usages.user_id IS 'The user whose use it is.';
COMMENT ON COLUMN studio.usages.is_farms IS 'Whether workers and the sweep counted it; false for what the user''s own calls did.';
COMMENT ON COLUMN studio.usages.living_projects IS 'How many projects are not deleted.';
COMMENT ON COLUMN studio.usages.stored_bytes IS 'How many bytes the files of assets take, deleted ones too until their file is gone. The farm''s row may be negative: it counts what goes.';
COMMENT ON COLUMN studio.usages.reserved_bytes IS 'How many bytes were reserved for files that are not there yet. The farm''s row may be negative.';
COMMENT ON CONSTRAINT usages_living_projects_is_not_negative_check ON studio.usages IS 'The count of living projects is 0 or more.';

ALTER TABLE ONLY studio.usages
    ADD CONSTRAINT usages_pkey PRIMARY KEY (user_id, is_farms);

COMMENT ON CONSTRAINT usages_pkey ON studio.usages IS 'This user''s use is already counted.';

ALTER TABLE ONLY studio.usages
    ADD CONSTRAINT usages_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT usages_user_id_fkey ON studio.usages IS 'There is no user with this id; still referenced: the user''s use of the studio is counted.';

ALTER TABLE studio.usages ENABLE ROW LEVEL SECURITY;

CREATE POLICY usages_own ON studio.usages FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY usages_owner ON studio.usages TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY usages_read ON studio.usages FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE studio.usages TO renderstore_app;
GRANT SELECT ON TABLE studio.usages TO renderstore_admin;
GRANT SELECT ON TABLE studio.usages TO renderstore_readonly;

CREATE VIEW studio.preset_choices WITH (security_invoker='true') AS
 SELECT p.user_id,
    p.kind,
    p.name,
    p.settings,
    p.is_default,
    p.is_default AS is_chosen,
    false AS is_standard,
    p.id AS preset_id,
    NULL::text AS standard_preset_id
   FROM studio.presets p
  WHERE (p.deleted_at IS NULL)
UNION ALL
 SELECT NULL::uuid AS user_id,
    s.kind,
    s.name,
    s.settings,
    s.is_default,
    (s.is_default AND (NOT (EXISTS ( SELECT
           FROM studio.presets p
          WHERE ((p.user_id = ( SELECT identity.current_user_id() AS current_user_id)) AND (p.kind = s.kind) AND p.is_default))))) AS is_chosen,
    true AS is_standard,
    NULL::uuid AS preset_id,
    s.id AS standard_preset_id
   FROM studio.standard_presets s;

COMMENT ON VIEW studio.preset_choices IS 'What may be chosen: own presets that live, and the standard ones.';
COMMENT ON COLUMN studio.preset_choices.user_id IS 'The user who owns the preset; null for a standard one.';
COMMENT ON COLUMN studio.preset_choices.kind IS 'What the preset is for.';
COMMENT ON COLUMN studio.preset_choices.name IS 'What people call the preset.';
COMMENT ON COLUMN studio.preset_choices.settings IS 'What it sets, an object of the application''s own.';
COMMENT ON COLUMN studio.preset_choices.is_default IS 'Whether it is the default among its own: the user''s, or the standard ones.';
COMMENT ON COLUMN studio.preset_choices.is_chosen IS 'Whether it is the one of its kind where nobody names one: the own default, or the standard one where there is none.';
COMMENT ON COLUMN studio.preset_choices.is_standard IS 'Whether everybody has it.';
COMMENT ON COLUMN studio.preset_choices.preset_id IS 'The own preset; null for a standard one.';
COMMENT ON COLUMN studio.preset_choices.standard_preset_id IS 'The standard preset; null for an own one.';

GRANT SELECT ON TABLE studio.preset_choices TO renderstore_app;
GRANT SELECT ON TABLE studio.preset_choices TO renderstore_admin;
GRANT SELECT ON TABLE studio.preset_choices TO renderstore_readonly;

CREATE VIEW studio.steps WITH (security_invoker='true') AS
 SELECT j.user_id,
    j.id,
    s.project_id,
    s.scene_id,
    s.step,
    j.status,
    j.priority,
    j.progress,
    j.attempt,
    j.failures,
    j.max_failures,
    j.lost_leases,
    j.backoff_s,
    j.estimated_s,
    (EXTRACT(epoch FROM (j.completed_at - j.started_at)))::double precision AS actual_s,
    j.labels,
    s.provider,
    s.provider_task_id,
    s.last_completed_part,
    s.config,
    s.result,
    COALESCE((c.tokens_in)::bigint, (0)::bigint) AS tokens_in,
    COALESCE((c.tokens_out)::bigint, (0)::bigint) AS tokens_out,
    COALESCE((c.cost_micros)::bigint, (0)::bigint) AS cost_micros,
    j.submitted_by,
    j.idempotency_key,
    j.held_by,
    j.lease_expires_at,
    j.exit_code,
    j.error_class,
    j.error_message,
    j.cancel_reason,
    j.due_at,
    j.auto_cancel_at,
    j.queued_at,
    j.started_at,
    j.completed_at,
    j.cancel_requested_at
   FROM ((work.jobs j
     JOIN studio.step_specs s ON (((s.user_id = j.user_id) AND (s.job_id = j.id))))
     LEFT JOIN studio.step_costs c ON (((c.user_id = j.user_id) AND (c.job_id = j.id))));

COMMENT ON VIEW studio.steps IS 'One row a step: its life from work.jobs, its content from studio.step_specs, what it cost from studio.step_costs. Insert submits; functions change.';
COMMENT ON COLUMN studio.steps.user_id IS 'The user who owns the job.';
COMMENT ON COLUMN studio.steps.id IS 'The job''s identifier, made by the database; later jobs sort after earlier ones.';
COMMENT ON COLUMN studio.steps.project_id IS 'The project that it works for; null once that is purged.';
COMMENT ON COLUMN studio.steps.scene_id IS 'The scene that it works for; null for a step of the whole project, or once the scene is gone.';
COMMENT ON COLUMN studio.steps.step IS 'What it makes.';
COMMENT ON COLUMN studio.steps.status IS 'Where the job stands, as in work.jobs.';
COMMENT ON COLUMN studio.steps.priority IS 'How urgent the job is, 0 to 10, 10 first; up to the plan''s highest.';
COMMENT ON COLUMN studio.steps.progress IS 'Percent done, 0 to 100; within an attempt a lower report leaves it as it is.';
COMMENT ON COLUMN studio.steps.attempt IS 'How often the job was claimed. It is the fence: who holds another attempt changes nothing.';
COMMENT ON COLUMN studio.steps.failures IS 'How many attempts failed; a lost lease is not one.';
COMMENT ON COLUMN studio.steps.max_failures IS 'After how many failures the job has failed, 1 to 100.';
COMMENT ON COLUMN studio.steps.lost_leases IS 'How many leases ran out; after five the job has failed.';
COMMENT ON COLUMN studio.steps.backoff_s IS 'Seconds before the first retry, 1 to 86400; doubled for each further one.';
COMMENT ON COLUMN studio.steps.estimated_s IS 'How many seconds the job is expected to run; null where nobody knows.';
COMMENT ON COLUMN studio.steps.actual_s IS 'How many seconds the last attempt took; null while the job has not ended, or never began.';
COMMENT ON COLUMN studio.steps.labels IS 'What a worker must offer, such as gpu; sorted, without doubles, at most 20.';
COMMENT ON COLUMN studio.steps.provider IS 'Who makes it, 1 to 100 characters; null where that is open, or nobody else does.';
COMMENT ON COLUMN studio.steps.provider_task_id IS 'The provider''s own id of the task, as last reported: whoever takes the step over asks for it instead of paying again; null before any.';
COMMENT ON COLUMN studio.steps.last_completed_part IS 'How many of the step''s own parts are done, 0 before the first: whoever takes it over goes on after it. It never falls.';
COMMENT ON COLUMN studio.steps.config IS 'What is to be made, such as a prompt: an object of the application''s own.';
COMMENT ON COLUMN studio.steps.result IS 'What was made so far that is no file: an object of the worker''s own.';
COMMENT ON COLUMN studio.steps.tokens_in IS 'How many tokens went in, all attempts together.';
COMMENT ON COLUMN studio.steps.tokens_out IS 'How many tokens came out, all attempts together.';
COMMENT ON COLUMN studio.steps.cost_micros IS 'What it cost, all attempts together, in millionths of the currency that the application counts in.';
COMMENT ON COLUMN studio.steps.submitted_by IS 'Who submitted the job: user:…, token:…, admin:…, dba:… or login:….';
COMMENT ON COLUMN studio.steps.idempotency_key IS 'The owner''s own name for this submission, 1 to 255 characters: a repeat finds the job instead of making another; null without one.';
COMMENT ON COLUMN studio.steps.held_by IS 'The worker that runs the job; null unless it runs.';
COMMENT ON COLUMN studio.steps.lease_expires_at IS 'Until when the worker holds the job unless it reports; null unless it runs.';
COMMENT ON COLUMN studio.steps.exit_code IS 'The exit code of the last attempt''s program; null where none is known.';
COMMENT ON COLUMN studio.steps.error_class IS 'The class of the last failure, such as timeout; work.error_classes says which are tried again; null without a failure.';
COMMENT ON COLUMN studio.steps.error_message IS 'What the last failure said, up to 10000 characters; null without one.';
COMMENT ON COLUMN studio.steps.cancel_reason IS 'Why a cancellation was asked for, up to 1000 characters; null without a reason.';
COMMENT ON COLUMN studio.steps.due_at IS 'Before when the job does not start: a given time, or the end of a back-off; null for at once.';
COMMENT ON COLUMN studio.steps.auto_cancel_at IS 'When the job is cancelled by itself unless it has ended; null for never.';
COMMENT ON COLUMN studio.steps.queued_at IS 'When the job was submitted, or asked for again.';
COMMENT ON COLUMN studio.steps.started_at IS 'When the last attempt began; null before the first.';
COMMENT ON COLUMN studio.steps.completed_at IS 'When the job ended, whichever way; null while it has not.';
COMMENT ON COLUMN studio.steps.cancel_requested_at IS 'When somebody asked to cancel; a waiting job ends at once, a running one when its worker stops.';

CREATE TRIGGER steps_submit INSTEAD OF INSERT ON studio.steps FOR EACH ROW EXECUTE FUNCTION studio.submit_inserted_step();

GRANT SELECT,INSERT ON TABLE studio.steps TO renderstore_app;
GRANT SELECT ON TABLE studio.steps TO renderstore_worker;
GRANT SELECT,INSERT ON TABLE studio.steps TO renderstore_admin;
GRANT SELECT ON TABLE studio.steps TO renderstore_readonly;

CREATE FUNCTION studio.abandon_asset(id uuid, user_id uuid DEFAULT NULL::uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    asset studio.assets;
begin
    perform studio.lock_owner(owner);
    asset := studio.lock_asset(owner, id);
    if asset.state <> 'reserved' then
        raise exception using
            errcode = 'RS005',
            message = format(
                'Only a reserved asset is given up; this one is %s.',
                asset.state
            );
    end if;
    perform studio.end_asset(asset, 'abandoned', now());
    perform studio.charge(owner, reserved_bytes => -asset.size_bytes);
end
$$;

COMMENT ON FUNCTION studio.abandon_asset(id uuid, user_id uuid) IS 'Gives up a reservation; whatever came of its file is removed.';

REVOKE ALL ON FUNCTION studio.abandon_asset(id uuid, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.abandon_asset(id uuid, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.abandon_asset(id uuid, user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.add_frames(animation_id uuid, durations_ms integer[] DEFAULT NULL::integer[], asset_ids uuid[] DEFAULT NULL::uuid[], pivots_x integer[] DEFAULT NULL::integer[], pivots_y integer[] DEFAULT NULL::integer[], sources_x integer[] DEFAULT NULL::integer[], sources_y integer[] DEFAULT NULL::integer[], source_widths integer[] DEFAULT NULL::integer[], source_heights integer[] DEFAULT NULL::integer[], at_position integer DEFAULT NULL::integer, user_id uuid DEFAULT NULL::uuid) RETURNS TABLE(nth bigint, id uuid, place integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    asked constant bigint := coalesce(
        greatest(
            cardinality(durations_ms),
            cardinality(asset_ids),
            cardinality(pivots_x),
            cardinality(pivots_y),
            cardinality(sources_x),
            cardinality(sources_y),
            cardinality(source_widths),
            cardinality(source_heights)
        ),
        0
    )::work.batch_size;
    animation studio.animations;
    there bigint;
    first_place integer;
begin
    animation := studio.lock_animation(owner, animation_id);
    perform studio.use_assets(
        owner,
        array_remove(asset_ids, null),
        animation.project_id
    );
    select count(*) into there
    from studio.frames as f
    where f.user_id = owner and f.animation_id = animation_id;
    first_place := least(greatest(coalesce(at_position, there + 1), 1), there + 1);
    if first_place <= there then
        update studio.frames as f
        set position = f.position + asked
        where f.user_id = owner
            and f.animation_id = animation_id
            and f.position >= first_place;
        perform studio.shift_tags(owner, animation_id, first_place, asked);
    end if;
    return query
    with listed as materialized (
        select l.*, ops.uuidv7() as id
        from unnest(
            durations_ms,
            asset_ids,
            pivots_x,
            pivots_y,
            sources_x,
            sources_y,
            source_widths,
            source_heights
        ) with ordinality
            as l (
                duration_ms,
                asset_id,
                pivot_x,
                pivot_y,
                source_x,
                source_y,
                source_width,
                source_height,
                nth
            )
    ),

    made as (
        insert into studio.frames as f (
            user_id,
            id,
            project_id,
            animation_id,
            position,
            duration_ms,
            asset_id,
            pivot_x,
            pivot_y,
            source_x,
            source_y,
            source_width,
            source_height
        )
        select
            owner,
            l.id,
            animation.project_id,
            animation.id,
            first_place + l.nth - 1,
            coalesce(l.duration_ms, 1000 / animation.frames_per_second),
            l.asset_id,
            l.pivot_x,
            l.pivot_y,
            l.source_x,
            l.source_y,
            l.source_width,
            l.source_height
        from listed as l
        returning f.id, f.position as place
    )

    select l.nth, made.id, made.place
    from made
    join listed as l on l.id = made.id
    order by l.nth;
end
$$;

COMMENT ON FUNCTION studio.add_frames(animation_id uuid, durations_ms integer[], asset_ids uuid[], pivots_x integer[], pivots_y integer[], sources_x integer[], sources_y integer[], source_widths integer[], source_heights integer[], at_position integer, user_id uuid) IS 'Frames just added in this order, as many as the longest list has, at the end of their animation or from a place on; what stood there moves behind them, and tags with it.';

REVOKE ALL ON FUNCTION studio.add_frames(animation_id uuid, durations_ms integer[], asset_ids uuid[], pivots_x integer[], pivots_y integer[], sources_x integer[], sources_y integer[], source_widths integer[], source_heights integer[], at_position integer, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.add_frames(animation_id uuid, durations_ms integer[], asset_ids uuid[], pivots_x integer[], pivots_y integer[], sources_x integer[], sources_y integer[], source_widths integer[], source_heights integer[], at_position integer, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.add_frames(animation_id uuid, durations_ms integer[], asset_ids uuid[], pivots_x integer[], pivots_y integer[], sources_x integer[], sources_y integer[], source_widths integer[], source_heights integer[], at_position integer, user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.add_inputs(job_id uuid, asset_ids uuid[], user_id uuid DEFAULT NULL::uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    asked constant work.batch_size := coalesce(cardinality(asset_ids), 0);
    project uuid;
    added bigint;
begin
    if asked = 0 then
        return 0;
    end if;
    select l.project_id into project
    from studio.project_jobs as l
    where l.user_id = owner and l.job_id = job_id;
    -- A job of no project takes no asset away from one.
    perform studio.use_assets(owner, asset_ids, project);
    insert into studio.job_assets (user_id, job_id, asset_id, use)
    select distinct owner, job_id, listed.id, 'input'::studio.asset_use
    from unnest(asset_ids) as listed (id)
    on conflict on constraint job_assets_pkey do nothing;
    get diagnostics added = row_count;
    return added;
end
$$;

COMMENT ON FUNCTION studio.add_inputs(job_id uuid, asset_ids uuid[], user_id uuid) IS 'A job reads these assets, which stay until it has ended; says how many it did not read before.';

REVOKE ALL ON FUNCTION studio.add_inputs(job_id uuid, asset_ids uuid[], user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.add_inputs(job_id uuid, asset_ids uuid[], user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.add_inputs(job_id uuid, asset_ids uuid[], user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.aseprite_frames(data json) RETURNS TABLE(nth bigint, frame json, pivot_x integer, pivot_y integer)
    LANGUAGE sql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    with listed as (
        select e.nth, e.frame
        from json_array_elements(
            case json_typeof(data -> 'frames') when 'array' then data -> 'frames' end
        ) with ordinality as e (frame, nth)
        union all
        select e.nth, e.frame
        from json_each(
            case json_typeof(data -> 'frames') when 'object' then data -> 'frames' end
        ) with ordinality as e (filename, frame, nth)
    ),

    slices as (
        select s.slice
        from json_array_elements(
            case json_typeof(data #> '{meta,slices}')
                when 'array' then data #> '{meta,slices}'
            end
        ) with ordinality as s (slice, nth)
        where exists (
            select
            from json_array_elements(s.slice -> 'keys') as k (key)
            where json_typeof(k.key -> 'pivot') = 'object'
        )
        order by s.slice ->> 'name' <> 'pivot', s.nth
        limit 1
    )

    select
        listed.nth,
        listed.frame,
        (held.key #>> '{bounds,x}')::integer + (held.key #>> '{pivot,x}')::integer,
        (held.key #>> '{bounds,y}')::integer + (held.key #>> '{pivot,y}')::integer
    from listed
    left join lateral (
        select k.key
        from slices
        cross join json_array_elements(slices.slice -> 'keys') as k (key)
        where (k.key ->> 'frame')::bigint < listed.nth
        order by (k.key ->> 'frame')::bigint desc
        limit 1
    ) as held on true
$$;

COMMENT ON FUNCTION studio.aseprite_frames(data json) IS 'The frames of what Aseprite exported, in order, each with the pivot of the slice that has one.';

REVOKE ALL ON FUNCTION studio.aseprite_frames(data json) FROM PUBLIC;

CREATE FUNCTION studio.asset_uri(owner uuid, id uuid, suffix text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((((owner)::text || '/'::text) || (id)::text) || COALESCE(('.'::text || NULLIF(suffix, ''::text)), ''::text));

COMMENT ON FUNCTION studio.asset_uri(owner uuid, id uuid, suffix text) IS 'Where the file of an asset lies: under its owner''s id.';

REVOKE ALL ON FUNCTION studio.asset_uri(owner uuid, id uuid, suffix text) FROM PUBLIC;

CREATE FUNCTION studio.begin_asset(kind studio.asset_kind, size_bytes bigint, suffix text DEFAULT NULL::text, project_id uuid DEFAULT NULL::uuid, name text DEFAULT NULL::text, media_type text DEFAULT NULL::text, provenance jsonb DEFAULT NULL::jsonb, expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone, user_id uuid DEFAULT NULL::uuid, OUT id uuid, OUT uri text, OUT reserved_until_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
begin
    if suffix !~ '^[A-Za-z0-9]{0,16}$' then
        raise exception using
            errcode = '23514',
            message = 'A suffix has up to 16 letters and digits, without the dot.';
    end if;
    perform studio.lock_owner(owner);
    if project_id is not null then
        perform studio.lock_project(owner, project_id);
    end if;
    id := ops.uuidv7();
    uri := studio.asset_uri(owner, id, suffix);
    insert into studio.assets as a (
        user_id,
        id,
        project_id,
        kind,
        uri,
        name,
        size_bytes,
        media_type,
        provenance,
        expires_at
    )
    values (
        owner,
        id,
        project_id,
        kind,
        uri,
        name,
        size_bytes,
        media_type,
        provenance,
        expires_at
    )
    returning a.sweep_at into reserved_until_at;
    perform studio.charge(owner, reserved_bytes => size_bytes);
end
$_$;

COMMENT ON FUNCTION studio.begin_asset(kind studio.asset_kind, size_bytes bigint, suffix text, project_id uuid, name text, media_type text, provenance jsonb, expires_at timestamp with time zone, user_id uuid, OUT id uuid, OUT uri text, OUT reserved_until_at timestamp with time zone) IS 'Reserves bytes for a file that is on its way, within the plan''s max_stored_bytes, and says where it is to lie. Without studio.keep_asset it is given up after a day.';

REVOKE ALL ON FUNCTION studio.begin_asset(kind studio.asset_kind, size_bytes bigint, suffix text, project_id uuid, name text, media_type text, provenance jsonb, expires_at timestamp with time zone, user_id uuid, OUT id uuid, OUT uri text, OUT reserved_until_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.begin_asset(kind studio.asset_kind, size_bytes bigint, suffix text, project_id uuid, name text, media_type text, provenance jsonb, expires_at timestamp with time zone, user_id uuid, OUT id uuid, OUT uri text, OUT reserved_until_at timestamp with time zone) TO renderstore_app;
GRANT ALL ON FUNCTION studio.begin_asset(kind studio.asset_kind, size_bytes bigint, suffix text, project_id uuid, name text, media_type text, provenance jsonb, expires_at timestamp with time zone, user_id uuid, OUT id uuid, OUT uri text, OUT reserved_until_at timestamp with time zone) TO renderstore_admin;

CREATE FUNCTION studio.begin_for_job(user_id uuid, job_id uuid, attempt integer, kind studio.asset_kind, size_bytes bigint, suffix text DEFAULT NULL::text, name text DEFAULT NULL::text, media_type text DEFAULT NULL::text, provenance jsonb DEFAULT NULL::jsonb, expires_at timestamp with time zone DEFAULT NULL::timestamp with time zone, OUT id uuid, OUT uri text) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $_$
#variable_conflict use_variable
declare
    project_id uuid;
begin
    perform work.check_lease(user_id, job_id, attempt);
    if suffix !~ '^[A-Za-z0-9]{0,16}$' then
        raise exception using
            errcode = '23514',
            message = 'A suffix has up to 16 letters and digits, without the dot.';
    end if;
    -- A project that its user holds at this moment is not waited for: the asset hangs on the job.
    select p.id into project_id
    from studio.project_jobs as l
    join studio.projects as p on p.user_id = l.user_id and p.id = l.project_id
    where l.user_id = user_id and l.job_id = job_id
    for key share of p skip locked;
    id := ops.uuidv7();
    uri := studio.asset_uri(user_id, id, suffix);
    insert into studio.assets (
        user_id,
        id,
        project_id,
        kind,
        uri,
        name,
        size_bytes,
        media_type,
        provenance,
        expires_at
    )
    values (
        user_id,
        id,
        project_id,
        kind,
        uri,
        name,
        size_bytes,
        media_type,
        provenance,
        expires_at
    );
    insert into studio.job_assets (user_id, job_id, asset_id, use)
    values (user_id, job_id, id, 'output');
    perform studio.note_farms_use(user_id, 0, size_bytes);
end
$_$;

COMMENT ON FUNCTION studio.begin_for_job(user_id uuid, job_id uuid, attempt integer, kind studio.asset_kind, size_bytes bigint, suffix text, name text, media_type text, provenance jsonb, expires_at timestamp with time zone, OUT id uuid, OUT uri text) IS 'Reserves bytes for what a job makes, for its owner, and says where the file is to lie. Refused without the current lease; no limit is asked.';

REVOKE ALL ON FUNCTION studio.begin_for_job(user_id uuid, job_id uuid, attempt integer, kind studio.asset_kind, size_bytes bigint, suffix text, name text, media_type text, provenance jsonb, expires_at timestamp with time zone, OUT id uuid, OUT uri text) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.begin_for_job(user_id uuid, job_id uuid, attempt integer, kind studio.asset_kind, size_bytes bigint, suffix text, name text, media_type text, provenance jsonb, expires_at timestamp with time zone, OUT id uuid, OUT uri text) TO renderstore_worker;

CREATE FUNCTION studio.cancel_jobs(project_id uuid, reason text DEFAULT NULL::text, user_id uuid DEFAULT NULL::uuid, OUT cancelled bigint, OUT asked bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    job work.jobs;
    job_id uuid;
    waiting_ids uuid[] := '{}';
    held_ids uuid[] := '{}';
begin
    perform
    from studio.projects as p
    where p.user_id = owner and p.id = project_id;
    if not found then
        raise exception using
            errcode = 'P0002',
            message = 'There is no project with this id.';
    end if;
    for job_id in
        select l.job_id
        from studio.project_jobs as l
        join work.jobs as j on j.user_id = l.user_id and j.id = l.job_id
        where l.user_id = owner and l.project_id = project_id and j.completed_at is null
        order by l.job_id
    loop
        job := work.lock_job(owner, job_id);
        if job.status in ('pending', 'queued') then
            waiting_ids := waiting_ids || job_id;
        elsif job.completed_at is null then
            held_ids := held_ids || job_id;
        end if;
        perform work.note_cancel(job);
    end loop;
    perform work.cancel_waiting(
        array_fill(owner, array[cardinality(waiting_ids)]),
        waiting_ids,
        reason,
        work.is_stranger(owner)
    );
    update work.jobs as j
    set
        cancel_requested_at = coalesce(j.cancel_requested_at, now()),
        cancel_reason = coalesce(reason, j.cancel_reason)
    where j.user_id = owner and j.id = any(held_ids);
    cancelled := cardinality(waiting_ids);
    asked := cardinality(held_ids);
end
$$;

COMMENT ON FUNCTION studio.cancel_jobs(project_id uuid, reason text, user_id uuid, OUT cancelled bigint, OUT asked bigint) IS 'Cancels all jobs of a project: what waits at once, what runs when its worker stops. Says how many of each.';

REVOKE ALL ON FUNCTION studio.cancel_jobs(project_id uuid, reason text, user_id uuid, OUT cancelled bigint, OUT asked bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.cancel_jobs(project_id uuid, reason text, user_id uuid, OUT cancelled bigint, OUT asked bigint) TO renderstore_app;
GRANT ALL ON FUNCTION studio.cancel_jobs(project_id uuid, reason text, user_id uuid, OUT cancelled bigint, OUT asked bigint) TO renderstore_admin;

CREATE FUNCTION studio.charge(owner uuid, projects bigint DEFAULT 0, stored_bytes bigint DEFAULT 0, reserved_bytes bigint DEFAULT 0) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    used record;
begin
    perform studio.lock_owner(owner);
    update studio.usages as u
    set
        living_projects = u.living_projects + projects,
        stored_bytes = u.stored_bytes + stored_bytes,
        reserved_bytes = u.reserved_bytes + reserved_bytes
    where u.user_id = owner and not u.is_farms;
    -- What gives back asks no limit.
    if greatest(projects, stored_bytes + reserved_bytes) <= 0 then
        return;
    end if;
    select
        o.status,
        p.name,
        p.max_projects,
        p.max_stored_bytes,
        sum(u.living_projects) as living_projects,
        sum(u.stored_bytes + u.reserved_bytes) as bytes
    into used
    from studio.usages as u
    join identity.users as o on o.id = u.user_id
    join identity.plans as p on p.id = o.plan_id
    where u.user_id = owner
    group by o.status, p.name, p.max_projects, p.max_stored_bytes;
    perform work.check_active(used.status);
    perform ops.check_limit(
        used.name,
        'plans_max_projects',
        'The plan %s allows %s projects; %s are there and %s more were asked for.',
        used.living_projects::bigint,
        projects,
        used.max_projects
    );
    perform ops.check_limit(
        used.name,
        'plans_max_stored_bytes',
        'The plan %s allows %s bytes of files; %s are stored or reserved and %s more were asked for.',
        used.bytes::bigint,
        stored_bytes + reserved_bytes,
        used.max_stored_bytes
    );
end
$$;

COMMENT ON FUNCTION studio.charge(owner uuid, projects bigint, stored_bytes bigint, reserved_bytes bigint) IS 'Charges projects and bytes to their owner, whose row stays locked, or refuses; less than 0 gives back.';

REVOKE ALL ON FUNCTION studio.charge(owner uuid, projects bigint, stored_bytes bigint, reserved_bytes bigint) FROM PUBLIC;

CREATE FUNCTION studio.check_project_lives(owner uuid, project_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
begin
    perform
    from studio.projects as p
    where p.user_id = owner and p.id = project_id and p.deleted_at is not null;
    if found then
        raise exception using
            errcode = 'RS005',
            message = 'This project was deleted; restore it first.';
    end if;
end
$$;

COMMENT ON FUNCTION studio.check_project_lives(owner uuid, project_id uuid) IS 'After jobs were linked to a project: refuses a deleted one.';

REVOKE ALL ON FUNCTION studio.check_project_lives(owner uuid, project_id uuid) FROM PUBLIC;

CREATE FUNCTION studio.claim_steps(max_jobs bigint DEFAULT 1, lease interval DEFAULT '00:01:00'::interval) RETURNS TABLE(user_id uuid, id uuid, attempt integer, lease_expires_at timestamp with time zone, project_id uuid, scene_id uuid, step studio.step_kind, provider text, provider_task_id text, last_completed_part integer, config jsonb, result jsonb)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 10
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
begin
    return query
    select
        claimed.user_id,
        claimed.id,
        claimed.attempt,
        claimed.lease_expires_at,
        s.project_id,
        s.scene_id,
        s.step,
        s.provider::text,
        s.provider_task_id,
        s.last_completed_part,
        s.config,
        s.result
    from work.claim(max_jobs, '{step}', lease) as claimed
    join studio.step_specs as s
        on s.user_id = claimed.user_id and s.job_id = claimed.id;
end
$$;

COMMENT ON FUNCTION studio.claim_steps(max_jobs bigint, lease interval) IS 'Takes up to this many steps for the acting worker, as work.claim does, and gives with each what it is to do and how far it is.';

REVOKE ALL ON FUNCTION studio.claim_steps(max_jobs bigint, lease interval) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.claim_steps(max_jobs bigint, lease interval) TO renderstore_worker;

CREATE FUNCTION studio.clear_default_preset(kind studio.preset_kind, user_id uuid DEFAULT NULL::uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
begin
    perform studio.lock_presets(owner, kind);
    update studio.presets as p
    set is_default = false
    where p.user_id = owner and p.kind = kind and p.is_default;
end
$$;

COMMENT ON FUNCTION studio.clear_default_preset(kind studio.preset_kind, user_id uuid) IS 'No own preset of this kind is the default any more: the standard one is chosen.';

REVOKE ALL ON FUNCTION studio.clear_default_preset(kind studio.preset_kind, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.clear_default_preset(kind studio.preset_kind, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.clear_default_preset(kind studio.preset_kind, user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.clear_step_costs(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
    cleared bigint;
begin
    delete from studio.step_costs as c
    where (c.user_id, c.job_id) in (
        select late.user_id, late.job_id
        from studio.step_costs as late
        where late.project_id is null
            and not exists (
                select
                from work.jobs as j
                where j.user_id = late.user_id and j.id = late.job_id
            )
        limit max_rows
        for update skip locked
    );
    get diagnostics cleared = row_count;
    return cleared;
end
$$;

COMMENT ON FUNCTION studio.clear_step_costs(max_rows bigint) IS 'How many costs were deleted of steps whose project and whose job are gone.';

REVOKE ALL ON FUNCTION studio.clear_step_costs(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION studio.create_preset(kind studio.preset_kind, name text, settings jsonb DEFAULT '{}'::jsonb, is_default boolean DEFAULT false, user_id uuid DEFAULT NULL::uuid, OUT id uuid, OUT created_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
begin
    if is_default then
        perform studio.clear_default_preset(kind, user_id);
    end if;
    insert into studio.presets as p (user_id, kind, name, settings, is_default)
    values (
        owner,
        kind,
        name,
        coalesce(settings, '{}'),
        coalesce(is_default, false)
    )
    returning p.id, p.created_at into id, created_at;
end
$$;

COMMENT ON FUNCTION studio.create_preset(kind studio.preset_kind, name text, settings jsonb, is_default boolean, user_id uuid, OUT id uuid, OUT created_at timestamp with time zone) IS 'A preset just created by the bound user, or for the one that an administrator names; as the default of its kind, it takes the place of the one before.';

REVOKE ALL ON FUNCTION studio.create_preset(kind studio.preset_kind, name text, settings jsonb, is_default boolean, user_id uuid, OUT id uuid, OUT created_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.create_preset(kind studio.preset_kind, name text, settings jsonb, is_default boolean, user_id uuid, OUT id uuid, OUT created_at timestamp with time zone) TO renderstore_app;
GRANT ALL ON FUNCTION studio.create_preset(kind studio.preset_kind, name text, settings jsonb, is_default boolean, user_id uuid, OUT id uuid, OUT created_at timestamp with time zone) TO renderstore_admin;

CREATE FUNCTION studio.create_project(title text, source_text text DEFAULT NULL::text, config jsonb DEFAULT '{}'::jsonb, user_id uuid DEFAULT NULL::uuid, OUT id uuid, OUT status studio.project_status, OUT created_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
begin
    perform studio.charge(owner, projects => 1);
    insert into studio.projects as p (user_id, title, source_text, config)
    values (owner, title, source_text, coalesce(config, '{}'))
    returning p.id, p.status, p.created_at into id, status, created_at;
end
$$;

COMMENT ON FUNCTION studio.create_project(title text, source_text text, config jsonb, user_id uuid, OUT id uuid, OUT status studio.project_status, OUT created_at timestamp with time zone) IS 'A project just created by the bound user, or for the one that an administrator names; refused above the plan''s max_projects.';

REVOKE ALL ON FUNCTION studio.create_project(title text, source_text text, config jsonb, user_id uuid, OUT id uuid, OUT status studio.project_status, OUT created_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.create_project(title text, source_text text, config jsonb, user_id uuid, OUT id uuid, OUT status studio.project_status, OUT created_at timestamp with time zone) TO renderstore_app;
GRANT ALL ON FUNCTION studio.create_project(title text, source_text text, config jsonb, user_id uuid, OUT id uuid, OUT status studio.project_status, OUT created_at timestamp with time zone) TO renderstore_admin;

CREATE FUNCTION studio.create_scenes(project_id uuid, narrations text[] DEFAULT NULL::text[], image_prompts text[] DEFAULT NULL::text[], durations_ms bigint[] DEFAULT NULL::bigint[], configs jsonb[] DEFAULT NULL::jsonb[], at_position integer DEFAULT NULL::integer, user_id uuid DEFAULT NULL::uuid) RETURNS TABLE(nth bigint, id uuid, place integer)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    asked constant bigint := coalesce(
        greatest(
            cardinality(narrations),
            cardinality(image_prompts),
            cardinality(durations_ms),
            cardinality(configs)
        ),
        0
    )::work.batch_size;
    there bigint;
    first_place integer;
begin
    perform studio.lock_project(owner, project_id);
    select count(*) into there
    from studio.scenes as s
    where s.user_id = owner and s.project_id = project_id and s.position is not null;
    first_place := least(greatest(coalesce(at_position, there + 1), 1), there + 1);
    if first_place <= there then
        update studio.scenes as s
        set position = s.position + asked
        where s.user_id = owner
            and s.project_id = project_id
            and s.position >= first_place;
    end if;
    return query
    with listed as materialized (
        select l.*, ops.uuidv7() as id
        from unnest(narrations, image_prompts, durations_ms, configs) with ordinality
            as l (narration, image_prompt, duration_ms, config, nth)
    ),

    made as (
        insert into studio.scenes as s (
            user_id,
            id,
            project_id,
            position,
            narration,
            image_prompt,
            duration_ms,
            config
        )
        select
            owner,
            l.id,
            project_id,
            (first_place + l.nth - 1)::integer,
            l.narration,
            l.image_prompt,
            l.duration_ms,
            coalesce(l.config, '{}')
        from listed as l
        returning s.id, s.position as place
    )

    select l.nth, made.id, made.place
    from made
    join listed as l on l.id = made.id
    order by l.nth;
end
$$;

COMMENT ON FUNCTION studio.create_scenes(project_id uuid, narrations text[], image_prompts text[], durations_ms bigint[], configs jsonb[], at_position integer, user_id uuid) IS 'Scenes just created in this order, as many as the longest list has, at the end of their project or from a place on; what stood there moves behind them.';

REVOKE ALL ON FUNCTION studio.create_scenes(project_id uuid, narrations text[], image_prompts text[], durations_ms bigint[], configs jsonb[], at_position integer, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.create_scenes(project_id uuid, narrations text[], image_prompts text[], durations_ms bigint[], configs jsonb[], at_position integer, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.create_scenes(project_id uuid, narrations text[], image_prompts text[], durations_ms bigint[], configs jsonb[], at_position integer, user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.delete_asset(id uuid, is_final boolean DEFAULT false, user_id uuid DEFAULT NULL::uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    asset studio.assets;
begin
    asset := studio.lock_asset(owner, id);
    if asset.state not in ('kept', 'expired', 'deleted')
        or asset.state = 'deleted' and not is_final
    then
        raise exception using
            errcode = 'RS005',
            message = format(
                'Only a kept asset is deleted; this one is %s.',
                asset.state
            );
    elsif studio.is_asset_used(owner, id) then
        raise exception using
            errcode = 'RS013',
            message = 'A frame, or a job that has not ended, uses this asset.';
    end if;
    perform studio.end_asset(
        asset,
        'deleted',
        case
            when is_final then now()
            else now() + p.keep_deleted_days * interval '1 day'
        end
    )
    from identity.users as u
    join identity.plans as p on p.id = u.plan_id
    where u.id = owner;
end
$$;

COMMENT ON FUNCTION studio.delete_asset(id uuid, is_final boolean, user_id uuid) IS 'Deletes an asset that nothing uses. Its file stays, and counts, for the plan''s keep_deleted_days, or goes at once where that is final.';

REVOKE ALL ON FUNCTION studio.delete_asset(id uuid, is_final boolean, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.delete_asset(id uuid, is_final boolean, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.delete_asset(id uuid, is_final boolean, user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.delete_frames(animation_id uuid, ids uuid[], user_id uuid DEFAULT NULL::uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    places integer[];
begin
    perform studio.lock_animation(owner, animation_id);
    with gone as (
        delete from studio.frames as f
        where f.user_id = owner
            and f.animation_id = animation_id
            and f.id = any(ids)
        returning f.position
    )

    select coalesce(array_agg(gone.position), '{}') into places
    from gone;
    update studio.frames as f
    set position = f.position - (
        select count(*)
        from unnest(places) as gone (place)
        where gone.place < f.position
    )
    where f.user_id = owner
        and f.animation_id = animation_id
        and f.position > any(places);
    -- A tag keeps what is left of it, and goes with its last frame.
    delete from studio.tags as t
    where t.user_id = owner
        and t.animation_id = animation_id
        and t.last_position - t.first_position + 1 = (
            select count(*)
            from unnest(places) as gone (place)
            where gone.place between t.first_position and t.last_position
        );
    update studio.tags as t
    set
        first_position = t.first_position - (
            select count(*)
            from unnest(places) as gone (place)
            where gone.place < t.first_position
        ),
        last_position = t.last_position - (
            select count(*)
            from unnest(places) as gone (place)
            where gone.place <= t.last_position
        )
    where t.user_id = owner
        and t.animation_id = animation_id
        and t.last_position >= any(places);
    return cardinality(places);
end
$$;

COMMENT ON FUNCTION studio.delete_frames(animation_id uuid, ids uuid[], user_id uuid) IS 'Takes frames out of an animation and closes the gaps, in tags too; says how many.';

REVOKE ALL ON FUNCTION studio.delete_frames(animation_id uuid, ids uuid[], user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.delete_frames(animation_id uuid, ids uuid[], user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.delete_frames(animation_id uuid, ids uuid[], user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.delete_preset(id uuid, user_id uuid DEFAULT NULL::uuid, OUT deleted_at timestamp with time zone, OUT purge_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    preset constant studio.presets := studio.lock_preset(owner, id);
begin
    if preset.deleted_at is not null then
        raise exception using
            errcode = 'RS005',
            message = 'This preset was deleted before.';
    end if;
    update studio.presets as p
    set
        is_default = false,
        deleted_at = now(),
        purge_at = now() + l.keep_deleted_days * interval '1 day'
    from identity.users as u
    join identity.plans as l on l.id = u.plan_id
    where p.user_id = owner and p.id = id and u.id = owner
    returning p.deleted_at, p.purge_at into deleted_at, purge_at;
end
$$;

COMMENT ON FUNCTION studio.delete_preset(id uuid, user_id uuid, OUT deleted_at timestamp with time zone, OUT purge_at timestamp with time zone) IS 'Deletes a preset, which is no default any more. It can be restored until purge_at, which the plan''s keep_deleted_days decides now.';

REVOKE ALL ON FUNCTION studio.delete_preset(id uuid, user_id uuid, OUT deleted_at timestamp with time zone, OUT purge_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.delete_preset(id uuid, user_id uuid, OUT deleted_at timestamp with time zone, OUT purge_at timestamp with time zone) TO renderstore_app;
GRANT ALL ON FUNCTION studio.delete_preset(id uuid, user_id uuid, OUT deleted_at timestamp with time zone, OUT purge_at timestamp with time zone) TO renderstore_admin;

CREATE FUNCTION studio.delete_project(id uuid, user_id uuid DEFAULT NULL::uuid, OUT deleted_at timestamp with time zone, OUT purge_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
begin
    perform studio.lock_owner(owner);
    perform studio.lock_project(owner, id);
    perform studio.charge(owner, projects => -1);
    update studio.projects as p
    set
        deleted_at = now(),
        purge_at = now() + l.keep_deleted_days * interval '1 day'
    from identity.users as u
    join identity.plans as l on l.id = u.plan_id
    where p.user_id = owner and p.id = id and u.id = owner
    returning p.deleted_at, p.purge_at into deleted_at, purge_at;
    perform studio.end_jobs(owner, id);
end
$$;

COMMENT ON FUNCTION studio.delete_project(id uuid, user_id uuid, OUT deleted_at timestamp with time zone, OUT purge_at timestamp with time zone) IS 'Deletes a project, however much hangs under it, by marking its row. It can be restored until purge_at, which the plan''s keep_deleted_days decides now.';

REVOKE ALL ON FUNCTION studio.delete_project(id uuid, user_id uuid, OUT deleted_at timestamp with time zone, OUT purge_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.delete_project(id uuid, user_id uuid, OUT deleted_at timestamp with time zone, OUT purge_at timestamp with time zone) TO renderstore_app;
GRANT ALL ON FUNCTION studio.delete_project(id uuid, user_id uuid, OUT deleted_at timestamp with time zone, OUT purge_at timestamp with time zone) TO renderstore_admin;

CREATE FUNCTION studio.delete_scenes(ids uuid[], user_id uuid DEFAULT NULL::uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    project_id uuid;
    deleted bigint;
begin
    if ids = '{}' then
        return 0;
    end if;
    project_id := studio.scene_project(owner, ids[1]);
    perform studio.lock_project(owner, project_id);
    update studio.scenes as s
    set
        position = null,
        deleted_at = now()
    where s.user_id = owner
        and s.project_id = project_id
        and s.id = any(ids)
        and s.position is not null;
    get diagnostics deleted = row_count;
    update studio.scenes as s
    set position = counted.nth
    from (
        select c.id, row_number() over (order by c.position) as nth
        from studio.scenes as c
        where c.user_id = owner
            and c.project_id = project_id
            and c.position is not null
    ) as counted
    where s.user_id = owner and s.id = counted.id and s.position <> counted.nth;
    return deleted;
end
$$;

COMMENT ON FUNCTION studio.delete_scenes(ids uuid[], user_id uuid) IS 'Deletes scenes of one project, closes the gaps, and says how many: what was deleted before, or is in another project than the first, is passed over.';

REVOKE ALL ON FUNCTION studio.delete_scenes(ids uuid[], user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.delete_scenes(ids uuid[], user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.delete_scenes(ids uuid[], user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.deleted_project_ids() RETURNS uuid[]
    LANGUAGE sql STABLE
    RETURN ARRAY(SELECT p.id FROM studio.projects p WHERE ((p.user_id = (SELECT identity.current_user_id() AS current_user_id)) AND (p.deleted_at IS NOT NULL)));

COMMENT ON FUNCTION studio.deleted_project_ids() IS 'The deleted projects of the bound user: the policies hide what hangs under them.';

REVOKE ALL ON FUNCTION studio.deleted_project_ids() FROM PUBLIC;
GRANT ALL ON FUNCTION studio.deleted_project_ids() TO renderstore_app;
GRANT ALL ON FUNCTION studio.deleted_project_ids() TO renderstore_worker;
GRANT ALL ON FUNCTION studio.deleted_project_ids() TO renderstore_admin;
GRANT ALL ON FUNCTION studio.deleted_project_ids() TO renderstore_readonly;

CREATE FUNCTION studio.end_asset(asset studio.assets, became studio.asset_state, due_at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
begin
    update studio.assets as a
    set
        state = became,
        deleted_at = coalesce(a.deleted_at, now()),
        sweep_at = null
    where a.user_id = asset.user_id and a.id = asset.id;
    insert into ops.removals as r (user_id, uri, size_bytes, reason, due_at)
    values (
        asset.user_id,
        asset.uri,
        case when asset.kept_at is not null then asset.size_bytes else 0 end,
        became::text,
        coalesce(due_at, '9999-12-30 00:00+00')
    )
    on conflict on constraint removals_user_id_uri_key do update
    set
        reason = excluded.reason,
        due_at = case when r.tries = 0 then excluded.due_at else r.due_at end;
end
$$;

COMMENT ON FUNCTION studio.end_asset(asset studio.assets, became studio.asset_state, due_at timestamp with time zone) IS 'An asset that the caller has locked is abandoned, expired or deleted, and its file is to be removed from then on; null for never.';

REVOKE ALL ON FUNCTION studio.end_asset(asset studio.assets, became studio.asset_state, due_at timestamp with time zone) FROM PUBLIC;

CREATE FUNCTION studio.end_jobs(owner uuid, project_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    reason constant text := 'Its project was deleted.';
    ids uuid[];
begin
    -- However many there are, a deletion takes a moment: the sweep ends the others.
    select array_agg(j.id) into ids
    from (
        select k.id
        from studio.project_jobs as l
        join work.jobs as k on k.user_id = l.user_id and k.id = l.job_id
        where l.user_id = owner
            and l.project_id = project_id
            and k.completed_at is null
            and k.cancel_requested_at is null
        order by l.job_id
        limit 1000
        for no key update of k skip locked
    ) as j;
    if ids is null then
        return;
    end if;
    perform work.cancel_waiting(
        array_fill(owner, array[cardinality(ids)]),
        ids,
        reason,
        work.is_stranger(owner)
    );
    update work.jobs as j
    set
        cancel_requested_at = now(),
        cancel_reason = coalesce(j.cancel_reason, reason)
    where j.user_id = owner
        and j.id = any(ids)
        and j.status in ('running', 'validating')
        and j.cancel_requested_at is null;
end
$$;

COMMENT ON FUNCTION studio.end_jobs(owner uuid, project_id uuid) IS 'Cancels what waits for a project that was just deleted, and asks what runs for it to stop. What somebody holds is the sweep''s.';

REVOKE ALL ON FUNCTION studio.end_jobs(owner uuid, project_id uuid) FROM PUBLIC;

CREATE FUNCTION studio.end_late_jobs(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
    late record;
begin
    -- A job that was linked while the project was deleted, by a transaction that saw it alive, that somebody held at that moment, or that
    -- was one of too many.
    select array_agg(j.user_id) as users, array_agg(j.id) as ids into late
    from (
        select k.user_id, k.id
        from studio.projects as p
        join studio.project_jobs as l on l.user_id = p.user_id and l.project_id = p.id
        join work.jobs as k on k.user_id = l.user_id and k.id = l.job_id
        where p.deleted_at > now() - interval '1 day'
            and k.completed_at is null
            and k.cancel_requested_at is null
        limit max_rows
        for no key update of p, k skip locked
    ) as j;
    if late.ids is not null then
        perform work.ask_to_cancel(late.users, late.ids, 'Its project was deleted.');
    end if;
    return coalesce(cardinality(late.ids), 0);
end
$$;

COMMENT ON FUNCTION studio.end_late_jobs(max_rows bigint) IS 'How many jobs were cancelled, or asked to stop, whose project was deleted within a day and that its deletion had passed over.';

REVOKE ALL ON FUNCTION studio.end_late_jobs(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION studio.enter_project(owner uuid, project_id uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if work.is_stranger(owner) then
        perform studio.lock_project(owner, project_id);
    end if;
end
$$;

COMMENT ON FUNCTION studio.enter_project(owner uuid, project_id uuid) IS 'Before jobs are linked to a project: an administrator does not wait in their foreign keys for a row that the owner holds.';

REVOKE ALL ON FUNCTION studio.enter_project(owner uuid, project_id uuid) FROM PUBLIC;

CREATE FUNCTION studio.finish_step(user_id uuid, id uuid, attempt integer, provider_task_id text DEFAULT NULL::text, last_completed_part integer DEFAULT NULL::integer, tokens_in bigint DEFAULT NULL::bigint, tokens_out bigint DEFAULT NULL::bigint, cost_micros bigint DEFAULT NULL::bigint, result jsonb DEFAULT NULL::jsonb, provider text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    perform studio.report_step(
        user_id,
        id,
        attempt,
        provider_task_id,
        last_completed_part,
        tokens_in,
        tokens_out,
        cost_micros,
        result,
        provider
    );
    perform work.finish(user_id, id, attempt);
end
$$;

COMMENT ON FUNCTION studio.finish_step(user_id uuid, id uuid, attempt integer, provider_task_id text, last_completed_part integer, tokens_in bigint, tokens_out bigint, cost_micros bigint, result jsonb, provider text) IS 'Completes a step, with a last report. Refused without the current lease.';

REVOKE ALL ON FUNCTION studio.finish_step(user_id uuid, id uuid, attempt integer, provider_task_id text, last_completed_part integer, tokens_in bigint, tokens_out bigint, cost_micros bigint, result jsonb, provider text) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.finish_step(user_id uuid, id uuid, attempt integer, provider_task_id text, last_completed_part integer, tokens_in bigint, tokens_out bigint, cost_micros bigint, result jsonb, provider text) TO renderstore_worker;

CREATE FUNCTION studio.finish_with_outputs(user_id uuid, id uuid, attempt integer, uris text[], sizes_bytes bigint[] DEFAULT NULL::bigint[], media_types text[] DEFAULT NULL::text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    made record;
begin
    for made in
        select
            listed.uri,
            coalesce(listed.size_bytes, a.size_bytes) as size_bytes,
            listed.media_type,
            a.id,
            a.state
        from unnest(uris, sizes_bytes, media_types)
            as listed (uri, size_bytes, media_type)
        left join studio.job_assets as u
            join studio.assets as a on a.user_id = u.user_id and a.id = u.asset_id
            on u.user_id = user_id
            and u.job_id = id
            and u.use = 'output'
            and a.uri = listed.uri
        order by a.id
    loop
        if made.id is null then
            raise exception using
                errcode = '23514',
                message = format(
                    'The job began no file with the URI %s; studio.begin_for_job gives one.',
                    made.uri
                );
        end if;
        -- What the worker kept on its way is there already.
        continue when made.state = 'kept';
        perform studio.keep_for_job(
            user_id,
            id,
            attempt,
            made.id,
            made.size_bytes,
            media_type => made.media_type
        );
    end loop;
    perform work.finish(user_id, id, attempt);
end
$$;

COMMENT ON FUNCTION studio.finish_with_outputs(user_id uuid, id uuid, attempt integer, uris text[], sizes_bytes bigint[], media_types text[]) IS 'Completes a job of any kind and keeps the files that it began, by their URIs; one that it kept before stays as it is. Refused without the current lease.';

REVOKE ALL ON FUNCTION studio.finish_with_outputs(user_id uuid, id uuid, attempt integer, uris text[], sizes_bytes bigint[], media_types text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.finish_with_outputs(user_id uuid, id uuid, attempt integer, uris text[], sizes_bytes bigint[], media_types text[]) TO renderstore_worker;

CREATE FUNCTION studio.follow_character() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
    deleted_at timestamptz;
begin
    -- The policy refuses a row for somebody else, and nothing is told of that user; a missing value says so itself.
    if current_setting('role') = 'renderstore_app'
        and new.user_id is distinct from identity.current_user_id()
        or num_nulls(new.user_id, new.character_id) > 0
    then
        new.project_id = '00000000-0000-0000-0000-000000000000';
        return new;
    end if;
    select c.project_id, c.deleted_at into new.project_id, deleted_at
    from studio.characters as c
    where c.user_id = new.user_id and c.id = new.character_id;
    if new.project_id is null then
        raise exception using
            errcode = 'P0002',
            message = 'There is no character with this id.';
    elsif deleted_at is not null then
        raise exception using
            errcode = 'RS005',
            message = 'This character was deleted; restore it first.';
    end if;
    return new;
end
$$;

COMMENT ON FUNCTION studio.follow_character() IS 'Trigger: an animation belongs to its character''s project; a deleted character gets none.';

REVOKE ALL ON FUNCTION studio.follow_character() FROM PUBLIC;

CREATE FUNCTION studio.follow_expiry() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    new.sweep_at = new.expires_at;
    return new;
end
$$;

COMMENT ON FUNCTION studio.follow_expiry() IS 'Trigger: the sweep looks at a kept asset when it expires.';

REVOKE ALL ON FUNCTION studio.follow_expiry() FROM PUBLIC;

CREATE FUNCTION studio.guard_asset() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if studio.may_become(old.state, new.state) then
        return new;
    end if;
    raise exception using
        errcode = 'RS005',
        message = format('An %s asset cannot become %s.', old.state, new.state);
end
$$;

COMMENT ON FUNCTION studio.guard_asset() IS 'Trigger: an asset changes only as studio.transitions permits.';

REVOKE ALL ON FUNCTION studio.guard_asset() FROM PUBLIC;

CREATE FUNCTION studio.guard_project() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if studio.may_become(old.status, new.status) then
        return new;
    end if;
    raise exception using
        errcode = 'RS005',
        message = format('A %s project cannot become %s.', old.status, new.status);
end
$$;

COMMENT ON FUNCTION studio.guard_project() IS 'Trigger: a project changes only as studio.transitions permits.';

REVOKE ALL ON FUNCTION studio.guard_project() FROM PUBLIC;

CREATE FUNCTION studio.guard_scene() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if studio.may_become(old.status, new.status) then
        return new;
    end if;
    raise exception using
        errcode = 'RS005',
        message = format('A %s scene cannot become %s.', old.status, new.status);
end
$$;

COMMENT ON FUNCTION studio.guard_scene() IS 'Trigger: a scene changes only as studio.transitions permits.';

REVOKE ALL ON FUNCTION studio.guard_scene() FROM PUBLIC;

CREATE FUNCTION studio.hold_farms_use(owner uuid) RETURNS boolean
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    perform
    from studio.usages as u
    where u.user_id = owner and u.is_farms
    for no key update skip locked;
    return found
        or not exists (
            select
            from studio.usages as u
            where u.user_id = owner and u.is_farms
        );
end
$$;

COMMENT ON FUNCTION studio.hold_farms_use(owner uuid) IS 'Whether nobody is changing what the farm counts for a user at this moment; locks it, so that the sweep waits for nobody.';

REVOKE ALL ON FUNCTION studio.hold_farms_use(owner uuid) FROM PUBLIC;

CREATE FUNCTION studio.hold_steps(owner uuid, ids uuid[], needs_lists jsonb, due_at timestamp with time zone, on_failure work.dependency_rule) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owners constant uuid[] := array_fill(owner, array[cardinality(ids)]);
begin
    insert into work.dependencies (user_id, job_id, needs_job_id, on_failure)
    select distinct owner, listed.id, needed.id::uuid, coalesce(on_failure, 'cancel')
    from unnest(ids) with ordinality as listed (id, nth)
    cross join lateral jsonb_array_elements_text(needs_lists -> (listed.nth - 1)::integer)
        as needed (id);
    update work.jobs as j
    set due_at = due_at
    where j.user_id = owner and j.id = any(ids);
    perform work.renew(owners, ids, work.is_stranger(owner));
    -- Whoever ends one that was there before does not see the link at this moment: the sweep looks again.
    insert into work.leftovers (user_id, job_id)
    select distinct d.user_id, d.job_id
    from work.dependencies as d
    join work.jobs as needed
        on needed.user_id = d.user_id and needed.id = d.needs_job_id
    where d.user_id = owner
        and d.job_id = any(ids)
        and d.needs_job_id <> all(ids)
        and needed.status <> 'completed';
end
$$;

COMMENT ON FUNCTION studio.hold_steps(owner uuid, ids uuid[], needs_lists jsonb, due_at timestamp with time zone, on_failure work.dependency_rule) IS 'Jobs just made wait for others, each for those of its own list.';

REVOKE ALL ON FUNCTION studio.hold_steps(owner uuid, ids uuid[], needs_lists jsonb, due_at timestamp with time zone, on_failure work.dependency_rule) FROM PUBLIC;

CREATE FUNCTION studio.import_aseprite(character_id uuid, name text, data json, asset_id uuid DEFAULT NULL::uuid, user_id uuid DEFAULT NULL::uuid, OUT animation_id uuid, OUT frames bigint, OUT tags bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    made record;
begin
    if octet_length(data::text) > 16777216
        or json_typeof(data -> 'frames') not in ('array', 'object')
        or data -> 'frames' is null
    then
        raise exception using
            errcode = '23514',
            message = 'What Aseprite exports has frames, as an array or a hash, and at most 16 MiB.';
    end if;
    insert into studio.animations as n (
        user_id,
        character_id,
        name,
        playback,
        repeats,
        frames_per_second
    )
    values (
        owner,
        character_id,
        name,
        coalesce(
            (data #>> '{meta,renderstore,playback}')::studio.playback,
            'forward'
        ),
        (data #>> '{meta,renderstore,repeats}')::integer,
        coalesce((data #>> '{meta,renderstore,framesPerSecond}')::smallint, 12)
    )
    returning n.id into animation_id;

    with read as (
        select
            f.nth,
            f.pivot_x,
            f.pivot_y,
            (f.frame ->> 'duration')::integer as duration_ms,
            (f.frame #>> '{frame,x}')::integer as x,
            (f.frame #>> '{frame,y}')::integer as y,
            nullif((f.frame #>> '{frame,w}')::integer, 0) as w,
            nullif((f.frame #>> '{frame,h}')::integer, 0) as h,
            (f.frame ->> 'rotated')::boolean as is_rotated,
            bool_or((f.frame ->> 'trimmed')::boolean) over () as is_trimmed,
            coalesce((f.frame #>> '{spriteSourceSize,x}')::integer, 0) as offset_x,
            coalesce((f.frame #>> '{spriteSourceSize,y}')::integer, 0) as offset_y,
            coalesce(own.id, asset_id) as asset_id,
            own.width,
            own.height
        from studio.aseprite_frames(data) as f
        left join studio.assets as own
            on own.user_id = owner
            and own.state = 'kept'
            and own.uri = coalesce(f.frame ->> 'image', data #>> '{meta,image}')
    ),

    placed as (
        select
            r.*,
            -- All of the asset is no part of it.
            r.w is not null
            and r.h is not null
            and (r.x, r.y, r.w, r.h) is distinct from (0, 0, r.width, r.height) as is_part
        from read as r
    )

    select
        count(*) as frames,
        bool_or(p.is_rotated) as is_rotated,
        array_agg(p.duration_ms order by p.nth) as durations_ms,
        array_agg(p.asset_id order by p.nth) as asset_ids,
        array_agg(
            case
                when p.is_trimmed then coalesce(p.pivot_x, 0) - p.offset_x
                else p.pivot_x
            end
            order by p.nth
        ) as pivots_x,
        array_agg(
            case
                when p.is_trimmed then coalesce(p.pivot_y, 0) - p.offset_y
                else p.pivot_y
            end
            order by p.nth
        ) as pivots_y,
        array_agg(case when p.is_part then p.x end order by p.nth) as sources_x,
        array_agg(case when p.is_part then p.y end order by p.nth) as sources_y,
        array_agg(case when p.is_part then p.w end order by p.nth) as source_widths,
        array_agg(case when p.is_part then p.h end order by p.nth) as source_heights
    into made
    from placed as p;
    if made.is_rotated then
        raise exception using
            errcode = '23514',
            message = 'A rotated frame cannot be imported; Aseprite exports none.';
    end if;
    frames := made.frames;
    perform studio.add_frames(
        animation_id,
        made.durations_ms,
        made.asset_ids,
        made.pivots_x,
        made.pivots_y,
        made.sources_x,
        made.sources_y,
        made.source_widths,
        made.source_heights,
        user_id => user_id
    );

    select studio.set_tags(
        animation_id,
        array_agg(t.tag ->> 'name' order by t.nth),
        array_agg((t.tag ->> 'from')::integer + 1 order by t.nth),
        array_agg((t.tag ->> 'to')::integer + 1 order by t.nth),
        array_agg(
            replace(t.tag ->> 'direction', 'pingpong', 'ping_pong')::studio.playback
            order by t.nth
        ),
        array_agg((t.tag ->> 'repeat')::integer order by t.nth),
        user_id
    )
    into tags
    from json_array_elements(
        case json_typeof(data #> '{meta,frameTags}')
            when 'array' then data #> '{meta,frameTags}'
        end
    ) with ordinality as t (tag, nth);
exception
    when data_exception then
        raise exception using
            errcode = '23514',
            message = 'This is not what Aseprite exports: a value in it is not written as its type wants it.';
end
$$;

COMMENT ON FUNCTION studio.import_aseprite(character_id uuid, name text, data json, asset_id uuid, user_id uuid, OUT animation_id uuid, OUT frames bigint, OUT tags bigint) IS 'An animation just made of what Aseprite exported, in array or hash form. Its image is found by its URI among the user''s assets, else it is asset_id.';

REVOKE ALL ON FUNCTION studio.import_aseprite(character_id uuid, name text, data json, asset_id uuid, user_id uuid, OUT animation_id uuid, OUT frames bigint, OUT tags bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.import_aseprite(character_id uuid, name text, data json, asset_id uuid, user_id uuid, OUT animation_id uuid, OUT frames bigint, OUT tags bigint) TO renderstore_app;
GRANT ALL ON FUNCTION studio.import_aseprite(character_id uuid, name text, data json, asset_id uuid, user_id uuid, OUT animation_id uuid, OUT frames bigint, OUT tags bigint) TO renderstore_admin;

CREATE FUNCTION studio.is_asset_used(owner uuid, asset uuid) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN ((EXISTS (SELECT FROM studio.frames f WHERE ((f.user_id = is_asset_used.owner) AND (f.asset_id = is_asset_used.asset)))) OR (EXISTS (SELECT FROM (studio.job_assets u JOIN work.jobs j ON (((j.user_id = u.user_id) AND (j.id = u.job_id)))) WHERE ((u.user_id = is_asset_used.owner) AND (u.asset_id = is_asset_used.asset) AND (j.completed_at IS NULL)))));

COMMENT ON FUNCTION studio.is_asset_used(owner uuid, asset uuid) IS 'Whether a frame, or a job that has not ended, uses an asset.';

REVOKE ALL ON FUNCTION studio.is_asset_used(owner uuid, asset uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.is_asset_used(owner uuid, asset uuid) TO renderstore_admin;
GRANT ALL ON FUNCTION studio.is_asset_used(owner uuid, asset uuid) TO renderstore_readonly;

CREATE FUNCTION studio.keep_asset(id uuid, size_bytes bigint, sha256 bytea DEFAULT NULL::bytea, media_type text DEFAULT NULL::text, width integer DEFAULT NULL::integer, height integer DEFAULT NULL::integer, duration_ms bigint DEFAULT NULL::bigint, user_id uuid DEFAULT NULL::uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    asset studio.assets;
begin
    perform studio.lock_owner(owner);
    asset := studio.lock_asset(owner, id);
    if asset.state <> 'reserved' then
        raise exception using
            errcode = 'RS005',
            message = format(
                'Only a reserved asset is kept; this one is %s.',
                asset.state
            );
    end if;
    update studio.assets as a
    set
        state = 'kept',
        kept_at = now(),
        size_bytes = size_bytes,
        sha256 = sha256,
        media_type = coalesce(media_type, a.media_type),
        width = width,
        height = height,
        duration_ms = duration_ms,
        sweep_at = a.expires_at
    where a.user_id = owner and a.id = id;
    perform studio.charge(
        owner,
        stored_bytes => size_bytes,
        reserved_bytes => -asset.size_bytes
    );
end
$$;

COMMENT ON FUNCTION studio.keep_asset(id uuid, size_bytes bigint, sha256 bytea, media_type text, width integer, height integer, duration_ms bigint, user_id uuid) IS 'The file of a reserved asset is there: its true size takes the place of the expected one. A larger one is refused above the plan''s max_stored_bytes.';

REVOKE ALL ON FUNCTION studio.keep_asset(id uuid, size_bytes bigint, sha256 bytea, media_type text, width integer, height integer, duration_ms bigint, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.keep_asset(id uuid, size_bytes bigint, sha256 bytea, media_type text, width integer, height integer, duration_ms bigint, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.keep_asset(id uuid, size_bytes bigint, sha256 bytea, media_type text, width integer, height integer, duration_ms bigint, user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.keep_for_job(user_id uuid, job_id uuid, attempt integer, id uuid, size_bytes bigint, sha256 bytea DEFAULT NULL::bytea, media_type text DEFAULT NULL::text, width integer DEFAULT NULL::integer, height integer DEFAULT NULL::integer, duration_ms bigint DEFAULT NULL::bigint) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    asset studio.assets;
begin
    perform work.check_lease(user_id, job_id, attempt);
    select a.* into asset
    from studio.assets as a
    join studio.job_assets as u
        on u.user_id = a.user_id and u.asset_id = a.id and u.job_id = job_id
    where a.user_id = user_id and a.id = id and u.use = 'output'
    for no key update of a skip locked;
    if not found then
        raise lock_not_available using
            message = 'The job made no such asset, or its owner holds it at this moment; try again.';
    elsif asset.state <> 'reserved' then
        raise exception using
            errcode = 'RS005',
            message = format(
                'Only a reserved asset is kept; this one is %s.',
                asset.state
            );
    end if;
    update studio.assets as a
    set
        state = 'kept',
        kept_at = now(),
        size_bytes = size_bytes,
        sha256 = sha256,
        media_type = coalesce(media_type, a.media_type),
        width = width,
        height = height,
        duration_ms = duration_ms,
        sweep_at = a.expires_at
    where a.user_id = user_id and a.id = id;
    perform studio.note_farms_use(user_id, size_bytes, -asset.size_bytes);
end
$$;

COMMENT ON FUNCTION studio.keep_for_job(user_id uuid, job_id uuid, attempt integer, id uuid, size_bytes bigint, sha256 bytea, media_type text, width integer, height integer, duration_ms bigint) IS 'The file that a job made is there. Refused without the current lease.';

REVOKE ALL ON FUNCTION studio.keep_for_job(user_id uuid, job_id uuid, attempt integer, id uuid, size_bytes bigint, sha256 bytea, media_type text, width integer, height integer, duration_ms bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.keep_for_job(user_id uuid, job_id uuid, attempt integer, id uuid, size_bytes bigint, sha256 bytea, media_type text, width integer, height integer, duration_ms bigint) TO renderstore_worker;

CREATE FUNCTION studio.lacks_specification(user_id uuid, id uuid) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (NOT (EXISTS (SELECT FROM studio.step_specs s WHERE ((s.user_id = lacks_specification.user_id) AND (s.job_id = lacks_specification.id)))));

COMMENT ON FUNCTION studio.lacks_specification(user_id uuid, id uuid) IS 'Whether a step has no specification: work.problems asks.';

REVOKE ALL ON FUNCTION studio.lacks_specification(user_id uuid, id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.lacks_specification(user_id uuid, id uuid) TO renderstore_admin;
GRANT ALL ON FUNCTION studio.lacks_specification(user_id uuid, id uuid) TO renderstore_readonly;

CREATE FUNCTION studio.link_jobs(project_id uuid, job_ids uuid[], user_id uuid DEFAULT NULL::uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    asked constant work.batch_size := coalesce(cardinality(job_ids), 0);
    linked bigint;
begin
    if asked = 0 then
        return 0;
    end if;
    perform studio.enter_project(owner, project_id);
    insert into studio.project_jobs (user_id, job_id, project_id)
    select distinct owner, listed.id, project_id
    from unnest(job_ids) as listed (id)
    order by listed.id
    on conflict on constraint project_jobs_pkey do nothing;
    get diagnostics linked = row_count;
    perform
    from studio.project_jobs as l
    where l.user_id = owner and l.job_id = any(job_ids) and l.project_id <> project_id;
    if found then
        raise unique_violation using
            schema = 'studio',
            table = 'project_jobs',
            constraint = 'project_jobs_pkey',
            message = 'A job works for one project: this one works for another.';
    end if;
    perform studio.check_project_lives(owner, project_id);
    return linked;
end
$$;

COMMENT ON FUNCTION studio.link_jobs(project_id uuid, job_ids uuid[], user_id uuid) IS 'These jobs work for this project; says how many did not before. One that works for another project is refused.';

REVOKE ALL ON FUNCTION studio.link_jobs(project_id uuid, job_ids uuid[], user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.link_jobs(project_id uuid, job_ids uuid[], user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.link_jobs(project_id uuid, job_ids uuid[], user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.lock_animation(owner uuid, id uuid) RETURNS studio.animations
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    animation studio.animations;
begin
    for patience in 1 .. 100 loop
        if owner = identity.current_user_id() then
            select * into animation
            from studio.animations as a
            where a.user_id = owner and a.id = id
            for no key update;
        else
            select * into animation
            from studio.animations as a
            where a.user_id = owner and a.id = id
            for no key update skip locked;
        end if;
        exit when found;
        perform
        from studio.animations as a
        where a.user_id = owner and a.id = id;
        if not found then
            raise exception using
                errcode = 'P0002',
                message = 'There is no animation with this id.';
        end if;
        perform pg_sleep(0.01);
    end loop;
    if animation.id is null then
        raise lock_not_available using
            message = 'Somebody is changing this animation at this moment; try again.';
    elsif animation.deleted_at is not null then
        raise exception using
            errcode = 'RS005',
            message = 'This animation was deleted; restore it first.';
    elsif exists (
        select
        from studio.projects as p
        where p.user_id = owner
            and p.id = animation.project_id
            and p.deleted_at is not null
    )
    then
        raise exception using
            errcode = 'RS005',
            message = 'This project was deleted; restore it first.';
    end if;
    return animation;
end
$$;

COMMENT ON FUNCTION studio.lock_animation(owner uuid, id uuid) IS 'A user''s living animation, locked for the rest of the transaction; refuses where there is none.';

REVOKE ALL ON FUNCTION studio.lock_animation(owner uuid, id uuid) FROM PUBLIC;

CREATE FUNCTION studio.lock_asset(owner uuid, id uuid) RETURNS studio.assets
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    asset studio.assets;
begin
    for patience in 1 .. 100 loop
        if owner = identity.current_user_id() then
            select * into asset
            from studio.assets as a
            where a.user_id = owner and a.id = id
            for no key update;
        else
            select * into asset
            from studio.assets as a
            where a.user_id = owner and a.id = id
            for no key update skip locked;
        end if;
        if found then
            return asset;
        end if;
        perform
        from studio.assets as a
        where a.user_id = owner and a.id = id;
        if not found then
            raise exception using
                errcode = 'P0002',
                message = 'There is no asset with this id.';
        end if;
        perform pg_sleep(0.01);
    end loop;
    raise lock_not_available using
        message = 'Somebody is changing this asset at this moment; try again.';
end
$$;

COMMENT ON FUNCTION studio.lock_asset(owner uuid, id uuid) IS 'A user''s asset, locked for the rest of the transaction; refuses where there is none.';

REVOKE ALL ON FUNCTION studio.lock_asset(owner uuid, id uuid) FROM PUBLIC;

CREATE FUNCTION studio.lock_owner(owner uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    insert into studio.usages (user_id, is_farms)
    select owner, false
    where not exists (
        select
        from studio.usages as u
        where u.user_id = owner and not u.is_farms
    )
    on conflict do nothing;
    if owner = identity.current_user_id() then
        perform
        from studio.usages as u
        where u.user_id = owner and not u.is_farms
        for no key update;
        return;
    end if;
    -- An administrator never queues for what a user may hold.
    for patience in 1 .. 100 loop
        perform
        from studio.usages as u
        where u.user_id = owner and not u.is_farms
        for no key update skip locked;
        if found then
            return;
        end if;
        perform pg_sleep(0.01);
    end loop;
    raise lock_not_available using
        message = 'A transaction of this user stays open; try again once it has ended.';
end
$$;

COMMENT ON FUNCTION studio.lock_owner(owner uuid) IS 'Locks what orders the calls of one user in the studio.';

REVOKE ALL ON FUNCTION studio.lock_owner(owner uuid) FROM PUBLIC;

CREATE FUNCTION studio.lock_preset(owner uuid, id uuid) RETURNS studio.presets
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    preset studio.presets;
begin
    select * into preset
    from studio.presets as p
    where p.user_id = owner and p.id = id;
    if found then
        perform studio.lock_presets(owner, preset.kind);
        select * into preset
        from studio.presets as p
        where p.user_id = owner and p.id = id;
        if found then
            return preset;
        end if;
    end if;
    raise exception using
        errcode = 'P0002',
        message = 'There is no preset with this id.';
end
$$;

COMMENT ON FUNCTION studio.lock_preset(owner uuid, id uuid) IS 'A user''s preset, locked together with those of its kind; refuses where there is none.';

REVOKE ALL ON FUNCTION studio.lock_preset(owner uuid, id uuid) FROM PUBLIC;

CREATE FUNCTION studio.lock_presets(owner uuid, kind studio.preset_kind) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
begin
    perform studio.lock_owner(owner);
    if owner = identity.current_user_id() then
        perform
        from studio.presets as p
        where p.user_id = owner and p.kind = kind
        order by p.id
        for no key update;
        return;
    end if;
    -- An administrator never queues for what a user may hold.
    for patience in 1 .. 100 loop
        perform
        from studio.presets as p
        where p.user_id = owner
            and p.kind = kind
            and p.id not in (
                select free.id
                from studio.presets as free
                where free.user_id = owner and free.kind = kind
                for no key update skip locked
            );
        if not found then
            return;
        end if;
        perform pg_sleep(0.01);
    end loop;
    raise lock_not_available using
        message = 'Somebody is changing these presets at this moment; try again.';
end
$$;

COMMENT ON FUNCTION studio.lock_presets(owner uuid, kind studio.preset_kind) IS 'Locks a user''s presets of a kind for the rest of the transaction.';

REVOKE ALL ON FUNCTION studio.lock_presets(owner uuid, kind studio.preset_kind) FROM PUBLIC;

CREATE FUNCTION studio.lock_project(owner uuid, id uuid, is_living boolean DEFAULT true) RETURNS studio.projects
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    project studio.projects;
begin
    for patience in 1 .. 100 loop
        if owner = identity.current_user_id() then
            select * into project
            from studio.projects as p
            where p.user_id = owner and p.id = id
            for no key update;
        else
            select * into project
            from studio.projects as p
            where p.user_id = owner and p.id = id
            for no key update skip locked;
        end if;
        exit when found;
        perform
        from studio.projects as p
        where p.user_id = owner and p.id = id;
        if not found then
            raise exception using
                errcode = 'P0002',
                message = 'There is no project with this id.';
        end if;
        perform pg_sleep(0.01);
    end loop;
    if project.id is null then
        raise lock_not_available using
            message = 'Somebody is changing this project at this moment; try again.';
    elsif is_living and project.deleted_at is not null then
        raise exception using
            errcode = 'RS005',
            message = 'This project was deleted; restore it first.';
    end if;
    return project;
end
$$;

COMMENT ON FUNCTION studio.lock_project(owner uuid, id uuid, is_living boolean) IS 'A user''s project, locked for the rest of the transaction; refuses where there is none, and a deleted one unless that is meant.';

REVOKE ALL ON FUNCTION studio.lock_project(owner uuid, id uuid, is_living boolean) FROM PUBLIC;

CREATE FUNCTION studio.may_become(before studio.asset_state, after studio.asset_state) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE before WHEN 'reserved'::studio.asset_state THEN (after = ANY (ARRAY['kept'::studio.asset_state, 'abandoned'::studio.asset_state])) WHEN 'kept'::studio.asset_state THEN (after = ANY (ARRAY['expired'::studio.asset_state, 'deleted'::studio.asset_state])) WHEN 'expired'::studio.asset_state THEN (after = ANY (ARRAY['kept'::studio.asset_state, 'removing'::studio.asset_state, 'deleted'::studio.asset_state])) WHEN 'deleted'::studio.asset_state THEN (after = ANY (ARRAY['kept'::studio.asset_state, 'removing'::studio.asset_state])) WHEN 'abandoned'::studio.asset_state THEN (after = 'removing'::studio.asset_state) WHEN 'removing'::studio.asset_state THEN (after = 'gone'::studio.asset_state) ELSE false END;

COMMENT ON FUNCTION studio.may_become(before studio.asset_state, after studio.asset_state) IS 'Whether an asset in the first may become the second.';

CREATE FUNCTION studio.may_become(before studio.project_status, after studio.project_status) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE before WHEN 'draft'::studio.project_status THEN (after = ANY (ARRAY['generating'::studio.project_status, 'archived'::studio.project_status])) WHEN 'generating'::studio.project_status THEN (after = ANY (ARRAY['completed'::studio.project_status, 'failed'::studio.project_status, 'draft'::studio.project_status, 'archived'::studio.project_status])) WHEN 'completed'::studio.project_status THEN (after = ANY (ARRAY['draft'::studio.project_status, 'generating'::studio.project_status, 'archived'::studio.project_status])) WHEN 'failed'::studio.project_status THEN (after = ANY (ARRAY['draft'::studio.project_status, 'generating'::studio.project_status, 'archived'::studio.project_status])) WHEN 'archived'::studio.project_status THEN (after = 'draft'::studio.project_status) ELSE false END;

COMMENT ON FUNCTION studio.may_become(before studio.project_status, after studio.project_status) IS 'Whether a project in the first may become the second.';

CREATE FUNCTION studio.may_become(before studio.scene_status, after studio.scene_status) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE before WHEN 'pending'::studio.scene_status THEN (after = 'generating'::studio.scene_status) WHEN 'generating'::studio.scene_status THEN (after = ANY (ARRAY['completed'::studio.scene_status, 'failed'::studio.scene_status, 'pending'::studio.scene_status])) WHEN 'completed'::studio.scene_status THEN (after = ANY (ARRAY['pending'::studio.scene_status, 'generating'::studio.scene_status])) WHEN 'failed'::studio.scene_status THEN (after = ANY (ARRAY['pending'::studio.scene_status, 'generating'::studio.scene_status])) ELSE false END;

COMMENT ON FUNCTION studio.may_become(before studio.scene_status, after studio.scene_status) IS 'Whether a scene in the first may become the second.';

REVOKE ALL ON FUNCTION studio.may_become(before studio.asset_state, after studio.asset_state) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.may_become(before studio.asset_state, after studio.asset_state) TO renderstore_app;
GRANT ALL ON FUNCTION studio.may_become(before studio.asset_state, after studio.asset_state) TO renderstore_worker;
GRANT ALL ON FUNCTION studio.may_become(before studio.asset_state, after studio.asset_state) TO renderstore_admin;
GRANT ALL ON FUNCTION studio.may_become(before studio.asset_state, after studio.asset_state) TO renderstore_readonly;
REVOKE ALL ON FUNCTION studio.may_become(before studio.project_status, after studio.project_status) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.may_become(before studio.project_status, after studio.project_status) TO renderstore_app;
GRANT ALL ON FUNCTION studio.may_become(before studio.project_status, after studio.project_status) TO renderstore_worker;
GRANT ALL ON FUNCTION studio.may_become(before studio.project_status, after studio.project_status) TO renderstore_admin;
GRANT ALL ON FUNCTION studio.may_become(before studio.project_status, after studio.project_status) TO renderstore_readonly;
REVOKE ALL ON FUNCTION studio.may_become(before studio.scene_status, after studio.scene_status) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.may_become(before studio.scene_status, after studio.scene_status) TO renderstore_app;
GRANT ALL ON FUNCTION studio.may_become(before studio.scene_status, after studio.scene_status) TO renderstore_worker;
GRANT ALL ON FUNCTION studio.may_become(before studio.scene_status, after studio.scene_status) TO renderstore_admin;
GRANT ALL ON FUNCTION studio.may_become(before studio.scene_status, after studio.scene_status) TO renderstore_readonly;

CREATE FUNCTION studio.move_frames(animation_id uuid, ids uuid[], to_position integer, user_id uuid DEFAULT NULL::uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    moved bigint;
begin
    perform studio.lock_animation(owner, animation_id);
    if (
        select count(f.id) <> count(*) or count(distinct listed.id) <> count(*)
        from unnest(ids) as listed (id)
        left join studio.frames as f
            on f.user_id = owner and f.animation_id = animation_id and f.id = listed.id
    )
    then
        raise exception using
            errcode = '23514',
            message = 'A move names frames of the animation, each once.';
    end if;
    with counted as (
        -- The others keep their order around the block, which begins where it is told to.
        select
            f.id,
            row_number() over (
                order by
                    case
                        when listed.nth is not null then b.begin_at
                        when f.others < b.begin_at then 0
                        else b.begin_at + 1
                    end,
                    listed.nth,
                    f.position
            ) as nth
        from (
            select
                c.id,
                c.position,
                count(*) filter (where c.id <> all (ids)) over (order by c.position)
                    as others
            from studio.frames as c
            where c.user_id = owner and c.animation_id = animation_id
        ) as f
        left join unnest(ids) with ordinality as listed (id, nth) on listed.id = f.id
        cross join (
            select greatest(to_position, 1) as begin_at
        ) as b
    )

    update studio.frames as f
    set position = counted.nth
    from counted
    where f.user_id = owner and f.id = counted.id and f.position <> counted.nth;
    get diagnostics moved = row_count;
    return moved;
end
$$;

COMMENT ON FUNCTION studio.move_frames(animation_id uuid, ids uuid[], to_position integer, user_id uuid) IS 'Puts frames side by side, in the order in which they are named, so that the first stands at this place; the others keep their order, and tags their places. Says how many moved.';

REVOKE ALL ON FUNCTION studio.move_frames(animation_id uuid, ids uuid[], to_position integer, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.move_frames(animation_id uuid, ids uuid[], to_position integer, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.move_frames(animation_id uuid, ids uuid[], to_position integer, user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.move_scene(id uuid, to_position integer, user_id uuid DEFAULT NULL::uuid, OUT place integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    project_id constant uuid := studio.scene_project(owner, id);
    came_from integer;
begin
    perform studio.lock_project(owner, project_id);
    select
        s.position,
        least(
            greatest(to_position, 1),
            (
                select count(*)
                from studio.scenes as c
                where c.user_id = owner
                    and c.project_id = project_id
                    and c.position is not null
            )
        )
    into came_from, place
    from studio.scenes as s
    where s.user_id = owner and s.id = id;
    if came_from is null then
        raise exception using
            errcode = 'RS005',
            message = 'This scene was deleted; restore it first.';
    end if;
    update studio.scenes as s
    set
        position = case
            when s.id = id then place
            else s.position + sign(came_from - place)::integer
        end
    where s.user_id = owner
        and s.project_id = project_id
        and s.position between least(came_from, place) and greatest(came_from, place)
        and came_from <> place;
end
$$;

COMMENT ON FUNCTION studio.move_scene(id uuid, to_position integer, user_id uuid, OUT place integer) IS 'Moves a scene to a place in its project, 1 to n; what stands between moves by one. Gives the place that it has now.';

REVOKE ALL ON FUNCTION studio.move_scene(id uuid, to_position integer, user_id uuid, OUT place integer) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.move_scene(id uuid, to_position integer, user_id uuid, OUT place integer) TO renderstore_app;
GRANT ALL ON FUNCTION studio.move_scene(id uuid, to_position integer, user_id uuid, OUT place integer) TO renderstore_admin;

CREATE FUNCTION studio.note_farms_use(owner uuid, stored_bytes bigint, reserved_bytes bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
begin
    -- A user who was erased meanwhile has nothing to count.
    insert into studio.usages as u (user_id, is_farms, stored_bytes, reserved_bytes)
    select o.user_id, true, stored_bytes, reserved_bytes
    from identity.owners as o
    where o.user_id = owner
    on conflict on constraint usages_pkey do update
    set
        stored_bytes = u.stored_bytes + excluded.stored_bytes,
        reserved_bytes = u.reserved_bytes + excluded.reserved_bytes;
end
$$;

COMMENT ON FUNCTION studio.note_farms_use(owner uuid, stored_bytes bigint, reserved_bytes bigint) IS 'Counts what a worker or the sweep stored, or let go, for a user; no limit is asked: what a job made is kept.';

REVOKE ALL ON FUNCTION studio.note_farms_use(owner uuid, stored_bytes bigint, reserved_bytes bigint) FROM PUBLIC;

CREATE FUNCTION studio.note_removal() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    insert into ops.removals as r (user_id, uri, size_bytes, reason)
    values (
        old.user_id,
        old.uri,
        case when old.kept_at is not null then old.size_bytes else 0 end,
        'erased'
    )
    on conflict on constraint removals_user_id_uri_key do update
    set due_at = least(r.due_at, excluded.due_at);
    return null;
end
$$;

COMMENT ON FUNCTION studio.note_removal() IS 'Trigger: whatever takes an asset''s row away, its file is not orphaned.';

REVOKE ALL ON FUNCTION studio.note_removal() FROM PUBLIC;

CREATE FUNCTION studio.problems() RETURNS TABLE(user_id uuid, id uuid, problem text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select
        u.user_id,
        null::uuid,
        format(
            '%s living projects, %s bytes stored and %s reserved were counted, and %s, %s and %s are there',
            u.living_projects,
            u.stored_bytes,
            u.reserved_bytes,
            coalesce(p.living_projects, 0),
            coalesce(a.stored_bytes, 0),
            coalesce(a.reserved_bytes, 0)
        )
    from (
        select
            o.user_id,
            coalesce(sum(c.living_projects), 0) as living_projects,
            coalesce(sum(c.stored_bytes), 0) as stored_bytes,
            coalesce(sum(c.reserved_bytes), 0) as reserved_bytes
        from identity.owners as o
        left join studio.usages as c on c.user_id = o.user_id
        group by o.user_id
    ) as u
    left join (
        select c.user_id, count(*) as living_projects
        from studio.projects as c
        where c.deleted_at is null
        group by c.user_id
    ) as p on p.user_id = u.user_id
    left join (
        select
            c.user_id,
            sum(c.size_bytes) filter (
                where c.kept_at is not null and c.state <> 'gone'
            ) as stored_bytes,
            sum(c.size_bytes) filter (where c.state = 'reserved') as reserved_bytes
        from studio.assets as c
        group by c.user_id
    ) as a on a.user_id = u.user_id
    where u.living_projects <> coalesce(p.living_projects, 0)
        or u.stored_bytes <> coalesce(a.stored_bytes, 0)
        or u.reserved_bytes <> coalesce(a.reserved_bytes, 0)
    union all
    select s.user_id, s.project_id, 'the positions of its scenes are not 1 to n'
    from studio.scenes as s
    where s.position is not null
    group by s.user_id, s.project_id
    having count(*) <> max(s.position) or min(s.position) <> 1
    union all
    select f.user_id, f.animation_id, 'the positions of its frames are not 1 to n'
    from studio.frames as f
    group by f.user_id, f.animation_id
    having count(*) <> max(f.position) or min(f.position) <> 1
    union all
    select t.user_id, t.animation_id, 'a tag ends behind its last frame'
    from studio.tags as t
    where t.last_position > (
        select count(*)
        from studio.frames as f
        where f.user_id = t.user_id and f.animation_id = t.animation_id
    )
    union all
    select f.user_id, f.id, 'a row is of another project than what it hangs under'
    from (
        select c.user_id, c.id, c.project_id, c.animation_id
        from studio.frames as c
        union all
        select c.user_id, c.id, c.project_id, c.animation_id
        from studio.tags as c
    ) as f
    join studio.animations as n on n.user_id = f.user_id and n.id = f.animation_id
    join studio.characters as c on c.user_id = n.user_id and c.id = n.character_id
    where f.project_id <> n.project_id or n.project_id <> c.project_id
    union all
    select a.user_id, a.id, format('a frame or job uses it, and it is %s', a.state)
    from studio.assets as a
    where a.state not in ('kept', 'reserved')
        and studio.is_asset_used(a.user_id, a.id)
    union all
    select a.user_id, a.id, format('it is %s, and nobody is to remove its file', a.state)
    from studio.assets as a
    where a.state in ('abandoned', 'expired', 'deleted', 'removing')
        and not exists (
            select
            from ops.removals as r
            where r.user_id = a.user_id and r.uri = a.uri
        )
    union all
    select a.user_id, a.id, format('it is %s, and its file is to be removed', a.state)
    from studio.assets as a
    join ops.removals as r on r.user_id = a.user_id and r.uri = a.uri
    where a.state in ('reserved', 'kept')
$$;

COMMENT ON FUNCTION studio.problems() IS 'Whatever disagrees between counts, positions, files and rows of the studio: nothing, or a defect. Reads everything.';

REVOKE ALL ON FUNCTION studio.problems() FROM PUBLIC;
GRANT ALL ON FUNCTION studio.problems() TO renderstore_admin;
GRANT ALL ON FUNCTION studio.problems() TO renderstore_readonly;

CREATE FUNCTION studio.purge_presets(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
    purged bigint;
begin
    delete from studio.presets as p
    where (p.user_id, p.id) in (
        select late.user_id, late.id
        from studio.presets as late
        where late.purge_at <= now()
        order by late.purge_at
        limit max_rows
        for update skip locked
    );
    get diagnostics purged = row_count;
    return purged;
end
$$;

COMMENT ON FUNCTION studio.purge_presets(max_rows bigint) IS 'How many presets were deleted for good that cannot be restored any more.';

REVOKE ALL ON FUNCTION studio.purge_presets(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION studio.purge_project(id uuid, user_id uuid DEFAULT NULL::uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
begin
    perform studio.lock_owner(owner);
    if (studio.lock_project(owner, id, is_living => false)).deleted_at is null then
        perform studio.delete_project(id, user_id);
    end if;
    update studio.projects as p
    set purge_at = least(p.purge_at, now())
    where p.user_id = owner and p.id = id;
end
$$;

COMMENT ON FUNCTION studio.purge_project(id uuid, user_id uuid) IS 'Deletes a project for good: it cannot be restored from now on, and the sweep clears what hangs under it.';

REVOKE ALL ON FUNCTION studio.purge_project(id uuid, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.purge_project(id uuid, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.purge_project(id uuid, user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.purge_projects(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
    project studio.projects;
    asset studio.assets;
    done bigint := 0;
    taken_rows bigint;
begin
    if not work.take_duty('sweep the studio') then
        return 0;
    end if;
    for project in
        select p.*
        from studio.projects as p
        where p.purge_at <= now()
        order by p.purge_at
        limit max_rows
        for update skip locked
    loop
        continue when done >= max_rows;
        -- Its steps stay, and so does what they cost, as long as their jobs. Left to the foreign keys, one statement would change them all,
        -- and wait for the worker that reports on one.
        with taken as (
            select c.user_id, c.job_id
            from studio.step_specs as c
            where c.user_id = project.user_id and c.project_id = project.id
            limit max_rows - done
            for no key update skip locked
        )

        update studio.step_specs as c
        set
            project_id = null,
            scene_id = null
        from taken
        where c.user_id = taken.user_id and c.job_id = taken.job_id;
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
        continue when done >= max_rows;
        with taken as (
            select c.user_id, c.job_id
            from studio.step_costs as c
            where c.user_id = project.user_id and c.project_id = project.id
            limit max_rows - done
            for no key update skip locked
        )

        update studio.step_costs as c
        set
            project_id = null,
            scene_id = null
        from taken
        where c.user_id = taken.user_id and c.job_id = taken.job_id;
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
        continue when done >= max_rows
            or exists (
                select
                from studio.step_specs as c
                where c.user_id = project.user_id and c.project_id = project.id
            )
            or exists (
                select
                from studio.step_costs as c
                where c.user_id = project.user_id and c.project_id = project.id
            );
        -- A job keeps its link until the sweep has ended it, or asked its worker to stop, for which that has a day.
        with taken as (
            select c.user_id, c.job_id
            from studio.project_jobs as c
            where c.user_id = project.user_id
                and c.project_id = project.id
                and (
                    project.deleted_at <= now() - interval '1 day'
                    or not exists (
                        select
                        from work.jobs as j
                        where j.user_id = c.user_id
                            and j.id = c.job_id
                            and j.completed_at is null
                            and j.cancel_requested_at is null
                    )
                )
            limit max_rows - done
            for update skip locked
        )

        delete from studio.project_jobs as c
        using taken
        where c.user_id = taken.user_id and c.job_id = taken.job_id;
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
        continue when done >= max_rows;
        with taken as (
            select c.user_id, c.id
            from studio.scenes as c
            where c.user_id = project.user_id and c.project_id = project.id
            limit max_rows - done
            for update skip locked
        )

        delete from studio.scenes as c
        using taken
        where c.user_id = taken.user_id and c.id = taken.id;
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
        continue when done >= max_rows;
        with taken as (
            select c.user_id, c.id
            from studio.tags as c
            where c.user_id = project.user_id and c.project_id = project.id
            limit max_rows - done
            for update skip locked
        )

        delete from studio.tags as c
        using taken
        where c.user_id = taken.user_id and c.id = taken.id;
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
        continue when done >= max_rows;
        with taken as (
            select c.user_id, c.id
            from studio.frames as c
            where c.user_id = project.user_id and c.project_id = project.id
            limit max_rows - done
            for update skip locked
        )

        delete from studio.frames as c
        using taken
        where c.user_id = taken.user_id and c.id = taken.id;
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
        continue when done >= max_rows;
        with taken as (
            select c.user_id, c.id
            from studio.animations as c
            where c.user_id = project.user_id and c.project_id = project.id
            limit max_rows - done
            for update skip locked
        )

        delete from studio.animations as c
        using taken
        where c.user_id = taken.user_id and c.id = taken.id;
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
        continue when done >= max_rows;
        with taken as (
            select c.user_id, c.id
            from studio.characters as c
            where c.user_id = project.user_id and c.project_id = project.id
            limit max_rows - done
            for update skip locked
        )

        delete from studio.characters as c
        using taken
        where c.user_id = taken.user_id and c.id = taken.id;
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
        continue when done >= max_rows;
        -- An asset outlives its project: its file is there until the janitor has removed it.
        for asset in
            select a.*
            from studio.assets as a
            where a.user_id = project.user_id and a.project_id = project.id
            limit max_rows - done
            for no key update skip locked
        loop
            continue when asset.state = 'reserved'
                and not studio.hold_farms_use(asset.user_id);
            done := done + 1;
            update studio.assets as a
            set project_id = null
            where a.user_id = asset.user_id and a.id = asset.id;
            if asset.state = 'reserved' then
                perform studio.end_asset(asset, 'abandoned', now());
                perform studio.note_farms_use(asset.user_id, 0, -asset.size_bytes);
            elsif asset.state in ('kept', 'expired', 'deleted')
                and not studio.is_asset_used(asset.user_id, asset.id)
            then
                perform studio.end_asset(asset, 'deleted', now());
            end if;
        end loop;
        continue when done >= max_rows;
        delete from studio.projects as p
        where p.user_id = project.user_id
            and p.id = project.id
            and not exists (
                select
                from studio.project_jobs as c
                where c.user_id = p.user_id and c.project_id = p.id
            )
            and not exists (
                select
                from studio.scenes as c
                where c.user_id = p.user_id and c.project_id = p.id
            )
            and not exists (
                select
                from studio.tags as c
                where c.user_id = p.user_id and c.project_id = p.id
            )
            and not exists (
                select
                from studio.frames as c
                where c.user_id = p.user_id and c.project_id = p.id
            )
            and not exists (
                select
                from studio.animations as c
                where c.user_id = p.user_id and c.project_id = p.id
            )
            and not exists (
                select
                from studio.characters as c
                where c.user_id = p.user_id and c.project_id = p.id
            )
            and not exists (
                select
                from studio.assets as c
                where c.user_id = p.user_id and c.project_id = p.id
            );
        get diagnostics taken_rows = row_count;
        done := done + taken_rows;
    end loop;
    return done;
end
$$;

COMMENT ON FUNCTION studio.purge_projects(max_rows bigint) IS 'How many rows were deleted of projects that cannot be restored any more, and of what hung under them.';

REVOKE ALL ON FUNCTION studio.purge_projects(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION studio.refuse_deleted_project() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
begin
    -- The policy refuses a row for somebody else, and nothing is told of that user.
    if current_setting('role') = 'renderstore_app'
        and new.user_id is distinct from identity.current_user_id()
    then
        return new;
    end if;
    if exists (
        select
        from studio.projects as p
        where p.user_id = new.user_id
            and p.id = new.project_id
            and p.deleted_at is not null
    )
    then
        raise exception using
            errcode = 'RS005',
            message = 'This project was deleted; restore it first.';
    end if;
    return new;
end
$$;

COMMENT ON FUNCTION studio.refuse_deleted_project() IS 'Trigger: nothing is added to a deleted project.';

REVOKE ALL ON FUNCTION studio.refuse_deleted_project() FROM PUBLIC;

CREATE FUNCTION studio.reorder_scenes(project_id uuid, ids uuid[], user_id uuid DEFAULT NULL::uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    moved bigint;
begin
    perform studio.lock_project(owner, project_id);
    if exists (
        select
        from (
            select s.id
            from studio.scenes as s
            where s.user_id = owner
                and s.project_id = project_id
                and s.position is not null
        ) as there
        full join unnest(ids) as listed (id) on listed.id = there.id
        group by coalesce(there.id, listed.id)
        having count(*) <> 1 or count(there.id) <> 1 or count(listed.id) <> 1
    )
    then
        raise exception using
            errcode = '23514',
            message = 'A new order names every living scene of the project once.';
    end if;
    update studio.scenes as s
    set position = listed.nth
    from unnest(ids) with ordinality as listed (id, nth)
    where s.user_id = owner and s.id = listed.id and s.position <> listed.nth;
    get diagnostics moved = row_count;
    return moved;
end
$$;

COMMENT ON FUNCTION studio.reorder_scenes(project_id uuid, ids uuid[], user_id uuid) IS 'Puts the scenes of a project in this order and says how many moved; every living scene is named once.';

REVOKE ALL ON FUNCTION studio.reorder_scenes(project_id uuid, ids uuid[], user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.reorder_scenes(project_id uuid, ids uuid[], user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.reorder_scenes(project_id uuid, ids uuid[], user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.report_step(user_id uuid, id uuid, attempt integer, provider_task_id text DEFAULT NULL::text, last_completed_part integer DEFAULT NULL::integer, tokens_in bigint DEFAULT NULL::bigint, tokens_out bigint DEFAULT NULL::bigint, cost_micros bigint DEFAULT NULL::bigint, result jsonb DEFAULT NULL::jsonb, provider text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    used_in constant studio.tally := tokens_in;
    used_out constant studio.tally := tokens_out;
    paid constant studio.tally := cost_micros;
begin
    perform work.hold_lease(user_id, id, attempt);
    -- An attempt reports its own totals so far, so that the same report twice counts once.
    update studio.step_costs as c
    set
        attempt = attempt,
        provider = coalesce(provider, c.provider),
        tokens_in = case
            when c.attempt < attempt then c.tokens_in + coalesce(used_in, 0)
            else greatest(c.tokens_in, c.earlier_tokens_in + used_in)
        end,
        tokens_out = case
            when c.attempt < attempt then c.tokens_out + coalesce(used_out, 0)
            else greatest(c.tokens_out, c.earlier_tokens_out + used_out)
        end,
        cost_micros = case
            when c.attempt < attempt then c.cost_micros + coalesce(paid, 0)
            else greatest(c.cost_micros, c.earlier_cost_micros + paid)
        end,
        earlier_tokens_in = case
            when c.attempt < attempt then c.tokens_in
            else c.earlier_tokens_in
        end,
        earlier_tokens_out = case
            when c.attempt < attempt then c.tokens_out
            else c.earlier_tokens_out
        end,
        earlier_cost_micros = case
            when c.attempt < attempt then c.cost_micros
            else c.earlier_cost_micros
        end,
        reported_at = now()
    where c.user_id = user_id
        and c.job_id = id
        and c.attempt <= attempt;
    if not found then
        perform work.refuse_lost_lease();
    end if;
    update studio.step_specs as s
    set
        provider = coalesce(provider, s.provider),
        provider_task_id = coalesce(provider_task_id, s.provider_task_id),
        last_completed_part = greatest(s.last_completed_part, last_completed_part),
        result = coalesce(result, s.result)
    where s.user_id = user_id
        and s.job_id = id
        and num_nonnulls(provider, provider_task_id, last_completed_part, result) > 0;
end
$$;

COMMENT ON FUNCTION studio.report_step(user_id uuid, id uuid, attempt integer, provider_task_id text, last_completed_part integer, tokens_in bigint, tokens_out bigint, cost_micros bigint, result jsonb, provider text) IS 'Keeps what a worker says of a step that it holds: the provider''s task, the last part that is done, what this attempt has used and cost so far, what was made. What is null stays as it was, and no number falls. Refused without the current lease.';

REVOKE ALL ON FUNCTION studio.report_step(user_id uuid, id uuid, attempt integer, provider_task_id text, last_completed_part integer, tokens_in bigint, tokens_out bigint, cost_micros bigint, result jsonb, provider text) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.report_step(user_id uuid, id uuid, attempt integer, provider_task_id text, last_completed_part integer, tokens_in bigint, tokens_out bigint, cost_micros bigint, result jsonb, provider text) TO renderstore_worker;

CREATE FUNCTION studio.restore_asset(id uuid, user_id uuid DEFAULT NULL::uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    asset studio.assets;
begin
    asset := studio.lock_asset(owner, id);
    if asset.state not in ('expired', 'deleted') then
        raise exception using
            errcode = 'RS005',
            message = format(
                'Only an expired or deleted asset is restored, while its file is there; this one is %s.',
                asset.state
            );
    end if;
    delete from ops.removals as r
    where r.user_id = owner and r.uri = asset.uri;
    update studio.assets as a
    set
        state = 'kept',
        deleted_at = null,
        expires_at = case when a.expires_at > now() then a.expires_at end,
        sweep_at = case when a.expires_at > now() then a.expires_at end
    where a.user_id = owner and a.id = id;
end
$$;

COMMENT ON FUNCTION studio.restore_asset(id uuid, user_id uuid) IS 'An expired or deleted asset is kept again; an expiry that is over is taken away. Refused once the janitor has its file.';

REVOKE ALL ON FUNCTION studio.restore_asset(id uuid, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.restore_asset(id uuid, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.restore_asset(id uuid, user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.restore_preset(id uuid, user_id uuid DEFAULT NULL::uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    preset constant studio.presets := studio.lock_preset(owner, id);
begin
    if preset.deleted_at is null then
        raise exception using
            errcode = 'RS005',
            message = 'This preset was not deleted.';
    elsif preset.purge_at <= clock_timestamp() then
        raise exception using
            errcode = 'RS005',
            message = 'The time in which this preset could be restored is over.';
    end if;
    update studio.presets as p
    set
        deleted_at = null,
        purge_at = null
    where p.user_id = owner and p.id = id;
end
$$;

COMMENT ON FUNCTION studio.restore_preset(id uuid, user_id uuid) IS 'A deleted preset lives again, and is no default; refused where a living one of its kind has its name, and once it is to be purged.';

REVOKE ALL ON FUNCTION studio.restore_preset(id uuid, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.restore_preset(id uuid, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.restore_preset(id uuid, user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.restore_project(id uuid, user_id uuid DEFAULT NULL::uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    project studio.projects;
begin
    perform studio.lock_owner(owner);
    project := studio.lock_project(owner, id, is_living => false);
    if project.deleted_at is null then
        raise exception using
            errcode = 'RS005',
            message = 'This project was not deleted.';
    -- By the clock: the sweep may have begun since this transaction did.
    elsif project.purge_at <= clock_timestamp() then
        raise exception using
            errcode = 'RS005',
            message = 'The time in which this project could be restored is over.';
    end if;
    perform studio.charge(owner, projects => 1);
    update studio.projects as p
    set
        deleted_at = null,
        purge_at = null
    where p.user_id = owner and p.id = id;
end
$$;

COMMENT ON FUNCTION studio.restore_project(id uuid, user_id uuid) IS 'A deleted project lives again with all that hung under it; refused above the plan''s max_projects, where a living project has its title, and once it is to be purged.';

REVOKE ALL ON FUNCTION studio.restore_project(id uuid, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.restore_project(id uuid, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.restore_project(id uuid, user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.restore_scene(id uuid, user_id uuid DEFAULT NULL::uuid, OUT place integer) RETURNS integer
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    project_id constant uuid := studio.scene_project(owner, id);
begin
    perform studio.lock_project(owner, project_id);
    update studio.scenes as s
    set
        deleted_at = null,
        position = 1 + (
            select count(*)
            from studio.scenes as c
            where c.user_id = owner
                and c.project_id = project_id
                and c.position is not null
        )
    where s.user_id = owner and s.id = id and s.deleted_at is not null
    returning s.position into place;
    if not found then
        raise exception using
            errcode = 'RS005',
            message = 'This scene was not deleted.';
    end if;
end
$$;

COMMENT ON FUNCTION studio.restore_scene(id uuid, user_id uuid, OUT place integer) IS 'A deleted scene lives again, as the last of its project. Gives its place.';

REVOKE ALL ON FUNCTION studio.restore_scene(id uuid, user_id uuid, OUT place integer) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.restore_scene(id uuid, user_id uuid, OUT place integer) TO renderstore_app;
GRANT ALL ON FUNCTION studio.restore_scene(id uuid, user_id uuid, OUT place integer) TO renderstore_admin;

CREATE FUNCTION studio.resume_steps(project_id uuid, scene_id uuid DEFAULT NULL::uuid, user_id uuid DEFAULT NULL::uuid) RETURNS TABLE(id uuid, step studio.step_kind, status work.job_status)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
begin
    perform
    from studio.projects as p
    where p.user_id = owner and p.id = project_id;
    if not found then
        raise exception using
            errcode = 'P0002',
            message = 'There is no project with this id.';
    end if;
    perform studio.enter_project(owner, project_id);
    perform studio.check_project_lives(owner, project_id);
    -- Earlier ones first, since later ones wait for them.
    for id, step in
        select s.job_id, s.step
        from studio.step_specs as s
        join work.jobs as j on j.user_id = s.user_id and j.id = s.job_id
        where s.user_id = owner
            and s.project_id = project_id
            and (scene_id is null or s.scene_id = scene_id)
            and j.status in ('failed', 'cancelled')
        order by s.job_id
    loop
        status := work.try_again(id, owner);
        return next;
    end loop;
end
$$;

COMMENT ON FUNCTION studio.resume_steps(project_id uuid, scene_id uuid, user_id uuid) IS 'The steps of a project, or of one of its scenes, that failed or were cancelled wait anew, in their order; what is completed stays. Gives each with the status it has now.';

REVOKE ALL ON FUNCTION studio.resume_steps(project_id uuid, scene_id uuid, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.resume_steps(project_id uuid, scene_id uuid, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.resume_steps(project_id uuid, scene_id uuid, user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.scene_project(owner uuid, id uuid) RETURNS uuid
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    found_id uuid;
begin
    select s.project_id into found_id
    from studio.scenes as s
    where s.user_id = owner and s.id = id;
    if found_id is null then
        raise exception using
            errcode = 'P0002',
            message = 'There is no scene with this id.';
    end if;
    return found_id;
end
$$;

COMMENT ON FUNCTION studio.scene_project(owner uuid, id uuid) IS 'The project of a user''s scene; refuses where there is none.';

REVOKE ALL ON FUNCTION studio.scene_project(owner uuid, id uuid) FROM PUBLIC;

CREATE FUNCTION studio.set_default_preset(id uuid, user_id uuid DEFAULT NULL::uuid) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    preset constant studio.presets := studio.lock_preset(owner, id);
begin
    if preset.deleted_at is not null then
        raise exception using
            errcode = 'RS005',
            message = 'This preset was deleted; restore it first.';
    end if;
    perform studio.clear_default_preset(preset.kind, user_id);
    update studio.presets as p
    set is_default = true
    where p.user_id = owner and p.id = id;
end
$$;

COMMENT ON FUNCTION studio.set_default_preset(id uuid, user_id uuid) IS 'This preset is the default of its kind, and the one before is not.';

REVOKE ALL ON FUNCTION studio.set_default_preset(id uuid, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.set_default_preset(id uuid, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.set_default_preset(id uuid, user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.set_durations(animation_id uuid, ids uuid[], durations_ms integer[], user_id uuid DEFAULT NULL::uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    changed bigint;
begin
    perform studio.lock_animation(owner, animation_id);
    update studio.frames as f
    set duration_ms = listed.duration_ms
    from unnest(ids, durations_ms) as listed (id, duration_ms)
    where f.user_id = owner
        and f.animation_id = animation_id
        and f.id = listed.id;
    get diagnostics changed = row_count;
    return changed;
end
$$;

COMMENT ON FUNCTION studio.set_durations(animation_id uuid, ids uuid[], durations_ms integer[], user_id uuid) IS 'Gives frames of an animation other durations, in milliseconds, and says how many.';

REVOKE ALL ON FUNCTION studio.set_durations(animation_id uuid, ids uuid[], durations_ms integer[], user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.set_durations(animation_id uuid, ids uuid[], durations_ms integer[], user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.set_durations(animation_id uuid, ids uuid[], durations_ms integer[], user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.set_tags(animation_id uuid, names text[], first_positions integer[], last_positions integer[], playbacks studio.playback[] DEFAULT NULL::studio.playback[], repeats integer[] DEFAULT NULL::integer[], user_id uuid DEFAULT NULL::uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    animation studio.animations;
    made bigint;
begin
    animation := studio.lock_animation(owner, animation_id);
    delete from studio.tags as t
    where t.user_id = owner and t.animation_id = animation_id;
    insert into studio.tags (
        user_id,
        project_id,
        animation_id,
        name,
        first_position,
        last_position,
        playback,
        repeats
    )
    select
        owner,
        animation.project_id,
        animation.id,
        l.name,
        l.first_position,
        l.last_position,
        coalesce(l.playback, 'forward'),
        l.repeats
    from unnest(names, first_positions, last_positions, playbacks, repeats) with ordinality
        as l (name, first_position, last_position, playback, repeats, nth)
    order by l.nth;
    get diagnostics made = row_count;
    if (
        select max(t.last_position)
        from studio.tags as t
        where t.user_id = owner and t.animation_id = animation_id
    ) > (
        select count(*)
        from studio.frames as f
        where f.user_id = owner and f.animation_id = animation_id
    )
    then
        raise exception using
            errcode = '23514',
            message = 'A tag ends at a frame that the animation has.';
    end if;
    return made;
end
$$;

COMMENT ON FUNCTION studio.set_tags(animation_id uuid, names text[], first_positions integer[], last_positions integer[], playbacks studio.playback[], repeats integer[], user_id uuid) IS 'Gives an animation these tags in place of those that it had; says how many.';

REVOKE ALL ON FUNCTION studio.set_tags(animation_id uuid, names text[], first_positions integer[], last_positions integer[], playbacks studio.playback[], repeats integer[], user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.set_tags(animation_id uuid, names text[], first_positions integer[], last_positions integer[], playbacks studio.playback[], repeats integer[], user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.set_tags(animation_id uuid, names text[], first_positions integer[], last_positions integer[], playbacks studio.playback[], repeats integer[], user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.shift_tags(owner uuid, animation_id uuid, from_position integer, by bigint) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 UPDATE studio.tags t SET first_position = (t.first_position +
         CASE
             WHEN (t.first_position >= shift_tags.from_position) THEN shift_tags.by
             ELSE (0)::bigint
         END), last_position = (t.last_position + shift_tags.by)
   WHERE ((t.user_id = shift_tags.owner) AND (t.animation_id = shift_tags.animation_id) AND (t.last_position >= shift_tags.from_position));
END;

COMMENT ON FUNCTION studio.shift_tags(owner uuid, animation_id uuid, from_position integer, by bigint) IS 'Tags make room for frames that were put in: a tag around the place grows, one behind it moves.';

REVOKE ALL ON FUNCTION studio.shift_tags(owner uuid, animation_id uuid, from_position integer, by bigint) FROM PUBLIC;

CREATE FUNCTION studio.show_frames(animation_id uuid, ids uuid[], asset_ids uuid[], user_id uuid DEFAULT NULL::uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    animation studio.animations;
    changed bigint;
begin
    animation := studio.lock_animation(owner, animation_id);
    perform studio.use_assets(
        owner,
        array_remove(asset_ids, null),
        animation.project_id
    );
    update studio.frames as f
    set asset_id = listed.asset_id
    from unnest(ids, asset_ids) as listed (id, asset_id)
    where f.user_id = owner
        and f.animation_id = animation_id
        and f.id = listed.id;
    get diagnostics changed = row_count;
    return changed;
end
$$;

COMMENT ON FUNCTION studio.show_frames(animation_id uuid, ids uuid[], asset_ids uuid[], user_id uuid) IS 'Frames of an animation are shown by other assets, null for none; says how many.';

REVOKE ALL ON FUNCTION studio.show_frames(animation_id uuid, ids uuid[], asset_ids uuid[], user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.show_frames(animation_id uuid, ids uuid[], asset_ids uuid[], user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.show_frames(animation_id uuid, ids uuid[], asset_ids uuid[], user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.specify_steps(owner uuid, project_id uuid, ids uuid[], steps studio.step_kind[], scene_ids uuid[], providers text[], configs jsonb[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
begin
    if project_id is null then
        raise exception using
            errcode = '23514',
            message = 'A step works for a project: name it.';
    end if;
    insert into studio.step_specs (
        user_id,
        job_id,
        project_id,
        scene_id,
        step,
        provider,
        config
    )
    select
        owner,
        listed.id,
        project_id,
        listed.scene_id,
        listed.step,
        listed.provider,
        coalesce(listed.config, '{}')
    from unnest(ids, steps, scene_ids, providers, configs)
        as listed (id, step, scene_id, provider, config)
    where listed.id is not null;
    insert into studio.step_costs (
        user_id,
        job_id,
        project_id,
        scene_id,
        step,
        provider
    )
    select
        owner,
        listed.id,
        project_id,
        listed.scene_id,
        listed.step,
        listed.provider
    from unnest(ids, steps, scene_ids, providers)
        as listed (id, step, scene_id, provider)
    where listed.id is not null;
    insert into studio.project_jobs (user_id, job_id, project_id)
    select owner, listed.id, project_id
    from unnest(ids) as listed (id)
    where listed.id is not null;
    perform studio.check_project_lives(owner, project_id);
    perform
    from unnest(scene_ids, ids) as listed (id, job_id)
    where listed.id is not null
        and listed.job_id is not null
        and not exists (
            select
            from studio.scenes as s
            where s.user_id = owner
                and s.id = listed.id
                and s.project_id = project_id
                and s.deleted_at is null
        );
    if found then
        raise exception using
            errcode = 'P0002',
            message = 'There is no such scene in this project, or it was deleted.';
    end if;
end
$$;

COMMENT ON FUNCTION studio.specify_steps(owner uuid, project_id uuid, ids uuid[], steps studio.step_kind[], scene_ids uuid[], providers text[], configs jsonb[]) IS 'Gives jobs just made, where an id is not null, what makes them steps of a project.';

REVOKE ALL ON FUNCTION studio.specify_steps(owner uuid, project_id uuid, ids uuid[], steps studio.step_kind[], scene_ids uuid[], providers text[], configs jsonb[]) FROM PUBLIC;

CREATE FUNCTION studio.submit_inserted_step() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    made record;
begin
    perform work.check_new_job(
        new.status::text,
        num_nonnulls(
            new.id,
            new.progress,
            new.attempt,
            new.failures,
            new.lost_leases,
            new.actual_s,
            new.provider_task_id,
            new.last_completed_part,
            new.result,
            new.tokens_in,
            new.tokens_out,
            new.cost_micros,
            new.submitted_by,
            new.held_by,
            new.lease_expires_at,
            new.exit_code,
            new.error_class,
            new.error_message,
            new.cancel_reason,
            new.queued_at,
            new.started_at,
            new.completed_at,
            new.cancel_requested_at
        )
    );
    select * into made
    from studio.submit_step(
        new.step,
        new.project_id,
        new.scene_id,
        new.provider,
        coalesce(new.config, '{}'),
        coalesce(new.priority::integer, 5),
        coalesce(new.labels::text[], '{}'),
        coalesce(new.max_failures::integer, 3),
        coalesce(new.backoff_s::integer, 10),
        new.estimated_s,
        new.due_at,
        new.auto_cancel_at,
        new.idempotency_key,
        user_id => new.user_id
    );
    select steps.* into new
    from studio.steps
    where steps.user_id = made.owner_id and steps.id = made.id;
    return new;
end
$$;

COMMENT ON FUNCTION studio.submit_inserted_step() IS 'Trigger: an insert into studio.steps submits.';

REVOKE ALL ON FUNCTION studio.submit_inserted_step() FROM PUBLIC;

CREATE FUNCTION studio.submit_step(step studio.step_kind, project_id uuid, scene_id uuid DEFAULT NULL::uuid, provider text DEFAULT NULL::text, config jsonb DEFAULT '{}'::jsonb, priority integer DEFAULT 5, labels text[] DEFAULT '{}'::text[], max_failures integer DEFAULT 3, backoff_s integer DEFAULT 10, estimated_s integer DEFAULT NULL::integer, due_at timestamp with time zone DEFAULT NULL::timestamp with time zone, auto_cancel_at timestamp with time zone DEFAULT NULL::timestamp with time zone, idempotency_key text DEFAULT NULL::text, needs_job_ids uuid[] DEFAULT NULL::uuid[], on_failure work.dependency_rule DEFAULT 'cancel'::work.dependency_rule, validate_first boolean DEFAULT false, user_id uuid DEFAULT NULL::uuid, OUT owner_id uuid, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
begin
    owner_id := work.acting_owner(user_id);
    perform studio.enter_project(owner_id, project_id);
    select made.id, made.is_new, made.queued_at into id, is_new, queued_at
    from work.submit(
        owner_id,
        'step',
        priority,
        labels,
        max_failures,
        backoff_s,
        estimated_s,
        due_at,
        auto_cancel_at,
        idempotency_key,
        needs_job_ids,
        on_failure,
        validate_first
    ) as made;
    if is_new then
        perform studio.specify_steps(
            owner_id,
            project_id,
            array[id],
            array[step],
            array[scene_id],
            array[provider],
            array[config]
        );
    end if;
end
$$;

COMMENT ON FUNCTION studio.submit_step(step studio.step_kind, project_id uuid, scene_id uuid, provider text, config jsonb, priority integer, labels text[], max_failures integer, backoff_s integer, estimated_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, idempotency_key text, needs_job_ids uuid[], on_failure work.dependency_rule, validate_first boolean, user_id uuid, OUT owner_id uuid, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) IS 'A step just submitted by the bound user, or for the one that an administrator names; a repeat of an idempotency key gives the job that is there. validate_first: a worker looks at it before it is queued.';

REVOKE ALL ON FUNCTION studio.submit_step(step studio.step_kind, project_id uuid, scene_id uuid, provider text, config jsonb, priority integer, labels text[], max_failures integer, backoff_s integer, estimated_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, idempotency_key text, needs_job_ids uuid[], on_failure work.dependency_rule, validate_first boolean, user_id uuid, OUT owner_id uuid, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.submit_step(step studio.step_kind, project_id uuid, scene_id uuid, provider text, config jsonb, priority integer, labels text[], max_failures integer, backoff_s integer, estimated_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, idempotency_key text, needs_job_ids uuid[], on_failure work.dependency_rule, validate_first boolean, user_id uuid, OUT owner_id uuid, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) TO renderstore_app;
GRANT ALL ON FUNCTION studio.submit_step(step studio.step_kind, project_id uuid, scene_id uuid, provider text, config jsonb, priority integer, labels text[], max_failures integer, backoff_s integer, estimated_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, idempotency_key text, needs_job_ids uuid[], on_failure work.dependency_rule, validate_first boolean, user_id uuid, OUT owner_id uuid, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) TO renderstore_admin;

CREATE FUNCTION studio.submit_steps(steps studio.step_kind[], project_id uuid, scene_ids uuid[] DEFAULT NULL::uuid[], providers text[] DEFAULT NULL::text[], configs jsonb[] DEFAULT NULL::jsonb[], priorities integer[] DEFAULT NULL::integer[], estimates_s integer[] DEFAULT NULL::integer[], idempotency_keys text[] DEFAULT NULL::text[], labels text[] DEFAULT '{}'::text[], label_lists jsonb DEFAULT NULL::jsonb, max_failures integer DEFAULT 3, backoff_s integer DEFAULT 10, due_at timestamp with time zone DEFAULT NULL::timestamp with time zone, auto_cancel_at timestamp with time zone DEFAULT NULL::timestamp with time zone, in_order boolean DEFAULT false, needs_job_ids uuid[] DEFAULT NULL::uuid[], on_failure work.dependency_rule DEFAULT 'cancel'::work.dependency_rule, user_id uuid DEFAULT NULL::uuid) RETURNS TABLE(nth bigint, is_new boolean, owner_id uuid, id uuid, queued_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET work_mem TO '64MB'
    SET enable_nestloop TO 'off'
    SET enable_hashjoin TO 'on'
    SET jit TO 'off'
    AS $_$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    asked constant bigint := coalesce(cardinality(steps), 0)::work.batch_size;
    has_needs constant boolean := coalesce(cardinality(needs_job_ids), 0) > 0;
    all_ids uuid[] := array_fill(null::uuid, array[asked::integer]);
    all_news boolean[] := array_fill(false, array[asked::integer]);
    all_times timestamptz[] := array_fill(null::timestamptz, array[asked::integer]);
    afters bigint[];
    part record;
    made record;
    held record;
begin
    if jsonb_typeof(label_lists) <> 'array'
        or jsonb_path_exists(
            label_lists,
            'strict $[*] ? (@.type() != "array" || exists(@[*] ? (@.type() != "string")))'
        )
    then
        raise exception using
            errcode = '23514',
            message = 'label_lists is a list that holds, for each job, a list of labels.';
    elsif greatest(
        cardinality(scene_ids),
        cardinality(providers),
        cardinality(configs),
        cardinality(priorities),
        cardinality(estimates_s),
        cardinality(idempotency_keys),
        jsonb_array_length(label_lists)
    ) > asked
    then
        raise exception using
            errcode = '23514',
            message = 'No list is longer than that of the steps.';
    elsif asked = 0 then
        return;
    end if;
    perform studio.enter_project(owner, project_id);

    -- The step of the same scene that each waits for; 0 for none.
    select array_agg(l.after order by l.nth) into afters
    from (
        select
            listed.nth,
            case
                when in_order
                    then lag(listed.nth, 1, 0::bigint) over (
                        partition by listed.scene_id
                        order by listed.nth
                    )
                else 0
            end as after
        from unnest(steps, scene_ids) with ordinality as listed (step, scene_id, nth)
    ) as l;

    -- First what waits for nothing, then the rest, whose keys are later ones.
    for part in
        select
            l.is_held,
            array_agg(l.nth order by l.nth) as nths,
            array_agg(l.priority order by l.nth) as priorities,
            array_agg(l.estimate_s order by l.nth) as estimates_s,
            array_agg(l.idempotency_key order by l.nth) as idempotency_keys,
            jsonb_agg(
                coalesce(label_lists -> (l.nth - 1)::integer, to_jsonb(labels))
                order by l.nth
            ) as label_lists
        from (
            select
                listed.*,
                listed.after > 0 or has_needs as is_held
            from unnest(afters, priorities, estimates_s, idempotency_keys)
                with ordinality
                as listed (after, priority, estimate_s, idempotency_key, nth)
        ) as l
        group by l.is_held
        order by l.is_held
    loop
        for made in
            select
                part.nths[m.nth] as nth,
                m.is_new,
                m.id,
                m.queued_at
            from work.submit_many(
                owner,
                'step',
                cardinality(part.nths),
                part.priorities,
                part.estimates_s,
                part.idempotency_keys,
                labels,
                case when label_lists is not null then part.label_lists end,
                max_failures,
                backoff_s,
                case
                    when part.is_held and (due_at > now()) is not true
                        then now() + interval '1 day'
                    else due_at
                end,
                auto_cancel_at
            ) as m
        loop
            all_ids[made.nth] := made.id;
            all_news[made.nth] := made.is_new;
            all_times[made.nth] := made.queued_at;
        end loop;
    end loop;

    perform studio.specify_steps(
        owner,
        project_id,
        array(
            select case when listed.is_new then listed.id end
            from unnest(all_ids, all_news) with ordinality as listed (id, is_new, nth)
            order by listed.nth
        ),
        steps,
        scene_ids,
        providers,
        configs
    );

    select
        array_agg(l.id order by l.nth) as ids,
        jsonb_agg(
            case
                when l.after > 0 then jsonb_build_array(all_ids[l.after])
                else to_jsonb(needs_job_ids)
            end
            order by l.nth
        ) as needs_lists
    into held
    from unnest(all_ids, all_news, afters) with ordinality
        as l (id, is_new, after, nth)
    where l.is_new and (l.after > 0 or has_needs);
    if held.ids is not null then
        perform studio.hold_steps(
            owner,
            held.ids,
            held.needs_lists,
            due_at,
            on_failure
        );
    end if;

    return query
    select
        listed.nth,
        listed.is_new,
        owner,
        listed.id,
        listed.queued_at
    from unnest(all_ids, all_news, all_times) with ordinality
        as listed (id, is_new, queued_at, nth);
end
$_$;

COMMENT ON FUNCTION studio.submit_steps(steps studio.step_kind[], project_id uuid, scene_ids uuid[], providers text[], configs jsonb[], priorities integer[], estimates_s integer[], idempotency_keys text[], labels text[], label_lists jsonb, max_failures integer, backoff_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, in_order boolean, needs_job_ids uuid[], on_failure work.dependency_rule, user_id uuid) IS 'Steps just submitted by the bound user, or for the one that an administrator names, all of them or none; a repeat of an idempotency key gives the job that is there. in_order: each waits for the one before it of its scene, the first of each scene for needs_job_ids.';

REVOKE ALL ON FUNCTION studio.submit_steps(steps studio.step_kind[], project_id uuid, scene_ids uuid[], providers text[], configs jsonb[], priorities integer[], estimates_s integer[], idempotency_keys text[], labels text[], label_lists jsonb, max_failures integer, backoff_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, in_order boolean, needs_job_ids uuid[], on_failure work.dependency_rule, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.submit_steps(steps studio.step_kind[], project_id uuid, scene_ids uuid[], providers text[], configs jsonb[], priorities integer[], estimates_s integer[], idempotency_keys text[], labels text[], label_lists jsonb, max_failures integer, backoff_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, in_order boolean, needs_job_ids uuid[], on_failure work.dependency_rule, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.submit_steps(steps studio.step_kind[], project_id uuid, scene_ids uuid[], providers text[], configs jsonb[], priorities integer[], estimates_s integer[], idempotency_keys text[], labels text[], label_lists jsonb, max_failures integer, backoff_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, in_order boolean, needs_job_ids uuid[], on_failure work.dependency_rule, user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.sweep_assets(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
    asset studio.assets;
    done bigint := 0;
begin
    if not work.take_duty('sweep the studio') then
        return 0;
    end if;
    for asset in
        select a.*
        from studio.assets as a
        where a.sweep_at <= now()
        order by a.sweep_at
        limit max_rows
        for update skip locked
    loop
        continue when asset.state = 'reserved'
            and not studio.hold_farms_use(asset.user_id);
        done := done + 1;
        if asset.state = 'reserved' then
            perform studio.end_asset(asset, 'abandoned', now());
            perform studio.note_farms_use(asset.user_id, 0, -asset.size_bytes);
        elsif asset.state = 'gone' then
            delete from studio.assets as a
            where a.user_id = asset.user_id and a.id = asset.id;
        -- Asked under the lock: whoever wants to use it locks it too.
        elsif studio.is_asset_used(asset.user_id, asset.id) then
            update studio.assets as a
            set sweep_at = now() + interval '1 hour'
            where a.user_id = asset.user_id and a.id = asset.id;
        else
            perform studio.end_asset(asset, 'expired', now());
        end if;
    end loop;
    return done;
end
$$;

COMMENT ON FUNCTION studio.sweep_assets(max_rows bigint) IS 'How many assets were looked at that are due: reservations end, what has expired and is not used expires, what is gone is forgotten.';

REVOKE ALL ON FUNCTION studio.sweep_assets(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION studio.to_aseprite(animation_id uuid, is_array boolean DEFAULT true) RETURNS json
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    exported json;
begin
    with shown as (
        select
            f.position - 1 as nth,
            n.name || ' ' || f.position - 1 || '.aseprite' as filename,
            f.duration_ms,
            f.pivot_x,
            f.pivot_y,
            a.uri,
            a.width as sheet_width,
            a.height as sheet_height,
            coalesce(f.source_x, 0) as x,
            coalesce(f.source_y, 0) as y,
            coalesce(f.source_width, a.width, 0) as w,
            coalesce(f.source_height, a.height, 0) as h
        from studio.frames as f
        join studio.animations as n on n.user_id = f.user_id and n.id = f.animation_id
        left join studio.assets as a on a.user_id = f.user_id and a.id = f.asset_id
        where f.animation_id = animation_id
            and f.user_id = (select identity.current_user_id())
    ),

    images as (
        select count(distinct s.uri) as count, max(s.uri) as uri
        from shown as s
    ),

    framed as (
        select
            s.nth,
            s.filename,
            json_build_object('x', s.x, 'y', s.y, 'w', s.w, 'h', s.h) as frame,
            json_build_object('x', 0, 'y', 0, 'w', s.w, 'h', s.h) as whole,
            json_build_object('w', s.w, 'h', s.h) as size,
            s.duration_ms,
            -- Aseprite has one image; where ours are several, each frame says its own.
            case when i.count > 1 then s.uri end as image
        from shown as s
        cross join images as i
    ),

    held as (
        select
            s.nth,
            s.w,
            s.h,
            s.pivot_x,
            s.pivot_y,
            (s.w, s.h, s.pivot_x, s.pivot_y) is distinct from (
                lag(s.w) over (order by s.nth),
                lag(s.h) over (order by s.nth),
                lag(s.pivot_x) over (order by s.nth),
                lag(s.pivot_y) over (order by s.nth)
            ) as is_new,
            count(s.pivot_x) over () as pivots
        from shown as s
    )

    select
        json_build_object(
            'frames',
            case
                when is_array
                    then coalesce(
                        (
                            select
                                json_agg(
                                    json_strip_nulls(
                                        json_build_object(
                                            'filename', f.filename,
                                            'frame', f.frame,
                                            'rotated', false,
                                            'trimmed', false,
                                            'spriteSourceSize', f.whole,
                                            'sourceSize', f.size,
                                            'duration', f.duration_ms,
                                            'image', f.image
                                        )
                                    )
                                    order by f.nth
                                )
                            from framed as f
                        ),
                        '[]'
                    )
                else coalesce(
                    (
                        select
                            json_object_agg(
                                f.filename,
                                json_strip_nulls(
                                    json_build_object(
                                        'frame', f.frame,
                                        'rotated', false,
                                        'trimmed', false,
                                        'spriteSourceSize', f.whole,
                                        'sourceSize', f.size,
                                        'duration', f.duration_ms,
                                        'image', f.image
                                    )
                                )
                                order by f.nth
                            )
                        from framed as f
                    ),
                    '{}'
                )
            end,
            'meta',
            json_strip_nulls(
                json_build_object(
                    'app', 'https://www.aseprite.org/',
                    'version', '1.3',
                    'image',
                    (
                        select i.uri
                        from images as i
                        where i.count = 1
                    ),
                    'format', 'RGBA8888',
                    'size',
                    (
                        select
                            json_build_object(
                                'w', coalesce(max(s.sheet_width), max(s.x + s.w), 0),
                                'h', coalesce(max(s.sheet_height), max(s.y + s.h), 0)
                            )
                        from shown as s
                    ),
                    'scale', '1',
                    'frameTags',
                    coalesce(
                        (
                            select
                                json_agg(
                                    json_build_object(
                                        'name', t.name,
                                        'from', t.first_position - 1,
                                        'to', t.last_position - 1,
                                        'direction',
                                        replace(t.playback::text, 'ping_pong', 'pingpong'),
                                        'repeat', t.repeats::text
                                    )
                                    order by t.first_position, t.id
                                )
                            from studio.tags as t
                            where t.user_id = n.user_id and t.animation_id = n.id
                        ),
                        '[]'
                    ),
                    'slices',
                    coalesce(
                        (
                            select
                                json_build_array(
                                    json_build_object(
                                        'name', 'pivot',
                                        'color', '#0000ffff',
                                        'keys',
                                        json_agg(
                                            json_build_object(
                                                'frame', h.nth,
                                                'bounds',
                                                json_build_object(
                                                    'x', 0,
                                                    'y', 0,
                                                    'w', h.w,
                                                    'h', h.h
                                                ),
                                                'pivot',
                                                case
                                                    when h.pivot_x is not null
                                                        then json_build_object(
                                                            'x', h.pivot_x,
                                                            'y', h.pivot_y
                                                        )
                                                end
                                            )
                                            order by h.nth
                                        )
                                    )
                                )
                            from held as h
                            where h.pivots > 0 and h.is_new
                            having count(*) > 0
                        ),
                        '[]'
                    ),
                    -- What Aseprite has no word for; other readers pass over it.
                    'renderstore',
                    json_build_object(
                        'playback', n.playback,
                        'repeats', n.repeats,
                        'framesPerSecond', n.frames_per_second
                    )
                )
            )
        )
    into exported
    from studio.animations as n
    where n.id = animation_id and n.user_id = (select identity.current_user_id());
    if exported is null then
        raise exception using
            errcode = 'P0002',
            message = 'There is no animation with this id.';
    end if;
    return exported;
end
$$;

COMMENT ON FUNCTION studio.to_aseprite(animation_id uuid, is_array boolean) IS 'The bound user''s animation as the JSON that Aseprite exports: frames as an array, else as a hash by file name, with tags, and pivots as a slice.';

REVOKE ALL ON FUNCTION studio.to_aseprite(animation_id uuid, is_array boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.to_aseprite(animation_id uuid, is_array boolean) TO renderstore_app;
GRANT ALL ON FUNCTION studio.to_aseprite(animation_id uuid, is_array boolean) TO renderstore_admin;

CREATE FUNCTION studio.unlink_jobs(project_id uuid, job_ids uuid[], user_id uuid DEFAULT NULL::uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    unlinked bigint;
begin
    perform
    from work.jobs as j
    where j.user_id = owner and j.id = any(job_ids) and j.kind = 'step';
    if found then
        raise exception using
            errcode = 'RS005',
            message = 'A step stays with the project that it was submitted for.';
    end if;
    delete from studio.project_jobs as l
    where l.user_id = owner and l.project_id = project_id and l.job_id = any(job_ids);
    get diagnostics unlinked = row_count;
    return unlinked;
end
$$;

COMMENT ON FUNCTION studio.unlink_jobs(project_id uuid, job_ids uuid[], user_id uuid) IS 'These jobs work for this project no more; says how many did.';

REVOKE ALL ON FUNCTION studio.unlink_jobs(project_id uuid, job_ids uuid[], user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION studio.unlink_jobs(project_id uuid, job_ids uuid[], user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION studio.unlink_jobs(project_id uuid, job_ids uuid[], user_id uuid) TO renderstore_admin;

CREATE FUNCTION studio.use_assets(owner uuid, ids uuid[], project uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
    kept bigint;
begin
    select count(*) into kept
    from (
        select a.id
        from studio.assets as a
        where a.user_id = owner and a.id = any(ids) and a.state = 'kept'
        order by a.id
        for no key update
    ) as locked;
    if kept <> (select count(distinct listed.id) from unnest(ids) as listed (id)) then
        raise exception using
            errcode = 'P0002',
            message = 'There is no kept asset with one of these ids.';
    end if;
    -- What two projects use belongs to none: it does not go, or hide, with one of them.
    update studio.assets as a
    set project_id = null
    where a.user_id = owner and a.id = any(ids) and a.project_id <> project;
end
$$;

COMMENT ON FUNCTION studio.use_assets(owner uuid, ids uuid[], project uuid) IS 'Locks kept assets that a project is about to use; refuses where one is not there.';

REVOKE ALL ON FUNCTION studio.use_assets(owner uuid, ids uuid[], project uuid) FROM PUBLIC;

COMMENT ON CONSTRAINT provider_is_short_check ON DOMAIN studio.provider IS 'A provider has 1 to 100 characters.';
COMMENT ON CONSTRAINT tally_is_0_to_quadrillion_check ON DOMAIN studio.tally IS 'Tokens and cost are 0 to 1000000000000000.';


-- ==================== media ====================

CREATE SCHEMA media;

COMMENT ON SCHEMA media IS 'Media requests and downloads.';

GRANT USAGE ON SCHEMA media TO renderstore_app;
GRANT USAGE ON SCHEMA media TO renderstore_worker;
GRANT USAGE ON SCHEMA media TO renderstore_admin;
GRANT USAGE ON SCHEMA media TO renderstore_readonly;

CREATE TYPE media.download_status AS ENUM (
    'pending',
    'validating',
    'queued',
    'downloading',
    'completed',
    'partly',
    'failed',
    'cancelled'
);

COMMENT ON TYPE media.download_status IS 'Where a download stands, in the words of the portal: downloading is work.job_status''s running, partly its completed, with files that are missing.';

CREATE TYPE media.file_state AS ENUM (
    'found',
    'downloading',
    'kept',
    'failed',
    'skipped',
    'removed'
);

COMMENT ON TYPE media.file_state IS 'Where a file of a download stands: found (in the playlist), downloading, kept, failed, skipped (not wanted), removed (on purpose; it is not fetched again).';

CREATE TYPE media.media_type AS ENUM (
    'movie',
    'tv'
);

COMMENT ON TYPE media.media_type IS 'What is asked for: movie, tv (a show, or a season of it). An id at TMDB is unique within one of them.';

CREATE TYPE media.request_status AS ENUM (
    'pending',
    'approved',
    'processing',
    'available',
    'failed',
    'declined',
    'cancelled',
    'removed'
);

COMMENT ON TYPE media.request_status IS 'Where a request stands: pending (nobody has decided), approved, processing (it is being fetched), available, failed, declined, cancelled (by who asked), removed (it was there and is no more).';

CREATE DOMAIN media.playlist_url AS text
	CONSTRAINT playlist_url_is_https_check CHECK (((length(VALUE) <= 2000) AND (VALUE ~ ('^https://([A-Za-z0-9]([A-Za-z0-9.-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])'::text || '(:[0-9]{1,5})?([/?][\u0021-\u007e]*)?$'::text))));

COMMENT ON DOMAIN media.playlist_url IS 'Where a playlist is found: https, without a user''s name, up to 2000 printable characters.';

CREATE TABLE media.download_files (
    user_id uuid NOT NULL,
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    job_id uuid,
    "position" integer NOT NULL,
    video_id text NOT NULL,
    state media.file_state DEFAULT 'found'::media.file_state NOT NULL,
    tries integer DEFAULT 0 NOT NULL,
    title text,
    path text,
    size_bytes bigint,
    error_class work.error_class,
    error_message text,
    found_at timestamp with time zone DEFAULT now() NOT NULL,
    kept_at timestamp with time zone,
    CONSTRAINT download_files_error_message_is_short_check CHECK ((length(error_message) <= 1000)),
    CONSTRAINT download_files_is_whole_check CHECK ((((state = ANY (ARRAY['kept'::media.file_state, 'removed'::media.file_state])) = ((path IS NOT NULL) AND (kept_at IS NOT NULL))) AND ((state = 'failed'::media.file_state) = (error_class IS NOT NULL)))),
    CONSTRAINT download_files_path_is_the_owners_check CHECK (ops.is_owners_uri(user_id, path)),
    CONSTRAINT download_files_position_is_positive_check CHECK (("position" >= 1)),
    CONSTRAINT download_files_size_bytes_is_not_negative_check CHECK (((size_bytes >= 0) AND (size_bytes <= '1125899906842624'::bigint))),
    CONSTRAINT download_files_title_is_short_check CHECK ((length(title) <= 500)),
    CONSTRAINT download_files_tries_is_not_negative_check CHECK ((tries >= 0)),
    CONSTRAINT download_files_video_id_is_short_check CHECK (((length(video_id) >= 1) AND (length(video_id) <= 200)))
);

ALTER TABLE ONLY media.download_files FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE media.download_files IS 'One row a file of a download.';
COMMENT ON COLUMN media.download_files.user_id IS 'The user who owns the download.';
COMMENT ON COLUMN media.download_files.id IS 'The file''s identifier, made by the database.';
COMMENT ON COLUMN media.download_files.job_id IS 'The download; null once that is cleared, and the file stays.';
COMMENT ON COLUMN media.download_files."position" IS 'Its place in the playlist, from 1.';
COMMENT ON COLUMN media.download_files.video_id IS 'Which video it is, as the site names it, 1 to 200 characters.';
COMMENT ON COLUMN media.download_files.state IS 'Where the file stands; media.transitions says what may follow.';
COMMENT ON COLUMN media.download_files.tries IS 'How often its download began.';
COMMENT ON COLUMN media.download_files.title IS 'What the video is called, up to 500 characters; null where nobody said.';
COMMENT ON COLUMN media.download_files.path IS 'Where the file lies, under its owner''s id; null while nothing was kept.';
COMMENT ON COLUMN media.download_files.size_bytes IS 'The file''s size in bytes; null while nothing was kept, or where nobody said.';
COMMENT ON COLUMN media.download_files.error_class IS 'The class of its failure, such as network; null unless it failed.';
COMMENT ON COLUMN media.download_files.error_message IS 'What the failure said, or why it was skipped, up to 1000 characters; null where nothing was said.';
COMMENT ON COLUMN media.download_files.found_at IS 'When it was found in the playlist.';
COMMENT ON COLUMN media.download_files.kept_at IS 'When the file was there; null while nothing was kept.';
COMMENT ON CONSTRAINT download_files_error_message_is_short_check ON media.download_files IS 'What a failure of a file said has at most 1000 characters.';
COMMENT ON CONSTRAINT download_files_is_whole_check ON media.download_files IS 'A file that is kept, or was, has a path; one that failed has a class of failure, and no other has.';
COMMENT ON CONSTRAINT download_files_path_is_the_owners_check ON media.download_files IS 'A file''s path begins with its owner''s id and a slash, does not climb, and has at most 1000 characters, none of them a control character or a backslash.';
COMMENT ON CONSTRAINT download_files_position_is_positive_check ON media.download_files IS 'A file''s place in its playlist is 1 or more.';
COMMENT ON CONSTRAINT download_files_size_bytes_is_not_negative_check ON media.download_files IS 'A file''s size is 0 bytes to 1 PiB.';
COMMENT ON CONSTRAINT download_files_title_is_short_check ON media.download_files IS 'A video''s title has at most 500 characters.';
COMMENT ON CONSTRAINT download_files_tries_is_not_negative_check ON media.download_files IS 'The count of tries is 0 or more.';
COMMENT ON CONSTRAINT download_files_video_id_is_short_check ON media.download_files IS 'A video''s id has 1 to 200 characters.';

ALTER TABLE ONLY media.download_files
    ADD CONSTRAINT download_files_pkey PRIMARY KEY (user_id, id);

COMMENT ON CONSTRAINT download_files_pkey ON media.download_files IS 'There is already a file with this id.';

ALTER TABLE ONLY media.download_files
    ADD CONSTRAINT download_files_user_id_job_id_video_id_key UNIQUE (user_id, job_id, video_id);

COMMENT ON CONSTRAINT download_files_user_id_job_id_video_id_key ON media.download_files IS 'The download already has this video.';

CREATE INDEX download_files_kept_idx ON media.download_files USING btree (user_id, id) WHERE (state = 'kept'::media.file_state);

CREATE INDEX download_files_left_idx ON media.download_files USING btree (user_id, id) WHERE ((job_id IS NULL) AND (state <> ALL (ARRAY['kept'::media.file_state, 'removed'::media.file_state])));

CREATE INDEX download_files_missing_idx ON media.download_files USING btree (user_id, job_id) WHERE (state = ANY (ARRAY['found'::media.file_state, 'downloading'::media.file_state, 'failed'::media.file_state]));

CREATE INDEX download_files_placed_idx ON media.download_files USING btree (user_id, job_id, "position") WHERE ("position" > 0);

CREATE INDEX download_files_user_id_path_idx ON media.download_files USING btree (user_id, path) WHERE (state = 'kept'::media.file_state);

CREATE INDEX download_files_user_id_video_id_idx ON media.download_files USING btree (user_id, video_id) WHERE (state = ANY (ARRAY['kept'::media.file_state, 'removed'::media.file_state]));

CREATE TRIGGER download_files_guard BEFORE UPDATE OF state ON media.download_files FOR EACH ROW WHEN ((old.state <> new.state)) EXECUTE FUNCTION media.guard_file();

CREATE TRIGGER download_files_note_end AFTER DELETE ON media.download_files FOR EACH ROW WHEN ((old.state = 'kept'::media.file_state)) EXECUTE FUNCTION media.note_removal();

CREATE TRIGGER download_files_note_removal AFTER UPDATE OF state ON media.download_files FOR EACH ROW WHEN (((old.state = 'kept'::media.file_state) AND (new.state <> 'kept'::media.file_state))) EXECUTE FUNCTION media.note_removal();

ALTER TABLE ONLY media.download_files
    ADD CONSTRAINT download_files_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT download_files_user_id_fkey ON media.download_files IS 'There is no user with this id; still referenced: the user has downloaded files.';

ALTER TABLE ONLY media.download_files
    ADD CONSTRAINT download_files_user_id_job_id_fkey FOREIGN KEY (user_id, job_id) REFERENCES work.jobs(user_id, id) ON DELETE SET NULL (job_id);

COMMENT ON CONSTRAINT download_files_user_id_job_id_fkey ON media.download_files IS 'There is no job with this id; still referenced: the download has files.';

ALTER TABLE media.download_files ENABLE ROW LEVEL SECURITY;

CREATE POLICY download_files_held ON media.download_files FOR SELECT TO renderstore_worker USING ((EXISTS ( SELECT
   FROM work.jobs j
  WHERE ((j.user_id = download_files.user_id) AND (j.id = download_files.job_id)))));
CREATE POLICY download_files_own ON media.download_files FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY download_files_owner ON media.download_files TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY download_files_read ON media.download_files FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE media.download_files TO renderstore_app;
GRANT SELECT ON TABLE media.download_files TO renderstore_worker;
GRANT SELECT ON TABLE media.download_files TO renderstore_admin;
GRANT SELECT ON TABLE media.download_files TO renderstore_readonly;

CREATE TABLE media.download_specs (
    user_id uuid NOT NULL,
    job_id uuid NOT NULL,
    playlist_url media.playlist_url NOT NULL,
    playlist_title text,
    plex_collection_id text,
    options jsonb DEFAULT '{}'::jsonb NOT NULL,
    CONSTRAINT download_specs_options_are_object_check CHECK (((jsonb_typeof(options) = 'object'::text) AND (ops.json_problem(options) IS NULL))),
    CONSTRAINT download_specs_playlist_title_is_short_check CHECK (((length(playlist_title) >= 1) AND (length(playlist_title) <= 500))),
    CONSTRAINT download_specs_plex_collection_id_is_short_check CHECK (((length(plex_collection_id) >= 1) AND (length(plex_collection_id) <= 100)))
);

ALTER TABLE ONLY media.download_specs FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE media.download_specs IS 'One row a download: what it is to do. media.downloads shows it together with the job''s life.';
COMMENT ON COLUMN media.download_specs.user_id IS 'The user who owns the job.';
COMMENT ON COLUMN media.download_specs.job_id IS 'The job.';
COMMENT ON COLUMN media.download_specs.playlist_url IS 'Where the playlist is found.';
COMMENT ON COLUMN media.download_specs.playlist_title IS 'What the playlist is called, 1 to 500 characters: as its user said, or as a worker found; null where nobody has.';
COMMENT ON COLUMN media.download_specs.plex_collection_id IS 'The collection in Plex that its files belong to, 1 to 100 characters; null without one.';
COMMENT ON COLUMN media.download_specs.options IS 'What the worker should mind, such as a format: an object of the application''s own.';
COMMENT ON CONSTRAINT download_specs_options_are_object_check ON media.download_specs IS 'A download''s options are a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';
COMMENT ON CONSTRAINT download_specs_playlist_title_is_short_check ON media.download_specs IS 'A playlist''s title has 1 to 500 characters.';
COMMENT ON CONSTRAINT download_specs_plex_collection_id_is_short_check ON media.download_specs IS 'The id of a collection in Plex has 1 to 100 characters.';

ALTER TABLE ONLY media.download_specs
    ADD CONSTRAINT download_specs_pkey PRIMARY KEY (user_id, job_id);

COMMENT ON CONSTRAINT download_specs_pkey ON media.download_specs IS 'This job already has its specification.';

CREATE INDEX download_specs_job_id_idx ON media.download_specs USING btree (job_id);

CREATE TRIGGER download_specs_audit_delete AFTER DELETE ON media.download_specs REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_media_download_specs();

CREATE TRIGGER download_specs_audit_insert AFTER INSERT ON media.download_specs REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_media_download_specs();

CREATE TRIGGER download_specs_audit_update AFTER UPDATE ON media.download_specs FOR EACH ROW WHEN ((((((old.playlist_url)::text IS DISTINCT FROM (new.playlist_url)::text) OR (old.playlist_title IS DISTINCT FROM new.playlist_title)) OR (old.plex_collection_id IS DISTINCT FROM new.plex_collection_id)) OR (old.options IS DISTINCT FROM new.options))) EXECUTE FUNCTION audit.note_media_download_specs();

CREATE TRIGGER download_specs_keep BEFORE DELETE ON media.download_specs FOR EACH ROW EXECUTE FUNCTION work.keep_spec();

ALTER TABLE ONLY media.download_specs
    ADD CONSTRAINT download_specs_user_id_job_id_fkey FOREIGN KEY (user_id, job_id) REFERENCES work.jobs(user_id, id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT download_specs_user_id_job_id_fkey ON media.download_specs IS 'There is no such job of yours to specify; still referenced: the job has a specification.';

ALTER TABLE media.download_specs ENABLE ROW LEVEL SECURITY;

CREATE POLICY download_specs_held ON media.download_specs FOR SELECT TO renderstore_worker USING ((EXISTS ( SELECT
   FROM work.jobs j
  WHERE ((j.user_id = download_specs.user_id) AND (j.id = download_specs.job_id)))));
CREATE POLICY download_specs_own ON media.download_specs FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY download_specs_owner ON media.download_specs TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY download_specs_read ON media.download_specs FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE media.download_specs TO renderstore_app;
GRANT SELECT ON TABLE media.download_specs TO renderstore_worker;
GRANT SELECT ON TABLE media.download_specs TO renderstore_admin;
GRANT SELECT ON TABLE media.download_specs TO renderstore_readonly;

CREATE TABLE media.requests (
    user_id uuid NOT NULL,
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    status media.request_status DEFAULT 'pending'::media.request_status NOT NULL,
    title text NOT NULL,
    media_type media.media_type NOT NULL,
    tmdb_id integer,
    season integer,
    is_4k boolean DEFAULT false NOT NULL,
    overseerr_id text,
    decided_by text,
    decision_reason text,
    requested_at timestamp with time zone DEFAULT now() NOT NULL,
    decided_at timestamp with time zone,
    completed_at timestamp with time zone,
    CONSTRAINT requests_decision_reason_is_short_check CHECK (((length(decision_reason) >= 1) AND (length(decision_reason) <= 1000))),
    CONSTRAINT requests_is_whole_check CHECK ((((decided_by IS NULL) = (decided_at IS NULL)) AND ((status = 'pending'::media.request_status) = (decided_at IS NULL)) AND ((status = ANY (ARRAY['pending'::media.request_status, 'approved'::media.request_status, 'processing'::media.request_status])) = (completed_at IS NULL)))),
    CONSTRAINT requests_overseerr_id_is_short_check CHECK (((length(overseerr_id) >= 1) AND (length(overseerr_id) <= 100))),
    CONSTRAINT requests_season_is_0_to_1000_check CHECK (((season >= 0) AND (season <= 1000))),
    CONSTRAINT requests_season_is_a_shows_check CHECK (((season IS NULL) OR (media_type = 'tv'::media.media_type))),
    CONSTRAINT requests_title_is_short_check CHECK ((((length(title) >= 1) AND (length(title) <= 500)) AND (title !~ '[\u0001-\u001f\u007f]'::text) AND (title ~ '[^[:space:]]'::text))),
    CONSTRAINT requests_tmdb_id_is_positive_check CHECK ((tmdb_id >= 1))
);

ALTER TABLE ONLY media.requests FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE media.requests IS 'One row a movie, a show or a season that a user asked for.';
COMMENT ON COLUMN media.requests.user_id IS 'The user who asked.';
COMMENT ON COLUMN media.requests.id IS 'The request''s identifier, made by the database; later ones sort after earlier ones.';
COMMENT ON COLUMN media.requests.status IS 'Where the request stands; media.transitions says what may follow.';
COMMENT ON COLUMN media.requests.title IS 'What it is called, 1 to 500 characters.';
COMMENT ON COLUMN media.requests.media_type IS 'Whether it is a movie or a show.';
COMMENT ON COLUMN media.requests.tmdb_id IS 'Its id at TMDB, which is unique within a media type; null where it is not known, and then nothing finds it again.';
COMMENT ON COLUMN media.requests.season IS 'The season, 0 for the specials; null for a movie, or a whole show.';
COMMENT ON COLUMN media.requests.is_4k IS 'Whether it is asked for in 4K, which is a request of its own.';
COMMENT ON COLUMN media.requests.overseerr_id IS 'Overseerr''s own id of the request, 1 to 100 characters; null without one.';
COMMENT ON COLUMN media.requests.decided_by IS 'Who brought it to where it stands: user:…, admin:… or dba:…; null while nobody has decided.';
COMMENT ON COLUMN media.requests.decision_reason IS 'What was said to it, up to 1000 characters; null without a reason.';
COMMENT ON COLUMN media.requests.requested_at IS 'When it was asked for.';
COMMENT ON COLUMN media.requests.decided_at IS 'When it came to where it stands; null while nobody has decided.';
COMMENT ON COLUMN media.requests.completed_at IS 'When it was available, or ended otherwise; null while it is open.';
COMMENT ON CONSTRAINT requests_decision_reason_is_short_check ON media.requests IS 'The reason of a decision has 1 to 1000 characters.';
COMMENT ON CONSTRAINT requests_is_whole_check ON media.requests IS 'A request that somebody decided says who and when, and one that is open has no end.';
COMMENT ON CONSTRAINT requests_overseerr_id_is_short_check ON media.requests IS 'An id at Overseerr has 1 to 100 characters.';
COMMENT ON CONSTRAINT requests_season_is_0_to_1000_check ON media.requests IS 'A season is 0 (the specials) to 1000.';
COMMENT ON CONSTRAINT requests_season_is_a_shows_check ON media.requests IS 'A movie has no seasons.';
COMMENT ON CONSTRAINT requests_title_is_short_check ON media.requests IS 'A request''s title has 1 to 500 characters, not only blanks and no control characters.';
COMMENT ON CONSTRAINT requests_tmdb_id_is_positive_check ON media.requests IS 'An id at TMDB is 1 or more.';

ALTER TABLE ONLY media.requests
    ADD CONSTRAINT requests_pkey PRIMARY KEY (user_id, id);

COMMENT ON CONSTRAINT requests_pkey ON media.requests IS 'There is already a request with this id.';

CREATE INDEX requests_awaited_idx ON media.requests USING btree (tmdb_id) WHERE (status = ANY (ARRAY['approved'::media.request_status, 'processing'::media.request_status]));

CREATE INDEX requests_id_idx ON media.requests USING btree (id);

CREATE INDEX requests_open_idx ON media.requests USING btree (user_id) WHERE (status = ANY (ARRAY['pending'::media.request_status, 'approved'::media.request_status, 'processing'::media.request_status]));

CREATE INDEX requests_status_id_idx ON media.requests USING btree (status, id);

CREATE UNIQUE INDEX requests_user_id_tmdb_id_key ON media.requests USING btree (user_id, tmdb_id, media_type, is_4k, season) NULLS NOT DISTINCT WHERE ((tmdb_id IS NOT NULL) AND (status = ANY (ARRAY['pending'::media.request_status, 'approved'::media.request_status, 'processing'::media.request_status, 'available'::media.request_status])));

COMMENT ON INDEX media.requests_user_id_tmdb_id_key IS 'The user has asked for this already.';

CREATE TRIGGER requests_audit_delete AFTER DELETE ON media.requests REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_media_requests();

CREATE TRIGGER requests_audit_insert AFTER INSERT ON media.requests REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_media_requests();

CREATE TRIGGER requests_audit_update AFTER UPDATE ON media.requests FOR EACH ROW WHEN (((((((((old.status IS DISTINCT FROM new.status) OR (old.title IS DISTINCT FROM new.title)) OR (old.media_type IS DISTINCT FROM new.media_type)) OR (old.tmdb_id IS DISTINCT FROM new.tmdb_id)) OR (old.season IS DISTINCT FROM new.season)) OR (old.is_4k IS DISTINCT FROM new.is_4k)) OR (old.overseerr_id IS DISTINCT FROM new.overseerr_id)) OR (old.decision_reason IS DISTINCT FROM new.decision_reason))) EXECUTE FUNCTION audit.note_media_requests();

CREATE TRIGGER requests_guard BEFORE UPDATE OF status ON media.requests FOR EACH ROW WHEN ((old.status <> new.status)) EXECUTE FUNCTION media.guard_request();

ALTER TABLE ONLY media.requests
    ADD CONSTRAINT requests_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT requests_user_id_fkey ON media.requests IS 'There is no user with this id; still referenced: the user asked for something.';

ALTER TABLE media.requests ENABLE ROW LEVEL SECURITY;

CREATE POLICY requests_own ON media.requests FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY requests_owner ON media.requests TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY requests_read ON media.requests FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE media.requests TO renderstore_app;
GRANT SELECT ON TABLE media.requests TO renderstore_admin;
GRANT SELECT ON TABLE media.requests TO renderstore_readonly;

CREATE TABLE media.transitions (
    subject text NOT NULL,
    before text NOT NULL,
    after text NOT NULL,
    reason text NOT NULL,
    CONSTRAINT transitions_after_is_short_check CHECK (((length(after) >= 1) AND (length(after) <= 63))),
    CONSTRAINT transitions_before_is_short_check CHECK (((length(before) >= 1) AND (length(before) <= 63))),
    CONSTRAINT transitions_reason_is_short_check CHECK (((length(reason) >= 1) AND (length(reason) <= 200))),
    CONSTRAINT transitions_subject_is_known_check CHECK ((subject = ANY (ARRAY['request'::text, 'file'::text])))
);

COMMENT ON TABLE media.transitions IS 'One row a permitted change of a request or a file; what is not here is refused. media.may_become holds the same rule.';
COMMENT ON COLUMN media.transitions.subject IS 'What changes: request or file.';
COMMENT ON COLUMN media.transitions.before IS 'The status that is left.';
COMMENT ON COLUMN media.transitions.after IS 'The status that follows.';
COMMENT ON COLUMN media.transitions.reason IS 'When this happens, for people, 1 to 200 characters.';
COMMENT ON CONSTRAINT transitions_after_is_short_check ON media.transitions IS 'A status has 1 to 63 characters.';
COMMENT ON CONSTRAINT transitions_before_is_short_check ON media.transitions IS 'A status has 1 to 63 characters.';
COMMENT ON CONSTRAINT transitions_reason_is_short_check ON media.transitions IS 'The reason of a transition has 1 to 200 characters.';
COMMENT ON CONSTRAINT transitions_subject_is_known_check ON media.transitions IS 'A transition is one of a request or a file.';

ALTER TABLE ONLY media.transitions
    ADD CONSTRAINT transitions_pkey PRIMARY KEY (subject, before, after);

COMMENT ON CONSTRAINT transitions_pkey ON media.transitions IS 'This transition is already permitted.';

GRANT SELECT ON TABLE media.transitions TO renderstore_app;
GRANT SELECT ON TABLE media.transitions TO renderstore_worker;
GRANT SELECT ON TABLE media.transitions TO renderstore_admin;
GRANT SELECT ON TABLE media.transitions TO renderstore_readonly;

CREATE TABLE media.usages (
    user_id uuid NOT NULL,
    daily_requests bigint DEFAULT 0 NOT NULL,
    daily_downloads bigint DEFAULT 0 NOT NULL,
    counted_on date DEFAULT ((now() AT TIME ZONE 'utc'::text))::date NOT NULL,
    CONSTRAINT usages_daily_downloads_is_not_negative_check CHECK ((daily_downloads >= 0)),
    CONSTRAINT usages_daily_requests_is_not_negative_check CHECK ((daily_requests >= 0))
);

ALTER TABLE ONLY media.usages FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE media.usages IS 'One row a user who ever asked for something: what is used of the plan today.';
COMMENT ON COLUMN media.usages.user_id IS 'The user whose use it is.';
COMMENT ON COLUMN media.usages.daily_requests IS 'How many movies and seasons were asked for on counted_on.';
COMMENT ON COLUMN media.usages.daily_downloads IS 'How many playlists were asked for on counted_on.';
COMMENT ON COLUMN media.usages.counted_on IS 'The UTC day of both.';
COMMENT ON CONSTRAINT usages_daily_downloads_is_not_negative_check ON media.usages IS 'The count of downloads is 0 or more.';
COMMENT ON CONSTRAINT usages_daily_requests_is_not_negative_check ON media.usages IS 'The count of requests is 0 or more.';

ALTER TABLE ONLY media.usages
    ADD CONSTRAINT usages_pkey PRIMARY KEY (user_id);

COMMENT ON CONSTRAINT usages_pkey ON media.usages IS 'This user''s use is already counted.';

ALTER TABLE ONLY media.usages
    ADD CONSTRAINT usages_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT usages_user_id_fkey ON media.usages IS 'There is no user with this id; still referenced: the user''s use of the portal is counted.';

ALTER TABLE media.usages ENABLE ROW LEVEL SECURITY;

CREATE POLICY usages_own ON media.usages FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY usages_owner ON media.usages TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY usages_read ON media.usages FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE media.usages TO renderstore_app;
GRANT SELECT ON TABLE media.usages TO renderstore_admin;
GRANT SELECT ON TABLE media.usages TO renderstore_readonly;

CREATE VIEW media.downloads WITH (security_invoker='true') AS
 SELECT j.user_id,
    j.id,
    media.to_download(j.status, (EXISTS ( SELECT
           FROM media.download_files f
          WHERE ((f.user_id = j.user_id) AND (f.job_id = j.id) AND (f.state = ANY (ARRAY['found'::media.file_state, 'downloading'::media.file_state, 'failed'::media.file_state])))))) AS status,
    j.priority,
    j.progress,
    j.attempt,
    j.failures,
    j.max_failures,
    j.lost_leases,
    j.backoff_s,
    j.estimated_s,
    (EXTRACT(epoch FROM (j.completed_at - j.started_at)))::double precision AS actual_s,
    j.labels,
    (s.playlist_url)::text AS playlist_url,
    s.playlist_title,
    s.plex_collection_id,
    s.options,
    ( SELECT count(*) AS count
           FROM media.download_files f
          WHERE ((f.user_id = j.user_id) AND (f.job_id = j.id))) AS files,
    ( SELECT count(*) AS count
           FROM media.download_files f
          WHERE ((f.user_id = j.user_id) AND (f.job_id = j.id) AND (f.state = 'kept'::media.file_state))) AS kept_files,
    ( SELECT count(*) AS count
           FROM media.download_files f
          WHERE ((f.user_id = j.user_id) AND (f.job_id = j.id) AND (f.state = 'failed'::media.file_state))) AS failed_files,
    ( SELECT (COALESCE(sum(f.size_bytes), (0)::numeric))::bigint AS "coalesce"
           FROM media.download_files f
          WHERE ((f.user_id = j.user_id) AND (f.job_id = j.id) AND (f.state = 'kept'::media.file_state))) AS kept_bytes,
    ( SELECT jsonb_agg(f.path ORDER BY f."position", f.id) AS jsonb_agg
           FROM media.download_files f
          WHERE ((f.user_id = j.user_id) AND (f.job_id = j.id) AND (f.state = 'kept'::media.file_state))) AS file_paths,
    j.submitted_by,
    j.idempotency_key,
    j.held_by,
    j.lease_expires_at,
    j.exit_code,
    j.error_class,
    j.error_message,
    j.cancel_reason,
    j.due_at,
    j.auto_cancel_at,
    j.queued_at,
    j.started_at,
    j.completed_at,
    j.cancel_requested_at
   FROM (work.jobs j
     JOIN media.download_specs s ON (((s.user_id = j.user_id) AND (s.job_id = j.id))));

COMMENT ON VIEW media.downloads IS 'One row a download: its life from work.jobs, its content from media.download_specs, what became of its files. Insert submits; functions change.';
COMMENT ON COLUMN media.downloads.user_id IS 'The user who owns the job.';
COMMENT ON COLUMN media.downloads.id IS 'The job''s identifier, made by the database; later jobs sort after earlier ones.';
COMMENT ON COLUMN media.downloads.status IS 'Where the download stands, in the words of the portal: downloading is the queue''s running, partly is completed with files that are missing.';
COMMENT ON COLUMN media.downloads.priority IS 'How urgent the job is, 0 to 10, 10 first; up to the plan''s highest.';
COMMENT ON COLUMN media.downloads.progress IS 'Percent done, 0 to 100; within an attempt a lower report leaves it as it is.';
COMMENT ON COLUMN media.downloads.attempt IS 'How often the job was claimed. It is the fence: who holds another attempt changes nothing.';
COMMENT ON COLUMN media.downloads.failures IS 'How many attempts failed; a lost lease is not one.';
COMMENT ON COLUMN media.downloads.max_failures IS 'After how many failures the job has failed, 1 to 100.';
COMMENT ON COLUMN media.downloads.lost_leases IS 'How many leases ran out; after five the job has failed.';
COMMENT ON COLUMN media.downloads.backoff_s IS 'Seconds before the first retry, 1 to 86400; doubled for each further one.';
COMMENT ON COLUMN media.downloads.estimated_s IS 'How many seconds the job is expected to run; null where nobody knows.';
COMMENT ON COLUMN media.downloads.actual_s IS 'How many seconds the last attempt took; null while the job has not ended, or never began.';
COMMENT ON COLUMN media.downloads.labels IS 'What a worker must offer, such as gpu; sorted, without doubles, at most 20.';
COMMENT ON COLUMN media.downloads.playlist_url IS 'Where the playlist is found.';
COMMENT ON COLUMN media.downloads.playlist_title IS 'What the playlist is called; null where nobody has said.';
COMMENT ON COLUMN media.downloads.plex_collection_id IS 'The collection in Plex that its files belong to; null without one.';
COMMENT ON COLUMN media.downloads.options IS 'What the worker should mind, such as a format: an object of the application''s own.';
COMMENT ON COLUMN media.downloads.files IS 'How many files it has, whatever became of them.';
COMMENT ON COLUMN media.downloads.kept_files IS 'How many of its files are kept.';
COMMENT ON COLUMN media.downloads.failed_files IS 'How many of its files failed.';
COMMENT ON COLUMN media.downloads.kept_bytes IS 'How many bytes its kept files have.';
COMMENT ON COLUMN media.downloads.file_paths IS 'The paths of its kept files, in the order of the playlist: a list; null without one.';
COMMENT ON COLUMN media.downloads.submitted_by IS 'Who submitted the job: user:…, token:…, admin:…, dba:… or login:….';
COMMENT ON COLUMN media.downloads.idempotency_key IS 'The owner''s own name for this submission, 1 to 255 characters: a repeat finds the job instead of making another; null without one.';
COMMENT ON COLUMN media.downloads.held_by IS 'The worker that runs the job; null unless it runs.';
COMMENT ON COLUMN media.downloads.lease_expires_at IS 'Until when the worker holds the job unless it reports; null unless it runs.';
COMMENT ON COLUMN media.downloads.exit_code IS 'The exit code of the last attempt''s program; null where none is known.';
COMMENT ON COLUMN media.downloads.error_class IS 'The class of the last failure, such as timeout; work.error_classes says which are tried again; null without a failure.';
COMMENT ON COLUMN media.downloads.error_message IS 'What the last failure said, up to 10000 characters; null without one.';
COMMENT ON COLUMN media.downloads.cancel_reason IS 'Why a cancellation was asked for, up to 1000 characters; null without a reason.';
COMMENT ON COLUMN media.downloads.due_at IS 'Before when the job does not start: a given time, or the end of a back-off; null for at once.';
COMMENT ON COLUMN media.downloads.auto_cancel_at IS 'When the job is cancelled by itself unless it has ended; null for never.';
COMMENT ON COLUMN media.downloads.queued_at IS 'When the job was submitted, or asked for again.';
COMMENT ON COLUMN media.downloads.started_at IS 'When the last attempt began; null before the first.';
COMMENT ON COLUMN media.downloads.completed_at IS 'When the job ended, whichever way; null while it has not.';
COMMENT ON COLUMN media.downloads.cancel_requested_at IS 'When somebody asked to cancel; a waiting job ends at once, a running one when its worker stops.';

CREATE TRIGGER downloads_submit INSTEAD OF INSERT ON media.downloads FOR EACH ROW EXECUTE FUNCTION media.submit_inserted_download();

GRANT SELECT,INSERT ON TABLE media.downloads TO renderstore_app;
GRANT SELECT ON TABLE media.downloads TO renderstore_worker;
GRANT SELECT,INSERT ON TABLE media.downloads TO renderstore_admin;
GRANT SELECT ON TABLE media.downloads TO renderstore_readonly;

CREATE VIEW media.media_requests WITH (security_invoker='true') AS
 SELECT id,
    user_id,
    title,
    media_type,
    tmdb_id,
    status,
    overseerr_id,
    requested_at AS created_at,
    completed_at
   FROM media.requests;

COMMENT ON VIEW media.media_requests IS 'media.requests in the columns that the portal had before.';
COMMENT ON COLUMN media.media_requests.id IS 'The request''s identifier.';
COMMENT ON COLUMN media.media_requests.user_id IS 'The user who asked.';
COMMENT ON COLUMN media.media_requests.title IS 'What it is called.';
COMMENT ON COLUMN media.media_requests.media_type IS 'Whether it is a movie or a show.';
COMMENT ON COLUMN media.media_requests.tmdb_id IS 'Its id at TMDB; null where it is not known.';
COMMENT ON COLUMN media.media_requests.status IS 'Where the request stands.';
COMMENT ON COLUMN media.media_requests.overseerr_id IS 'Overseerr''s own id of the request; null without one.';
COMMENT ON COLUMN media.media_requests.created_at IS 'When it was asked for.';
COMMENT ON COLUMN media.media_requests.completed_at IS 'When it was available, or ended otherwise; null while it is open.';

GRANT SELECT ON TABLE media.media_requests TO renderstore_app;
GRANT SELECT ON TABLE media.media_requests TO renderstore_admin;
GRANT SELECT ON TABLE media.media_requests TO renderstore_readonly;

CREATE VIEW media.youtube_downloads WITH (security_invoker='true') AS
 SELECT id,
    user_id,
    playlist_url,
    playlist_title,
    status,
    file_paths,
    plex_collection_id,
    queued_at AS created_at,
    completed_at
   FROM media.downloads;

COMMENT ON VIEW media.youtube_downloads IS 'media.downloads in the columns that the portal had before.';
COMMENT ON COLUMN media.youtube_downloads.id IS 'The job''s identifier, made by the database; later jobs sort after earlier ones.';
COMMENT ON COLUMN media.youtube_downloads.user_id IS 'The user who owns the job.';
COMMENT ON COLUMN media.youtube_downloads.playlist_url IS 'Where the playlist is found.';
COMMENT ON COLUMN media.youtube_downloads.playlist_title IS 'What the playlist is called; null where nobody has said.';
COMMENT ON COLUMN media.youtube_downloads.status IS 'Where the download stands, in the words of the portal: downloading is the queue''s running, partly is completed with files that are missing.';
COMMENT ON COLUMN media.youtube_downloads.file_paths IS 'The paths of its kept files, in the order of the playlist: a list; null without one.';
COMMENT ON COLUMN media.youtube_downloads.plex_collection_id IS 'The collection in Plex that its files belong to; null without one.';
COMMENT ON COLUMN media.youtube_downloads.created_at IS 'When the download was asked for, or asked for again.';
COMMENT ON COLUMN media.youtube_downloads.completed_at IS 'When the job ended, whichever way; null while it has not.';

GRANT SELECT ON TABLE media.youtube_downloads TO renderstore_app;
GRANT SELECT ON TABLE media.youtube_downloads TO renderstore_worker;
GRANT SELECT ON TABLE media.youtube_downloads TO renderstore_admin;
GRANT SELECT ON TABLE media.youtube_downloads TO renderstore_readonly;

CREATE FUNCTION media.cancel_request(id uuid, user_id uuid DEFAULT NULL::uuid, OUT status media.request_status) RETURNS media.request_status
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    request media.requests;
begin
    request := media.lock_request(work.acting_owner(user_id), id);
    status := 'cancelled';
    if request.status = 'cancelled' then
        return;
    end if;
    update media.requests as r
    set
        status = 'cancelled',
        decided_by = identity.current_actor(),
        decision_reason = null,
        decided_at = now(),
        completed_at = now()
    where r.user_id = request.user_id and r.id = request.id;
end
$$;

COMMENT ON FUNCTION media.cancel_request(id uuid, user_id uuid, OUT status media.request_status) IS 'Takes a request back that is not there yet. A second time changes nothing.';

REVOKE ALL ON FUNCTION media.cancel_request(id uuid, user_id uuid, OUT status media.request_status) FROM PUBLIC;
GRANT ALL ON FUNCTION media.cancel_request(id uuid, user_id uuid, OUT status media.request_status) TO renderstore_app;
GRANT ALL ON FUNCTION media.cancel_request(id uuid, user_id uuid, OUT status media.request_status) TO renderstore_admin;

CREATE FUNCTION media.charge(owner uuid, requests bigint DEFAULT 0, downloads bigint DEFAULT 0) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    today constant date := (now() at time zone 'utc')::date;
    used record;
begin
    perform media.lock_owner(owner);
    update media.usages as u
    set
        -- A transaction that began before midnight does not bring yesterday back.
        daily_requests = case when u.counted_on >= today then u.daily_requests else 0 end
            + requests,
        daily_downloads = case when u.counted_on >= today then u.daily_downloads else 0 end
            + downloads,
        counted_on = greatest(u.counted_on, today)
    from identity.users as o
    join identity.plans as p on p.id = o.plan_id
    where u.user_id = owner and o.id = owner
    returning
        u.daily_requests,
        u.daily_downloads,
        o.status,
        p.name,
        p.max_open_requests,
        p.max_daily_requests,
        p.max_daily_downloads
    into used;
    perform work.check_active(used.status);
    perform ops.check_limit(
        used.name,
        'plans_max_daily_requests',
        'The plan %s allows %s requests a day; %s were made today and %s more were asked for.',
        used.daily_requests,
        requests,
        used.max_daily_requests
    );
    perform ops.check_limit(
        used.name,
        'plans_max_daily_downloads',
        'The plan %s allows %s downloads a day; %s were asked for today and %s more now.',
        used.daily_downloads,
        downloads,
        used.max_daily_downloads
    );
    if requests > 0 and used.max_open_requests is not null then
        perform ops.check_limit(
            used.name,
            'plans_max_open_requests',
            'The plan %s allows %s open requests; %s are open and %s more were asked for.',
            (
                select count(*)
                from media.requests as r
                where r.user_id = owner
                    and r.status in ('pending', 'approved', 'processing')
            ),
            requests,
            used.max_open_requests
        );
    end if;
end
$$;

COMMENT ON FUNCTION media.charge(owner uuid, requests bigint, downloads bigint) IS 'Charges requests that were just made, or downloads, to their owner, whose row stays locked, or refuses.';

REVOKE ALL ON FUNCTION media.charge(owner uuid, requests bigint, downloads bigint) FROM PUBLIC;

CREATE FUNCTION media.claim_downloads(max_jobs bigint DEFAULT 1, lease interval DEFAULT '00:01:00'::interval) RETURNS TABLE(user_id uuid, id uuid, attempt integer, lease_expires_at timestamp with time zone, playlist_url text, playlist_title text, plex_collection_id text, options jsonb)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 10
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
begin
    return query
    select
        claimed.user_id,
        claimed.id,
        claimed.attempt,
        claimed.lease_expires_at,
        s.playlist_url::text,
        s.playlist_title,
        s.plex_collection_id,
        s.options
    from work.claim(max_jobs, '{download}', lease) as claimed
    join media.download_specs as s
        on s.user_id = claimed.user_id and s.job_id = claimed.id;
end
$$;

COMMENT ON FUNCTION media.claim_downloads(max_jobs bigint, lease interval) IS 'Takes up to this many downloads for the acting worker, as work.claim does, and gives with each what it is to fetch.';

REVOKE ALL ON FUNCTION media.claim_downloads(max_jobs bigint, lease interval) FROM PUBLIC;
GRANT ALL ON FUNCTION media.claim_downloads(max_jobs bigint, lease interval) TO renderstore_worker;

CREATE FUNCTION media.clear_files(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
    cleared bigint;
begin
    delete from media.download_files as f
    where (f.user_id, f.id) in (
        select late.user_id, late.id
        from media.download_files as late
        where late.job_id is null and late.state not in ('kept', 'removed')
        limit max_rows
        for update skip locked
    );
    get diagnostics cleared = row_count;
    return cleared;
end
$$;

COMMENT ON FUNCTION media.clear_files(max_rows bigint) IS 'How many rows were deleted of files that were never kept and whose download is cleared.';

REVOKE ALL ON FUNCTION media.clear_files(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION media.decide_request(user_id uuid, id uuid, became media.request_status, reason text DEFAULT NULL::text, OUT status media.request_status, OUT is_changed boolean) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    request media.requests;
begin
    perform work.check_administrator();
    if became is null or became in ('pending', 'cancelled') then
        raise exception using
            errcode = 'RS005',
            message = 'An administrator approves, declines, begins, fails, makes available or removes; whoever asked cancels.';
    elsif became in ('declined', 'failed') and reason is null then
        raise exception using
            errcode = '23514',
            message = 'Whoever asked wants to know why: name the reason.';
    end if;
    -- What has failed is open again: no other submission of the same user may be under way, whose key it would wait for.
    if became = 'approved' then
        perform media.lock_owner(o.user_id)
        from identity.owners as o
        where o.user_id = user_id;
    end if;
    request := media.lock_request(user_id, id);
    status := became;
    is_changed := request.status <> became;
    if not is_changed then
        return;
    end if;
    update media.requests as r
    set
        status = became,
        decided_by = identity.current_actor(),
        decision_reason = reason,
        decided_at = now(),
        completed_at = case when became not in ('approved', 'processing') then now() end
    where r.user_id = user_id and r.id = id;
    if became <> 'processing' then
        insert into ops.notices (user_id, topic, subject_id, body)
        values (
            user_id,
            'request_' || became::text,
            id,
            media.request_notice(
                request.title,
                request.media_type,
                request.season,
                request.is_4k,
                reason
            )
        );
    end if;
end
$$;

COMMENT ON FUNCTION media.decide_request(user_id uuid, id uuid, became media.request_status, reason text, OUT status media.request_status, OUT is_changed boolean) IS 'An administrator''s decision about a request: approved, declined, processing (it has begun), available, failed or removed. The same once more changes nothing.';

REVOKE ALL ON FUNCTION media.decide_request(user_id uuid, id uuid, became media.request_status, reason text, OUT status media.request_status, OUT is_changed boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION media.decide_request(user_id uuid, id uuid, became media.request_status, reason text, OUT status media.request_status, OUT is_changed boolean) TO renderstore_admin;

CREATE FUNCTION media.describe_download(user_id uuid, id uuid, attempt integer, playlist_title text DEFAULT NULL::text, plex_collection_id text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
begin
    perform work.hold_lease(user_id, id, attempt);
    update media.download_specs as s
    set
        playlist_title = coalesce(left(playlist_title, 500), s.playlist_title),
        plex_collection_id = coalesce(plex_collection_id, s.plex_collection_id)
    where s.user_id = user_id and s.job_id = id;
end
$$;

COMMENT ON FUNCTION media.describe_download(user_id uuid, id uuid, attempt integer, playlist_title text, plex_collection_id text) IS 'A worker found what the playlist is called, or made its collection in Plex. What is null stays as it was. Refused without the current lease.';

REVOKE ALL ON FUNCTION media.describe_download(user_id uuid, id uuid, attempt integer, playlist_title text, plex_collection_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION media.describe_download(user_id uuid, id uuid, attempt integer, playlist_title text, plex_collection_id text) TO renderstore_worker;

CREATE FUNCTION media.finish_download(user_id uuid, id uuid, attempt integer, paths text[] DEFAULT NULL::text[], sizes_bytes bigint[] DEFAULT NULL::bigint[]) RETURNS media.download_status
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    done record;
    became work.job_status;
begin
    perform work.hold_lease(user_id, id, attempt);
    if cardinality(paths) > 0 then
        perform media.report_files(
            user_id,
            id,
            attempt,
            -- Who names a path alone names no video: the path within the user's folder stands for it.
            array(
                select left(substr(listed.path, 38), 200)
                from unnest(paths) with ordinality as listed (path, nth)
                order by listed.nth
            ),
            array_fill('kept'::media.file_state, array[cardinality(paths)]),
            paths => paths,
            sizes_bytes => sizes_bytes
        );
    end if;
    select
        count(*) filter (
            where f.state in ('kept', 'skipped', 'removed')
        ) as settled,
        count(*) filter (
            where f.state in ('found', 'downloading', 'failed')
        ) as missing,
        mode() within group (order by f.error_class::text) as error_class
    into done
    from media.download_files as f
    where f.user_id = user_id and f.job_id = id;
    if done.settled = 0 and done.missing > 0 then
        became := work.fail(
            user_id,
            id,
            attempt,
            coalesce(done.error_class, 'unknown'),
            format('None of its %s files was kept.', done.missing)
        );
        if became in ('pending', 'queued') then
            perform media.want_again(user_id, id, null);
        end if;
        return media.to_download(became, true);
    end if;
    perform work.finish(user_id, id, attempt);
    if done.missing > 0 then
        insert into ops.notices (user_id, topic, subject_id, body)
        select
            s.user_id,
            'download_partly',
            s.job_id,
            jsonb_build_object(
                'title',
                coalesce(s.playlist_title, s.playlist_url::text),
                'settled_files',
                done.settled,
                'missing_files',
                done.missing
            )
        from media.download_specs as s
        where s.user_id = user_id and s.job_id = id;
    end if;
    return media.to_download('completed', done.missing > 0);
end
$$;

COMMENT ON FUNCTION media.finish_download(user_id uuid, id uuid, attempt integer, paths text[], sizes_bytes bigint[]) IS 'Ends a download, keeping these files besides: it is completed, partly where files are missing, which its user hears of, or has failed where nothing was kept at all. Refused without the current lease.';

REVOKE ALL ON FUNCTION media.finish_download(user_id uuid, id uuid, attempt integer, paths text[], sizes_bytes bigint[]) FROM PUBLIC;
GRANT ALL ON FUNCTION media.finish_download(user_id uuid, id uuid, attempt integer, paths text[], sizes_bytes bigint[]) TO renderstore_worker;

CREATE FUNCTION media.forget_removed(video_ids text[], user_id uuid DEFAULT NULL::uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    forgotten bigint;
begin
    delete from media.download_files as f
    where (f.user_id, f.id) in (
        select c.user_id, c.id
        from media.download_files as c
        where c.user_id = owner
            and c.video_id = any(video_ids)
            and c.state = 'removed'
        for update skip locked
    );
    get diagnostics forgotten = row_count;
    return forgotten;
end
$$;

COMMENT ON FUNCTION media.forget_removed(video_ids text[], user_id uuid) IS 'Videos that were removed on purpose may be fetched again. Says how many files that were.';

REVOKE ALL ON FUNCTION media.forget_removed(video_ids text[], user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION media.forget_removed(video_ids text[], user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION media.forget_removed(video_ids text[], user_id uuid) TO renderstore_admin;

CREATE FUNCTION media.guard_file() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if media.may_become(old.state, new.state) then
        return new;
    end if;
    raise exception using
        errcode = 'RS005',
        message = format('A file that is %s cannot become %s.', old.state, new.state);
end
$$;

COMMENT ON FUNCTION media.guard_file() IS 'Trigger: a file changes only as media.transitions permits.';

REVOKE ALL ON FUNCTION media.guard_file() FROM PUBLIC;

CREATE FUNCTION media.guard_request() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if media.may_become(old.status, new.status) then
        return new;
    end if;
    raise exception using
        errcode = 'RS005',
        message = format('A request that is %s cannot become %s.', old.status, new.status);
end
$$;

COMMENT ON FUNCTION media.guard_request() IS 'Trigger: a request changes only as media.transitions permits.';

REVOKE ALL ON FUNCTION media.guard_request() FROM PUBLIC;

CREATE FUNCTION media.import_download(kind text, source text, old_row jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $$
#variable_conflict use_variable
declare
    changes text[] := '{}';
    owner constant uuid := ops.imported_user(kind, old_row ->> 'user_id');
    old_status constant text := lower(old_row ->> 'status');
    url text := btrim(old_row ->> 'playlist_url');
    title text := nullif(old_row ->> 'playlist_title', '');
    collection text := nullif(old_row ->> 'plex_collection_id', '');
    created_at constant timestamptz := old_row ->> 'created_at';
    ended_at timestamptz := old_row ->> 'completed_at';
    status text;
    owner_status identity.user_status;
    days integer;
    made constant uuid := ops.imported_id(created_at, old_row ->> 'id');
begin
    status := case
        when old_status in ('queued', 'pending', 'downloading', 'processing', 'running')
            then 'queued'
        when old_status in ('completed', 'complete', 'done') then 'completed'
        when old_status in ('failed', 'error') then 'failed'
        when old_status in ('cancelled', 'canceled') then 'cancelled'
    end;
    select u.status, p.keep_ended_jobs_days into owner_status, days
    from identity.users as u
    join identity.plans as p on p.id = u.plan_id
    where u.id = owner;
    if owner is null then
        perform ops.refuse_import(kind, source, old_row, 'Its user did not come.');
        return;
    elsif status is null then
        perform ops.refuse_import(kind, source, old_row, 'Its status is none that is known here.');
        return;
    elsif ops.is_kept_time(created_at) is not true or ops.is_kept_time(ended_at) = false then
        perform ops.refuse_import(kind, source, old_row, 'Its times do not lie between 1970 and 9999.');
        return;
    elsif status = 'queued' and owner_status <> 'active' then
        perform ops.refuse_import(kind, source, old_row, 'It waits, and its user may not download.');
        return;
    end if;
    if status <> old_row ->> 'status' then
        changes := changes || format('status: %s became %s', old_row ->> 'status', status);
    end if;
    if url ~* '^http://' then
        url := regexp_replace(url, '^http://', 'https://', 'i');
        changes := changes || 'playlist_url: http became https'::text;
    end if;
    if length(title) > 500 then
        title := left(title, 500);
        changes := changes || 'playlist_title: cut after 500 characters'::text;
    end if;
    if length(collection) > 100 then
        collection := null;
        changes := changes || 'plex_collection_id: dropped, it is longer than 100 characters'::text;
    end if;
    if coalesce(old_row -> 'file_paths', 'null') not in ('null', '[]') then
        changes := changes || 'file_paths: kept in options, the files stay where they are'::text;
    end if;
    if status = 'queued' and ended_at is not null then
        ended_at := null;
        changes := changes || 'completed_at: dropped, it has not ended'::text;
    elsif status <> 'queued' and ended_at is null then
        ended_at := created_at;
        changes := changes || 'completed_at: taken from created_at'::text;
    end if;
    if ended_at < now() - days * interval '1 day' then
        changes := changes || 'beware: its user''s plan keeps it no longer, and the next sweep deletes it'::text;
    end if;
    perform work.import_jobs(
        'download',
        jsonb_build_array(
            jsonb_build_object(
                'user_id', owner,
                'id', made,
                'status', status,
                'priority', 5,
                'progress', case status when 'completed' then 100 else 0 end,
                'was_run', status in ('completed', 'failed'),
                'queued_at', created_at,
                'completed_at', ended_at
            )
        )
    );
    insert into media.download_specs (
        user_id,
        job_id,
        playlist_url,
        playlist_title,
        plex_collection_id,
        options
    )
    values (
        owner,
        made,
        url,
        title,
        collection,
        case
            when coalesce(old_row -> 'file_paths', 'null') in ('null', '[]') then '{}'
            else jsonb_build_object('file_paths', old_row -> 'file_paths')
        end
    );
    perform ops.note_import(kind, source, old_row ->> 'id', 'work.jobs', made::text, changes);
end
$$;

COMMENT ON FUNCTION media.import_download(kind text, source text, old_row jsonb) IS 'Brings one download of a media portal here.';

REVOKE ALL ON FUNCTION media.import_download(kind text, source text, old_row jsonb) FROM PUBLIC;

CREATE FUNCTION media.import_request(kind text, source text, old_row jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET "TimeZone" TO 'UTC'
    AS $_$
#variable_conflict use_variable
declare
    changes text[] := '{}';
    owner constant uuid := ops.imported_user(kind, old_row ->> 'user_id');
    old_status constant text := lower(old_row ->> 'status');
    old_type constant text := lower(old_row ->> 'media_type');
    title text := btrim(regexp_replace(old_row ->> 'title', '[\u0001-\u001f\u007f]+', ' ', 'g'));
    tmdb_id integer;
    overseerr_id text := nullif(old_row ->> 'overseerr_id', '');
    created_at constant timestamptz := old_row ->> 'created_at';
    ended_at timestamptz := old_row ->> 'completed_at';
    today constant date := (now() at time zone 'utc')::date;
    status media.request_status;
    media_type media.media_type;
    made constant uuid := ops.imported_id(created_at, old_row ->> 'id');
begin
    status := case old_status
        when 'pending' then 'pending'::media.request_status
        when 'approved' then 'approved'
        when 'processing' then 'processing'
        when 'available' then 'available'
        when 'completed' then 'available'
        when 'failed' then 'failed'
        when 'declined' then 'declined'
        when 'rejected' then 'declined'
        when 'cancelled' then 'cancelled'
        when 'canceled' then 'cancelled'
        when 'removed' then 'removed'
        when 'deleted' then 'removed'
    end;
    media_type := case
        when old_type in ('movie', 'film') then 'movie'::media.media_type
        when old_type in ('tv', 'show', 'series') then 'tv'
    end;
    if owner is null then
        perform ops.refuse_import(kind, source, old_row, 'Its user did not come.');
        return;
    elsif status is null then
        perform ops.refuse_import(kind, source, old_row, 'Its status is none that is known here.');
        return;
    elsif media_type is null then
        perform ops.refuse_import(kind, source, old_row, 'Its media_type is none that is known here.');
        return;
    elsif ops.is_kept_time(created_at) is not true or ops.is_kept_time(ended_at) = false then
        perform ops.refuse_import(kind, source, old_row, 'Its times do not lie between 1970 and 9999.');
        return;
    end if;
    if status::text <> old_row ->> 'status' then
        changes := changes || format('status: %s became %s', old_row ->> 'status', status);
    end if;
    if media_type::text <> old_row ->> 'media_type' then
        changes := changes || format('media_type: %s became %s', old_row ->> 'media_type', media_type);
    end if;
    if title <> old_row ->> 'title' then
        changes := changes || 'title: written without control characters and blanks around it'::text;
    end if;
    if old_row ->> 'tmdb_id' ~ '^[0-9]{1,9}$' and (old_row ->> 'tmdb_id')::integer > 0 then
        tmdb_id := old_row ->> 'tmdb_id';
    elsif nullif(old_row ->> 'tmdb_id', '') is not null then
        changes := changes || 'tmdb_id: dropped, it is no number of TMDB'::text;
    end if;
    if length(overseerr_id) > 100 then
        overseerr_id := null;
        changes := changes || 'overseerr_id: dropped, it is longer than 100 characters'::text;
    end if;
    if status in ('pending', 'approved', 'processing') then
        if ended_at is not null then
            ended_at := null;
            changes := changes || 'completed_at: dropped, it is open'::text;
        end if;
    elsif ended_at is null then
        ended_at := created_at;
        changes := changes || 'completed_at: taken from created_at'::text;
    end if;
    -- What was asked for there today was asked for today.
    if (created_at at time zone 'utc')::date = today then
        perform media.lock_owner(owner);
        update media.usages as u
        set
            daily_requests = case when u.counted_on >= today then u.daily_requests else 0 end + 1,
            counted_on = greatest(u.counted_on, today)
        where u.user_id = owner;
    else
        insert into media.usages (user_id)
        values (owner)
        on conflict do nothing;
    end if;
    insert into media.requests (
        user_id,
        id,
        status,
        title,
        media_type,
        tmdb_id,
        overseerr_id,
        decided_by,
        requested_at,
        decided_at,
        completed_at
    )
    values (
        owner,
        made,
        status,
        title,
        media_type,
        tmdb_id,
        overseerr_id,
        case when status <> 'pending' then identity.current_actor() end,
        created_at,
        case when status <> 'pending' then coalesce(ended_at, created_at) end,
        ended_at
    );
    perform ops.note_import(kind, source, old_row ->> 'id', 'media.requests', made::text, changes);
end
$_$;

COMMENT ON FUNCTION media.import_request(kind text, source text, old_row jsonb) IS 'Brings one request of a media portal here.';

REVOKE ALL ON FUNCTION media.import_request(kind text, source text, old_row jsonb) FROM PUBLIC;

CREATE FUNCTION media.lacks_specification(user_id uuid, id uuid) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (NOT (EXISTS (SELECT FROM media.download_specs s WHERE ((s.user_id = lacks_specification.user_id) AND (s.job_id = lacks_specification.id)))));

COMMENT ON FUNCTION media.lacks_specification(user_id uuid, id uuid) IS 'Whether a download has no specification: work.problems asks.';

REVOKE ALL ON FUNCTION media.lacks_specification(user_id uuid, id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION media.lacks_specification(user_id uuid, id uuid) TO renderstore_admin;
GRANT ALL ON FUNCTION media.lacks_specification(user_id uuid, id uuid) TO renderstore_readonly;

CREATE FUNCTION media.list_requests(status media.request_status, before_id uuid DEFAULT NULL::uuid, page_size bigint DEFAULT 50) RETURNS SETOF media.requests
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_sort TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
begin
    if current_setting('role') not in ('renderstore_admin', 'renderstore_readonly') then
        raise exception using
            errcode = '42501',
            message = 'Only an administrator or a reader looks at the requests of all users.';
    end if;
    return query
    select r.*
    from media.requests as r
    where r.status = status
        and r.id < coalesce(before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    order by r.status desc, r.id desc
    limit page_size::work.batch_size;
end
$$;

COMMENT ON FUNCTION media.list_requests(status media.request_status, before_id uuid, page_size bigint) IS 'A page of the requests of all users in one status, newest first, before the one with this id.';

REVOKE ALL ON FUNCTION media.list_requests(status media.request_status, before_id uuid, page_size bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION media.list_requests(status media.request_status, before_id uuid, page_size bigint) TO renderstore_admin;
GRANT ALL ON FUNCTION media.list_requests(status media.request_status, before_id uuid, page_size bigint) TO renderstore_readonly;

CREATE FUNCTION media.lock_owner(owner uuid) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    insert into media.usages (user_id)
    select owner
    where not exists (
        select
        from media.usages as u
        where u.user_id = owner
    )
    on conflict do nothing;
    if owner = identity.current_user_id() then
        perform
        from media.usages as u
        where u.user_id = owner
        for no key update;
        return;
    end if;
    -- An administrator never queues for what a user may hold.
    for patience in 1 .. 100 loop
        perform
        from media.usages as u
        where u.user_id = owner
        for no key update skip locked;
        if found then
            return;
        end if;
        perform pg_sleep(0.01);
    end loop;
    raise lock_not_available using
        message = 'A transaction of this user stays open; try again once it has ended.';
end
$$;

COMMENT ON FUNCTION media.lock_owner(owner uuid) IS 'Locks what orders the requests of one user.';

REVOKE ALL ON FUNCTION media.lock_owner(owner uuid) FROM PUBLIC;

CREATE FUNCTION media.lock_request(owner uuid, id uuid) RETURNS media.requests
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    request media.requests;
begin
    -- Whoever asked holds the own row for as long as the own transaction lasts: an administrator never queues for it, and an
    -- administrator's own transaction is waited for.
    for patience in 1 .. 100 loop
        if owner = identity.current_user_id() then
            select * into request
            from media.requests as r
            where r.user_id = owner and r.id = id
            for no key update;
        else
            select * into request
            from media.requests as r
            where r.user_id = owner and r.id = id
            for no key update skip locked;
        end if;
        if found then
            return request;
        end if;
        perform
        from media.requests as r
        where r.user_id = owner and r.id = id;
        if not found then
            raise exception using
                errcode = 'P0002',
                message = 'There is no request with this id.';
        end if;
        perform pg_sleep(0.01);
    end loop;
    raise lock_not_available using
        message = 'Somebody is changing this request at this moment; try again.';
end
$$;

COMMENT ON FUNCTION media.lock_request(owner uuid, id uuid) IS 'A user''s request, locked for the rest of the transaction; refuses where there is none.';

REVOKE ALL ON FUNCTION media.lock_request(owner uuid, id uuid) FROM PUBLIC;

CREATE FUNCTION media.make_available(media_type media.media_type, tmdb_id integer, season integer DEFAULT NULL::integer, is_4k boolean DEFAULT false, OUT made_available bigint, OUT held bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
begin
    perform work.check_administrator();
    -- What somebody is cancelling at this moment is passed over.
    with awaited as materialized (
        select r.user_id, r.id
        from media.requests as r
        where r.status in ('approved', 'processing')
            and r.tmdb_id = tmdb_id
            and r.media_type = media_type
            and r.season is not distinct from season
            and r.is_4k = coalesce(is_4k, false)
        order by r.user_id, r.id
        for no key update skip locked
    ),

    there as (
        update media.requests as r
        set
            status = 'available',
            decided_by = identity.current_actor(),
            decision_reason = null,
            decided_at = now(),
            completed_at = now()
        from awaited
        where r.user_id = awaited.user_id and r.id = awaited.id
        returning r.user_id, r.id, r.title, r.media_type, r.season, r.is_4k
    ),

    noted as (
        insert into ops.notices (user_id, topic, subject_id, body)
        select
            there.user_id,
            'request_available',
            there.id,
            media.request_notice(
                there.title,
                there.media_type,
                there.season,
                there.is_4k,
                null
            )
        from there
    )

    select count(*) into made_available
    from there;
    select count(*) into held
    from media.requests as r
    where r.status in ('approved', 'processing')
        and r.tmdb_id = tmdb_id
        and r.media_type = media_type
        and r.season is not distinct from season
        and r.is_4k = coalesce(is_4k, false);
end
$$;

COMMENT ON FUNCTION media.make_available(media_type media.media_type, tmdb_id integer, season integer, is_4k boolean, OUT made_available bigint, OUT held bigint) IS 'A movie, a show or a season is there: the approved requests of everybody who asked for it are available. held counts those that somebody holds at this moment, for a second call.';

REVOKE ALL ON FUNCTION media.make_available(media_type media.media_type, tmdb_id integer, season integer, is_4k boolean, OUT made_available bigint, OUT held bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION media.make_available(media_type media.media_type, tmdb_id integer, season integer, is_4k boolean, OUT made_available bigint, OUT held bigint) TO renderstore_admin;

CREATE FUNCTION media.mark_missing(user_id uuid, id uuid) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
begin
    perform work.check_administrator();
    update media.download_files as f
    set
        state = 'failed',
        path = null,
        size_bytes = null,
        kept_at = null,
        error_class = 'storage',
        error_message = 'Its file is gone from disk.'
    from (
        select c.user_id, c.id
        from media.download_files as c
        where c.user_id = user_id and c.id = id and c.state = 'kept'
        for no key update skip locked
    ) as kept
    where f.user_id = kept.user_id and f.id = kept.id;
    return found;
end
$$;

COMMENT ON FUNCTION media.mark_missing(user_id uuid, id uuid) IS 'A kept file is gone from disk: it failed, and media.retry_failed has it fetched anew. Says whether it was kept.';

REVOKE ALL ON FUNCTION media.mark_missing(user_id uuid, id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION media.mark_missing(user_id uuid, id uuid) TO renderstore_admin;

CREATE FUNCTION media.may_become(before media.file_state, after media.file_state) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE before WHEN 'found'::media.file_state THEN (after = ANY (ARRAY['downloading'::media.file_state, 'kept'::media.file_state, 'failed'::media.file_state, 'skipped'::media.file_state])) WHEN 'downloading'::media.file_state THEN (after = ANY (ARRAY['found'::media.file_state, 'kept'::media.file_state, 'failed'::media.file_state, 'skipped'::media.file_state])) WHEN 'failed'::media.file_state THEN (after = ANY (ARRAY['found'::media.file_state, 'downloading'::media.file_state, 'kept'::media.file_state])) WHEN 'kept'::media.file_state THEN (after = ANY (ARRAY['removed'::media.file_state, 'failed'::media.file_state])) ELSE false END;

COMMENT ON FUNCTION media.may_become(before media.file_state, after media.file_state) IS 'Whether a file in the first may become the second.';

CREATE FUNCTION media.may_become(before media.request_status, after media.request_status) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE before WHEN 'pending'::media.request_status THEN (after = ANY (ARRAY['approved'::media.request_status, 'declined'::media.request_status, 'cancelled'::media.request_status])) WHEN 'approved'::media.request_status THEN (after = ANY (ARRAY['processing'::media.request_status, 'available'::media.request_status, 'cancelled'::media.request_status])) WHEN 'processing'::media.request_status THEN (after = ANY (ARRAY['available'::media.request_status, 'failed'::media.request_status, 'cancelled'::media.request_status])) WHEN 'failed'::media.request_status THEN (after = 'approved'::media.request_status) WHEN 'available'::media.request_status THEN (after = 'removed'::media.request_status) ELSE false END;

COMMENT ON FUNCTION media.may_become(before media.request_status, after media.request_status) IS 'Whether a request in the first may become the second.';

REVOKE ALL ON FUNCTION media.may_become(before media.file_state, after media.file_state) FROM PUBLIC;
GRANT ALL ON FUNCTION media.may_become(before media.file_state, after media.file_state) TO renderstore_app;
GRANT ALL ON FUNCTION media.may_become(before media.file_state, after media.file_state) TO renderstore_worker;
GRANT ALL ON FUNCTION media.may_become(before media.file_state, after media.file_state) TO renderstore_admin;
GRANT ALL ON FUNCTION media.may_become(before media.file_state, after media.file_state) TO renderstore_readonly;
REVOKE ALL ON FUNCTION media.may_become(before media.request_status, after media.request_status) FROM PUBLIC;
GRANT ALL ON FUNCTION media.may_become(before media.request_status, after media.request_status) TO renderstore_app;
GRANT ALL ON FUNCTION media.may_become(before media.request_status, after media.request_status) TO renderstore_worker;
GRANT ALL ON FUNCTION media.may_become(before media.request_status, after media.request_status) TO renderstore_admin;
GRANT ALL ON FUNCTION media.may_become(before media.request_status, after media.request_status) TO renderstore_readonly;

CREATE FUNCTION media.note_removal() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    -- Two downloads may keep one file: it goes with the last of them.
    if not ops.is_file_kept(old.user_id, old.path) then
        insert into ops.removals as r (user_id, uri, size_bytes, reason)
        values (
            old.user_id,
            old.path,
            coalesce(old.size_bytes, 0),
            case tg_op when 'UPDATE' then 'deleted' else 'erased' end
        )
        on conflict on constraint removals_user_id_uri_key do update
        set due_at = least(r.due_at, excluded.due_at);
    end if;
    return null;
end
$$;

COMMENT ON FUNCTION media.note_removal() IS 'Trigger: whatever takes a kept file''s row away, the file is not orphaned.';

REVOKE ALL ON FUNCTION media.note_removal() FROM PUBLIC;

CREATE FUNCTION media.problems() RETURNS TABLE(user_id uuid, id uuid, problem text)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
    select
        r.user_id,
        null::uuid,
        format(
            '%s requests were counted on %s, and %s are there',
            coalesce(max(u.daily_requests), 0),
            r.asked_on,
            r.requests
        )
    from (
        select
            c.user_id,
            (c.requested_at at time zone 'utc')::date as asked_on,
            count(*) as requests
        from media.requests as c
        group by c.user_id, (c.requested_at at time zone 'utc')::date
    ) as r
    left join media.usages as u on u.user_id = r.user_id
    where u.user_id is null or (u.counted_on = r.asked_on and u.daily_requests < r.requests)
    group by r.user_id, r.asked_on, r.requests
    union all
    select f.user_id, f.id, 'it is kept, and its file is being removed'
    from media.download_files as f
    join ops.removals as m on m.user_id = f.user_id and m.uri = f.path
    where f.state = 'kept' and m.tries > 0
    union all
    select f.user_id, f.id, 'a file of a job that is no download'
    from media.download_files as f
    join work.jobs as j on j.user_id = f.user_id and j.id = f.job_id
    where j.kind <> 'download'
    union all
    select f.user_id, f.job_id, 'the places of its files are not 1 to n'
    from media.download_files as f
    where f.job_id is not null
    group by f.user_id, f.job_id
    having count(distinct f.position) <> count(*)
$$;

COMMENT ON FUNCTION media.problems() IS 'Whatever disagrees between requests, counts and files of the media portal: nothing, or a defect. Reads everything.';

REVOKE ALL ON FUNCTION media.problems() FROM PUBLIC;
GRANT ALL ON FUNCTION media.problems() TO renderstore_admin;
GRANT ALL ON FUNCTION media.problems() TO renderstore_readonly;

CREATE FUNCTION media.remove_files(ids uuid[], user_id uuid DEFAULT NULL::uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    removed bigint;
begin
    update media.download_files as f
    set state = 'removed'
    from (
        select c.user_id, c.id
        from media.download_files as c
        where c.user_id = owner and c.id = any(ids) and c.state = 'kept'
        order by c.id
        for no key update skip locked
    ) as kept
    where f.user_id = kept.user_id and f.id = kept.id;
    get diagnostics removed = row_count;
    return removed;
end
$$;

COMMENT ON FUNCTION media.remove_files(ids uuid[], user_id uuid) IS 'Kept files are removed, on purpose: the janitor takes them away, and no download fetches their videos again. Says how many.';

REVOKE ALL ON FUNCTION media.remove_files(ids uuid[], user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION media.remove_files(ids uuid[], user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION media.remove_files(ids uuid[], user_id uuid) TO renderstore_admin;

CREATE FUNCTION media.report_files(user_id uuid, id uuid, attempt integer, video_ids text[], states media.file_state[] DEFAULT NULL::media.file_state[], titles text[] DEFAULT NULL::text[], paths text[] DEFAULT NULL::text[], sizes_bytes bigint[] DEFAULT NULL::bigint[], error_classes text[] DEFAULT NULL::text[], error_messages text[] DEFAULT NULL::text[]) RETURNS TABLE(nth bigint, video_id text, state media.file_state, is_wanted boolean, known_path text)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 100
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
#variable_conflict use_variable
declare
    asked constant work.batch_size := coalesce(cardinality(video_ids), 0);
    kept_paths text[];
    taken text;
begin
    perform work.hold_lease(user_id, id, attempt);
    if greatest(
            cardinality(states),
            cardinality(titles),
            cardinality(paths),
            cardinality(sizes_bytes),
            cardinality(error_classes),
            cardinality(error_messages)
        ) > asked
        or array_position(video_ids, null) is not null
    then
        raise exception using
            errcode = '23514',
            message = 'Each file is named, and no list is longer than that of the files.';
    elsif 'removed' = any(states) then
        raise exception using
            errcode = '42501',
            message = 'Only the user of a download removes what was kept.';
    elsif asked = 0 then
        return;
    end if;

    -- A file that is on its way out is not kept again under the same name; one that nobody has taken yet stays.
    select array_agg(distinct listed.path) into kept_paths
    from unnest(paths, states) as listed (path, state)
    where listed.state = 'kept' and listed.path is not null;
    if kept_paths is not null then
        delete from ops.removals as r
        where (r.user_id, r.id) in (
            select free.user_id, free.id
            from ops.removals as free
            where free.user_id = user_id
                and free.uri = any(kept_paths)
                and free.tries = 0
            for update skip locked
        );
        select listed.path into taken
        from unnest(kept_paths) as listed (path)
        where exists (
            select
            from ops.removals as r
            where r.user_id = user_id and r.uri = listed.path
        )
        or exists (
            select
            from studio.assets as a
            where a.user_id = user_id and a.uri = listed.path
        )
        limit 1;
        if found then
            raise exception using
                errcode = 'RS005',
                message = format('The file %s is an asset''s, or is being removed: keep it under another name.', taken);
        end if;
    end if;

    insert into media.download_files (
        user_id,
        job_id,
        position,
        video_id,
        title,
        state,
        error_message
    )
    select
        user_id,
        id,
        known.places + row_number() over (order by new.nth),
        new.video_id,
        left(new.title, 500),
        case when new.is_removed then 'skipped'::media.file_state else 'found' end,
        case when new.is_removed then 'It was removed on purpose.' end
    from (
        select distinct on (listed.video_id)
            listed.video_id,
            listed.title,
            listed.nth,
            exists (
                select
                from media.download_files as other
                where other.user_id = user_id
                    and other.video_id = listed.video_id
                    and other.state = 'removed'
            ) as is_removed
        from unnest(video_ids, titles) with ordinality as listed (video_id, title, nth)
        -- One by one, by their key: how many files a download has the planner does not know.
        where (
            select c.position
            from media.download_files as c
            where c.user_id = user_id
                and c.job_id = id
                and c.video_id = listed.video_id
        ) is null
        order by listed.video_id, listed.nth
    ) as new
    cross join (
        select coalesce(max(c.position), 0) as places
        from media.download_files as c
        where c.user_id = user_id and c.job_id = id and c.position > 0
    ) as known
    on conflict on constraint download_files_user_id_job_id_video_id_key do nothing;

    -- What may not become what was reported stays as it is, and so does what its user holds: the answer says how each stands.
    update media.download_files as f
    set
        state = coalesce(told.state, 'found'),
        tries = f.tries + case when told.state = 'downloading' then 1 else 0 end,
        title = coalesce(left(told.title, 500), f.title),
        path = case when told.state = 'kept' then told.path end,
        size_bytes = case when told.state = 'kept' then told.size_bytes end,
        kept_at = case when told.state = 'kept' then now() end,
        error_class = case
            when told.state = 'failed' then coalesce(told.error_class, 'unknown')
        end,
        error_message = case
            when told.state in ('failed', 'skipped') then left(told.error_message, 1000)
        end
    from (
        select held.user_id, held.id, last.*
        from (
            select distinct on (listed.video_id) listed.*
            from unnest(
                video_ids,
                states,
                titles,
                paths,
                sizes_bytes,
                error_classes,
                error_messages
            ) with ordinality
                as listed (
                    video_id,
                    state,
                    title,
                    path,
                    size_bytes,
                    error_class,
                    error_message,
                    nth
                )
            order by listed.video_id, listed.nth desc
        ) as last
        cross join lateral (
            select c.user_id, c.id
            from media.download_files as c
            where c.user_id = user_id
                and c.job_id = id
                and c.video_id = last.video_id
                and case coalesce(last.state, 'found')
                    -- What has failed is tried again when somebody asks, not because it is found again.
                    when 'found' then c.state = 'downloading'
                    when 'failed' then c.state in ('found', 'downloading', 'failed')
                    else media.may_become(c.state, last.state)
                        or (
                            c.state = last.state
                            and last.state = 'downloading'
                        )
                end
            for no key update skip locked
        ) as held
    ) as told (
        user_id,
        id,
        video_id,
        state,
        title,
        path,
        size_bytes,
        error_class,
        error_message,
        nth
    )
    where f.user_id = told.user_id and f.id = told.id;

    return query
    select
        listed.nth,
        f.video_id,
        f.state,
        f.state in ('found', 'downloading')
        and row_number() over (partition by f.video_id order by listed.nth) = 1,
        case
            when f.state in ('found', 'downloading')
                then (
                    -- Not the path alone: the planner would look for the first one in an index of all.
                    select min(k.path || '')
                    from media.download_files as k
                    where k.user_id = user_id
                        and k.video_id = f.video_id
                        and k.state = 'kept'
                )
        end
    from unnest(video_ids) with ordinality as listed (video_id, nth)
    cross join lateral (
        select c.video_id, c.state
        from media.download_files as c
        where c.user_id = user_id and c.job_id = id and c.video_id = listed.video_id
        limit 1
    ) as f
    order by listed.nth;
end
$$;

COMMENT ON FUNCTION media.report_files(user_id uuid, id uuid, attempt integer, video_ids text[], states media.file_state[], titles text[], paths text[], sizes_bytes bigint[], error_classes text[], error_messages text[]) IS 'What a worker says of the files of a download that it holds: without states it has found them in the playlist. Gives how each stands, whether it is to be fetched, and where its user has the same video already. Refused without the current lease.';

REVOKE ALL ON FUNCTION media.report_files(user_id uuid, id uuid, attempt integer, video_ids text[], states media.file_state[], titles text[], paths text[], sizes_bytes bigint[], error_classes text[], error_messages text[]) FROM PUBLIC;
GRANT ALL ON FUNCTION media.report_files(user_id uuid, id uuid, attempt integer, video_ids text[], states media.file_state[], titles text[], paths text[], sizes_bytes bigint[], error_classes text[], error_messages text[]) TO renderstore_worker;

CREATE FUNCTION media.request_notice(title text, media_type media.media_type, season integer, is_4k boolean, reason text) RETURNS jsonb
    LANGUAGE sql STABLE
    RETURN jsonb_strip_nulls(jsonb_build_object('title', title, 'media_type', media_type, 'season', season, 'is_4k', is_4k, 'reason', reason));

COMMENT ON FUNCTION media.request_notice(title text, media_type media.media_type, season integer, is_4k boolean, reason text) IS 'What a notice says of a request.';

REVOKE ALL ON FUNCTION media.request_notice(title text, media_type media.media_type, season integer, is_4k boolean, reason text) FROM PUBLIC;

CREATE FUNCTION media.retry_failed(id uuid, error_class text DEFAULT NULL::text, user_id uuid DEFAULT NULL::uuid, OUT status media.download_status, OUT files bigint) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    job work.jobs;
begin
    job := work.lock_to_charge(id, user_id);
    if job.kind <> 'download' or job.completed_at is null then
        raise exception using
            errcode = 'RS005',
            message = format(
                'Only a download that has ended is tried again; this is a %s, and it is %s.',
                job.kind,
                job.status
            );
    end if;
    files := media.want_again(job.user_id, job.id, error_class);
    if error_class is null then
        -- What its worker left without a word.
        files := (
            select count(*)
            from media.download_files as f
            where f.user_id = job.user_id
                and f.job_id = job.id
                and f.state in ('found', 'downloading')
        );
    end if;
    if files = 0 then
        raise exception using
            errcode = 'RS005',
            message = case
                when error_class is null
                    then 'No file of this download is missing that is worth another try.'
                else format('No file of this download failed with %s.', error_class)
            end;
    end if;
    status := media.to_download(work.ask_again(job), true);
end
$$;

COMMENT ON FUNCTION media.retry_failed(id uuid, error_class text, user_id uuid, OUT status media.download_status, OUT files bigint) IS 'A download that has ended waits anew, for the files that failed with this class, or in any way that is worth another try. What is kept stays; says how many files are to be fetched.';

REVOKE ALL ON FUNCTION media.retry_failed(id uuid, error_class text, user_id uuid, OUT status media.download_status, OUT files bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION media.retry_failed(id uuid, error_class text, user_id uuid, OUT status media.download_status, OUT files bigint) TO renderstore_app;
GRANT ALL ON FUNCTION media.retry_failed(id uuid, error_class text, user_id uuid, OUT status media.download_status, OUT files bigint) TO renderstore_admin;

CREATE FUNCTION media.submit_download(playlist_url text, playlist_title text DEFAULT NULL::text, plex_collection_id text DEFAULT NULL::text, options jsonb DEFAULT '{}'::jsonb, priority integer DEFAULT 5, labels text[] DEFAULT '{}'::text[], max_failures integer DEFAULT 3, backoff_s integer DEFAULT 10, estimated_s integer DEFAULT NULL::integer, due_at timestamp with time zone DEFAULT NULL::timestamp with time zone, auto_cancel_at timestamp with time zone DEFAULT NULL::timestamp with time zone, idempotency_key text DEFAULT NULL::text, needs_job_ids uuid[] DEFAULT NULL::uuid[], on_failure work.dependency_rule DEFAULT 'cancel'::work.dependency_rule, validate_first boolean DEFAULT false, user_id uuid DEFAULT NULL::uuid, OUT owner_id uuid, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
begin
    owner_id := work.acting_owner(user_id);
    select made.id, made.is_new, made.queued_at into id, is_new, queued_at
    from work.submit(
        owner_id,
        'download',
        priority,
        labels,
        max_failures,
        backoff_s,
        estimated_s,
        due_at,
        auto_cancel_at,
        idempotency_key,
        needs_job_ids,
        on_failure,
        validate_first
    ) as made;
    if is_new then
        insert into media.download_specs (
            user_id,
            job_id,
            playlist_url,
            playlist_title,
            plex_collection_id,
            options
        )
        values (
            owner_id,
            id,
            playlist_url,
            playlist_title,
            plex_collection_id,
            coalesce(options, '{}')
        );
        perform media.charge(owner_id, downloads => 1);
    end if;
end
$$;

COMMENT ON FUNCTION media.submit_download(playlist_url text, playlist_title text, plex_collection_id text, options jsonb, priority integer, labels text[], max_failures integer, backoff_s integer, estimated_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, idempotency_key text, needs_job_ids uuid[], on_failure work.dependency_rule, validate_first boolean, user_id uuid, OUT owner_id uuid, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) IS 'A download just submitted by the bound user, or for the one that an administrator names; a repeat of an idempotency key gives the job that is there. validate_first: a worker looks at it before it is queued.';

REVOKE ALL ON FUNCTION media.submit_download(playlist_url text, playlist_title text, plex_collection_id text, options jsonb, priority integer, labels text[], max_failures integer, backoff_s integer, estimated_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, idempotency_key text, needs_job_ids uuid[], on_failure work.dependency_rule, validate_first boolean, user_id uuid, OUT owner_id uuid, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION media.submit_download(playlist_url text, playlist_title text, plex_collection_id text, options jsonb, priority integer, labels text[], max_failures integer, backoff_s integer, estimated_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, idempotency_key text, needs_job_ids uuid[], on_failure work.dependency_rule, validate_first boolean, user_id uuid, OUT owner_id uuid, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) TO renderstore_app;
GRANT ALL ON FUNCTION media.submit_download(playlist_url text, playlist_title text, plex_collection_id text, options jsonb, priority integer, labels text[], max_failures integer, backoff_s integer, estimated_s integer, due_at timestamp with time zone, auto_cancel_at timestamp with time zone, idempotency_key text, needs_job_ids uuid[], on_failure work.dependency_rule, validate_first boolean, user_id uuid, OUT owner_id uuid, OUT id uuid, OUT is_new boolean, OUT queued_at timestamp with time zone) TO renderstore_admin;

CREATE FUNCTION media.submit_inserted_download() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    made record;
begin
    perform work.check_new_job(
        new.status::text,
        num_nonnulls(
            new.id,
            new.progress,
            new.attempt,
            new.failures,
            new.lost_leases,
            new.actual_s,
            new.files,
            new.kept_files,
            new.failed_files,
            new.kept_bytes,
            new.file_paths,
            new.submitted_by,
            new.held_by,
            new.lease_expires_at,
            new.exit_code,
            new.error_class,
            new.error_message,
            new.cancel_reason,
            new.queued_at,
            new.started_at,
            new.completed_at,
            new.cancel_requested_at
        )
    );
    select * into made
    from media.submit_download(
        new.playlist_url,
        new.playlist_title,
        new.plex_collection_id,
        new.options,
        coalesce(new.priority::integer, 5),
        coalesce(new.labels::text[], '{}'),
        coalesce(new.max_failures::integer, 3),
        coalesce(new.backoff_s::integer, 10),
        new.estimated_s,
        new.due_at,
        new.auto_cancel_at,
        new.idempotency_key,
        user_id => new.user_id
    );
    select downloads.* into new
    from media.downloads
    where downloads.user_id = made.owner_id and downloads.id = made.id;
    return new;
end
$$;

COMMENT ON FUNCTION media.submit_inserted_download() IS 'Trigger: an insert into media.downloads submits.';

REVOKE ALL ON FUNCTION media.submit_inserted_download() FROM PUBLIC;

CREATE FUNCTION media.submit_requests(title text, media_type media.media_type, tmdb_id integer DEFAULT NULL::integer, seasons integer[] DEFAULT NULL::integer[], is_4k boolean DEFAULT false, overseerr_id text DEFAULT NULL::text, user_id uuid DEFAULT NULL::uuid) RETURNS TABLE(nth bigint, is_new boolean, id uuid, season integer, status media.request_status, requested_at timestamp with time zone)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 1
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    wanted constant integer[] := coalesce(nullif(seasons, '{}'), array[null::integer]);
    new_ids uuid[];
begin
    if cardinality(wanted) > 100 then
        raise exception using
            errcode = '23514',
            message = 'One call asks for at most 100 seasons.';
    elsif cardinality(seasons) > 0 and array_position(seasons, null) is not null then
        raise exception using
            errcode = '23514',
            message = 'A list of seasons has no empty place; without a list the whole show is asked for.';
    elsif cardinality(wanted) > (
        select count(distinct listed.season)
        from unnest(seasons) as listed (season)
    )
    and cardinality(wanted) > 1
    then
        raise exception using
            errcode = '23514',
            message = 'Each season is named once.';
    end if;
    perform media.lock_owner(owner);
    with made as (
        insert into media.requests as r (
            user_id,
            title,
            media_type,
            tmdb_id,
            season,
            is_4k,
            overseerr_id
        )
        select
            owner,
            title,
            media_type,
            tmdb_id,
            listed.season,
            coalesce(is_4k, false),
            overseerr_id
        from unnest(wanted) with ordinality as listed (season, nth)
        order by listed.nth
        on conflict do nothing
        returning r.id
    )

    select array_agg(made.id) into new_ids
    from made;
    if new_ids is not null then
        perform media.charge(owner, requests => cardinality(new_ids));
    end if;
    return query
    select
        listed.nth,
        r.id = any(new_ids) is true,
        r.id,
        r.season,
        r.status,
        r.requested_at
    from unnest(wanted) with ordinality as listed (season, nth)
    join media.requests as r
        on r.user_id = owner and r.season is not distinct from listed.season
    where r.id = any(new_ids)
        or (
            r.tmdb_id = tmdb_id
            and r.media_type = media_type
            and r.is_4k = coalesce(is_4k, false)
            and r.status in ('pending', 'approved', 'processing', 'available')
        )
    order by listed.nth;
end
$$;

COMMENT ON FUNCTION media.submit_requests(title text, media_type media.media_type, tmdb_id integer, seasons integer[], is_4k boolean, overseerr_id text, user_id uuid) IS 'Asks for a movie, a show or its seasons, for the bound user or the one that an administrator names: all of them or none within the plan. What is open or there already is found, and not asked for again.';

REVOKE ALL ON FUNCTION media.submit_requests(title text, media_type media.media_type, tmdb_id integer, seasons integer[], is_4k boolean, overseerr_id text, user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION media.submit_requests(title text, media_type media.media_type, tmdb_id integer, seasons integer[], is_4k boolean, overseerr_id text, user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION media.submit_requests(title text, media_type media.media_type, tmdb_id integer, seasons integer[], is_4k boolean, overseerr_id text, user_id uuid) TO renderstore_admin;

CREATE FUNCTION media.to_download(status work.job_status, has_missing_files boolean) RETURNS media.download_status
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE status WHEN 'pending'::work.job_status THEN 'pending'::media.download_status WHEN 'validating'::work.job_status THEN 'validating'::media.download_status WHEN 'queued'::work.job_status THEN 'queued'::media.download_status WHEN 'running'::work.job_status THEN 'downloading'::media.download_status WHEN 'completed'::work.job_status THEN CASE WHEN has_missing_files THEN 'partly'::media.download_status ELSE 'completed'::media.download_status END WHEN 'failed'::work.job_status THEN 'failed'::media.download_status WHEN 'cancelled'::work.job_status THEN 'cancelled'::media.download_status ELSE NULL::media.download_status END;

COMMENT ON FUNCTION media.to_download(status work.job_status, has_missing_files boolean) IS 'The same status in the words of the portal.';

REVOKE ALL ON FUNCTION media.to_download(status work.job_status, has_missing_files boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION media.to_download(status work.job_status, has_missing_files boolean) TO renderstore_app;
GRANT ALL ON FUNCTION media.to_download(status work.job_status, has_missing_files boolean) TO renderstore_worker;
GRANT ALL ON FUNCTION media.to_download(status work.job_status, has_missing_files boolean) TO renderstore_admin;
GRANT ALL ON FUNCTION media.to_download(status work.job_status, has_missing_files boolean) TO renderstore_readonly;

CREATE FUNCTION media.to_work(status media.download_status) RETURNS work.job_status
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE status WHEN 'pending'::media.download_status THEN 'pending'::work.job_status WHEN 'validating'::media.download_status THEN 'validating'::work.job_status WHEN 'queued'::media.download_status THEN 'queued'::work.job_status WHEN 'downloading'::media.download_status THEN 'running'::work.job_status WHEN 'completed'::media.download_status THEN 'completed'::work.job_status WHEN 'partly'::media.download_status THEN 'completed'::work.job_status WHEN 'failed'::media.download_status THEN 'failed'::work.job_status WHEN 'cancelled'::media.download_status THEN 'cancelled'::work.job_status ELSE NULL::work.job_status END;

COMMENT ON FUNCTION media.to_work(status media.download_status) IS 'The same status in the words of the queue.';

REVOKE ALL ON FUNCTION media.to_work(status media.download_status) FROM PUBLIC;
GRANT ALL ON FUNCTION media.to_work(status media.download_status) TO renderstore_app;
GRANT ALL ON FUNCTION media.to_work(status media.download_status) TO renderstore_worker;
GRANT ALL ON FUNCTION media.to_work(status media.download_status) TO renderstore_admin;
GRANT ALL ON FUNCTION media.to_work(status media.download_status) TO renderstore_readonly;

CREATE FUNCTION media.want_again(owner uuid, job uuid, error_class text) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    wanted bigint;
begin
    update media.download_files as f
    set
        state = 'found',
        error_class = null,
        error_message = null
    where f.user_id = owner
        and f.job_id = job
        and f.state = 'failed'
        and case
            when error_class is not null then f.error_class = error_class
            else not exists (
                select
                from work.error_classes as c
                where c.name = f.error_class and not c.is_retried
            )
        end;
    get diagnostics wanted = row_count;
    return wanted;
end
$$;

COMMENT ON FUNCTION media.want_again(owner uuid, job uuid, error_class text) IS 'How many failed files of a download are to be fetched again: those of this class, or of every class that is tried again.';

REVOKE ALL ON FUNCTION media.want_again(owner uuid, job uuid, error_class text) FROM PUBLIC;

COMMENT ON CONSTRAINT playlist_url_is_https_check ON DOMAIN media.playlist_url IS 'A playlist''s URL begins with https:// and a host, names no user, and has at most 2000 characters, all printable ASCII.';


-- ==================== ops ====================

CREATE SCHEMA ops;

COMMENT ON SCHEMA ops IS 'Running the house: service status and configuration, rate limits, health, maintenance.';

GRANT USAGE ON SCHEMA ops TO renderstore_app;
GRANT USAGE ON SCHEMA ops TO renderstore_worker;
GRANT USAGE ON SCHEMA ops TO renderstore_admin;
GRANT USAGE ON SCHEMA ops TO renderstore_readonly;
GRANT USAGE ON SCHEMA ops TO renderstore_auth;

CREATE TYPE ops.health_unit AS ENUM (
    'number',
    's',
    'ms',
    'percent',
    'bytes'
);

COMMENT ON TYPE ops.health_unit IS 'What a measure is in.';

CREATE TYPE ops.service_state AS ENUM (
    'unknown',
    'up',
    'down'
);

COMMENT ON TYPE ops.service_state IS 'Whether a service lives: unknown (not set up, not checked, or not for long enough), up, down.';

CREATE TYPE ops.verdict AS ENUM (
    'ok',
    'unknown',
    'warn',
    'fail'
);

COMMENT ON TYPE ops.verdict IS 'How it stands: ok; unknown, where whoever asks may not see it; warn, somebody should look; fail, somebody must.';

CREATE DOMAIN ops.cost AS integer
	CONSTRAINT cost_is_0_to_1000000_check CHECK (((VALUE >= 0) AND (VALUE <= 1000000)));

COMMENT ON DOMAIN ops.cost IS 'For how many requests one counts, 0 to 1000000.';

CREATE DOMAIN ops.moment AS timestamp with time zone
	CONSTRAINT moment_is_1970_to_9999_check CHECK (((VALUE >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (VALUE < '9999-12-31 00:00:00+00'::timestamp with time zone)));

COMMENT ON DOMAIN ops.moment IS 'A time that every client can read: 1970 to 9999.';

CREATE DOMAIN ops.service_url AS text
	CONSTRAINT service_url_is_http_check CHECK (((length(VALUE) <= 2000) AND (VALUE ~ ('^https?://([A-Za-z0-9]([A-Za-z0-9._-]{0,252})|\[[0-9A-Fa-f:.]{2,45}\])'::text || '(:[0-9]{1,5})?(/[\u0021-\u0022\u0024-\u003e\u0040-\u007e]*)?$'::text))));

COMMENT ON DOMAIN ops.service_url IS 'Where a service is found: http or https, a host, perhaps a path; up to 2000 characters.';

CREATE DOMAIN ops.twelve_counts AS integer[]
	CONSTRAINT twelve_counts_are_12_check CHECK ((cardinality(VALUE) = 12));

COMMENT ON DOMAIN ops.twelve_counts IS 'What was let through in each of twelve twelfths of a window, the last first.';

CREATE TABLE ops.health_rules (
    name text NOT NULL,
    "position" integer NOT NULL,
    unit ops.health_unit NOT NULL,
    is_callers boolean DEFAULT false NOT NULL,
    warn_above numeric,
    fail_above numeric,
    sentence text NOT NULL,
    remedy text NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_by text DEFAULT identity.current_actor() NOT NULL,
    CONSTRAINT health_rules_fail_above_warn_check CHECK ((fail_above >= warn_above)),
    CONSTRAINT health_rules_name_is_slug_check CHECK ((name ~ '^[a-z][a-z0-9_]{0,39}$'::text)),
    CONSTRAINT health_rules_remedy_is_short_check CHECK (((length(remedy) >= 1) AND (length(remedy) <= 200))),
    CONSTRAINT health_rules_sentence_has_one_value_check CHECK (((length(sentence) <= 200) AND (sentence ~ '^[^%]*%s[^%]*$'::text)))
);

COMMENT ON TABLE ops.health_rules IS 'One row a measure of the house''s health: from where it is a warning, or a failure.';
COMMENT ON COLUMN ops.health_rules.name IS 'The measure.';
COMMENT ON COLUMN ops.health_rules."position" IS 'Its place in the list.';
COMMENT ON COLUMN ops.health_rules.unit IS 'What it is in.';
COMMENT ON COLUMN ops.health_rules.is_callers IS 'Whether the caller measures it, such as its own round trip, and not the database.';
COMMENT ON COLUMN ops.health_rules.warn_above IS 'A value above it is a warning; null for none.';
COMMENT ON COLUMN ops.health_rules.fail_above IS 'A value above it is a failure; null for none.';
COMMENT ON COLUMN ops.health_rules.sentence IS 'What the value means, for people; %s stands for it.';
COMMENT ON COLUMN ops.health_rules.remedy IS 'What to do about it, or what shows more: 1 to 200 characters.';
COMMENT ON COLUMN ops.health_rules.updated_at IS 'When the row last changed.';
COMMENT ON COLUMN ops.health_rules.updated_by IS 'Who changed it last.';
COMMENT ON CONSTRAINT health_rules_fail_above_warn_check ON ops.health_rules IS 'A failure is not below its warning.';
COMMENT ON CONSTRAINT health_rules_name_is_slug_check ON ops.health_rules IS 'A measure''s name has 1 to 40 lower-case letters, digits and underscores and begins with a letter.';
COMMENT ON CONSTRAINT health_rules_remedy_is_short_check ON ops.health_rules IS 'What to do about a measure is said in 1 to 200 characters.';
COMMENT ON CONSTRAINT health_rules_sentence_has_one_value_check ON ops.health_rules IS 'A measure''s sentence has %s once for the value, and at most 200 characters.';

ALTER TABLE ONLY ops.health_rules
    ADD CONSTRAINT health_rules_pkey PRIMARY KEY (name);

COMMENT ON CONSTRAINT health_rules_pkey ON ops.health_rules IS 'There is already a rule for this measure.';

ALTER TABLE ONLY ops.health_rules
    ADD CONSTRAINT health_rules_position_key UNIQUE ("position");

COMMENT ON CONSTRAINT health_rules_position_key ON ops.health_rules IS 'There is already a measure at this place.';

CREATE TRIGGER health_rules_audit_delete AFTER DELETE ON ops.health_rules REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_ops_health_rules();

CREATE TRIGGER health_rules_audit_insert AFTER INSERT ON ops.health_rules REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_ops_health_rules();

CREATE TRIGGER health_rules_audit_update AFTER UPDATE ON ops.health_rules FOR EACH ROW WHEN (((((((((old.name IS DISTINCT FROM new.name) OR (old."position" IS DISTINCT FROM new."position")) OR (old.unit IS DISTINCT FROM new.unit)) OR (old.is_callers IS DISTINCT FROM new.is_callers)) OR (old.warn_above IS DISTINCT FROM new.warn_above)) OR (old.fail_above IS DISTINCT FROM new.fail_above)) OR (old.sentence IS DISTINCT FROM new.sentence)) OR (old.remedy IS DISTINCT FROM new.remedy))) EXECUTE FUNCTION audit.note_ops_health_rules();

CREATE TRIGGER health_rules_set_updated_at BEFORE UPDATE ON ops.health_rules FOR EACH ROW EXECUTE FUNCTION ops.set_updated_at();

CREATE TRIGGER health_rules_set_updated_by BEFORE UPDATE ON ops.health_rules FOR EACH ROW EXECUTE FUNCTION ops.set_updated_by();

GRANT SELECT ON TABLE ops.health_rules TO renderstore_app;
GRANT SELECT ON TABLE ops.health_rules TO renderstore_worker;
GRANT SELECT ON TABLE ops.health_rules TO renderstore_admin;
GRANT SELECT ON TABLE ops.health_rules TO renderstore_readonly;
GRANT UPDATE(warn_above) ON TABLE ops.health_rules TO renderstore_admin;
GRANT UPDATE(fail_above) ON TABLE ops.health_rules TO renderstore_admin;

CREATE TABLE ops.import_refusals (
    kind text NOT NULL,
    source text NOT NULL,
    old_id text NOT NULL,
    reason text NOT NULL,
    old_row jsonb NOT NULL,
    refused_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT import_refusals_kind_is_slug_check CHECK ((kind ~ '^[a-z][a-z0-9-]{0,39}$'::text)),
    CONSTRAINT import_refusals_old_id_is_short_check CHECK (((length(old_id) >= 1) AND (length(old_id) <= 500))),
    CONSTRAINT import_refusals_source_is_short_check CHECK (((length(source) >= 1) AND (length(source) <= 63)))
);

COMMENT ON TABLE ops.import_refusals IS 'One row a row of another system that could not come. It goes when a later run of the import takes it, or an administrator deletes it.';
COMMENT ON COLUMN ops.import_refusals.kind IS 'The system: render-manager, media-portal, or a name of your own.';
COMMENT ON COLUMN ops.import_refusals.source IS 'The table there, such as Job.';
COMMENT ON COLUMN ops.import_refusals.old_id IS 'The row''s id there, as text.';
COMMENT ON COLUMN ops.import_refusals.reason IS 'Why it could not come, as a sentence.';
COMMENT ON COLUMN ops.import_refusals.old_row IS 'The whole row as it is there; a secret is replaced by its SHA-256.';
COMMENT ON COLUMN ops.import_refusals.refused_at IS 'When it was refused last.';
COMMENT ON CONSTRAINT import_refusals_kind_is_slug_check ON ops.import_refusals IS 'A system''s name has 1 to 40 lower-case letters, digits and dashes and begins with a letter.';
COMMENT ON CONSTRAINT import_refusals_old_id_is_short_check ON ops.import_refusals IS 'An old id has 1 to 500 characters.';
COMMENT ON CONSTRAINT import_refusals_source_is_short_check ON ops.import_refusals IS 'A table''s name has 1 to 63 characters.';

ALTER TABLE ONLY ops.import_refusals
    ADD CONSTRAINT import_refusals_pkey PRIMARY KEY (kind, source, old_id);

COMMENT ON CONSTRAINT import_refusals_pkey ON ops.import_refusals IS 'This row of the other system is refused already.';

GRANT SELECT,DELETE ON TABLE ops.import_refusals TO renderstore_admin;
GRANT SELECT ON TABLE ops.import_refusals TO renderstore_readonly;

CREATE TABLE ops.imported (
    kind text NOT NULL,
    source text NOT NULL,
    old_id text NOT NULL,
    table_name text NOT NULL,
    row_key text NOT NULL,
    changes text[] DEFAULT '{}'::text[] NOT NULL,
    imported_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT imported_kind_is_slug_check CHECK ((kind ~ '^[a-z][a-z0-9-]{0,39}$'::text)),
    CONSTRAINT imported_old_id_is_short_check CHECK (((length(old_id) >= 1) AND (length(old_id) <= 500))),
    CONSTRAINT imported_source_is_short_check CHECK (((length(source) >= 1) AND (length(source) <= 63)))
);

COMMENT ON TABLE ops.imported IS 'One row a row that came from another system. It stays when ours is deleted, so that it does not come again.';
COMMENT ON COLUMN ops.imported.kind IS 'The system it came from: render-manager, media-portal, or a name of your own.';
COMMENT ON COLUMN ops.imported.source IS 'The table there, such as Job.';
COMMENT ON COLUMN ops.imported.old_id IS 'The row''s id there, as text.';
COMMENT ON COLUMN ops.imported.table_name IS 'The table here, with its schema.';
COMMENT ON COLUMN ops.imported.row_key IS 'The row''s key here without its owner, as the audit trail has it.';
COMMENT ON COLUMN ops.imported.changes IS 'What is not as it was there, a sentence each; empty where nothing.';
COMMENT ON COLUMN ops.imported.imported_at IS 'When it came.';
COMMENT ON CONSTRAINT imported_kind_is_slug_check ON ops.imported IS 'A system''s name has 1 to 40 lower-case letters, digits and dashes and begins with a letter.';
COMMENT ON CONSTRAINT imported_old_id_is_short_check ON ops.imported IS 'An old id has 1 to 500 characters.';
COMMENT ON CONSTRAINT imported_source_is_short_check ON ops.imported IS 'A table''s name has 1 to 63 characters.';

ALTER TABLE ONLY ops.imported
    ADD CONSTRAINT imported_pkey PRIMARY KEY (kind, source, old_id);

COMMENT ON CONSTRAINT imported_pkey ON ops.imported IS 'This row of the other system is here already.';

CREATE INDEX imported_table_name_row_key_idx ON ops.imported USING btree (table_name, row_key);

GRANT SELECT ON TABLE ops.imported TO renderstore_admin;
GRANT SELECT ON TABLE ops.imported TO renderstore_readonly;

CREATE TABLE ops.limits (
    endpoint text NOT NULL,
    max_requests integer NOT NULL,
    window_s integer NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_by text DEFAULT identity.current_actor() NOT NULL,
    CONSTRAINT limits_endpoint_is_slug_check CHECK ((endpoint ~ '^[a-z][a-z0-9_./-]{0,99}$'::text)),
    CONSTRAINT limits_max_requests_is_not_negative_check CHECK ((max_requests >= 0)),
    CONSTRAINT limits_window_s_is_1_to_86400_check CHECK (((window_s >= 1) AND (window_s <= 86400)))
);

COMMENT ON TABLE ops.limits IS 'One row an endpoint: how many requests it takes of each user within a window.';
COMMENT ON COLUMN ops.limits.endpoint IS 'What is limited, such as render.submit: 1 to 100 lower-case letters, digits, and _ . / -.';
COMMENT ON COLUMN ops.limits.max_requests IS 'How many requests of one user are let through within any window; 0 closes it.';
COMMENT ON COLUMN ops.limits.window_s IS 'How long the window is, in seconds, 1 to 86400.';
COMMENT ON COLUMN ops.limits.created_at IS 'When the limit was added.';
COMMENT ON COLUMN ops.limits.updated_at IS 'When the row last changed.';
COMMENT ON COLUMN ops.limits.updated_by IS 'Who changed it last.';
COMMENT ON CONSTRAINT limits_endpoint_is_slug_check ON ops.limits IS 'An endpoint has 1 to 100 lower-case letters, digits, and _ . / -, and begins with a letter.';
COMMENT ON CONSTRAINT limits_max_requests_is_not_negative_check ON ops.limits IS 'A limit lets 0 requests or more through.';
COMMENT ON CONSTRAINT limits_window_s_is_1_to_86400_check ON ops.limits IS 'A window has 1 to 86400 seconds.';

ALTER TABLE ONLY ops.limits
    ADD CONSTRAINT limits_pkey PRIMARY KEY (endpoint);

COMMENT ON CONSTRAINT limits_pkey ON ops.limits IS 'There is already a limit for this endpoint.';

CREATE TRIGGER limits_audit_delete AFTER DELETE ON ops.limits REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_ops_limits();

CREATE TRIGGER limits_audit_insert AFTER INSERT ON ops.limits REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_ops_limits();

CREATE TRIGGER limits_audit_update AFTER UPDATE ON ops.limits FOR EACH ROW WHEN ((((old.endpoint IS DISTINCT FROM new.endpoint) OR (old.max_requests IS DISTINCT FROM new.max_requests)) OR (old.window_s IS DISTINCT FROM new.window_s))) EXECUTE FUNCTION audit.note_ops_limits();

CREATE TRIGGER limits_set_updated_at BEFORE UPDATE ON ops.limits FOR EACH ROW EXECUTE FUNCTION ops.set_updated_at();

CREATE TRIGGER limits_set_updated_by BEFORE UPDATE ON ops.limits FOR EACH ROW EXECUTE FUNCTION ops.set_updated_by();

GRANT SELECT ON TABLE ops.limits TO renderstore_app;
GRANT SELECT,DELETE ON TABLE ops.limits TO renderstore_admin;
GRANT SELECT ON TABLE ops.limits TO renderstore_readonly;
GRANT INSERT(endpoint) ON TABLE ops.limits TO renderstore_admin;
GRANT INSERT(max_requests),UPDATE(max_requests) ON TABLE ops.limits TO renderstore_admin;
GRANT INSERT(window_s),UPDATE(window_s) ON TABLE ops.limits TO renderstore_admin;

CREATE TABLE ops.notices (
    user_id uuid NOT NULL,
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    topic text NOT NULL,
    subject_id uuid,
    body jsonb DEFAULT '{}'::jsonb NOT NULL,
    tries bigint DEFAULT 0 NOT NULL,
    due_at timestamp with time zone DEFAULT now(),
    last_error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    sent_at timestamp with time zone,
    read_at timestamp with time zone,
    CONSTRAINT notices_body_is_object_check CHECK (((jsonb_typeof(body) = 'object'::text) AND (ops.json_problem(body) IS NULL))),
    CONSTRAINT notices_is_due_until_it_is_sent_check CHECK (((due_at IS NULL) = (sent_at IS NOT NULL))),
    CONSTRAINT notices_last_error_is_short_check CHECK ((length(last_error) <= 1000)),
    CONSTRAINT notices_topic_is_slug_check CHECK ((topic ~ '^[a-z][a-z0-9_]{0,39}$'::text)),
    CONSTRAINT notices_tries_is_not_negative_check CHECK ((tries >= 0))
);

ALTER TABLE ONLY ops.notices FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE ops.notices IS 'One row something that a user should hear of.';
COMMENT ON COLUMN ops.notices.user_id IS 'The user who should hear of it.';
COMMENT ON COLUMN ops.notices.id IS 'The notice''s identifier, made by the database. It is the same at every delivery.';
COMMENT ON COLUMN ops.notices.topic IS 'What happened, such as request_available or download_partly: 1 to 40 lower-case letters, digits and underscores.';
COMMENT ON COLUMN ops.notices.subject_id IS 'What it happened to: a request, a job; null where it is nothing with an id.';
COMMENT ON COLUMN ops.notices.body IS 'What a message says of it: an object, such as a title and a reason.';
COMMENT ON COLUMN ops.notices.tries IS 'How often somebody took it to deliver it.';
COMMENT ON COLUMN ops.notices.due_at IS 'From when it may be taken: at once, after a lease, or after a back-off; null once it is sent.';
COMMENT ON COLUMN ops.notices.last_error IS 'What the last try said, up to 1000 characters; null without a failure.';
COMMENT ON COLUMN ops.notices.created_at IS 'When it was written.';
COMMENT ON COLUMN ops.notices.sent_at IS 'When its delivery was confirmed; null before.';
COMMENT ON COLUMN ops.notices.read_at IS 'When the user read it; null before.';
COMMENT ON CONSTRAINT notices_body_is_object_check ON ops.notices IS 'A notice''s body is a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';
COMMENT ON CONSTRAINT notices_is_due_until_it_is_sent_check ON ops.notices IS 'A notice is due until it is sent.';
COMMENT ON CONSTRAINT notices_last_error_is_short_check ON ops.notices IS 'What a failed delivery said has at most 1000 characters.';
COMMENT ON CONSTRAINT notices_topic_is_slug_check ON ops.notices IS 'A notice''s topic has 1 to 40 lower-case letters, digits and underscores and begins with a letter.';
COMMENT ON CONSTRAINT notices_tries_is_not_negative_check ON ops.notices IS 'The count of tries is 0 or more.';

ALTER TABLE ONLY ops.notices
    ADD CONSTRAINT notices_pkey PRIMARY KEY (user_id, id);

COMMENT ON CONSTRAINT notices_pkey ON ops.notices IS 'There is already a notice with this id.';

CREATE INDEX notices_due_at_idx ON ops.notices USING btree (due_at) WHERE (due_at IS NOT NULL);

CREATE INDEX notices_unread_idx ON ops.notices USING btree (user_id, id) WHERE (read_at IS NULL);

ALTER TABLE ONLY ops.notices
    ADD CONSTRAINT notices_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT notices_user_id_fkey ON ops.notices IS 'There is no user with this id; still referenced: the user has notices.';

ALTER TABLE ops.notices ENABLE ROW LEVEL SECURITY;

CREATE POLICY notices_own ON ops.notices FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY notices_owner ON ops.notices TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY notices_read ON ops.notices FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE ops.notices TO renderstore_app;
GRANT SELECT ON TABLE ops.notices TO renderstore_admin;
GRANT SELECT ON TABLE ops.notices TO renderstore_readonly;

CREATE TABLE ops.rate_limits (
    user_id uuid NOT NULL,
    endpoint text NOT NULL,
    window_s integer NOT NULL,
    slot bigint NOT NULL,
    used bigint NOT NULL,
    earlier ops.twelve_counts NOT NULL,
    idle_at timestamp with time zone NOT NULL
)
WITH (fillfactor='50');

ALTER TABLE ONLY ops.rate_limits FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE ops.rate_limits IS 'One row a user and endpoint: what was let through of late. What is idle is swept.';
COMMENT ON COLUMN ops.rate_limits.user_id IS 'The user who asks.';
COMMENT ON COLUMN ops.rate_limits.endpoint IS 'What is asked for: ops.limits has the limit.';
COMMENT ON COLUMN ops.rate_limits.window_s IS 'The window under which it was counted; another one begins anew.';
COMMENT ON COLUMN ops.rate_limits.slot IS 'The last twelfth of a window in which something was let through: their number since 1970.';
COMMENT ON COLUMN ops.rate_limits.used IS 'What was let through in that twelfth and in the twelve before it.';
COMMENT ON COLUMN ops.rate_limits.earlier IS 'How much of it was let through in each of the twelve before.';
COMMENT ON COLUMN ops.rate_limits.idle_at IS 'From when nothing of it counts any more, rounded up by some hours.';

ALTER TABLE ONLY ops.rate_limits
    ADD CONSTRAINT rate_limits_pkey PRIMARY KEY (user_id, endpoint);

COMMENT ON CONSTRAINT rate_limits_pkey ON ops.rate_limits IS 'This endpoint is already counted for this user.';

CREATE INDEX rate_limits_idle_at_idx ON ops.rate_limits USING btree (idle_at);

ALTER TABLE ONLY ops.rate_limits
    ADD CONSTRAINT rate_limits_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.owners(user_id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT rate_limits_user_id_fkey ON ops.rate_limits IS 'There is no user with this id; still referenced: the user''s requests are counted.';

ALTER TABLE ops.rate_limits ENABLE ROW LEVEL SECURITY;

CREATE POLICY rate_limits_own ON ops.rate_limits FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY rate_limits_owner ON ops.rate_limits TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY rate_limits_read ON ops.rate_limits FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE ops.rate_limits TO renderstore_app;
GRANT SELECT ON TABLE ops.rate_limits TO renderstore_admin;
GRANT SELECT ON TABLE ops.rate_limits TO renderstore_readonly;

CREATE TABLE ops.removals (
    user_id uuid NOT NULL,
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    uri text NOT NULL,
    size_bytes bigint DEFAULT 0 NOT NULL,
    reason text NOT NULL,
    tries bigint DEFAULT 0 NOT NULL,
    due_at timestamp with time zone DEFAULT now() NOT NULL,
    last_error text,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT removals_last_error_is_short_check CHECK ((length(last_error) <= 1000)),
    CONSTRAINT removals_reason_is_known_check CHECK ((reason = ANY (ARRAY['abandoned'::text, 'expired'::text, 'deleted'::text, 'erased'::text, 'stray'::text]))),
    CONSTRAINT removals_size_bytes_is_not_negative_check CHECK ((size_bytes >= 0)),
    CONSTRAINT removals_tries_is_not_negative_check CHECK ((tries >= 0)),
    CONSTRAINT removals_uri_is_the_owners_check CHECK (ops.is_owners_uri(user_id, uri))
);

ALTER TABLE ONLY ops.removals FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE ops.removals IS 'One row a file that is to be removed. It goes when the removal is confirmed.';
COMMENT ON COLUMN ops.removals.user_id IS 'The user who owned the file, who may be erased by now.';
COMMENT ON COLUMN ops.removals.id IS 'The row''s identifier, made by the database.';
COMMENT ON COLUMN ops.removals.uri IS 'Where the file lies, under the user''s own prefix.';
COMMENT ON COLUMN ops.removals.size_bytes IS 'The file''s size in bytes, as it was kept; 0 where it is not known.';
COMMENT ON COLUMN ops.removals.reason IS 'Why: abandoned, expired, deleted, erased or stray (found on disk without a row).';
COMMENT ON COLUMN ops.removals.tries IS 'How often a janitor took it; from the first time on the file cannot be kept again.';
COMMENT ON COLUMN ops.removals.due_at IS 'From when a janitor may take it: a time to restore, a lease, or a back-off.';
COMMENT ON COLUMN ops.removals.last_error IS 'What the last try said, up to 1000 characters; null without a failure.';
COMMENT ON COLUMN ops.removals.created_at IS 'When the row was made.';
COMMENT ON CONSTRAINT removals_last_error_is_short_check ON ops.removals IS 'What a failed removal said has at most 1000 characters.';
COMMENT ON CONSTRAINT removals_reason_is_known_check ON ops.removals IS 'A removal''s reason is abandoned, expired, deleted, erased or stray.';
COMMENT ON CONSTRAINT removals_size_bytes_is_not_negative_check ON ops.removals IS 'A file''s size is 0 bytes or more.';
COMMENT ON CONSTRAINT removals_tries_is_not_negative_check ON ops.removals IS 'The count of tries is 0 or more.';
COMMENT ON CONSTRAINT removals_uri_is_the_owners_check ON ops.removals IS 'A file''s URI begins with its owner''s id and a slash, does not climb, and has at most 1000 characters, none of them a control character or a backslash.';

ALTER TABLE ONLY ops.removals
    ADD CONSTRAINT removals_pkey PRIMARY KEY (user_id, id);

COMMENT ON CONSTRAINT removals_pkey ON ops.removals IS 'There is already a removal with this id.';

ALTER TABLE ONLY ops.removals
    ADD CONSTRAINT removals_user_id_uri_key UNIQUE (user_id, uri);

COMMENT ON CONSTRAINT removals_user_id_uri_key ON ops.removals IS 'This file is already to be removed.';

CREATE INDEX removals_due_at_idx ON ops.removals USING btree (due_at);

ALTER TABLE ops.removals ENABLE ROW LEVEL SECURITY;

CREATE POLICY removals_owner ON ops.removals TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY removals_read ON ops.removals FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE ops.removals TO renderstore_admin;
GRANT SELECT ON TABLE ops.removals TO renderstore_readonly;

CREATE TABLE ops.retentions (
    name text NOT NULL,
    days integer NOT NULL,
    least_days integer NOT NULL,
    sentence text NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_by text DEFAULT identity.current_actor() NOT NULL,
    CONSTRAINT retentions_days_are_enough_check CHECK (((days >= least_days) AND (days <= 36500))),
    CONSTRAINT retentions_least_days_are_positive_check CHECK ((least_days >= 1)),
    CONSTRAINT retentions_name_is_slug_check CHECK ((name ~ '^[a-z][a-z0-9_]{0,39}$'::text)),
    CONSTRAINT retentions_sentence_is_short_check CHECK (((length(sentence) >= 1) AND (length(sentence) <= 300)))
);

COMMENT ON TABLE ops.retentions IS 'One row a thing that grows by itself: for how long it is kept.';
COMMENT ON COLUMN ops.retentions.name IS 'What is kept, such as service_spans.';
COMMENT ON COLUMN ops.retentions.days IS 'For how many days; the sweep deletes what is older.';
COMMENT ON COLUMN ops.retentions.least_days IS 'Fewer days would break what reads it.';
COMMENT ON COLUMN ops.retentions.sentence IS 'What it is, for people, 1 to 300 characters.';
COMMENT ON COLUMN ops.retentions.updated_at IS 'When the row last changed.';
COMMENT ON COLUMN ops.retentions.updated_by IS 'Who changed it last.';
COMMENT ON CONSTRAINT retentions_days_are_enough_check ON ops.retentions IS 'A retention has no fewer days than what reads it needs, and at most 36500.';
COMMENT ON CONSTRAINT retentions_least_days_are_positive_check ON ops.retentions IS 'A retention is at least one day.';
COMMENT ON CONSTRAINT retentions_name_is_slug_check ON ops.retentions IS 'A retention''s name has 1 to 40 lower-case letters, digits and underscores and begins with a letter.';
COMMENT ON CONSTRAINT retentions_sentence_is_short_check ON ops.retentions IS 'What is kept is said in 1 to 300 characters.';

ALTER TABLE ONLY ops.retentions
    ADD CONSTRAINT retentions_pkey PRIMARY KEY (name);

COMMENT ON CONSTRAINT retentions_pkey ON ops.retentions IS 'There is already a retention with this name.';

CREATE TRIGGER retentions_audit_delete AFTER DELETE ON ops.retentions REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_ops_retentions();

CREATE TRIGGER retentions_audit_insert AFTER INSERT ON ops.retentions REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_ops_retentions();

CREATE TRIGGER retentions_audit_update AFTER UPDATE ON ops.retentions FOR EACH ROW WHEN (((((old.name IS DISTINCT FROM new.name) OR (old.days IS DISTINCT FROM new.days)) OR (old.least_days IS DISTINCT FROM new.least_days)) OR (old.sentence IS DISTINCT FROM new.sentence))) EXECUTE FUNCTION audit.note_ops_retentions();

CREATE TRIGGER retentions_set_updated_at BEFORE UPDATE ON ops.retentions FOR EACH ROW EXECUTE FUNCTION ops.set_updated_at();

CREATE TRIGGER retentions_set_updated_by BEFORE UPDATE ON ops.retentions FOR EACH ROW EXECUTE FUNCTION ops.set_updated_by();

GRANT SELECT ON TABLE ops.retentions TO renderstore_admin;
GRANT SELECT ON TABLE ops.retentions TO renderstore_readonly;
GRANT UPDATE(days) ON TABLE ops.retentions TO renderstore_admin;

CREATE TABLE ops.service_secrets (
    service_id text NOT NULL,
    api_key_sealed bytea NOT NULL,
    CONSTRAINT service_secrets_api_key_sealed_is_short_check CHECK (((length(api_key_sealed) >= 1) AND (length(api_key_sealed) <= 10000)))
);

ALTER TABLE ONLY ops.service_secrets FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE ops.service_secrets IS 'At most one row a service: its API key. A service without one is asked without a key.';
COMMENT ON COLUMN ops.service_secrets.service_id IS 'The service whose key it is.';
COMMENT ON COLUMN ops.service_secrets.api_key_sealed IS 'The API key, encrypted by the application and bound to this row.';
COMMENT ON CONSTRAINT service_secrets_api_key_sealed_is_short_check ON ops.service_secrets IS 'A sealed API key has 1 to 10000 bytes.';

ALTER TABLE ONLY ops.service_secrets
    ADD CONSTRAINT service_secrets_pkey PRIMARY KEY (service_id);

COMMENT ON CONSTRAINT service_secrets_pkey ON ops.service_secrets IS 'This service already has an API key.';

CREATE TRIGGER service_secrets_audit_delete AFTER DELETE ON ops.service_secrets REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_ops_service_secrets();

CREATE TRIGGER service_secrets_audit_insert AFTER INSERT ON ops.service_secrets REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_ops_service_secrets();

CREATE TRIGGER service_secrets_audit_update AFTER UPDATE ON ops.service_secrets FOR EACH ROW WHEN (((old.service_id IS DISTINCT FROM new.service_id) OR (old.api_key_sealed IS DISTINCT FROM new.api_key_sealed))) EXECUTE FUNCTION audit.note_ops_service_secrets();

ALTER TABLE ONLY ops.service_secrets
    ADD CONSTRAINT service_secrets_service_id_fkey FOREIGN KEY (service_id) REFERENCES ops.services(id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT service_secrets_service_id_fkey ON ops.service_secrets IS 'There is no service with this id; still referenced: the service has an API key.';

ALTER TABLE ops.service_secrets ENABLE ROW LEVEL SECURITY;

CREATE POLICY service_secrets_owner ON ops.service_secrets TO renderstore_owner USING (true) WITH CHECK (true);

CREATE TABLE ops.service_spans (
    service_id text NOT NULL,
    ended_at timestamp with time zone NOT NULL,
    began_at timestamp with time zone NOT NULL,
    state ops.service_state NOT NULL,
    CONSTRAINT service_spans_are_up_or_down_check CHECK ((state <> 'unknown'::ops.service_state)),
    CONSTRAINT service_spans_begin_comes_first_check CHECK ((began_at < ended_at))
);

COMMENT ON TABLE ops.service_spans IS 'One row a time that is over in which a service was up, or down.';
COMMENT ON COLUMN ops.service_spans.service_id IS 'The service.';
COMMENT ON COLUMN ops.service_spans.ended_at IS 'When it ended.';
COMMENT ON COLUMN ops.service_spans.began_at IS 'When it began.';
COMMENT ON COLUMN ops.service_spans.state IS 'Up or down.';
COMMENT ON CONSTRAINT service_spans_are_up_or_down_check ON ops.service_spans IS 'What nobody checked has no span.';
COMMENT ON CONSTRAINT service_spans_begin_comes_first_check ON ops.service_spans IS 'A span ends after it began.';

ALTER TABLE ONLY ops.service_spans
    ADD CONSTRAINT service_spans_pkey PRIMARY KEY (service_id, ended_at);

COMMENT ON CONSTRAINT service_spans_pkey ON ops.service_spans IS 'This service already has a span that ends then.';

ALTER TABLE ONLY ops.service_spans
    ADD CONSTRAINT service_spans_service_id_fkey FOREIGN KEY (service_id) REFERENCES ops.services(id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT service_spans_service_id_fkey ON ops.service_spans IS 'There is no service with this id; still referenced: the service has spans.';

GRANT SELECT ON TABLE ops.service_spans TO renderstore_app;
GRANT SELECT ON TABLE ops.service_spans TO renderstore_worker;
GRANT SELECT ON TABLE ops.service_spans TO renderstore_admin;
GRANT SELECT ON TABLE ops.service_spans TO renderstore_readonly;

CREATE TABLE ops.service_states (
    service_id text NOT NULL,
    state ops.service_state DEFAULT 'unknown'::ops.service_state NOT NULL,
    span_began_at timestamp with time zone,
    stale_at timestamp with time zone DEFAULT now() NOT NULL,
    told ops.service_state DEFAULT 'unknown'::ops.service_state NOT NULL,
    failures bigint DEFAULT 0 NOT NULL,
    failed_at timestamp with time zone,
    response_ms bigint,
    message text,
    last_check_at timestamp with time zone,
    last_change_at timestamp with time zone,
    CONSTRAINT service_states_failed_at_while_failing_check CHECK (((failures > 0) = (failed_at IS NOT NULL))),
    CONSTRAINT service_states_failures_are_not_negative_check CHECK ((failures >= 0)),
    CONSTRAINT service_states_message_is_short_check CHECK ((length(message) <= 500)),
    CONSTRAINT service_states_response_ms_is_not_negative_check CHECK ((response_ms >= 0)),
    CONSTRAINT service_states_span_began_unless_unknown_check CHECK (((state = 'unknown'::ops.service_state) = (span_began_at IS NULL)))
)
WITH (fillfactor='50');

COMMENT ON TABLE ops.service_states IS 'One row a service that was ever checked: what the last checks found, and since when.';
COMMENT ON COLUMN ops.service_states.service_id IS 'The service.';
COMMENT ON COLUMN ops.service_states.state IS 'What the last checks say of it until stale_at; after that nobody knows.';
COMMENT ON COLUMN ops.service_states.span_began_at IS 'Since when it is so without a gap; null while it is unknown.';
COMMENT ON COLUMN ops.service_states.stale_at IS 'From when the last check says nothing any more: after twice the time between two checks.';
COMMENT ON COLUMN ops.service_states.told IS 'What administrators were told last; unknown where they were told nothing.';
COMMENT ON COLUMN ops.service_states.failures IS 'How many checks failed in a row.';
COMMENT ON COLUMN ops.service_states.failed_at IS 'When the first of the failures in a row was; null without one.';
COMMENT ON COLUMN ops.service_states.response_ms IS 'How long the last answer took, in milliseconds; null where there was none.';
COMMENT ON COLUMN ops.service_states.message IS 'What the last check said, up to 500 characters; null where it said nothing.';
COMMENT ON COLUMN ops.service_states.last_check_at IS 'When it was last checked; null where it never was.';
COMMENT ON COLUMN ops.service_states.last_change_at IS 'When it last went up or down; null where it never did.';
COMMENT ON CONSTRAINT service_states_failed_at_while_failing_check ON ops.service_states IS 'Failures in a row have a first one.';
COMMENT ON CONSTRAINT service_states_failures_are_not_negative_check ON ops.service_states IS 'The count of failures is 0 or more.';
COMMENT ON CONSTRAINT service_states_message_is_short_check ON ops.service_states IS 'What a check said has at most 500 characters.';
COMMENT ON CONSTRAINT service_states_response_ms_is_not_negative_check ON ops.service_states IS 'An answer takes 0 milliseconds or more.';
COMMENT ON CONSTRAINT service_states_span_began_unless_unknown_check ON ops.service_states IS 'A span has a begin unless it is unknown what it is.';

ALTER TABLE ONLY ops.service_states
    ADD CONSTRAINT service_states_pkey PRIMARY KEY (service_id);

COMMENT ON CONSTRAINT service_states_pkey ON ops.service_states IS 'This service already has a state.';

ALTER TABLE ONLY ops.service_states
    ADD CONSTRAINT service_states_service_id_fkey FOREIGN KEY (service_id) REFERENCES ops.services(id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT service_states_service_id_fkey ON ops.service_states IS 'There is no service with this id; still referenced: the service has a state.';

GRANT SELECT ON TABLE ops.service_states TO renderstore_worker;
GRANT SELECT ON TABLE ops.service_states TO renderstore_admin;
GRANT SELECT ON TABLE ops.service_states TO renderstore_readonly;
GRANT SELECT(service_id) ON TABLE ops.service_states TO renderstore_app;
GRANT SELECT(state) ON TABLE ops.service_states TO renderstore_app;
GRANT SELECT(span_began_at) ON TABLE ops.service_states TO renderstore_app;
GRANT SELECT(stale_at) ON TABLE ops.service_states TO renderstore_app;
GRANT SELECT(response_ms) ON TABLE ops.service_states TO renderstore_app;
GRANT SELECT(last_check_at) ON TABLE ops.service_states TO renderstore_app;
GRANT SELECT(last_change_at) ON TABLE ops.service_states TO renderstore_app;

CREATE TABLE ops.services (
    id text NOT NULL,
    name text NOT NULL,
    url ops.service_url,
    check_path text DEFAULT '/'::text NOT NULL,
    api_key_header text,
    is_enabled boolean DEFAULT true NOT NULL,
    is_watched boolean GENERATED ALWAYS AS ((is_enabled AND (url IS NOT NULL))) STORED,
    config jsonb DEFAULT '{}'::jsonb NOT NULL,
    check_every_s integer DEFAULT 60 NOT NULL,
    failures_to_go_down integer DEFAULT 3 NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_by text DEFAULT identity.current_actor() NOT NULL,
    CONSTRAINT services_api_key_header_is_header_check CHECK ((api_key_header ~ '^[A-Za-z][A-Za-z0-9-]{0,99}$'::text)),
    CONSTRAINT services_check_every_s_is_5_to_86400_check CHECK (((check_every_s >= 5) AND (check_every_s <= 86400))),
    CONSTRAINT services_check_path_is_path_check CHECK (((length(check_path) <= 500) AND (check_path ~ '^/[\u0021-\u0022\u0024-\u007e]*$'::text))),
    CONSTRAINT services_config_is_object_check CHECK (((jsonb_typeof(config) = 'object'::text) AND (ops.json_problem(config) IS NULL))),
    CONSTRAINT services_failures_to_go_down_is_1_to_100_check CHECK (((failures_to_go_down >= 1) AND (failures_to_go_down <= 100))),
    CONSTRAINT services_id_is_slug_check CHECK ((id ~ '^[a-z][a-z0-9-]{0,39}$'::text)),
    CONSTRAINT services_name_is_short_check CHECK (((length(name) >= 1) AND (length(name) <= 100)))
);

COMMENT ON TABLE ops.services IS 'One row a service around the house, such as plex: where it is, and how it is asked whether it lives.';
COMMENT ON COLUMN ops.services.id IS 'The service''s short name: 1 to 40 lower-case letters, digits and dashes.';
COMMENT ON COLUMN ops.services.name IS 'What people call it, 1 to 100 characters.';
COMMENT ON COLUMN ops.services.url IS 'Where it is; null where it is not set up, and its state is unknown.';
COMMENT ON COLUMN ops.services.check_path IS 'What a check asks for, after the URL: a path, up to 500 characters.';
COMMENT ON COLUMN ops.services.api_key_header IS 'The header in which a check sends the API key, such as X-Api-Key; null where it sends none.';
COMMENT ON COLUMN ops.services.is_enabled IS 'Whether it is checked.';
COMMENT ON COLUMN ops.services.is_watched IS 'Whether it is enabled and has a URL.';
COMMENT ON COLUMN ops.services.config IS 'What an application keeps of it: an object of its own. A secret does not belong here.';
COMMENT ON COLUMN ops.services.check_every_s IS 'How many seconds lie between two checks, 5 to 86400. A check says something for twice as long.';
COMMENT ON COLUMN ops.services.failures_to_go_down IS 'How many failures in a row make it down, 1 to 100.';
COMMENT ON COLUMN ops.services.created_at IS 'When it was added.';
COMMENT ON COLUMN ops.services.updated_at IS 'When its row, or its API key, last changed.';
COMMENT ON COLUMN ops.services.updated_by IS 'Who changed it last.';
COMMENT ON CONSTRAINT services_api_key_header_is_header_check ON ops.services IS 'An API key''s header has 1 to 100 letters, digits and dashes and begins with a letter.';
COMMENT ON CONSTRAINT services_check_every_s_is_5_to_86400_check ON ops.services IS 'Between two checks lie 5 to 86400 seconds.';
COMMENT ON CONSTRAINT services_check_path_is_path_check ON ops.services IS 'What a check asks for begins with /, has no # and at most 500 printable characters.';
COMMENT ON CONSTRAINT services_config_is_object_check ON ops.services IS 'A service''s config is a JSON object of at most 1 MiB, 200 levels and 100 digits a number.';
COMMENT ON CONSTRAINT services_failures_to_go_down_is_1_to_100_check ON ops.services IS 'A service is down after 1 to 100 failures in a row.';
COMMENT ON CONSTRAINT services_id_is_slug_check ON ops.services IS 'A service''s id has 1 to 40 lower-case letters, digits and dashes and begins with a letter.';
COMMENT ON CONSTRAINT services_name_is_short_check ON ops.services IS 'A service''s name has 1 to 100 characters.';

ALTER TABLE ONLY ops.services
    ADD CONSTRAINT services_pkey PRIMARY KEY (id);

COMMENT ON CONSTRAINT services_pkey ON ops.services IS 'There is already a service with this id.';

CREATE TRIGGER services_audit_delete AFTER DELETE ON ops.services REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_ops_services();

CREATE TRIGGER services_audit_insert AFTER INSERT ON ops.services REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_ops_services();

CREATE TRIGGER services_audit_update AFTER UPDATE ON ops.services FOR EACH ROW WHEN ((((((((((old.id IS DISTINCT FROM new.id) OR (old.name IS DISTINCT FROM new.name)) OR ((old.url)::text IS DISTINCT FROM (new.url)::text)) OR (old.check_path IS DISTINCT FROM new.check_path)) OR (old.api_key_header IS DISTINCT FROM new.api_key_header)) OR (old.is_enabled IS DISTINCT FROM new.is_enabled)) OR (old.config IS DISTINCT FROM new.config)) OR (old.check_every_s IS DISTINCT FROM new.check_every_s)) OR (old.failures_to_go_down IS DISTINCT FROM new.failures_to_go_down))) EXECUTE FUNCTION audit.note_ops_services();

CREATE TRIGGER services_set_updated_at BEFORE UPDATE ON ops.services FOR EACH ROW EXECUTE FUNCTION ops.set_updated_at();

CREATE TRIGGER services_set_updated_by BEFORE UPDATE ON ops.services FOR EACH ROW EXECUTE FUNCTION ops.set_updated_by();

GRANT SELECT ON TABLE ops.services TO renderstore_worker;
GRANT SELECT,DELETE ON TABLE ops.services TO renderstore_admin;
GRANT SELECT ON TABLE ops.services TO renderstore_readonly;
GRANT SELECT(id) ON TABLE ops.services TO renderstore_app;
GRANT INSERT(id) ON TABLE ops.services TO renderstore_admin;
GRANT SELECT(name) ON TABLE ops.services TO renderstore_app;
GRANT INSERT(name),UPDATE(name) ON TABLE ops.services TO renderstore_admin;
GRANT INSERT(url),UPDATE(url) ON TABLE ops.services TO renderstore_admin;
GRANT INSERT(check_path),UPDATE(check_path) ON TABLE ops.services TO renderstore_admin;
GRANT INSERT(api_key_header),UPDATE(api_key_header) ON TABLE ops.services TO renderstore_admin;
GRANT SELECT(is_enabled) ON TABLE ops.services TO renderstore_app;
GRANT INSERT(is_enabled),UPDATE(is_enabled) ON TABLE ops.services TO renderstore_admin;
GRANT SELECT(is_watched) ON TABLE ops.services TO renderstore_app;
GRANT INSERT(config),UPDATE(config) ON TABLE ops.services TO renderstore_admin;
GRANT INSERT(check_every_s),UPDATE(check_every_s) ON TABLE ops.services TO renderstore_admin;
GRANT INSERT(failures_to_go_down),UPDATE(failures_to_go_down) ON TABLE ops.services TO renderstore_admin;

CREATE TABLE ops.sweep_parts (
    "position" integer NOT NULL,
    what text NOT NULL,
    function_name text NOT NULL,
    is_urgent boolean NOT NULL,
    last_run_at timestamp with time zone,
    problem text,
    CONSTRAINT sweep_parts_function_name_is_qualified_check CHECK ((function_name ~ '^[a-z_]{1,63}\.[a-z_]{1,63}$'::text)),
    CONSTRAINT sweep_parts_problem_is_short_check CHECK ((length(problem) <= 1000)),
    CONSTRAINT sweep_parts_what_is_short_check CHECK (((length(what) >= 1) AND (length(what) <= 200)))
);

COMMENT ON TABLE ops.sweep_parts IS 'One row a part of the sweep, in the order in which they run. Rooms add theirs with a migration.';
COMMENT ON COLUMN ops.sweep_parts."position" IS 'Its place in the order.';
COMMENT ON COLUMN ops.sweep_parts.what IS 'What it does, for people, up to 200 characters.';
COMMENT ON COLUMN ops.sweep_parts.function_name IS 'The function: it takes a bigint, the most rows, and gives a bigint, the rows that it touched.';
COMMENT ON COLUMN ops.sweep_parts.is_urgent IS 'Whether the queue waits for it, so that workers ask for it every few seconds.';
COMMENT ON COLUMN ops.sweep_parts.last_run_at IS 'When it last ran, to within some seconds; null where it never did.';
COMMENT ON COLUMN ops.sweep_parts.problem IS 'Why it last failed, in the server''s words; null where it did not.';
COMMENT ON CONSTRAINT sweep_parts_function_name_is_qualified_check ON ops.sweep_parts IS 'A part of the sweep names its function with its schema.';
COMMENT ON CONSTRAINT sweep_parts_problem_is_short_check ON ops.sweep_parts IS 'Why a part of the sweep failed is said in at most 1000 characters.';
COMMENT ON CONSTRAINT sweep_parts_what_is_short_check ON ops.sweep_parts IS 'What a part of the sweep does is said in 1 to 200 characters.';

ALTER TABLE ONLY ops.sweep_parts
    ADD CONSTRAINT sweep_parts_function_name_key UNIQUE (function_name);

COMMENT ON CONSTRAINT sweep_parts_function_name_key ON ops.sweep_parts IS 'This function is already a part of the sweep.';

ALTER TABLE ONLY ops.sweep_parts
    ADD CONSTRAINT sweep_parts_pkey PRIMARY KEY ("position");

COMMENT ON CONSTRAINT sweep_parts_pkey ON ops.sweep_parts IS 'There is already a part at this place.';

GRANT SELECT ON TABLE ops.sweep_parts TO renderstore_worker;
GRANT SELECT ON TABLE ops.sweep_parts TO renderstore_admin;
GRANT SELECT ON TABLE ops.sweep_parts TO renderstore_readonly;

CREATE VIEW ops.service_status WITH (security_invoker='true') AS
 SELECT s.id AS service_name,
        CASE
            WHEN (s.is_watched AND (c.stale_at > now())) THEN c.state
            ELSE 'unknown'::ops.service_state
        END AS status,
    c.response_ms AS response_time_ms,
    c.last_check_at,
    u.percentage AS uptime_percentage
   FROM ((ops.services s
     LEFT JOIN ops.service_states c ON ((c.service_id = s.id)))
     LEFT JOIN LATERAL ops.service_uptime(s.id, (now() - '24:00:00'::interval)) u(up, down, percentage) ON (true));

COMMENT ON VIEW ops.service_status IS 'Every service as the portal''s users know it: whether it lives, and how it did in the last 24 hours.';
COMMENT ON COLUMN ops.service_status.service_name IS 'The service''s id, such as plex.';
COMMENT ON COLUMN ops.service_status.status IS 'Up or down; unknown where it is not set up or was not checked for a while.';
COMMENT ON COLUMN ops.service_status.response_time_ms IS 'How long the last answer took, in milliseconds; null where there was none.';
COMMENT ON COLUMN ops.service_status.last_check_at IS 'When it was last checked; null where it never was.';
COMMENT ON COLUMN ops.service_status.uptime_percentage IS 'How much of the last 24 hours it was up, of what was checked; null where nothing was.';

GRANT SELECT ON TABLE ops.service_status TO renderstore_app;
GRANT SELECT ON TABLE ops.service_status TO renderstore_worker;
GRANT SELECT ON TABLE ops.service_status TO renderstore_admin;
GRANT SELECT ON TABLE ops.service_status TO renderstore_readonly;

CREATE FUNCTION ops.applied_migrations() RETURNS text[]
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if has_table_privilege(to_regclass('public._yoyo_migration'), 'select') then
        return (
            select array_agg(m.migration_id::text order by m.migration_id)
            from public._yoyo_migration as m
        );
    end if;
    return null;
end
$$;

COMMENT ON FUNCTION ops.applied_migrations() IS 'The migrations that yoyo applied; null where they cannot be seen.';

REVOKE ALL ON FUNCTION ops.applied_migrations() FROM PUBLIC;
GRANT ALL ON FUNCTION ops.applied_migrations() TO renderstore_app;
GRANT ALL ON FUNCTION ops.applied_migrations() TO renderstore_worker;
GRANT ALL ON FUNCTION ops.applied_migrations() TO renderstore_admin;
GRANT ALL ON FUNCTION ops.applied_migrations() TO renderstore_readonly;

CREATE FUNCTION ops.check_limit(plan text, limit_name text, sentence text, used bigint, asked bigint, allowed bigint) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if asked > 0 and used > allowed then
        raise exception using
            errcode = 'RS007',
            constraint = limit_name,
            message = format(sentence, plan, allowed, used - asked, asked);
    end if;
end
$$;

COMMENT ON FUNCTION ops.check_limit(plan text, limit_name text, sentence text, used bigint, asked bigint, allowed bigint) IS 'Refuses what was asked for where it takes the use above the plan''s limit.';

REVOKE ALL ON FUNCTION ops.check_limit(plan text, limit_name text, sentence text, used bigint, asked bigint, allowed bigint) FROM PUBLIC;

CREATE FUNCTION ops.claim_notices(max_rows bigint DEFAULT 100, lease interval DEFAULT '00:05:00'::interval) RETURNS TABLE(user_id uuid, id uuid, topic text, subject_id uuid, body jsonb, tries bigint, created_at timestamp with time zone, email text, name text, slack_id text)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 100
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
declare
    until constant timestamptz := now() + lease::work.lease;
begin
    perform work.acting_worker();
    return query
    with due as materialized (
        select n.user_id, n.id
        from ops.notices as n
        where n.due_at <= now()
        order by n.due_at
        limit max_rows::work.batch_size
        for no key update skip locked
    ),

    taken as (
        update ops.notices as n
        set
            due_at = until,
            tries = n.tries + 1
        from due
        where n.user_id = due.user_id and n.id = due.id
        returning
            n.user_id,
            n.id,
            n.topic,
            n.subject_id,
            n.body,
            n.tries,
            n.created_at
    )

    -- Whoever is deactivated hears of nothing until that ends.
    select
        taken.user_id,
        taken.id,
        taken.topic,
        taken.subject_id,
        taken.body,
        taken.tries,
        taken.created_at,
        u.email::text,
        u.name::text,
        u.slack_id::text
    from taken
    join identity.users as u on u.id = taken.user_id
    where u.status = 'active'
    order by taken.user_id, taken.id;
end
$$;

COMMENT ON FUNCTION ops.claim_notices(max_rows bigint, lease interval) IS 'Takes up to max_rows notices that are to be delivered for as long as the lease, each with where its user is reached.';

REVOKE ALL ON FUNCTION ops.claim_notices(max_rows bigint, lease interval) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.claim_notices(max_rows bigint, lease interval) TO renderstore_worker;

CREATE FUNCTION ops.claim_removals(max_rows bigint DEFAULT 100, lease interval DEFAULT '00:05:00'::interval) RETURNS TABLE(user_id uuid, id uuid, uri text, tries bigint)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 100
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_column
declare
    removal ops.removals;
    asset studio.assets;
    until constant timestamptz := now() + lease::work.lease;
begin
    perform work.acting_worker();
    for removal in
        select r.*
        from ops.removals as r
        where r.due_at <= now()
        order by r.due_at
        limit max_rows::work.batch_size
        for update skip locked
    loop
        -- What lives is never removed, whoever asked for it.
        if ops.is_file_kept(removal.user_id, removal.uri) then
            delete from ops.removals as r
            where r.user_id = removal.user_id and r.id = removal.id;
            continue;
        end if;
        select a.* into asset
        from studio.assets as a
        where a.user_id = removal.user_id and a.uri = removal.uri
        for no key update skip locked;
        if not found then
            -- Held by somebody, who may be restoring it; or there is none, since its user was erased.
            perform
            from studio.assets as a
            where a.user_id = removal.user_id and a.uri = removal.uri;
            continue when found;
        elsif asset.state in ('reserved', 'kept') then
            delete from ops.removals as r
            where r.user_id = removal.user_id and r.id = removal.id;
            continue;
        elsif asset.state in ('expired', 'deleted')
            and studio.is_asset_used(asset.user_id, asset.id)
        then
            update ops.removals as r
            set due_at = now() + interval '1 hour'
            where r.user_id = removal.user_id and r.id = removal.id;
            continue;
        elsif asset.state <> 'removing' and asset.state <> 'gone' then
            update studio.assets as a
            set state = 'removing'
            where a.user_id = asset.user_id and a.id = asset.id;
        end if;
        update ops.removals as r
        set
            due_at = until,
            tries = r.tries + 1
        where r.user_id = removal.user_id and r.id = removal.id
        returning r.user_id, r.id, r.uri, r.tries into user_id, id, uri, tries;
        return next;
    end loop;
end
$$;

COMMENT ON FUNCTION ops.claim_removals(max_rows bigint, lease interval) IS 'Takes up to max_rows files that are to be removed for as long as the lease. From then on the file cannot be kept again.';

REVOKE ALL ON FUNCTION ops.claim_removals(max_rows bigint, lease interval) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.claim_removals(max_rows bigint, lease interval) TO renderstore_worker;

CREATE FUNCTION ops.clear_notices(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
    cleared bigint;
begin
    with old_notices as materialized (
        select
            old.user_id,
            old.id
        from identity.users as o
        join identity.plans as p on p.id = o.plan_id
        cross join lateral (
            select
                n.user_id,
                n.id
            from ops.notices as n
            where n.user_id = o.id
                and n.id < ops.first_uuidv7(now() - p.keep_ended_jobs_days * interval '1 day')
            order by n.id
            limit max_rows
            for update skip locked
        ) as old
        where p.keep_ended_jobs_days is not null
        limit max_rows
    )

    delete from ops.notices as n
    using old_notices
    where n.user_id = old_notices.user_id and n.id = old_notices.id;
    get diagnostics cleared = row_count;
    return cleared;
end
$$;

COMMENT ON FUNCTION ops.clear_notices(max_rows bigint) IS 'Deletes up to max_rows notices that are older than their user''s plan keeps what has ended, and says how many.';

REVOKE ALL ON FUNCTION ops.clear_notices(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION ops.clear_rate_limits(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
    cleared bigint;
begin
    with idle as materialized (
        select r.user_id, r.endpoint
        from ops.rate_limits as r
        where r.idle_at < now()
        order by r.idle_at
        limit max_rows
        for update skip locked
    )

    delete from ops.rate_limits as r
    using idle
    where r.user_id = idle.user_id and r.endpoint = idle.endpoint;
    get diagnostics cleared = row_count;
    return cleared;
end
$$;

COMMENT ON FUNCTION ops.clear_rate_limits(max_rows bigint) IS 'Deletes up to max_rows counts of requests that are over, and says how many.';

REVOKE ALL ON FUNCTION ops.clear_rate_limits(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION ops.clear_service_spans(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
declare
    cleared bigint;
begin
    with old_spans as materialized (
        select
            old.service_id,
            old.ended_at
        from ops.services as s
        cross join lateral (
            select
                p.service_id,
                p.ended_at
            from ops.service_spans as p
            where p.service_id = s.id
                and p.ended_at < now() - (
                    select r.days * interval '1 day'
                    from ops.retentions as r
                    where r.name = 'service_spans'
                )
            order by p.ended_at
            limit max_rows
            for update skip locked
        ) as old
        limit max_rows
    )

    delete from ops.service_spans as p
    using old_spans
    where p.service_id = old_spans.service_id and p.ended_at = old_spans.ended_at;
    get diagnostics cleared = row_count;
    return cleared;
end
$$;

COMMENT ON FUNCTION ops.clear_service_spans(max_rows bigint) IS 'Deletes up to max_rows spans that are older than ops.retentions says, and says how many.';

REVOKE ALL ON FUNCTION ops.clear_service_spans(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION ops.confirm_notices(user_ids uuid[], ids uuid[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
    confirmed bigint;
begin
    perform work.acting_worker();
    -- One that its user reads at this moment stays due, and is delivered once more.
    update ops.notices as n
    set
        sent_at = now(),
        due_at = null,
        last_error = null
    from (
        select c.user_id, c.id
        from unnest(user_ids, ids) as done (user_id, id)
        join ops.notices as c on c.user_id = done.user_id and c.id = done.id
        where c.sent_at is null and c.tries > 0
        order by c.user_id, c.id
        for no key update of c skip locked
    ) as sent
    where n.user_id = sent.user_id and n.id = sent.id;
    get diagnostics confirmed = row_count;
    return confirmed;
end
$$;

COMMENT ON FUNCTION ops.confirm_notices(user_ids uuid[], ids uuid[]) IS 'Notices that were claimed are delivered. Says how many; a second time it says 0.';

REVOKE ALL ON FUNCTION ops.confirm_notices(user_ids uuid[], ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.confirm_notices(user_ids uuid[], ids uuid[]) TO renderstore_worker;

CREATE FUNCTION ops.confirm_removals(user_ids uuid[], ids uuid[]) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $$
declare
    removal ops.removals;
    asset studio.assets;
    confirmed bigint := 0;
begin
    perform work.acting_worker();
    for removal in
        select r.*
        from ops.removals as r
        join unnest(user_ids, ids) as done (user_id, id)
            on done.user_id = r.user_id and done.id = r.id
        where r.tries > 0
        order by r.user_id, r.id
        for update of r skip locked
    loop
        select a.* into asset
        from studio.assets as a
        where a.user_id = removal.user_id and a.uri = removal.uri
        for no key update skip locked;
        if not found then
            -- Held by its user: whoever claims it again finds no file, and confirms.
            perform
            from studio.assets as a
            where a.user_id = removal.user_id and a.uri = removal.uri;
            continue when found;
        elsif asset.state = 'removing' then
            update studio.assets as a
            set
                state = 'gone',
                sweep_at = now() + (
                    select p.keep_deleted_days * interval '1 day'
                    from identity.users as u
                    join identity.plans as p on p.id = u.plan_id
                    where u.id = asset.user_id
                )
            where a.user_id = asset.user_id and a.id = asset.id;
            if asset.kept_at is not null then
                perform studio.note_farms_use(asset.user_id, -asset.size_bytes, 0);
            end if;
        end if;
        delete from ops.removals as r
        where r.user_id = removal.user_id and r.id = removal.id;
        confirmed := confirmed + 1;
    end loop;
    return confirmed;
end
$$;

COMMENT ON FUNCTION ops.confirm_removals(user_ids uuid[], ids uuid[]) IS 'Files that were claimed are removed: their assets are gone, and their bytes count no more. Says how many; a second time it says 0.';

REVOKE ALL ON FUNCTION ops.confirm_removals(user_ids uuid[], ids uuid[]) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.confirm_removals(user_ids uuid[], ids uuid[]) TO renderstore_worker;

CREATE FUNCTION ops.counts_at(kept ops.rate_limits, slot bigint) RETURNS integer[]
    LANGUAGE sql IMMUTABLE
    RETURN ops.moved_counts(((((kept).used - ops.total(((kept).earlier)::integer[])))::integer || ((kept).earlier)::integer[]), (slot - (kept).slot));

COMMENT ON FUNCTION ops.counts_at(kept ops.rate_limits, slot bigint) IS 'What of a rate limit still counts in this twelfth: its own count, and those of the twelve before.';

REVOKE ALL ON FUNCTION ops.counts_at(kept ops.rate_limits, slot bigint) FROM PUBLIC;

CREATE FUNCTION ops.end_span(span ops.service_states, at timestamp with time zone) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if span.state <> 'unknown' and at > span.span_began_at then
        insert into ops.service_spans (service_id, ended_at, began_at, state)
        values (span.service_id, at, span.span_began_at, span.state);
    end if;
end
$$;

COMMENT ON FUNCTION ops.end_span(span ops.service_states, at timestamp with time zone) IS 'Keeps the span that went on until then, where there was one.';

REVOKE ALL ON FUNCTION ops.end_span(span ops.service_states, at timestamp with time zone) FROM PUBLIC;

CREATE FUNCTION ops.fail_notice(user_id uuid, id uuid, message text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
begin
    perform work.acting_worker();
    update ops.notices as n
    set
        last_error = left(message, 1000),
        due_at = now() + least(2 ^ least(n.tries, 20), 1440) * interval '1 minute'
    from (
        select c.user_id, c.id
        from ops.notices as c
        where c.user_id = user_id and c.id = id and c.sent_at is null and c.tries > 0
        for no key update skip locked
    ) as failed
    where n.user_id = failed.user_id and n.id = failed.id;
end
$$;

COMMENT ON FUNCTION ops.fail_notice(user_id uuid, id uuid, message text) IS 'A notice could not be delivered: it is tried again later, at most a day.';

REVOKE ALL ON FUNCTION ops.fail_notice(user_id uuid, id uuid, message text) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.fail_notice(user_id uuid, id uuid, message text) TO renderstore_worker;

CREATE FUNCTION ops.fail_removal(user_id uuid, id uuid, message text) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
begin
    perform work.acting_worker();
    update ops.removals as r
    set
        last_error = left(message, 1000),
        due_at = now() + least(2 ^ least(r.tries, 20), 1440) * interval '1 minute'
    where r.user_id = user_id and r.id = id and r.tries > 0;
end
$$;

COMMENT ON FUNCTION ops.fail_removal(user_id uuid, id uuid, message text) IS 'A file could not be removed: it is tried again later, at most a day.';

REVOKE ALL ON FUNCTION ops.fail_removal(user_id uuid, id uuid, message text) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.fail_removal(user_id uuid, id uuid, message text) TO renderstore_worker;

CREATE FUNCTION ops.first_uuidv7(since timestamp with time zone) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((lpad(to_hex((floor((EXTRACT(epoch FROM since) * (1000)::numeric)))::bigint), 12, '0'::text) || '70008000000000000000'::text))::uuid;

COMMENT ON FUNCTION ops.first_uuidv7(since timestamp with time zone) IS 'The lowest identifier of this millisecond: earlier ones sort before it.';

REVOKE ALL ON FUNCTION ops.first_uuidv7(since timestamp with time zone) FROM PUBLIC;

CREATE FUNCTION ops.health(callers jsonb DEFAULT '{}'::jsonb) RETURNS TABLE(name text, verdict ops.verdict, value double precision, unit ops.health_unit, sentence text, remedy text)
    LANGUAGE plpgsql STABLE ROWS 24
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
declare
    measured jsonb := ops.measure_server() || callers;
begin
    if has_function_privilege('ops.measure_farm()', 'execute') then
        measured := measured || ops.measure_farm();
    end if;
    if has_table_privilege('ops.service_status', 'select') then
        measured := measured || jsonb_build_object(
            'services_down',
            (
                select count(*)
                from ops.service_status as s
                where s.status = 'down'
            )
        );
    end if;
    return query
    select
        r.name,
        judged.verdict,
        seen.value::double precision,
        r.unit,
        case
            when judged.verdict = 'unknown'
                then format('%s: %s may not see it.', r.name, current_user)
            when seen.value is null then format('%s: nothing to measure.', r.name)
            else format(r.sentence, ops.spoken(seen.value, r.unit))
        end,
        r.remedy
    from ops.health_rules as r
    cross join lateral (
        select
            -- What is not there is not seen; what is null is nothing.
            jsonb_typeof(measured -> r.name) in ('number', 'null') is not true
            as is_hidden,
            case jsonb_typeof(measured -> r.name)
                when 'number' then (measured ->> r.name)::numeric
            end as value
    ) as seen
    cross join lateral (
        select
            case
                when seen.is_hidden then 'unknown'
                when seen.value > r.fail_above then 'fail'
                when seen.value > r.warn_above then 'warn'
                else 'ok'
            end::ops.verdict as verdict
    ) as judged
    where not r.is_callers or measured ? r.name
    order by r.position;
end
$$;

COMMENT ON FUNCTION ops.health(callers jsonb) IS 'The house''s health, a row a measure: how it stands, its value, what it means and what to do. The caller adds what only it can measure, such as its round trip.';

REVOKE ALL ON FUNCTION ops.health(callers jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.health(callers jsonb) TO renderstore_app;
GRANT ALL ON FUNCTION ops.health(callers jsonb) TO renderstore_worker;
GRANT ALL ON FUNCTION ops.health(callers jsonb) TO renderstore_admin;
GRANT ALL ON FUNCTION ops.health(callers jsonb) TO renderstore_readonly;

CREATE FUNCTION ops.import_rows(kind text, source text, old_rows text, plan_id text) RETURNS TABLE(outcome text, what text, rows bigint)
    LANGUAGE plpgsql SECURITY DEFINER ROWS 10
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    AS $_$
#variable_conflict use_variable
declare
    read_rows jsonb;
    new_rows jsonb;
    new_ids text[];
begin
    perform work.check_administrator();
    -- Text, which says every number as it is there; a client's own reader would round some.
    begin
        read_rows := old_rows;
    exception
        when data_exception or program_limit_exceeded then
            read_rows := null;
    end;
    if jsonb_typeof(read_rows) is distinct from 'array' then
        raise exception using
            errcode = '23514',
            message = 'A batch of another system''s rows is a JSON array.';
    end if;
    -- One import at a time: of one that was killed the last batch may yet be at work.
    perform pg_advisory_xact_lock(hashtext('ops.import_rows'), 0);
    if jsonb_path_exists(read_rows, '$[*] ? (!exists(@.id) || @.id == null)') then
        raise exception using
            errcode = '23514',
            message = 'Every row of another system has an id.';
    end if;
    if plan_id = 'imported' and source in ('User', 'users') then
        insert into identity.plans (id, name)
        values ('imported', 'Imported')
        on conflict do nothing;
    end if;
    select
        jsonb_agg(r.value order by r.nth),
        array_agg(r.value ->> 'id')
    into new_rows, new_ids
    from jsonb_array_elements(read_rows) with ordinality as r (value, nth)
    -- A value and no join, which without statistics would read them all for each row.
    where (
        select i.old_id
        from ops.imported as i
        where i.kind = kind and i.source = source and i.old_id = r.value ->> 'id'
    ) is null;
    if new_ids is not null then
        perform ops.import_some(kind, source, new_rows, plan_id);
        delete from ops.import_refusals as f
        using ops.imported as i
        where f.kind = kind
            and f.source = source
            and f.old_id = any(new_ids)
            and i.kind = f.kind
            and i.source = f.source
            and i.old_id = f.old_id;
    end if;

    return query
    with came as materialized (
        select i.old_id, i.changes
        from ops.imported as i
        where i.kind = kind and i.source = source and i.old_id = any(new_ids)
    ),

    refused as materialized (
        select f.old_id, f.reason
        from ops.import_refusals as f
        where f.kind = kind and f.source = source and f.old_id = any(new_ids)
    )

    select 'known', null, jsonb_array_length(read_rows) - coalesce(cardinality(new_ids), 0)::bigint
    union all
    select 'entered', null, count(*)
    from came
    union all
    select 'changed', null, count(*)
    from came
    where came.changes <> '{}'
    union all
    select 'change', each.change, count(distinct came.old_id)
    from came
    cross join lateral unnest(came.changes) as each (change)
    group by each.change
    union all
    select 'refused', null, count(*)
    from refused
    union all
    select 'refusal', refused.reason, count(*)
    from refused
    group by refused.reason;
    if (select count(distinct listed.old_id) from unnest(new_ids) as listed (old_id)) <> (
        select count(*)
        from (
            select i.old_id
            from ops.imported as i
            where i.kind = kind and i.source = source and i.old_id = any(new_ids)
            union all
            select f.old_id
            from ops.import_refusals as f
            where f.kind = kind and f.source = source and f.old_id = any(new_ids)
        ) as noted
    ) then
        raise exception using
            errcode = 'XX000',
            message = format(
                'Rows of %s neither came nor were refused. Where an import brings that table, this is a fault of ours.',
                source
            );
    end if;
end
$_$;

COMMENT ON FUNCTION ops.import_rows(kind text, source text, old_rows text, plan_id text) IS 'Brings a batch of rows of one table of another system here, a JSON array of objects with an id: how many came, with which changes, were refused and why, or were here already. New users get the plan.';

REVOKE ALL ON FUNCTION ops.import_rows(kind text, source text, old_rows text, plan_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.import_rows(kind text, source text, old_rows text, plan_id text) TO renderstore_admin;

CREATE FUNCTION ops.import_service(kind text, source text, old_row jsonb) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
#variable_conflict use_variable
declare
    changes text[] := '{}';
    id constant text := btrim(
        regexp_replace(lower(btrim(old_row ->> 'service_name')), '[^a-z0-9]+', '-', 'g'),
        '-'
    );
    url text := nullif(btrim(old_row ->> 'service_url'), '');
    config constant jsonb := coalesce(nullif(old_row -> 'config_data', 'null'), '{}');
    there record;
begin
    -- Where our URL has no ? and no /, theirs may end in one.
    if url ~ '/$' then
        url := regexp_replace(url, '/+$', '');
        changes := changes || 'service_url: written without the slash at its end'::text;
    end if;
    if id <> old_row ->> 'service_name' then
        changes := changes || format('service_name: %s became %s', old_row ->> 'service_name', id);
    end if;
    if nullif(old_row ->> 'api_key', '') is not null then
        changes := changes || 'api_key: dropped, it is sealed with another key; set it again'::text;
    end if;
    select s.url, s.is_enabled, s.config into there
    from ops.services as s
    where s.id = id;
    if not found then
        insert into ops.services (id, name, url, is_enabled, config)
        values (
            id,
            left(btrim(old_row ->> 'service_name'), 100),
            url,
            coalesce((old_row ->> 'enabled')::boolean, true),
            config
        );
    elsif there.url is not null and there.url::text is distinct from url then
        perform ops.refuse_import(
            kind, source, old_row,
            'This service is set up here already, with another URL.'
        );
        return;
    elsif there.url is not null then
        changes := changes || 'merged with the service, which is set up here already and stays as is'::text;
    else
        update ops.services as s
        set
            url = url,
            is_enabled = coalesce((old_row ->> 'enabled')::boolean, true),
            config = case when there.config = '{}' then config else there.config end
        where s.id = id;
        if there.config not in ('{}', config) then
            changes := changes || 'config_data: dropped, there is one here'::text;
        end if;
    end if;
    perform ops.note_import(kind, source, old_row ->> 'id', 'ops.services', id, changes);
end
$_$;

COMMENT ON FUNCTION ops.import_service(kind text, source text, old_row jsonb) IS 'Brings one service''s configuration of a media portal here.';

REVOKE ALL ON FUNCTION ops.import_service(kind text, source text, old_row jsonb) FROM PUBLIC;

CREATE FUNCTION ops.import_some(kind text, source text, old_rows jsonb, plan_id text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    rows constant integer := jsonb_array_length(old_rows);
    half jsonb;
    code text;
    said text;
    room text;
    relation text;
    domain text;
    rule text;
begin
    begin
        perform ops.import_table(kind, source, old_rows, plan_id);
        return;
    exception
        when others then
            get stacked diagnostics
                code = returned_sqlstate,
                said = message_text,
                room = schema_name,
                relation = table_name,
                domain = pg_datatype_name,
                rule = constraint_name;
            -- What is wrong with a row; anything else is wrong with the moment, or with us.
            if code !~ '^(22|23|RS)' then
                raise;
            end if;
    end;
    if rows = 1 then
        perform ops.refuse_import(
            kind,
            source,
            old_rows -> 0,
            coalesce(
                ops.sentence(room, coalesce(nullif(relation, ''), domain), rule, said),
                said
            )
        );
        return;
    end if;
    for nth in 0 .. 1 loop
        select jsonb_agg(r.value order by r.nth) into half
        from jsonb_array_elements(old_rows) with ordinality as r (value, nth)
        where (r.nth > rows / 2) = (nth = 1);
        perform ops.import_some(kind, source, half, plan_id);
    end loop;
end
$$;

COMMENT ON FUNCTION ops.import_some(kind text, source text, old_rows jsonb, plan_id text) IS 'Brings rows of one table of another system here; those that break a rule are refused one by one.';

REVOKE ALL ON FUNCTION ops.import_some(kind text, source text, old_rows jsonb, plan_id text) FROM PUBLIC;

CREATE FUNCTION ops.import_table(kind text, source text, old_rows jsonb, plan_id text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if source = 'Job' then
        perform render.import_jobs(kind, source, old_rows);
        return;
    end if;
    perform
        case source
            when 'User' then identity.import_user(kind, source, r.value, plan_id)
            when 'Account' then identity.import_account(kind, source, r.value)
            when 'Session' then identity.import_web_session(kind, source, r.value)
            when 'VerificationToken'
                then identity.import_verification_token(kind, source, r.value)
            when 'ApiToken' then identity.import_api_token(kind, source, r.value)
            when 'users' then identity.import_user(kind, source, r.value, plan_id)
            when 'session_tokens'
                then identity.import_session_token(kind, source, r.value)
            when 'media_requests' then media.import_request(kind, source, r.value)
            when 'youtube_downloads' then media.import_download(kind, source, r.value)
            when 'service_config' then ops.import_service(kind, source, r.value)
            when 'service_status'
                then ops.refuse_import(
                    kind, source, r.value,
                    'Checks find anew how a service stands: renderstore check.'
                )
            when 'rate_limits'
                then ops.refuse_import(
                    kind, source, r.value,
                    'A count of a window is over soon; ops.limits has the limits.'
                )
        end
    from jsonb_array_elements(old_rows) with ordinality as r (value, nth)
    order by r.nth;
end
$$;

COMMENT ON FUNCTION ops.import_table(kind text, source text, old_rows jsonb, plan_id text) IS 'Brings rows of one table of another system here, in their order.';

REVOKE ALL ON FUNCTION ops.import_table(kind text, source text, old_rows jsonb, plan_id text) FROM PUBLIC;

CREATE FUNCTION ops.imported_id(created_at timestamp with time zone, old_id text) RETURNS uuid
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN ((old_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'::text) AND (created_at IS NULL)) THEN (old_id)::uuid ELSE (((((lpad(to_hex((floor((EXTRACT(epoch FROM created_at) * (1000)::numeric)))::bigint), 12, '0'::text) || '7'::text) || substr(md5(old_id), 1, 3)) || '8'::text) || substr(md5(old_id), 4, 15)))::uuid END;

COMMENT ON FUNCTION ops.imported_id(created_at timestamp with time zone, old_id text) IS 'The key of a row that came from another system: a version 7 UUID of its own time and its old id, the same each time. Without a time an old id that is a UUID stays.';

REVOKE ALL ON FUNCTION ops.imported_id(created_at timestamp with time zone, old_id text) FROM PUBLIC;

CREATE FUNCTION ops.imported_user(kind text, old_id text) RETURNS uuid
    LANGUAGE sql STABLE
    RETURN (SELECT (i.row_key)::uuid AS row_key FROM ops.imported i WHERE ((i.kind = imported_user.kind) AND (i.source = ANY (ARRAY['User'::text, 'users'::text])) AND (i.old_id = imported_user.old_id)));

COMMENT ON FUNCTION ops.imported_user(kind text, old_id text) IS 'The user who came from another system with this id; null where none did.';

REVOKE ALL ON FUNCTION ops.imported_user(kind text, old_id text) FROM PUBLIC;

CREATE FUNCTION ops.is_file_kept(owner uuid, uri text) RETURNS boolean
    LANGUAGE sql STABLE
    RETURN (EXISTS (SELECT FROM media.download_files f WHERE ((f.user_id = is_file_kept.owner) AND (f.path = is_file_kept.uri) AND (f.state = 'kept'::media.file_state))));

COMMENT ON FUNCTION ops.is_file_kept(owner uuid, uri text) IS 'Whether something else than an asset keeps a file.';

REVOKE ALL ON FUNCTION ops.is_file_kept(owner uuid, uri text) FROM PUBLIC;

CREATE FUNCTION ops.is_kept_time(value timestamp with time zone) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ((value >= '1970-01-01 00:00:00+00'::timestamp with time zone) AND (value < '9999-12-31 00:00:00+00'::timestamp with time zone));

COMMENT ON FUNCTION ops.is_kept_time(value timestamp with time zone) IS 'Whether every client can read a time: 1970 to 9999; null for null.';

REVOKE ALL ON FUNCTION ops.is_kept_time(value timestamp with time zone) FROM PUBLIC;

CREATE FUNCTION ops.is_owners_uri(owner uuid, uri text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (starts_with(uri, ((owner)::text || '/'::text)) AND ((length(uri) >= 38) AND (length(uri) <= 1000)) AND (uri !~ '(^|/)[.]{0,2}(/|$)'::text) AND (uri !~ '[\u0001-\u001f\u007f\\]'::text));

COMMENT ON FUNCTION ops.is_owners_uri(owner uuid, uri text) IS 'Whether a file of this name lies in its owner''s folder, and below it: it begins with the owner''s id, does not climb, and has no control characters and no backslash.';

REVOKE ALL ON FUNCTION ops.is_owners_uri(owner uuid, uri text) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.is_owners_uri(owner uuid, uri text) TO renderstore_app;
GRANT ALL ON FUNCTION ops.is_owners_uri(owner uuid, uri text) TO renderstore_worker;
GRANT ALL ON FUNCTION ops.is_owners_uri(owner uuid, uri text) TO renderstore_admin;
GRANT ALL ON FUNCTION ops.is_owners_uri(owner uuid, uri text) TO renderstore_readonly;

CREATE FUNCTION ops.json_problem(value jsonb) RETURNS text
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
begin
    if value is null then
        return null;
    elsif pg_column_size(value) > 1048576 then
        return 'JSON has at most 1 MiB.';
    elsif jsonb_path_exists(value, 'strict $.**{200}') then
        return 'JSON is at most 200 levels deep.';
    elsif jsonb_path_exists(value, 'strict $.** ? (@.type() == "number")')
        and value::text ~ '[0-9.]{101}'
        and exists (
            select
            from jsonb_path_query(value, 'strict $.**') as part
            where jsonb_typeof(part) = 'number' and length(part::text) > 100
        )
    then
        return 'A number in JSON has at most 100 digits.';
    end if;
    return null;
end
$_$;

COMMENT ON FUNCTION ops.json_problem(value jsonb) IS 'Why some client could not read this JSON back, as a sentence; null where every one can, and for null.';

REVOKE ALL ON FUNCTION ops.json_problem(value jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.json_problem(value jsonb) TO renderstore_app;
GRANT ALL ON FUNCTION ops.json_problem(value jsonb) TO renderstore_worker;
GRANT ALL ON FUNCTION ops.json_problem(value jsonb) TO renderstore_admin;
GRANT ALL ON FUNCTION ops.json_problem(value jsonb) TO renderstore_readonly;

CREATE FUNCTION ops.list_service_secrets(after_service_id text, page_size bigint) RETURNS TABLE(service_id text, api_key_sealed bytea)
    LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_column
begin
    perform work.acting_worker();
    return query
    select k.service_id, k.api_key_sealed
    from ops.service_secrets as k
    where k.service_id > coalesce(after_service_id, '')
    order by k.service_id
    limit page_size;
end
$$;

COMMENT ON FUNCTION ops.list_service_secrets(after_service_id text, page_size bigint) IS 'A page of the sealed API keys, for a change of the key that seals them.';

REVOKE ALL ON FUNCTION ops.list_service_secrets(after_service_id text, page_size bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.list_service_secrets(after_service_id text, page_size bigint) TO renderstore_worker;

CREATE FUNCTION ops.measure_farm() RETURNS jsonb
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_bitmapscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET max_parallel_workers_per_gather TO '0'
    SET jit TO 'off'
    AS $$
declare
    waiting bigint;
    bound constant bigint := 10000;
begin
    select count(*) into waiting
    from (
        select r.job_id
        from work.ready as r
        union all
        select a.job_id
        from work.arrivals as a
        limit bound
    ) as counted;
    -- A long line is not counted to its end.
    if waiting = bound then
        waiting := greatest(
            bound,
            (
                select pg_stat_get_live_tuples(c.oid)
                from pg_class as c
                where c.oid = 'work.ready'::regclass
            )
        );
    end if;
    return jsonb_build_object(
        'waiting_jobs',
        waiting,
        'oldest_waiting_s',
        (
            select extract(epoch from now() - oldest.queued_at)
            from (
                select
                    j.user_id,
                    j.queued_at
                from work.jobs as j
                where j.status = 'queued'
                -- Of an enum's index the planner sees the order only where all is named.
                order by j.status, j.id
                limit 1000
            ) as oldest
            where not exists (
                select
                from work.user_pauses as p
                where p.user_id = oldest.user_id
            )
            limit 1
        ),
        'expired_leases',
        (
            select count(*)
            from (
                select
                from work.jobs as j
                where j.status = 'running'
                    and j.lease_expires_at < now() - interval '1 minute'
                limit 1000
            ) as expired
        )
        + (
            select count(*)
            from (
                select
                from work.jobs as j
                where j.status = 'validating'
                    and j.lease_expires_at < now() - interval '1 minute'
                limit 1000
            ) as expired
        ),
        'removals_wait_s',
        (
            select extract(epoch from now() - r.due_at)
            from ops.removals as r
            where r.due_at < now()
            order by r.due_at
            limit 1
        )
    )
    || (
        select
            jsonb_build_object(
                'sweep_age_s',
                extract(epoch from now() - min(p.last_run_at)),
                'sweep_parts_never_run',
                count(*) filter (where p.last_run_at is null),
                'sweep_problems',
                count(p.problem)
            )
        from ops.sweep_parts as p
    );
end
$$;

COMMENT ON FUNCTION ops.measure_farm() IS 'What the queue and the sweep say of the house''s health, by name.';

REVOKE ALL ON FUNCTION ops.measure_farm() FROM PUBLIC;
GRANT ALL ON FUNCTION ops.measure_farm() TO renderstore_worker;
GRANT ALL ON FUNCTION ops.measure_farm() TO renderstore_admin;
GRANT ALL ON FUNCTION ops.measure_farm() TO renderstore_readonly;

CREATE FUNCTION ops.measure_server() RETURNS jsonb
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $$
declare
    sees_sessions constant boolean := pg_has_role('pg_read_all_stats', 'usage');
    uncounted constant text := ops.uncounted_because();
    measured jsonb;
begin
    select
        jsonb_build_object(
            'connections_used_percent',
            100.0 * sum(d.numbackends)
            / (
                current_setting('max_connections')::integer
                - current_setting('superuser_reserved_connections')::integer
                - coalesce(current_setting('reserved_connections', true)::integer, 0)
            ),
            'cache_misses_percent',
            -- So few blocks say nothing.
            max(100.0 * d.blks_read / (d.blks_read + d.blks_hit)) filter (
                where d.datname = current_database()
                    and d.blks_read + d.blks_hit > 100000
            ),
            'database_bytes',
            pg_database_size(current_database()),
            'wraparound_percent',
            (
                select 100.0 * max(age(b.datfrozenxid)) / 2000000000
                from pg_database as b
            ),
            'lock_wait_s',
            (
                select extract(epoch from clock_timestamp() - min(l.waitstart))
                from pg_locks as l
                where not l.granted
            ),
            'dead_tuples_percent',
            (
                select
                    max(100.0 * t.n_dead_tup / (t.n_live_tup + t.n_dead_tup))
                from pg_stat_user_tables as t
                where t.n_live_tup + t.n_dead_tup > 10000
            ),
            'invalid_indexes',
            (
                select count(*)
                from pg_index as i
                where not (i.indisvalid and i.indisready)
            ),
            'replication_kept_bytes',
            (
                select
                    max(
                        case
                            when pg_is_in_recovery()
                                then pg_wal_lsn_diff(pg_last_wal_replay_lsn(), s.restart_lsn)
                            else pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn)
                        end
                    )
                from pg_replication_slots as s
                where not s.active
            )
        )
    into measured
    from pg_stat_database as d;
    if sees_sessions then
        measured := measured || jsonb_build_object(
            'oldest_transaction_s',
            (
                select extract(epoch from clock_timestamp() - min(t.began_at))
                from (
                    select a.xact_start as began_at
                    from pg_stat_activity as a
                    where a.pid <> pg_backend_pid()
                        and a.backend_type = 'client backend'
                    union all
                    select x.prepared
                    from pg_prepared_xacts as x
                ) as t
            )
        );
    end if;
    -- What nobody counts is nothing; what others' sessions did is not everybody's.
    if uncounted is null then
        measured := measured || jsonb_build_object(
            'slowest_query_ms',
            (
                select max(s.mean_ms)
                from ops.slowest_statements() as s
                where s.name is not null
            )
        );
    elsif uncounted in ('not loaded', 'not created', 'outdated') then
        measured := measured || jsonb_build_object('slowest_query_ms', null);
    end if;
    if pg_is_in_recovery() then
        measured := measured || jsonb_build_object(
            -- One that nobody sends to any more has replayed all that it received.
            'replication_lag_s',
            case
                when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
                    and exists (
                        select
                        from pg_stat_wal_receiver
                    )
                    then 0
                else extract(
                    epoch from clock_timestamp() - coalesce(
                        pg_last_xact_replay_timestamp(),
                        pg_postmaster_start_time()
                    )
                )
            end,
            'replication_behind_bytes',
            pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
        );
    elsif sees_sessions or not exists (
        select
        from pg_stat_replication
    )
    then
        measured := measured || jsonb_build_object(
            'replication_lag_s',
            (
                select extract(epoch from max(r.replay_lag))
                from pg_stat_replication as r
            ),
            -- One that hangs says no lag, or the last that it had.
            'replication_behind_bytes',
            (
                select max(pg_wal_lsn_diff(pg_current_wal_lsn(), r.replay_lsn))
                from pg_stat_replication as r
            )
        );
    end if;
    return measured;
end
$$;

COMMENT ON FUNCTION ops.measure_server() IS 'What the server says of the house''s health, by name; what whoever asks may not see is left out.';

REVOKE ALL ON FUNCTION ops.measure_server() FROM PUBLIC;
GRANT ALL ON FUNCTION ops.measure_server() TO renderstore_app;
GRANT ALL ON FUNCTION ops.measure_server() TO renderstore_worker;
GRANT ALL ON FUNCTION ops.measure_server() TO renderstore_admin;
GRANT ALL ON FUNCTION ops.measure_server() TO renderstore_readonly;

CREATE FUNCTION ops.moved_counts(counts integer[], slots bigint) RETURNS integer[]
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN (slots <= 0) THEN counts ELSE (array_fill(0, ARRAY[(LEAST(slots, (13)::bigint))::integer]) || (counts)[1:((13 - LEAST(slots, (13)::bigint)))::integer]) END;

COMMENT ON FUNCTION ops.moved_counts(counts integer[], slots bigint) IS 'The counts of a sliding window after so many more twelfths of it.';

REVOKE ALL ON FUNCTION ops.moved_counts(counts integer[], slots bigint) FROM PUBLIC;

CREATE FUNCTION ops.note_check(service ops.services, before ops.service_states, is_up boolean, response_ms bigint, message text, at timestamp with time zone) RETURNS ops.service_states
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    now_on ops.service_states := before;
begin
    if at > before.stale_at then
        -- Nobody knows what was in between.
        perform ops.end_span(before, before.stale_at);
        now_on.state := 'unknown';
        now_on.span_began_at := null;
        now_on.failures := 0;
        now_on.failed_at := null;
    end if;
    if is_up then
        now_on.failures := 0;
        now_on.failed_at := null;
        if now_on.state <> 'up' then
            perform ops.end_span(now_on, at);
            now_on.state := 'up';
            now_on.span_began_at := at;
            now_on.last_change_at := at;
        end if;
    else
        now_on.failures := now_on.failures + 1;
        now_on.failed_at := coalesce(now_on.failed_at, at);
        if now_on.state <> 'down'
            and now_on.failures >= service.failures_to_go_down
        then
            perform ops.end_span(now_on, now_on.failed_at);
            now_on.state := 'down';
            now_on.span_began_at := now_on.failed_at;
            now_on.last_change_at := now_on.failed_at;
        end if;
    end if;
    if now_on.state = 'down' and before.told <> 'down'
        or now_on.state = 'up' and before.told = 'down'
    then
        now_on.told := now_on.state;
        perform ops.tell_administrators(
            'service_' || now_on.state,
            jsonb_strip_nulls(
                jsonb_build_object(
                    'service',
                    service.id,
                    'name',
                    service.name,
                    'since',
                    now_on.span_began_at,
                    'message',
                    left(message, 500)
                )
            )
        );
    end if;
    now_on.stale_at := at + 2 * service.check_every_s * interval '1 second';
    now_on.response_ms := response_ms;
    now_on.message := left(message, 500);
    now_on.last_check_at := at;
    update ops.service_states as s
    set
        state = now_on.state,
        span_began_at = now_on.span_began_at,
        stale_at = now_on.stale_at,
        told = now_on.told,
        failures = now_on.failures,
        failed_at = now_on.failed_at,
        response_ms = now_on.response_ms,
        message = now_on.message,
        last_check_at = now_on.last_check_at,
        last_change_at = now_on.last_change_at
    where s.service_id = service.id;
    return now_on;
end
$$;

COMMENT ON FUNCTION ops.note_check(service ops.services, before ops.service_states, is_up boolean, response_ms bigint, message text, at timestamp with time zone) IS 'What a check of that moment makes of a service''s state, which the caller has locked.';

REVOKE ALL ON FUNCTION ops.note_check(service ops.services, before ops.service_states, is_up boolean, response_ms bigint, message text, at timestamp with time zone) FROM PUBLIC;

CREATE FUNCTION ops.note_import(kind text, source text, old_id text, table_name text, row_key text, changes text[]) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 INSERT INTO ops.imported (kind, source, old_id, table_name, row_key, changes)
   VALUES (note_import.kind, note_import.source, note_import.old_id, note_import.table_name, note_import.row_key, array_remove(note_import.changes, NULL::text));
END;

COMMENT ON FUNCTION ops.note_import(kind text, source text, old_id text, table_name text, row_key text, changes text[]) IS 'Notes what became of a row that came from another system.';

REVOKE ALL ON FUNCTION ops.note_import(kind text, source text, old_id text, table_name text, row_key text, changes text[]) FROM PUBLIC;

CREATE FUNCTION ops.queue_stray(uri text, size_bytes bigint DEFAULT 0) RETURNS boolean
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner uuid;
begin
    perform work.check_administrator();
    if coalesce(uri, '') !~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/' then
        raise exception using
            errcode = '23514',
            message = 'A file''s URI begins with the id of its owner and a slash.';
    end if;
    owner := split_part(uri, '/', 1)::uuid;
    if exists (
        select
        from studio.assets as a
        where a.user_id = owner and a.uri = uri and a.state <> 'gone'
    )
    or ops.is_file_kept(owner, uri)
    -- What a download has written it names when it is whole.
    or exists (
        select
        from work.jobs as j
        where j.user_id = owner and j.kind = 'download' and j.status = 'running'
    )
    then
        return false;
    end if;
    insert into ops.removals (user_id, uri, size_bytes, reason)
    values (owner, uri, size_bytes, 'stray')
    on conflict on constraint removals_user_id_uri_key do nothing;
    return found;
end
$$;

COMMENT ON FUNCTION ops.queue_stray(uri text, size_bytes bigint) IS 'A file was found that no asset names: it is to be removed. False where one names it after all, where it is to be removed already, or while a download of its owner runs.';

REVOKE ALL ON FUNCTION ops.queue_stray(uri text, size_bytes bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.queue_stray(uri text, size_bytes bigint) TO renderstore_admin;

CREATE FUNCTION ops.read_notices(ids uuid[] DEFAULT NULL::uuid[], user_id uuid DEFAULT NULL::uuid) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(user_id);
    noted bigint;
begin
    -- What is being delivered at this moment is not waited for.
    update ops.notices as n
    set read_at = now()
    from (
        select c.user_id, c.id
        from ops.notices as c
        where c.user_id = owner
            and c.read_at is null
            and (ids is null or c.id = any(ids))
        order by c.id
        for no key update skip locked
    ) as unread
    where n.user_id = unread.user_id and n.id = unread.id;
    get diagnostics noted = row_count;
    return noted;
end
$$;

COMMENT ON FUNCTION ops.read_notices(ids uuid[], user_id uuid) IS 'The user has read these notices, or all of them; says how many were not read before.';

REVOKE ALL ON FUNCTION ops.read_notices(ids uuid[], user_id uuid) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.read_notices(ids uuid[], user_id uuid) TO renderstore_app;
GRANT ALL ON FUNCTION ops.read_notices(ids uuid[], user_id uuid) TO renderstore_admin;

CREATE FUNCTION ops.record_check(service_id text, state ops.service_state, response_ms bigint DEFAULT NULL::bigint, message text DEFAULT NULL::text) RETURNS ops.service_state
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    service ops.services;
    kept ops.service_states;
begin
    perform work.acting_worker();
    select s.* into service
    from ops.services as s
    where s.id = service_id;
    if not found then
        raise exception using
            errcode = 'P0002',
            message = format('There is no service %L.', service_id);
    elsif not service.is_watched then
        return 'unknown';
    end if;
    select s.* into kept
    from ops.service_states as s
    where s.service_id = service_id
    for no key update;
    if not found then
        insert into ops.service_states (service_id)
        values (service_id)
        on conflict on constraint service_states_pkey do nothing;
        select s.* into kept
        from ops.service_states as s
        where s.service_id = service_id
        for no key update;
    end if;
    if state is null or state = 'unknown' then
        return case when kept.stale_at > now() then kept.state else 'unknown' end;
    end if;
    -- Recorded in the order in which they come here, each at a moment of its own.
    kept := ops.note_check(
        service,
        kept,
        state = 'up',
        response_ms,
        message,
        greatest(clock_timestamp(), kept.last_check_at + interval '1 microsecond')
    );
    return kept.state;
end
$$;

COMMENT ON FUNCTION ops.record_check(service_id text, state ops.service_state, response_ms bigint, message text) IS 'A service was checked just now and found up or down. Gives its state: down only after its failures in a row, unknown where it is not watched.';

REVOKE ALL ON FUNCTION ops.record_check(service_id text, state ops.service_state, response_ms bigint, message text) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.record_check(service_id text, state ops.service_state, response_ms bigint, message text) TO renderstore_worker;

CREATE FUNCTION ops.refuse_import(kind text, source text, old_row jsonb, reason text) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 INSERT INTO ops.import_refusals (kind, source, old_id, reason, old_row)
   VALUES (refuse_import.kind, refuse_import.source, (refuse_import.old_row ->> 'id'::text), refuse_import.reason, ops.without_secrets(refuse_import.old_row)) ON CONFLICT ON CONSTRAINT import_refusals_pkey DO UPDATE SET reason = excluded.reason, old_row = excluded.old_row, refused_at = excluded.refused_at;
END;

COMMENT ON FUNCTION ops.refuse_import(kind text, source text, old_row jsonb, reason text) IS 'Keeps a row of another system that cannot come, with the reason.';

REVOKE ALL ON FUNCTION ops.refuse_import(kind text, source text, old_row jsonb, reason text) FROM PUBLIC;

CREATE FUNCTION ops.replace_service_secret(service_id text, old_value bytea, new_value bytea) RETURNS bigint
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
declare
    replaced bigint;
begin
    perform work.acting_worker();
    update ops.service_secrets as k
    set api_key_sealed = new_value
    where k.service_id = service_id and k.api_key_sealed = old_value;
    get diagnostics replaced = row_count;
    return replaced;
end
$$;

COMMENT ON FUNCTION ops.replace_service_secret(service_id text, old_value bytea, new_value bytea) IS 'Puts a value that was sealed again in the place of the old one, unless it has changed since. Says how many: one or none.';

REVOKE ALL ON FUNCTION ops.replace_service_secret(service_id text, old_value bytea, new_value bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.replace_service_secret(service_id text, old_value bytea, new_value bytea) TO renderstore_worker;

CREATE FUNCTION ops.sentence(schema_name text, table_name text, constraint_name text, message text DEFAULT NULL::text) RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
with places (oid) as (
    -- A partition breaks its table's rules.
    select coalesce(pg_inherits.inhparent, pg_class.oid)
    from pg_class
    inner join pg_namespace on pg_namespace.oid = pg_class.relnamespace
    left join pg_inherits on pg_inherits.inhrelid = pg_class.oid
    where pg_namespace.nspname = sentence.schema_name
        and pg_class.relname = sentence.table_name
    union all
    select pg_class.oid
    from pg_class
    inner join pg_namespace on pg_namespace.oid = pg_class.relnamespace
    where pg_namespace.nspname = sentence.schema_name
        and pg_class.relname = sentence.table_name
),

said (words) as (
    select
        coalesce(
            obj_description(pg_constraint.oid, 'pg_constraint'),
            obj_description(pg_constraint.conparentid, 'pg_constraint')
        )
    from pg_constraint
    where pg_constraint.conname = sentence.constraint_name
        and (
            pg_constraint.conrelid in (select places.oid from places)
            -- A domain's rule names the domain where others name their table.
            or pg_constraint.contypid = (
                select pg_type.oid
                from pg_type
                inner join pg_namespace on pg_namespace.oid = pg_type.typnamespace
                where pg_namespace.nspname = sentence.schema_name
                    and pg_type.typname = sentence.table_name
            )
        )
    union all
    select obj_description(pg_index.indexrelid, 'pg_class')
    from pg_index
    inner join pg_class on pg_class.oid = pg_index.indexrelid
    where pg_index.indrelid in (select places.oid from places)
        and pg_index.indisunique
        and pg_class.relname = sentence.constraint_name
    union all
    select
        'A value is missing. '
        || col_description(pg_attribute.attrelid, pg_attribute.attnum)
    from pg_attribute
    where pg_attribute.attrelid in (select places.oid from places)
        and pg_attribute.attname = sentence.constraint_name
        and pg_attribute.attnotnull
),

halves (whole, parent, child) as (
    select
        words,
        split_part(words, '; still referenced:', 1),
        btrim(split_part(words, '; still referenced:', 2))
    from said
    where words is not null
    limit 1
)

select
    case
        when child = '' or message is null then whole
        -- In every language a missing parent's error quotes two names, a referenced one's three.
        when
            length(message) - length(translate(message, '"«»„“”「」', '')) >= 6
            then upper(left(child, 1)) || rtrim(substring(child from 2), '.') || '.'
        else rtrim(parent, '.') || '.'
    end
from halves
$$;

COMMENT ON FUNCTION ops.sentence(schema_name text, table_name text, constraint_name text, message text) IS 'The sentence of the rule that an error names; null for a rule that is not ours. The column in place of the constraint for a missing value. With the error''s message, the direction of a foreign key that is meant, else both.';

REVOKE ALL ON FUNCTION ops.sentence(schema_name text, table_name text, constraint_name text, message text) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.sentence(schema_name text, table_name text, constraint_name text, message text) TO renderstore_app;
GRANT ALL ON FUNCTION ops.sentence(schema_name text, table_name text, constraint_name text, message text) TO renderstore_auth;
GRANT ALL ON FUNCTION ops.sentence(schema_name text, table_name text, constraint_name text, message text) TO renderstore_worker;
GRANT ALL ON FUNCTION ops.sentence(schema_name text, table_name text, constraint_name text, message text) TO renderstore_admin;
GRANT ALL ON FUNCTION ops.sentence(schema_name text, table_name text, constraint_name text, message text) TO renderstore_readonly;

CREATE FUNCTION ops.service_secret(service_id text) RETURNS bytea
    LANGUAGE plpgsql STABLE SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
begin
    perform work.acting_worker();
    return (
        select k.api_key_sealed
        from ops.service_secrets as k
        where k.service_id = service_id
    );
end
$$;

COMMENT ON FUNCTION ops.service_secret(service_id text) IS 'A service''s sealed API key, for who checks it; null without one.';

REVOKE ALL ON FUNCTION ops.service_secret(service_id text) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.service_secret(service_id text) TO renderstore_worker;

CREATE FUNCTION ops.service_uptime(service_id text, since timestamp with time zone, until timestamp with time zone DEFAULT now()) RETURNS TABLE(up interval, down interval, percentage numeric)
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    BEGIN ATOMIC
 SELECT summed.up,
     summed.down,
     trunc((((100)::numeric * EXTRACT(epoch FROM summed.up)) / NULLIF(EXTRACT(epoch FROM (summed.up + summed.down)), (0)::numeric)), 2) AS percentage
    FROM ( SELECT COALESCE(sum(span.lasted) FILTER (WHERE (span.state = 'up'::ops.service_state)), '00:00:00'::interval) AS up,
             COALESCE(sum(span.lasted) FILTER (WHERE (span.state = 'down'::ops.service_state)), '00:00:00'::interval) AS down
            FROM ( SELECT s.state,
                     (LEAST(s.ended_at, service_uptime.until) - GREATEST(s.began_at, service_uptime.since)) AS lasted
                    FROM ops.service_spans s
                   WHERE ((s.service_id = service_uptime.service_id) AND (s.ended_at > service_uptime.since) AND (s.began_at < service_uptime.until))
                 UNION ALL
                  SELECT s.state,
                     (LEAST(s.stale_at, now(), service_uptime.until) - GREATEST(s.span_began_at, service_uptime.since)) AS lasted
                    FROM ops.service_states s
                   WHERE ((s.service_id = service_uptime.service_id) AND (s.state <> 'unknown'::ops.service_state) AND (s.span_began_at < LEAST(now(), service_uptime.until)) AND (s.stale_at > service_uptime.since))) span) summed;
END;

COMMENT ON FUNCTION ops.service_uptime(service_id text, since timestamp with time zone, until timestamp with time zone) IS 'How long a service was up and down between two moments, and how much of both it was up, in percent and cut after two places. What nobody checked is neither; without any check the percentage is null.';

REVOKE ALL ON FUNCTION ops.service_uptime(service_id text, since timestamp with time zone, until timestamp with time zone) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.service_uptime(service_id text, since timestamp with time zone, until timestamp with time zone) TO renderstore_app;
GRANT ALL ON FUNCTION ops.service_uptime(service_id text, since timestamp with time zone, until timestamp with time zone) TO renderstore_worker;
GRANT ALL ON FUNCTION ops.service_uptime(service_id text, since timestamp with time zone, until timestamp with time zone) TO renderstore_admin;
GRANT ALL ON FUNCTION ops.service_uptime(service_id text, since timestamp with time zone, until timestamp with time zone) TO renderstore_readonly;

CREATE FUNCTION ops.set_service_secret(service_id text, api_key_sealed bytea) RETURNS void
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
#variable_conflict use_variable
begin
    perform work.check_administrator();
    update ops.services as s
    set updated_at = now()
    where s.id = service_id;
    if not found then
        raise exception using
            errcode = 'P0002',
            message = format('There is no service %L.', service_id);
    end if;
    if api_key_sealed is null then
        delete from ops.service_secrets as k
        where k.service_id = service_id;
        return;
    end if;
    insert into ops.service_secrets (service_id, api_key_sealed)
    values (service_id, api_key_sealed)
    on conflict on constraint service_secrets_pkey do update
    set api_key_sealed = excluded.api_key_sealed;
end
$$;

COMMENT ON FUNCTION ops.set_service_secret(service_id text, api_key_sealed bytea) IS 'Sets a service''s sealed API key, or takes it away where it is null; the rest of the service stays.';

REVOKE ALL ON FUNCTION ops.set_service_secret(service_id text, api_key_sealed bytea) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.set_service_secret(service_id text, api_key_sealed bytea) TO renderstore_admin;

CREATE FUNCTION ops.set_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    new.updated_at = now();
    return new;
end
$$;

COMMENT ON FUNCTION ops.set_updated_at() IS 'Trigger: sets updated_at to the time of the transaction that changes the row.';

REVOKE ALL ON FUNCTION ops.set_updated_at() FROM PUBLIC;

CREATE FUNCTION ops.set_updated_by() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    new.updated_by = identity.current_actor();
    return new;
end
$$;

COMMENT ON FUNCTION ops.set_updated_by() IS 'Trigger: sets updated_by to who changes the row.';

REVOKE ALL ON FUNCTION ops.set_updated_by() FROM PUBLIC;

CREATE FUNCTION ops.slowest_statements(max_rows bigint DEFAULT 20, with_inner boolean DEFAULT false) RETURNS TABLE(name text, text text, calls bigint, total_ms double precision, mean_ms double precision, rows bigint, share double precision, is_inner boolean)
    LANGUAGE plpgsql STABLE ROWS 20
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $_$
begin
    if ops.uncounted_because() is not null then
        return;
    end if;
    -- A query of ours is one statement whoever runs it and however often its text was
    -- planned anew; so is any other text. One whose text the server has lost has none.
    return query execute format(
        $statement$
        with counted as (
            select
                substring(s.query from '^\W*\w+ /\* ([a-z_]+(?:\.[a-z_]+)+) \*/') as name,
                coalesce(s.query, '') as query,
                s.calls,
                s.total_exec_time,
                s.rows,
                not s.toplevel as is_inner
            from %I.pg_stat_statements as s
            where s.dbid = (
                    select d.oid
                    from pg_database as d
                    where d.datname = current_database()
                )
        ),

        costliest as (
            select
                c.name,
                min(c.query) as query,
                sum(c.calls) as calls,
                sum(c.total_exec_time) as total_ms,
                sum(c.rows) as rows,
                c.is_inner
            from counted as c
            where $2 or not c.is_inner
            group by c.name, coalesce(c.name, c.query), c.is_inner
            order by total_ms desc, coalesce(c.name, min(c.query)), c.is_inner
            limit $1
        )

        select
            c.name,
            btrim(
                regexp_replace(
                    regexp_replace(c.query, '--[^\n]*', '', 'g'), '\s+', ' ', 'g'
                )
            ),
            c.calls::bigint,
            c.total_ms,
            c.total_ms / greatest(c.calls, 1)::double precision,
            c.rows::bigint,
            case
                when c.is_inner then 0
                else coalesce(
                    c.total_ms / nullif(
                        (
                            select sum(every.total_exec_time)
                            from counted as every
                            where not every.is_inner
                        ),
                        0
                    ),
                    0
                )
            end,
            c.is_inner
        from costliest as c
        order by c.total_ms desc, coalesce(c.name, c.query), c.is_inner
        $statement$,
        (
            select n.nspname
            from pg_extension as e
            join pg_namespace as n on n.oid = e.extnamespace
            where e.extname = 'pg_stat_statements'
        )
    )
    using max_rows, with_inner;
end
$_$;

COMMENT ON FUNCTION ops.slowest_statements(max_rows bigint, with_inner boolean) IS 'The statements of this database that cost the most time in all since the counting began, ours by their queries'' names; with_inner, those too that functions ran. None where ops.uncounted_because says why.';

REVOKE ALL ON FUNCTION ops.slowest_statements(max_rows bigint, with_inner boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.slowest_statements(max_rows bigint, with_inner boolean) TO renderstore_app;
GRANT ALL ON FUNCTION ops.slowest_statements(max_rows bigint, with_inner boolean) TO renderstore_worker;
GRANT ALL ON FUNCTION ops.slowest_statements(max_rows bigint, with_inner boolean) TO renderstore_admin;
GRANT ALL ON FUNCTION ops.slowest_statements(max_rows bigint, with_inner boolean) TO renderstore_readonly;

CREATE FUNCTION ops.spoken(value numeric, unit ops.health_unit) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN CASE unit WHEN 's'::ops.health_unit THEN (((trunc(value))::double precision * '00:00:01'::interval))::text WHEN 'ms'::ops.health_unit THEN (round(value, 1) || ' ms'::text) WHEN 'percent'::ops.health_unit THEN (round(value, 1) || ' %'::text) WHEN 'bytes'::ops.health_unit THEN pg_size_pretty(trunc(value)) ELSE (round(value))::text END;

COMMENT ON FUNCTION ops.spoken(value numeric, unit ops.health_unit) IS 'A value as a person reads it.';

REVOKE ALL ON FUNCTION ops.spoken(value numeric, unit ops.health_unit) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.spoken(value numeric, unit ops.health_unit) TO renderstore_app;
GRANT ALL ON FUNCTION ops.spoken(value numeric, unit ops.health_unit) TO renderstore_worker;
GRANT ALL ON FUNCTION ops.spoken(value numeric, unit ops.health_unit) TO renderstore_admin;
GRANT ALL ON FUNCTION ops.spoken(value numeric, unit ops.health_unit) TO renderstore_readonly;

CREATE FUNCTION ops.sweep(max_rows bigint DEFAULT 1000, only_urgent boolean DEFAULT false) RETURNS TABLE(what text, jobs bigint, problem text)
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
#variable_conflict use_column
declare
    part record;
    parts text[] := '{}';
    problems text[] := '{}';
    actor constant text := current_setting('renderstore.actor', true);
begin
    perform set_config('renderstore.actor', 'sweep', true);
    for part in
        select p.what, p.function_name
        from ops.sweep_parts as p
        where p.is_urgent or not only_urgent
        order by p.position
    loop
        what := part.what;
        problem := null;
        begin
            execute format('select %s($1)', part.function_name)
            into jobs
            using least(greatest(max_rows, 1), 100000);
        exception
            when others then
                jobs := 0;
                problem := sqlerrm;
        end;
        parts := parts || part.function_name;
        problems := problems || left(problem, 1000);
        return next;
    end loop;
    -- Workers sweep every few seconds, several at once: none waits to say so, and few have to.
    update ops.sweep_parts as p
    set
        last_run_at = now(),
        problem = said.problem
    from (
        select c.position, s.problem
        from unnest(parts, problems) as s (function_name, problem)
        join ops.sweep_parts as c on c.function_name = s.function_name
        where c.last_run_at > now() - interval '20 seconds' is not true
            or c.problem is distinct from s.problem
        order by c.position
        for no key update of c skip locked
    ) as said
    where p.position = said.position;
    perform set_config('renderstore.actor', coalesce(actor, ''), true);
end
$_$;

COMMENT ON FUNCTION ops.sweep(max_rows bigint, only_urgent boolean) IS 'What was done of all that time asks for, at most max_rows of each part, or of what the queue waits for alone. A part that failed says its problem, and did nothing.';

REVOKE ALL ON FUNCTION ops.sweep(max_rows bigint, only_urgent boolean) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.sweep(max_rows bigint, only_urgent boolean) TO renderstore_worker;
GRANT ALL ON FUNCTION ops.sweep(max_rows bigint, only_urgent boolean) TO renderstore_admin;

CREATE FUNCTION ops.take(endpoint text, cost integer DEFAULT 1, OUT is_allowed boolean, OUT remaining bigint, OUT retry_after interval) RETURNS record
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $$
#variable_conflict use_variable
declare
    owner constant uuid := work.acting_owner(null);
    asked constant ops.cost not null := cost;
    moment constant timestamptz := clock_timestamp();
    max_requests bigint;
    window_s integer;
    slot_now bigint;
    kept ops.rate_limits;
    counts integer[];
begin
    if pg_current_xact_id_if_assigned() is not null then
        raise exception using
            errcode = 'RS014',
            message = 'A rate limit is taken in a transaction of its own, before all else: this one has written already, and a rollback would give back what was taken.';
    end if;
    select l.max_requests, l.window_s into max_requests, window_s
    from ops.limits as l
    where l.endpoint = endpoint;
    if not found then
        raise exception using
            errcode = 'P0002',
            message = format('There is no limit %L: an administrator adds it to ops.limits.', endpoint);
    end if;
    slot_now := floor(extract(epoch from moment) * 12 / window_s);
    -- Most calls find a count of their own twelfth with room in it.
    if asked > 0 then
        update ops.rate_limits as r
        set used = r.used + asked
        where r.user_id = owner
            and r.endpoint = endpoint
            and r.window_s = window_s
            and r.slot >= slot_now
            and r.used + asked <= max_requests
        returning max_requests - r.used into remaining;
        if found then
            is_allowed := true;
            return;
        end if;
    end if;
    select r.* into kept
    from ops.rate_limits as r
    where r.user_id = owner and r.endpoint = endpoint;
    -- Whoever is over the limit writes nothing.
    if kept.window_s = window_s then
        counts := ops.counts_at(kept, slot_now);
    else
        counts := array_fill(0, array[13]);
        kept.slot := slot_now;
    end if;
    is_allowed := ops.total(counts) + asked <= max_requests;
    if is_allowed and asked > 0 then
        insert into ops.rate_limits as r (
            user_id,
            endpoint,
            window_s,
            slot,
            used,
            earlier,
            idle_at
        )
        values (
            owner,
            endpoint,
            window_s,
            slot_now,
            asked,
            array_fill(0, array[12]),
            -- Seldom another, so that updates stay HOT; late enough for the rest of this twelfth, which has up to two hours.
            date_trunc('hour', moment + window_s * interval '1 second')
            + interval '3 hours'
        )
        on conflict on constraint rate_limits_pkey do update
        set
            window_s = excluded.window_s,
            slot = case
                when r.window_s = excluded.window_s
                    then greatest(r.slot, excluded.slot)
                else excluded.slot
            end,
            used = case
                when r.window_s = excluded.window_s
                    then ops.total(ops.counts_at(r, excluded.slot)) + asked
                else excluded.used
            end,
            earlier = case
                when r.window_s = excluded.window_s
                    then (ops.counts_at(r, excluded.slot))[2:13]
                else excluded.earlier
            end,
            idle_at = excluded.idle_at
        where r.window_s <> excluded.window_s
            or ops.total(ops.counts_at(r, excluded.slot)) + asked <= max_requests
        returning r.* into kept;
        is_allowed := found;
        if not is_allowed then
            -- Others were faster.
            select r.* into kept
            from ops.rate_limits as r
            where r.user_id = owner and r.endpoint = endpoint;
        end if;
        counts := ops.counts_at(kept, slot_now);
    end if;
    remaining := greatest(max_requests - ops.total(counts), 0);
    -- When enough of it is over; never for what is more than the limit.
    if not is_allowed and asked <= max_requests then
        for ahead in 1 .. 13 loop
            if ops.total(counts[1:13 - ahead]) + asked <= max_requests then
                retry_after := to_timestamp(
                    (greatest(kept.slot, slot_now) + ahead)::double precision
                    * window_s / 12
                ) - moment;
                exit;
            end if;
        end loop;
    end if;
end
$$;

COMMENT ON FUNCTION ops.take(endpoint text, cost integer, OUT is_allowed boolean, OUT remaining bigint, OUT retry_after interval) IS 'Whether the acting user may make a request of an endpoint, which then counts; how many are left; after how long one of this cost may be made where it may not, null for never. A cost of 0 only looks.';

REVOKE ALL ON FUNCTION ops.take(endpoint text, cost integer, OUT is_allowed boolean, OUT remaining bigint, OUT retry_after interval) FROM PUBLIC;
GRANT ALL ON FUNCTION ops.take(endpoint text, cost integer, OUT is_allowed boolean, OUT remaining bigint, OUT retry_after interval) TO renderstore_app;
GRANT ALL ON FUNCTION ops.take(endpoint text, cost integer, OUT is_allowed boolean, OUT remaining bigint, OUT retry_after interval) TO renderstore_admin;

CREATE FUNCTION ops.tell_administrators(topic text, body jsonb) RETURNS void
    LANGUAGE sql
    BEGIN ATOMIC
 INSERT INTO ops.notices (user_id, topic, body)  SELECT told.user_id,
             tell_administrators.topic AS topic,
             tell_administrators.body AS body
            FROM ( SELECT o.user_id
                    FROM (identity.users u
                      JOIN identity.owners o ON ((o.user_id = u.id)))
                   WHERE ((u.role = 'admin'::identity.user_role) AND (u.status = 'active'::identity.user_status))
                  FOR KEY SHARE OF o SKIP LOCKED) told;
END;

COMMENT ON FUNCTION ops.tell_administrators(topic text, body jsonb) IS 'Leaves a notice for every active administrator.';

REVOKE ALL ON FUNCTION ops.tell_administrators(topic text, body jsonb) FROM PUBLIC;

CREATE FUNCTION ops.total(counts integer[]) RETURNS bigint
    LANGUAGE plpgsql IMMUTABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    total bigint := 0;
    each integer;
begin
    foreach each in array counts loop
        total := total + each;
    end loop;
    return total;
end
$$;

COMMENT ON FUNCTION ops.total(counts integer[]) IS 'The sum of some counts.';

REVOKE ALL ON FUNCTION ops.total(counts integer[]) FROM PUBLIC;

CREATE FUNCTION ops.uncounted_because() RETURNS text
    LANGUAGE sql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET jit TO 'off'
    AS $$
select
    case
        when current_setting('pg_stat_statements.max', true) is null then 'not loaded'
        -- A session may give the setting any value; the library's own needs a restart.
        when not exists (
            select
            from pg_settings as s
            where s.name = 'pg_stat_statements.max' and s.context = 'postmaster'
        )
            then 'not loaded'
        when e.oid is null then 'not created'
        when string_to_array(e.extversion, '.')::integer[] < array[1, 9] then 'outdated'
        when (
            has_schema_privilege(e.extnamespace, 'usage')
            and has_table_privilege(c.oid, 'select')
        ) is not true
            then 'not readable'
        when not pg_has_role('pg_read_all_stats', 'usage') then 'not all'
    end
from (select) as always
left join pg_extension as e on e.extname = 'pg_stat_statements'
left join pg_class as c
    on c.relnamespace = e.extnamespace and c.relname = 'pg_stat_statements'
$$;

COMMENT ON FUNCTION ops.uncounted_because() IS 'Why whoever asks does not know which statements cost the most: not loaded, not created, outdated, not readable, not all; null where it does.';

REVOKE ALL ON FUNCTION ops.uncounted_because() FROM PUBLIC;
GRANT ALL ON FUNCTION ops.uncounted_because() TO renderstore_app;
GRANT ALL ON FUNCTION ops.uncounted_because() TO renderstore_worker;
GRANT ALL ON FUNCTION ops.uncounted_because() TO renderstore_admin;
GRANT ALL ON FUNCTION ops.uncounted_because() TO renderstore_readonly;

CREATE FUNCTION ops.uuidv7() RETURNS uuid
    LANGUAGE sql PARALLEL SAFE
    RETURN uuidv7();

COMMENT ON FUNCTION ops.uuidv7() IS 'A new identifier, a version 7 UUID: later ones sort after earlier ones.';

REVOKE ALL ON FUNCTION ops.uuidv7() FROM PUBLIC;
GRANT ALL ON FUNCTION ops.uuidv7() TO renderstore_app;
GRANT ALL ON FUNCTION ops.uuidv7() TO renderstore_auth;
GRANT ALL ON FUNCTION ops.uuidv7() TO renderstore_worker;
GRANT ALL ON FUNCTION ops.uuidv7() TO renderstore_admin;

CREATE FUNCTION ops.without_secrets(old_row jsonb) RETURNS jsonb
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (SELECT jsonb_object_agg(given.key, CASE WHEN ((jsonb_typeof(given.value) = 'string'::text) AND (given.key = ANY (ARRAY['token'::text, 'sessionToken'::text, 'access_token'::text, 'refresh_token'::text, 'id_token'::text, 'session_state'::text, 'password_hash'::text, 'plex_token'::text, 'api_key'::text]))) THEN jsonb_build_object('sha256', encode(sha256(textsend((given.value #>> '{}'::text[]))), 'hex'::text)) ELSE given.value END) AS jsonb_object_agg FROM jsonb_each(without_secrets.old_row) given(key, value));

COMMENT ON FUNCTION ops.without_secrets(old_row jsonb) IS 'A row of another system with the SHA-256 of a secret in its place.';

REVOKE ALL ON FUNCTION ops.without_secrets(old_row jsonb) FROM PUBLIC;

COMMENT ON CONSTRAINT cost_is_0_to_1000000_check ON DOMAIN ops.cost IS 'A request counts for 0 to 1000000.';
COMMENT ON CONSTRAINT moment_is_1970_to_9999_check ON DOMAIN ops.moment IS 'A time lies between 1970 and 9999.';
COMMENT ON CONSTRAINT service_url_is_http_check ON DOMAIN ops.service_url IS 'A service''s URL begins with http:// or https:// and a host, names no user, has no ? or #, and has at most 2000 characters.';
COMMENT ON CONSTRAINT twelve_counts_are_12_check ON DOMAIN ops.twelve_counts IS 'A sliding window has 12 counts beside the present one.';


-- ==================== audit ====================

CREATE SCHEMA audit;

COMMENT ON SCHEMA audit IS 'The append-only trail of who changed what.';

GRANT USAGE ON SCHEMA audit TO renderstore_app;
GRANT USAGE ON SCHEMA audit TO renderstore_admin;
GRANT USAGE ON SCHEMA audit TO renderstore_readonly;

CREATE TYPE audit.operation AS ENUM (
    'insert',
    'update',
    'delete',
    'cancel',
    'try_again',
    'set_priority'
);

COMMENT ON TYPE audit.operation IS 'What was done to a row: what its table''s statement is called, or what was asked of a job.';

CREATE TYPE audit.rule AS ENUM (
    'keep',
    'changed',
    'hash',
    'skip'
);

COMMENT ON TYPE audit.rule IS 'What the trail keeps of a column: keep, its values; changed, that it changed; hash, the length and SHA-256 of its values; skip, nothing.';

CREATE TABLE audit.columns (
    table_name text NOT NULL,
    column_name text NOT NULL,
    rule audit.rule NOT NULL
);

COMMENT ON TABLE audit.columns IS 'One row a column of a watched table: what the trail keeps of it. Secrets, typed text and personal values are never kept.';
COMMENT ON COLUMN audit.columns.table_name IS 'The table, with its schema.';
COMMENT ON COLUMN audit.columns.column_name IS 'The column.';
COMMENT ON COLUMN audit.columns.rule IS 'What is kept.';

ALTER TABLE ONLY audit.columns
    ADD CONSTRAINT columns_pkey PRIMARY KEY (table_name, column_name);

COMMENT ON CONSTRAINT columns_pkey ON audit.columns IS 'There is already a rule for this column.';

CREATE TRIGGER columns_audit_delete AFTER DELETE ON audit.columns REFERENCING OLD TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_audit_columns();

CREATE TRIGGER columns_audit_insert AFTER INSERT ON audit.columns REFERENCING NEW TABLE AS moved FOR EACH STATEMENT EXECUTE FUNCTION audit.note_audit_columns();

CREATE TRIGGER columns_audit_update AFTER UPDATE ON audit.columns FOR EACH ROW WHEN ((((old.table_name IS DISTINCT FROM new.table_name) OR (old.column_name IS DISTINCT FROM new.column_name)) OR (old.rule IS DISTINCT FROM new.rule))) EXECUTE FUNCTION audit.note_audit_columns();

GRANT SELECT ON TABLE audit.columns TO renderstore_admin;
GRANT SELECT ON TABLE audit.columns TO renderstore_readonly;

CREATE TABLE audit.entries (
    user_id uuid NOT NULL,
    id bigint NOT NULL,
    happened_at timestamp with time zone DEFAULT now() NOT NULL,
    transaction_id xid8 DEFAULT pg_current_xact_id() NOT NULL,
    actor text DEFAULT identity.current_actor() NOT NULL,
    bound_user_id uuid DEFAULT identity.current_user_id(),
    login text DEFAULT SESSION_USER NOT NULL,
    table_name text NOT NULL,
    row_key text NOT NULL,
    operation audit.operation NOT NULL,
    changed text[] DEFAULT '{}'::text[] NOT NULL,
    before jsonb,
    after jsonb
);

ALTER TABLE ONLY audit.entries FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE audit.entries IS 'One row a change of a row that people own or decide on. Append-only, for its owner too.';
COMMENT ON COLUMN audit.entries.user_id IS 'Whose row it was; the nil UUID for a row of nobody''s, such as a plan.';
COMMENT ON COLUMN audit.entries.id IS 'The position: later entries have higher ones.';
COMMENT ON COLUMN audit.entries.happened_at IS 'When the transaction began that did it.';
COMMENT ON COLUMN audit.entries.transaction_id IS 'The transaction; what it did together stands together.';
COMMENT ON COLUMN audit.entries.actor IS 'Who did it: user:…, worker:…, token:…, admin:…, dba:… or login:…, or sweep where time did.';
COMMENT ON COLUMN audit.entries.bound_user_id IS 'The user who was bound; null where none was.';
COMMENT ON COLUMN audit.entries.login IS 'The login that was connected.';
COMMENT ON COLUMN audit.entries.table_name IS 'The table, with its schema.';
COMMENT ON COLUMN audit.entries.row_key IS 'The row''s key without its owner; of several columns with a slash between.';
COMMENT ON COLUMN audit.entries.operation IS 'What was done.';
COMMENT ON COLUMN audit.entries.changed IS 'The columns whose value changed, or was there at the insert or the delete; audit.columns says whose values are kept.';
COMMENT ON COLUMN audit.entries.before IS 'Kept columns as they were; null where there was no row.';
COMMENT ON COLUMN audit.entries.after IS 'Kept columns as they became; null where there is no row any more.';

ALTER TABLE ONLY audit.entries
    ADD CONSTRAINT entries_pkey PRIMARY KEY (user_id, id);

COMMENT ON CONSTRAINT entries_pkey ON audit.entries IS 'There is already an entry with this number.';

CREATE INDEX entries_actor_id_idx ON audit.entries USING btree (actor, id);

CREATE INDEX entries_happened_at_id_idx ON audit.entries USING btree (happened_at, id);

CREATE INDEX entries_table_name_row_key_id_idx ON audit.entries USING btree (table_name, row_key, id);

CREATE TRIGGER entries_keep BEFORE UPDATE OR TRUNCATE ON audit.entries FOR EACH STATEMENT EXECUTE FUNCTION audit.keep_entries();

CREATE TRIGGER entries_keep_young AFTER DELETE ON audit.entries REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION audit.keep_entries();

ALTER TABLE audit.entries ENABLE ROW LEVEL SECURITY;

CREATE POLICY entries_own ON audit.entries FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY entries_owner ON audit.entries TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY entries_read ON audit.entries FOR SELECT TO renderstore_admin, renderstore_readonly USING (true);

GRANT SELECT ON TABLE audit.entries TO renderstore_app;
GRANT SELECT ON TABLE audit.entries TO renderstore_admin;
GRANT SELECT ON TABLE audit.entries TO renderstore_readonly;

ALTER TABLE audit.entries ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (
    SEQUENCE NAME audit.entries_id_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1
);

CREATE FUNCTION audit.clear_entries(max_rows bigint) RETURNS bigint
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET enable_hashjoin TO 'off'
    SET enable_mergejoin TO 'off'
    SET jit TO 'off'
    SET plan_cache_mode TO 'force_generic_plan'
    AS $$
declare
    cleared bigint;
begin
    with old_entries as materialized (
        select
            e.user_id,
            e.id
        from audit.entries as e
        where e.happened_at < now() - (
            select r.days * interval '1 day'
            from ops.retentions as r
            where r.name = 'audit_entries'
        )
        order by e.happened_at, e.id
        limit max_rows
        for update skip locked
    )

    delete from audit.entries as e
    using old_entries
    where e.user_id = old_entries.user_id and e.id = old_entries.id;
    get diagnostics cleared = row_count;
    return cleared;
end
$$;

COMMENT ON FUNCTION audit.clear_entries(max_rows bigint) IS 'Deletes up to max_rows entries that are older than ops.retentions says, the oldest first, and says how many.';

REVOKE ALL ON FUNCTION audit.clear_entries(max_rows bigint) FROM PUBLIC;

CREATE FUNCTION audit.digest(value text) RETURNS jsonb
    LANGUAGE plpgsql STABLE STRICT
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    return jsonb_build_object(
        'length',
        length(value),
        'sha256',
        encode(sha256(convert_to(value, 'UTF8')), 'hex')
    );
end
$$;

COMMENT ON FUNCTION audit.digest(value text) IS 'What the trail keeps of a long text: by it one sees that two are the same.';

REVOKE ALL ON FUNCTION audit.digest(value text) FROM PUBLIC;

CREATE FUNCTION audit.history(table_name text, row_key text, max_rows bigint DEFAULT 100) RETURNS TABLE(happened_at timestamp with time zone, actor text, who text, what text)
    LANGUAGE plpgsql STABLE
    SET search_path TO 'pg_catalog', 'pg_temp'
    SET enable_seqscan TO 'off'
    SET jit TO 'off'
    AS $_$
#variable_conflict use_variable
declare
    job constant uuid := case
        when table_name = 'work.jobs'
            and row_key ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
            then row_key::uuid
    end;
begin
    if table_name <> 'work.jobs'
        and not exists (
            select
            from pg_proc as p
            where p.pronamespace = 'audit'::regnamespace
                and p.proname = 'note_' || replace(table_name, '.', '_')
        )
    then
        raise exception using
            errcode = 'P0002',
            message = format('The trail follows no table %s; audit.columns lists those that it does.', table_name);
    end if;
    return query
    select
        told.happened_at,
        told.actor,
        coalesce(split_part(told.actor, ':', 1) || ':' || u.email, told.actor),
        told.what
    from (
        (
            select
                e.happened_at,
                e.id as place,
                e.actor,
                audit.told(e.operation, e.changed, e.before, e.after) as what
            from audit.entries as e
            where e.table_name = table_name and e.row_key = row_key
            order by e.id desc
            limit max_rows
        )
        union all
        (
            select
                h.happened_at,
                h.place,
                h.actor,
                concat_ws(': ', 'became ' || h.after, h.reason) as what
            from work.jobs as j
            join work.history as h on h.user_id = j.user_id and h.job_id = j.id
            where j.status = any(enum_range(null::work.job_status)) and j.id = job
            order by h.happened_at desc, h.place desc
            limit max_rows
        )
    ) as told
    left join identity.users as u
        on u.id = substring(told.actor from '^(?:user|admin):([0-9a-f-]{36})$')::uuid
    order by told.happened_at, told.place nulls last;
end
$_$;

COMMENT ON FUNCTION audit.history(table_name text, row_key text, max_rows bigint) IS 'One row''s life, the oldest first, as far as whoever asks may see it: the table with its schema, the key without its owner. A job''s has its transitions too.';

REVOKE ALL ON FUNCTION audit.history(table_name text, row_key text, max_rows bigint) FROM PUBLIC;
GRANT ALL ON FUNCTION audit.history(table_name text, row_key text, max_rows bigint) TO renderstore_app;
GRANT ALL ON FUNCTION audit.history(table_name text, row_key text, max_rows bigint) TO renderstore_admin;
GRANT ALL ON FUNCTION audit.history(table_name text, row_key text, max_rows bigint) TO renderstore_readonly;

CREATE FUNCTION audit.keep_entries() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    if tg_op = 'DELETE' then
        perform
        from gone
        where gone.happened_at >= now() - (
            select r.days * interval '1 day'
            from ops.retentions as r
            where r.name = 'audit_entries'
        );
        if not found then
            return null;
        end if;
    end if;
    raise exception using
        errcode = '42501',
        message = 'The audit trail is append-only; an entry goes when its retention has ended.';
end
$$;

COMMENT ON FUNCTION audit.keep_entries() IS 'Trigger: an entry never changes, and is deletable only when ops.retentions no longer keeps it.';

REVOKE ALL ON FUNCTION audit.keep_entries() FROM PUBLIC;

CREATE FUNCTION audit.note_audit_columns() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.table_name is distinct from new.table_name then
            changed := changed || 'table_name'::text;
            before := before || jsonb_build_object('table_name', old.table_name);
            after := after || jsonb_build_object('table_name', new.table_name);
        end if;
        if old.column_name is distinct from new.column_name then
            changed := changed || 'column_name'::text;
            before := before || jsonb_build_object('column_name', old.column_name);
            after := after || jsonb_build_object('column_name', new.column_name);
        end if;
        if old.rule is distinct from new.rule then
            changed := changed || 'rule'::text;
            before := before || jsonb_build_object('rule', old.rule);
            after := after || jsonb_build_object('rule', new.rule);
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce('00000000-0000-0000-0000-000000000000'::uuid), 'audit.columns', new.table_name::text || '/' || new.column_name::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce('00000000-0000-0000-0000-000000000000'::uuid),
        'audit.columns',
        r.table_name::text || '/' || r.column_name::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.table_name is not null then 'table_name' end,
            case when r.column_name is not null then 'column_name' end,
            case when r.rule is not null then 'rule' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'table_name', r.table_name,
            'column_name', r.column_name,
            'rule', r.rule
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_audit_columns() IS 'Trigger: writes what happened to rows of audit.columns into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_audit_columns() FROM PUBLIC;

CREATE FUNCTION audit.note_identity_accounts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.user_id is distinct from new.user_id then
            changed := changed || 'user_id'::text;
            before := before || jsonb_build_object('user_id', old.user_id);
            after := after || jsonb_build_object('user_id', new.user_id);
        end if;
        if old.type is distinct from new.type then
            changed := changed || 'type'::text;
            before := before || jsonb_build_object('type', old.type);
            after := after || jsonb_build_object('type', new.type);
        end if;
        if old.provider is distinct from new.provider then
            changed := changed || 'provider'::text;
            before := before || jsonb_build_object('provider', old.provider);
            after := after || jsonb_build_object('provider', new.provider);
        end if;
        if old.provider_account_id is distinct from new.provider_account_id then
            changed := changed || 'provider_account_id'::text;
        end if;
        if old.token_type is distinct from new.token_type then
            changed := changed || 'token_type'::text;
        end if;
        if old.scope is distinct from new.scope then
            changed := changed || 'scope'::text;
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce(new.user_id, '00000000-0000-0000-0000-000000000000'::uuid), 'identity.accounts', new.id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce(r.user_id, '00000000-0000-0000-0000-000000000000'::uuid),
        'identity.accounts',
        r.id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.user_id is not null then 'user_id' end,
            case when r.type is not null then 'type' end,
            case when r.provider is not null then 'provider' end,
            case when r.provider_account_id is not null then 'provider_account_id' end,
            case when r.token_type is not null then 'token_type' end,
            case when r.scope is not null then 'scope' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'user_id', r.user_id,
            'type', r.type,
            'provider', r.provider
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_identity_accounts() IS 'Trigger: writes what happened to rows of identity.accounts into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_identity_accounts() FROM PUBLIC;

CREATE FUNCTION audit.note_identity_api_tokens() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.user_id is distinct from new.user_id then
            changed := changed || 'user_id'::text;
            before := before || jsonb_build_object('user_id', old.user_id);
            after := after || jsonb_build_object('user_id', new.user_id);
        end if;
        if old.service is distinct from new.service then
            changed := changed || 'service'::text;
            before := before || jsonb_build_object('service', old.service);
            after := after || jsonb_build_object('service', new.service);
        end if;
        if old.for_user_id is distinct from new.for_user_id then
            changed := changed || 'for_user_id'::text;
            before := before || jsonb_build_object('for_user_id', old.for_user_id);
            after := after || jsonb_build_object('for_user_id', new.for_user_id);
        end if;
        if old.name is distinct from new.name then
            changed := changed || 'name'::text;
        end if;
        if old.prefix is distinct from new.prefix then
            changed := changed || 'prefix'::text;
        end if;
        if old.roles is distinct from new.roles then
            changed := changed || 'roles'::text;
            before := before || jsonb_build_object('roles', old.roles);
            after := after || jsonb_build_object('roles', new.roles);
        end if;
        if old.expires_at is distinct from new.expires_at then
            changed := changed || 'expires_at'::text;
            before := before || jsonb_build_object('expires_at', old.expires_at);
            after := after || jsonb_build_object('expires_at', new.expires_at);
        end if;
        if old.revoked_at is distinct from new.revoked_at then
            changed := changed || 'revoked_at'::text;
            before := before || jsonb_build_object('revoked_at', old.revoked_at);
            after := after || jsonb_build_object('revoked_at', new.revoked_at);
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce(new.user_id, new.for_user_id, '00000000-0000-0000-0000-000000000000'::uuid), 'identity.api_tokens', new.id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce(r.user_id, r.for_user_id, '00000000-0000-0000-0000-000000000000'::uuid),
        'identity.api_tokens',
        r.id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.user_id is not null then 'user_id' end,
            case when r.service is not null then 'service' end,
            case when r.for_user_id is not null then 'for_user_id' end,
            case when r.name is not null then 'name' end,
            case when r.prefix is not null then 'prefix' end,
            case when r.roles is not null then 'roles' end,
            case when r.expires_at is not null then 'expires_at' end,
            case when r.revoked_at is not null then 'revoked_at' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'user_id', r.user_id,
            'service', r.service,
            'for_user_id', r.for_user_id,
            'roles', r.roles,
            'expires_at', r.expires_at,
            'revoked_at', r.revoked_at
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_identity_api_tokens() IS 'Trigger: writes what happened to rows of identity.api_tokens into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_identity_api_tokens() FROM PUBLIC;

CREATE FUNCTION audit.note_identity_macos_accounts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.user_id is distinct from new.user_id then
            changed := changed || 'user_id'::text;
            before := before || jsonb_build_object('user_id', old.user_id);
            after := after || jsonb_build_object('user_id', new.user_id);
        end if;
        if old.name is distinct from new.name then
            changed := changed || 'name'::text;
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce(new.user_id, '00000000-0000-0000-0000-000000000000'::uuid), 'identity.macos_accounts', new.id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce(r.user_id, '00000000-0000-0000-0000-000000000000'::uuid),
        'identity.macos_accounts',
        r.id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.user_id is not null then 'user_id' end,
            case when r.name is not null then 'name' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'user_id', r.user_id
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_identity_macos_accounts() IS 'Trigger: writes what happened to rows of identity.macos_accounts into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_identity_macos_accounts() FROM PUBLIC;

CREATE FUNCTION audit.note_identity_plans() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.id is distinct from new.id then
            changed := changed || 'id'::text;
            before := before || jsonb_build_object('id', old.id);
            after := after || jsonb_build_object('id', new.id);
        end if;
        if old.name is distinct from new.name then
            changed := changed || 'name'::text;
        end if;
        if old.max_projects is distinct from new.max_projects then
            changed := changed || 'max_projects'::text;
            before := before || jsonb_build_object('max_projects', old.max_projects);
            after := after || jsonb_build_object('max_projects', new.max_projects);
        end if;
        if old.max_active_jobs is distinct from new.max_active_jobs then
            changed := changed || 'max_active_jobs'::text;
            before := before || jsonb_build_object('max_active_jobs', old.max_active_jobs);
            after := after || jsonb_build_object('max_active_jobs', new.max_active_jobs);
        end if;
        if old.max_daily_jobs is distinct from new.max_daily_jobs then
            changed := changed || 'max_daily_jobs'::text;
            before := before || jsonb_build_object('max_daily_jobs', old.max_daily_jobs);
            after := after || jsonb_build_object('max_daily_jobs', new.max_daily_jobs);
        end if;
        if old.max_stored_bytes is distinct from new.max_stored_bytes then
            changed := changed || 'max_stored_bytes'::text;
            before := before || jsonb_build_object('max_stored_bytes', old.max_stored_bytes);
            after := after || jsonb_build_object('max_stored_bytes', new.max_stored_bytes);
        end if;
        if old.max_priority is distinct from new.max_priority then
            changed := changed || 'max_priority'::text;
            before := before || jsonb_build_object('max_priority', old.max_priority);
            after := after || jsonb_build_object('max_priority', new.max_priority);
        end if;
        if old.keep_ended_jobs_days is distinct from new.keep_ended_jobs_days then
            changed := changed || 'keep_ended_jobs_days'::text;
            before := before || jsonb_build_object('keep_ended_jobs_days', old.keep_ended_jobs_days);
            after := after || jsonb_build_object('keep_ended_jobs_days', new.keep_ended_jobs_days);
        end if;
        if old.share is distinct from new.share then
            changed := changed || 'share'::text;
            before := before || jsonb_build_object('share', old.share);
            after := after || jsonb_build_object('share', new.share);
        end if;
        if old.keep_deleted_days is distinct from new.keep_deleted_days then
            changed := changed || 'keep_deleted_days'::text;
            before := before || jsonb_build_object('keep_deleted_days', old.keep_deleted_days);
            after := after || jsonb_build_object('keep_deleted_days', new.keep_deleted_days);
        end if;
        if old.max_open_requests is distinct from new.max_open_requests then
            changed := changed || 'max_open_requests'::text;
            before := before || jsonb_build_object('max_open_requests', old.max_open_requests);
            after := after || jsonb_build_object('max_open_requests', new.max_open_requests);
        end if;
        if old.max_daily_requests is distinct from new.max_daily_requests then
            changed := changed || 'max_daily_requests'::text;
            before := before || jsonb_build_object('max_daily_requests', old.max_daily_requests);
            after := after || jsonb_build_object('max_daily_requests', new.max_daily_requests);
        end if;
        if old.max_daily_downloads is distinct from new.max_daily_downloads then
            changed := changed || 'max_daily_downloads'::text;
            before := before || jsonb_build_object('max_daily_downloads', old.max_daily_downloads);
            after := after || jsonb_build_object('max_daily_downloads', new.max_daily_downloads);
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce('00000000-0000-0000-0000-000000000000'::uuid), 'identity.plans', new.id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce('00000000-0000-0000-0000-000000000000'::uuid),
        'identity.plans',
        r.id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.id is not null then 'id' end,
            case when r.name is not null then 'name' end,
            case when r.max_projects is not null then 'max_projects' end,
            case when r.max_active_jobs is not null then 'max_active_jobs' end,
            case when r.max_daily_jobs is not null then 'max_daily_jobs' end,
            case when r.max_stored_bytes is not null then 'max_stored_bytes' end,
            case when r.max_priority is not null then 'max_priority' end,
            case when r.keep_ended_jobs_days is not null then 'keep_ended_jobs_days' end,
            case when r.share is not null then 'share' end,
            case when r.keep_deleted_days is not null then 'keep_deleted_days' end,
            case when r.max_open_requests is not null then 'max_open_requests' end,
            case when r.max_daily_requests is not null then 'max_daily_requests' end,
            case when r.max_daily_downloads is not null then 'max_daily_downloads' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'id', r.id,
            'max_projects', r.max_projects,
            'max_active_jobs', r.max_active_jobs,
            'max_daily_jobs', r.max_daily_jobs,
            'max_stored_bytes', r.max_stored_bytes,
            'max_priority', r.max_priority,
            'keep_ended_jobs_days', r.keep_ended_jobs_days,
            'share', r.share,
            'keep_deleted_days', r.keep_deleted_days,
            'max_open_requests', r.max_open_requests,
            'max_daily_requests', r.max_daily_requests,
            'max_daily_downloads', r.max_daily_downloads
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_identity_plans() IS 'Trigger: writes what happened to rows of identity.plans into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_identity_plans() FROM PUBLIC;

CREATE FUNCTION audit.note_identity_session_tokens() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.user_id is distinct from new.user_id then
            changed := changed || 'user_id'::text;
            before := before || jsonb_build_object('user_id', old.user_id);
            after := after || jsonb_build_object('user_id', new.user_id);
        end if;
        if old.expires_at is distinct from new.expires_at then
            changed := changed || 'expires_at'::text;
            before := before || jsonb_build_object('expires_at', old.expires_at);
            after := after || jsonb_build_object('expires_at', new.expires_at);
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce(new.user_id, '00000000-0000-0000-0000-000000000000'::uuid), 'identity.session_tokens', new.id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce(r.user_id, '00000000-0000-0000-0000-000000000000'::uuid),
        'identity.session_tokens',
        r.id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.user_id is not null then 'user_id' end,
            case when r.expires_at is not null then 'expires_at' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'user_id', r.user_id,
            'expires_at', r.expires_at
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_identity_session_tokens() IS 'Trigger: writes what happened to rows of identity.session_tokens into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_identity_session_tokens() FROM PUBLIC;

CREATE FUNCTION audit.note_identity_user_secrets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.plex_token_encrypted is distinct from new.plex_token_encrypted then
            changed := changed || 'plex_token_encrypted'::text;
        end if;
        if old.password_hash is distinct from new.password_hash then
            changed := changed || 'password_hash'::text;
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce(new.user_id, '00000000-0000-0000-0000-000000000000'::uuid), 'identity.user_secrets', new.user_id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce(r.user_id, '00000000-0000-0000-0000-000000000000'::uuid),
        'identity.user_secrets',
        r.user_id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.plex_token_encrypted is not null then 'plex_token_encrypted' end,
            case when r.password_hash is not null then 'password_hash' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_identity_user_secrets() IS 'Trigger: writes what happened to rows of identity.user_secrets into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_identity_user_secrets() FROM PUBLIC;

CREATE FUNCTION audit.note_identity_users() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.plan_id is distinct from new.plan_id then
            changed := changed || 'plan_id'::text;
            before := before || jsonb_build_object('plan_id', old.plan_id);
            after := after || jsonb_build_object('plan_id', new.plan_id);
        end if;
        if old.role is distinct from new.role then
            changed := changed || 'role'::text;
            before := before || jsonb_build_object('role', old.role);
            after := after || jsonb_build_object('role', new.role);
        end if;
        if old.status is distinct from new.status then
            changed := changed || 'status'::text;
            before := before || jsonb_build_object('status', old.status);
            after := after || jsonb_build_object('status', new.status);
        end if;
        if old.is_bootstrap is distinct from new.is_bootstrap then
            changed := changed || 'is_bootstrap'::text;
            before := before || jsonb_build_object('is_bootstrap', old.is_bootstrap);
            after := after || jsonb_build_object('is_bootstrap', new.is_bootstrap);
        end if;
        if old.email is distinct from new.email then
            changed := changed || 'email'::text;
        end if;
        if old.name is distinct from new.name then
            changed := changed || 'name'::text;
        end if;
        if old.image is distinct from new.image then
            changed := changed || 'image'::text;
        end if;
        if old.slack_id is distinct from new.slack_id then
            changed := changed || 'slack_id'::text;
        end if;
        if old.plex_id is distinct from new.plex_id then
            changed := changed || 'plex_id'::text;
        end if;
        if old.plex_username is distinct from new.plex_username then
            changed := changed || 'plex_username'::text;
        end if;
        if old.is_password_change_due is distinct from new.is_password_change_due then
            changed := changed || 'is_password_change_due'::text;
            before := before || jsonb_build_object('is_password_change_due', old.is_password_change_due);
            after := after || jsonb_build_object('is_password_change_due', new.is_password_change_due);
        end if;
        if old.email_verified_at is distinct from new.email_verified_at then
            changed := changed || 'email_verified_at'::text;
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce(new.id, '00000000-0000-0000-0000-000000000000'::uuid), 'identity.users', new.id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce(r.id, '00000000-0000-0000-0000-000000000000'::uuid),
        'identity.users',
        r.id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.plan_id is not null then 'plan_id' end,
            case when r.role is not null then 'role' end,
            case when r.status is not null then 'status' end,
            case when r.is_bootstrap is not null then 'is_bootstrap' end,
            case when r.email is not null then 'email' end,
            case when r.name is not null then 'name' end,
            case when r.image is not null then 'image' end,
            case when r.slack_id is not null then 'slack_id' end,
            case when r.plex_id is not null then 'plex_id' end,
            case when r.plex_username is not null then 'plex_username' end,
            case when r.is_password_change_due is not null then 'is_password_change_due' end,
            case when r.email_verified_at is not null then 'email_verified_at' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'plan_id', r.plan_id,
            'role', r.role,
            'status', r.status,
            'is_bootstrap', r.is_bootstrap,
            'is_password_change_due', r.is_password_change_due
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_identity_users() IS 'Trigger: writes what happened to rows of identity.users into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_identity_users() FROM PUBLIC;

CREATE FUNCTION audit.note_media_download_specs() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.playlist_url is distinct from new.playlist_url then
            changed := changed || 'playlist_url'::text;
        end if;
        if old.playlist_title is distinct from new.playlist_title then
            changed := changed || 'playlist_title'::text;
        end if;
        if old.plex_collection_id is distinct from new.plex_collection_id then
            changed := changed || 'plex_collection_id'::text;
        end if;
        if old.options is distinct from new.options then
            changed := changed || 'options'::text;
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce(new.user_id, '00000000-0000-0000-0000-000000000000'::uuid), 'media.download_specs', new.job_id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce(r.user_id, '00000000-0000-0000-0000-000000000000'::uuid),
        'media.download_specs',
        r.job_id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.playlist_url is not null then 'playlist_url' end,
            case when r.playlist_title is not null then 'playlist_title' end,
            case when r.plex_collection_id is not null then 'plex_collection_id' end,
            case when r.options is not null then 'options' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_media_download_specs() IS 'Trigger: writes what happened to rows of media.download_specs into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_media_download_specs() FROM PUBLIC;

CREATE FUNCTION audit.note_media_requests() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.status is distinct from new.status then
            changed := changed || 'status'::text;
            before := before || jsonb_build_object('status', old.status);
            after := after || jsonb_build_object('status', new.status);
        end if;
        if old.title is distinct from new.title then
            changed := changed || 'title'::text;
        end if;
        if old.media_type is distinct from new.media_type then
            changed := changed || 'media_type'::text;
            before := before || jsonb_build_object('media_type', old.media_type);
            after := after || jsonb_build_object('media_type', new.media_type);
        end if;
        if old.tmdb_id is distinct from new.tmdb_id then
            changed := changed || 'tmdb_id'::text;
            before := before || jsonb_build_object('tmdb_id', old.tmdb_id);
            after := after || jsonb_build_object('tmdb_id', new.tmdb_id);
        end if;
        if old.season is distinct from new.season then
            changed := changed || 'season'::text;
            before := before || jsonb_build_object('season', old.season);
            after := after || jsonb_build_object('season', new.season);
        end if;
        if old.is_4k is distinct from new.is_4k then
            changed := changed || 'is_4k'::text;
            before := before || jsonb_build_object('is_4k', old.is_4k);
            after := after || jsonb_build_object('is_4k', new.is_4k);
        end if;
        if old.overseerr_id is distinct from new.overseerr_id then
            changed := changed || 'overseerr_id'::text;
        end if;
        if old.decision_reason is distinct from new.decision_reason then
            changed := changed || 'decision_reason'::text;
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce(new.user_id, '00000000-0000-0000-0000-000000000000'::uuid), 'media.requests', new.id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce(r.user_id, '00000000-0000-0000-0000-000000000000'::uuid),
        'media.requests',
        r.id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.status is not null then 'status' end,
            case when r.title is not null then 'title' end,
            case when r.media_type is not null then 'media_type' end,
            case when r.tmdb_id is not null then 'tmdb_id' end,
            case when r.season is not null then 'season' end,
            case when r.is_4k is not null then 'is_4k' end,
            case when r.overseerr_id is not null then 'overseerr_id' end,
            case when r.decision_reason is not null then 'decision_reason' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'status', r.status,
            'media_type', r.media_type,
            'tmdb_id', r.tmdb_id,
            'season', r.season,
            'is_4k', r.is_4k
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_media_requests() IS 'Trigger: writes what happened to rows of media.requests into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_media_requests() FROM PUBLIC;

CREATE FUNCTION audit.note_ops_health_rules() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.name is distinct from new.name then
            changed := changed || 'name'::text;
            before := before || jsonb_build_object('name', old.name);
            after := after || jsonb_build_object('name', new.name);
        end if;
        if old."position" is distinct from new."position" then
            changed := changed || 'position'::text;
            before := before || jsonb_build_object('position', old."position");
            after := after || jsonb_build_object('position', new."position");
        end if;
        if old.unit is distinct from new.unit then
            changed := changed || 'unit'::text;
            before := before || jsonb_build_object('unit', old.unit);
            after := after || jsonb_build_object('unit', new.unit);
        end if;
        if old.is_callers is distinct from new.is_callers then
            changed := changed || 'is_callers'::text;
            before := before || jsonb_build_object('is_callers', old.is_callers);
            after := after || jsonb_build_object('is_callers', new.is_callers);
        end if;
        if old.warn_above is distinct from new.warn_above then
            changed := changed || 'warn_above'::text;
            before := before || jsonb_build_object('warn_above', old.warn_above);
            after := after || jsonb_build_object('warn_above', new.warn_above);
        end if;
        if old.fail_above is distinct from new.fail_above then
            changed := changed || 'fail_above'::text;
            before := before || jsonb_build_object('fail_above', old.fail_above);
            after := after || jsonb_build_object('fail_above', new.fail_above);
        end if;
        if old.sentence is distinct from new.sentence then
            changed := changed || 'sentence'::text;
        end if;
        if old.remedy is distinct from new.remedy then
            changed := changed || 'remedy'::text;
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce('00000000-0000-0000-0000-000000000000'::uuid), 'ops.health_rules', new.name::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce('00000000-0000-0000-0000-000000000000'::uuid),
        'ops.health_rules',
        r.name::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.name is not null then 'name' end,
            case when r."position" is not null then 'position' end,
            case when r.unit is not null then 'unit' end,
            case when r.is_callers is not null then 'is_callers' end,
            case when r.warn_above is not null then 'warn_above' end,
            case when r.fail_above is not null then 'fail_above' end,
            case when r.sentence is not null then 'sentence' end,
            case when r.remedy is not null then 'remedy' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'name', r.name,
            'position', r."position",
            'unit', r.unit,
            'is_callers', r.is_callers,
            'warn_above', r.warn_above,
            'fail_above', r.fail_above
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_ops_health_rules() IS 'Trigger: writes what happened to rows of ops.health_rules into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_ops_health_rules() FROM PUBLIC;

CREATE FUNCTION audit.note_ops_limits() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.endpoint is distinct from new.endpoint then
            changed := changed || 'endpoint'::text;
            before := before || jsonb_build_object('endpoint', old.endpoint);
            after := after || jsonb_build_object('endpoint', new.endpoint);
        end if;
        if old.max_requests is distinct from new.max_requests then
            changed := changed || 'max_requests'::text;
            before := before || jsonb_build_object('max_requests', old.max_requests);
            after := after || jsonb_build_object('max_requests', new.max_requests);
        end if;
        if old.window_s is distinct from new.window_s then
            changed := changed || 'window_s'::text;
            before := before || jsonb_build_object('window_s', old.window_s);
            after := after || jsonb_build_object('window_s', new.window_s);
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce('00000000-0000-0000-0000-000000000000'::uuid), 'ops.limits', new.endpoint::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce('00000000-0000-0000-0000-000000000000'::uuid),
        'ops.limits',
        r.endpoint::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.endpoint is not null then 'endpoint' end,
            case when r.max_requests is not null then 'max_requests' end,
            case when r.window_s is not null then 'window_s' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'endpoint', r.endpoint,
            'max_requests', r.max_requests,
            'window_s', r.window_s
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_ops_limits() IS 'Trigger: writes what happened to rows of ops.limits into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_ops_limits() FROM PUBLIC;

CREATE FUNCTION audit.note_ops_retentions() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.name is distinct from new.name then
            changed := changed || 'name'::text;
            before := before || jsonb_build_object('name', old.name);
            after := after || jsonb_build_object('name', new.name);
        end if;
        if old.days is distinct from new.days then
            changed := changed || 'days'::text;
            before := before || jsonb_build_object('days', old.days);
            after := after || jsonb_build_object('days', new.days);
        end if;
        if old.least_days is distinct from new.least_days then
            changed := changed || 'least_days'::text;
            before := before || jsonb_build_object('least_days', old.least_days);
            after := after || jsonb_build_object('least_days', new.least_days);
        end if;
        if old.sentence is distinct from new.sentence then
            changed := changed || 'sentence'::text;
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce('00000000-0000-0000-0000-000000000000'::uuid), 'ops.retentions', new.name::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce('00000000-0000-0000-0000-000000000000'::uuid),
        'ops.retentions',
        r.name::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.name is not null then 'name' end,
            case when r.days is not null then 'days' end,
            case when r.least_days is not null then 'least_days' end,
            case when r.sentence is not null then 'sentence' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'name', r.name,
            'days', r.days,
            'least_days', r.least_days
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_ops_retentions() IS 'Trigger: writes what happened to rows of ops.retentions into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_ops_retentions() FROM PUBLIC;

CREATE FUNCTION audit.note_ops_service_secrets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.service_id is distinct from new.service_id then
            changed := changed || 'service_id'::text;
            before := before || jsonb_build_object('service_id', old.service_id);
            after := after || jsonb_build_object('service_id', new.service_id);
        end if;
        if old.api_key_sealed is distinct from new.api_key_sealed then
            changed := changed || 'api_key_sealed'::text;
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce('00000000-0000-0000-0000-000000000000'::uuid), 'ops.service_secrets', new.service_id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce('00000000-0000-0000-0000-000000000000'::uuid),
        'ops.service_secrets',
        r.service_id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.service_id is not null then 'service_id' end,
            case when r.api_key_sealed is not null then 'api_key_sealed' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'service_id', r.service_id
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_ops_service_secrets() IS 'Trigger: writes what happened to rows of ops.service_secrets into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_ops_service_secrets() FROM PUBLIC;

CREATE FUNCTION audit.note_ops_services() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.id is distinct from new.id then
            changed := changed || 'id'::text;
            before := before || jsonb_build_object('id', old.id);
            after := after || jsonb_build_object('id', new.id);
        end if;
        if old.name is distinct from new.name then
            changed := changed || 'name'::text;
        end if;
        if old.url is distinct from new.url then
            changed := changed || 'url'::text;
        end if;
        if old.check_path is distinct from new.check_path then
            changed := changed || 'check_path'::text;
        end if;
        if old.api_key_header is distinct from new.api_key_header then
            changed := changed || 'api_key_header'::text;
        end if;
        if old.is_enabled is distinct from new.is_enabled then
            changed := changed || 'is_enabled'::text;
            before := before || jsonb_build_object('is_enabled', old.is_enabled);
            after := after || jsonb_build_object('is_enabled', new.is_enabled);
        end if;
        if old.config is distinct from new.config then
            changed := changed || 'config'::text;
        end if;
        if old.check_every_s is distinct from new.check_every_s then
            changed := changed || 'check_every_s'::text;
            before := before || jsonb_build_object('check_every_s', old.check_every_s);
            after := after || jsonb_build_object('check_every_s', new.check_every_s);
        end if;
        if old.failures_to_go_down is distinct from new.failures_to_go_down then
            changed := changed || 'failures_to_go_down'::text;
            before := before || jsonb_build_object('failures_to_go_down', old.failures_to_go_down);
            after := after || jsonb_build_object('failures_to_go_down', new.failures_to_go_down);
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce('00000000-0000-0000-0000-000000000000'::uuid), 'ops.services', new.id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce('00000000-0000-0000-0000-000000000000'::uuid),
        'ops.services',
        r.id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.id is not null then 'id' end,
            case when r.name is not null then 'name' end,
            case when r.url is not null then 'url' end,
            case when r.check_path is not null then 'check_path' end,
            case when r.api_key_header is not null then 'api_key_header' end,
            case when r.is_enabled is not null then 'is_enabled' end,
            case when r.config is not null then 'config' end,
            case when r.check_every_s is not null then 'check_every_s' end,
            case when r.failures_to_go_down is not null then 'failures_to_go_down' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'id', r.id,
            'is_enabled', r.is_enabled,
            'check_every_s', r.check_every_s,
            'failures_to_go_down', r.failures_to_go_down
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_ops_services() IS 'Trigger: writes what happened to rows of ops.services into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_ops_services() FROM PUBLIC;

CREATE FUNCTION audit.note_studio_animations() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.project_id is distinct from new.project_id then
            changed := changed || 'project_id'::text;
            before := before || jsonb_build_object('project_id', old.project_id);
            after := after || jsonb_build_object('project_id', new.project_id);
        end if;
        if old.character_id is distinct from new.character_id then
            changed := changed || 'character_id'::text;
            before := before || jsonb_build_object('character_id', old.character_id);
            after := after || jsonb_build_object('character_id', new.character_id);
        end if;
        if old.name is distinct from new.name then
            changed := changed || 'name'::text;
        end if;
        if old.frames_per_second is distinct from new.frames_per_second then
            changed := changed || 'frames_per_second'::text;
            before := before || jsonb_build_object('frames_per_second', old.frames_per_second);
            after := after || jsonb_build_object('frames_per_second', new.frames_per_second);
        end if;
        if old.playback is distinct from new.playback then
            changed := changed || 'playback'::text;
            before := before || jsonb_build_object('playback', old.playback);
            after := after || jsonb_build_object('playback', new.playback);
        end if;
        if old.repeats is distinct from new.repeats then
            changed := changed || 'repeats'::text;
            before := before || jsonb_build_object('repeats', old.repeats);
            after := after || jsonb_build_object('repeats', new.repeats);
        end if;
        if old.deleted_at is distinct from new.deleted_at then
            changed := changed || 'deleted_at'::text;
            before := before || jsonb_build_object('deleted_at', old.deleted_at);
            after := after || jsonb_build_object('deleted_at', new.deleted_at);
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce(new.user_id, '00000000-0000-0000-0000-000000000000'::uuid), 'studio.animations', new.id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce(r.user_id, '00000000-0000-0000-0000-000000000000'::uuid),
        'studio.animations',
        r.id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.project_id is not null then 'project_id' end,
            case when r.character_id is not null then 'character_id' end,
            case when r.name is not null then 'name' end,
            case when r.frames_per_second is not null then 'frames_per_second' end,
            case when r.playback is not null then 'playback' end,
            case when r.repeats is not null then 'repeats' end,
            case when r.deleted_at is not null then 'deleted_at' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'project_id', r.project_id,
            'character_id', r.character_id,
            'frames_per_second', r.frames_per_second,
            'playback', r.playback,
            'repeats', r.repeats,
            'deleted_at', r.deleted_at
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_studio_animations() IS 'Trigger: writes what happened to rows of studio.animations into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_studio_animations() FROM PUBLIC;

CREATE FUNCTION audit.note_studio_assets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.project_id is distinct from new.project_id then
            changed := changed || 'project_id'::text;
            before := before || jsonb_build_object('project_id', old.project_id);
            after := after || jsonb_build_object('project_id', new.project_id);
        end if;
        if old.kind is distinct from new.kind then
            changed := changed || 'kind'::text;
            before := before || jsonb_build_object('kind', old.kind);
            after := after || jsonb_build_object('kind', new.kind);
        end if;
        if old.state is distinct from new.state then
            changed := changed || 'state'::text;
            before := before || jsonb_build_object('state', old.state);
            after := after || jsonb_build_object('state', new.state);
        end if;
        if old.uri is distinct from new.uri then
            changed := changed || 'uri'::text;
        end if;
        if old.name is distinct from new.name then
            changed := changed || 'name'::text;
        end if;
        if old.size_bytes is distinct from new.size_bytes then
            changed := changed || 'size_bytes'::text;
            before := before || jsonb_build_object('size_bytes', old.size_bytes);
            after := after || jsonb_build_object('size_bytes', new.size_bytes);
        end if;
        if old.media_type is distinct from new.media_type then
            changed := changed || 'media_type'::text;
        end if;
        if old.sha256 is distinct from new.sha256 then
            changed := changed || 'sha256'::text;
        end if;
        if old.width is distinct from new.width then
            changed := changed || 'width'::text;
            before := before || jsonb_build_object('width', old.width);
            after := after || jsonb_build_object('width', new.width);
        end if;
        if old.height is distinct from new.height then
            changed := changed || 'height'::text;
            before := before || jsonb_build_object('height', old.height);
            after := after || jsonb_build_object('height', new.height);
        end if;
        if old.duration_ms is distinct from new.duration_ms then
            changed := changed || 'duration_ms'::text;
            before := before || jsonb_build_object('duration_ms', old.duration_ms);
            after := after || jsonb_build_object('duration_ms', new.duration_ms);
        end if;
        if old.provenance is distinct from new.provenance then
            changed := changed || 'provenance'::text;
            before := before || jsonb_build_object('provenance', audit.digest(old.provenance::text));
            after := after || jsonb_build_object('provenance', audit.digest(new.provenance::text));
        end if;
        if old.kept_at is distinct from new.kept_at then
            changed := changed || 'kept_at'::text;
            before := before || jsonb_build_object('kept_at', old.kept_at);
            after := after || jsonb_build_object('kept_at', new.kept_at);
        end if;
        if old.expires_at is distinct from new.expires_at then
            changed := changed || 'expires_at'::text;
            before := before || jsonb_build_object('expires_at', old.expires_at);
            after := after || jsonb_build_object('expires_at', new.expires_at);
        end if;
        if old.deleted_at is distinct from new.deleted_at then
            changed := changed || 'deleted_at'::text;
            before := before || jsonb_build_object('deleted_at', old.deleted_at);
            after := after || jsonb_build_object('deleted_at', new.deleted_at);
        end if;
        if old.missing_at is distinct from new.missing_at then
            changed := changed || 'missing_at'::text;
            before := before || jsonb_build_object('missing_at', old.missing_at);
            after := after || jsonb_build_object('missing_at', new.missing_at);
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce(new.user_id, '00000000-0000-0000-0000-000000000000'::uuid), 'studio.assets', new.id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce(r.user_id, '00000000-0000-0000-0000-000000000000'::uuid),
        'studio.assets',
        r.id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.project_id is not null then 'project_id' end,
            case when r.kind is not null then 'kind' end,
            case when r.state is not null then 'state' end,
            case when r.uri is not null then 'uri' end,
            case when r.name is not null then 'name' end,
            case when r.size_bytes is not null then 'size_bytes' end,
            case when r.media_type is not null then 'media_type' end,
            case when r.sha256 is not null then 'sha256' end,
            case when r.width is not null then 'width' end,
            case when r.height is not null then 'height' end,
            case when r.duration_ms is not null then 'duration_ms' end,
            case when r.provenance is not null then 'provenance' end,
            case when r.kept_at is not null then 'kept_at' end,
            case when r.expires_at is not null then 'expires_at' end,
            case when r.deleted_at is not null then 'deleted_at' end,
            case when r.missing_at is not null then 'missing_at' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'project_id', r.project_id,
            'kind', r.kind,
            'state', r.state,
            'size_bytes', r.size_bytes,
            'width', r.width,
            'height', r.height,
            'duration_ms', r.duration_ms,
            'provenance', audit.digest(r.provenance::text),
            'kept_at', r.kept_at,
            'expires_at', r.expires_at,
            'deleted_at', r.deleted_at,
            'missing_at', r.missing_at
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_studio_assets() IS 'Trigger: writes what happened to rows of studio.assets into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_studio_assets() FROM PUBLIC;

CREATE FUNCTION audit.note_studio_characters() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.project_id is distinct from new.project_id then
            changed := changed || 'project_id'::text;
            before := before || jsonb_build_object('project_id', old.project_id);
            after := after || jsonb_build_object('project_id', new.project_id);
        end if;
        if old.name is distinct from new.name then
            changed := changed || 'name'::text;
        end if;
        if old.description is distinct from new.description then
            changed := changed || 'description'::text;
            before := before || jsonb_build_object('description', audit.digest(old.description::text));
            after := after || jsonb_build_object('description', audit.digest(new.description::text));
        end if;
        if old.config is distinct from new.config then
            changed := changed || 'config'::text;
            before := before || jsonb_build_object('config', audit.digest(old.config::text));
            after := after || jsonb_build_object('config', audit.digest(new.config::text));
        end if;
        if old.deleted_at is distinct from new.deleted_at then
            changed := changed || 'deleted_at'::text;
            before := before || jsonb_build_object('deleted_at', old.deleted_at);
            after := after || jsonb_build_object('deleted_at', new.deleted_at);
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce(new.user_id, '00000000-0000-0000-0000-000000000000'::uuid), 'studio.characters', new.id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce(r.user_id, '00000000-0000-0000-0000-000000000000'::uuid),
        'studio.characters',
        r.id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.project_id is not null then 'project_id' end,
            case when r.name is not null then 'name' end,
            case when r.description is not null then 'description' end,
            case when r.config is not null then 'config' end,
            case when r.deleted_at is not null then 'deleted_at' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'project_id', r.project_id,
            'description', audit.digest(r.description::text),
            'config', audit.digest(r.config::text),
            'deleted_at', r.deleted_at
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_studio_characters() IS 'Trigger: writes what happened to rows of studio.characters into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_studio_characters() FROM PUBLIC;

CREATE FUNCTION audit.note_studio_presets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.kind is distinct from new.kind then
            changed := changed || 'kind'::text;
            before := before || jsonb_build_object('kind', old.kind);
            after := after || jsonb_build_object('kind', new.kind);
        end if;
        if old.name is distinct from new.name then
            changed := changed || 'name'::text;
        end if;
        if old.settings is distinct from new.settings then
            changed := changed || 'settings'::text;
            before := before || jsonb_build_object('settings', audit.digest(old.settings::text));
            after := after || jsonb_build_object('settings', audit.digest(new.settings::text));
        end if;
        if old.is_default is distinct from new.is_default then
            changed := changed || 'is_default'::text;
            before := before || jsonb_build_object('is_default', old.is_default);
            after := after || jsonb_build_object('is_default', new.is_default);
        end if;
        if old.deleted_at is distinct from new.deleted_at then
            changed := changed || 'deleted_at'::text;
            before := before || jsonb_build_object('deleted_at', old.deleted_at);
            after := after || jsonb_build_object('deleted_at', new.deleted_at);
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce(new.user_id, '00000000-0000-0000-0000-000000000000'::uuid), 'studio.presets', new.id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce(r.user_id, '00000000-0000-0000-0000-000000000000'::uuid),
        'studio.presets',
        r.id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.kind is not null then 'kind' end,
            case when r.name is not null then 'name' end,
            case when r.settings is not null then 'settings' end,
            case when r.is_default is not null then 'is_default' end,
            case when r.deleted_at is not null then 'deleted_at' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'kind', r.kind,
            'settings', audit.digest(r.settings::text),
            'is_default', r.is_default,
            'deleted_at', r.deleted_at
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_studio_presets() IS 'Trigger: writes what happened to rows of studio.presets into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_studio_presets() FROM PUBLIC;

CREATE FUNCTION audit.note_studio_projects() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.status is distinct from new.status then
            changed := changed || 'status'::text;
            before := before || jsonb_build_object('status', old.status);
            after := after || jsonb_build_object('status', new.status);
        end if;
        if old.title is distinct from new.title then
            changed := changed || 'title'::text;
        end if;
        if old.source_text is distinct from new.source_text then
            changed := changed || 'source_text'::text;
            before := before || jsonb_build_object('source_text', audit.digest(old.source_text::text));
            after := after || jsonb_build_object('source_text', audit.digest(new.source_text::text));
        end if;
        if old.config is distinct from new.config then
            changed := changed || 'config'::text;
            before := before || jsonb_build_object('config', audit.digest(old.config::text));
            after := after || jsonb_build_object('config', audit.digest(new.config::text));
        end if;
        if old.deleted_at is distinct from new.deleted_at then
            changed := changed || 'deleted_at'::text;
            before := before || jsonb_build_object('deleted_at', old.deleted_at);
            after := after || jsonb_build_object('deleted_at', new.deleted_at);
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce(new.user_id, '00000000-0000-0000-0000-000000000000'::uuid), 'studio.projects', new.id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce(r.user_id, '00000000-0000-0000-0000-000000000000'::uuid),
        'studio.projects',
        r.id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.status is not null then 'status' end,
            case when r.title is not null then 'title' end,
            case when r.source_text is not null then 'source_text' end,
            case when r.config is not null then 'config' end,
            case when r.deleted_at is not null then 'deleted_at' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'status', r.status,
            'source_text', audit.digest(r.source_text::text),
            'config', audit.digest(r.config::text),
            'deleted_at', r.deleted_at
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_studio_projects() IS 'Trigger: writes what happened to rows of studio.projects into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_studio_projects() FROM PUBLIC;

CREATE FUNCTION audit.note_studio_scenes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.project_id is distinct from new.project_id then
            changed := changed || 'project_id'::text;
            before := before || jsonb_build_object('project_id', old.project_id);
            after := after || jsonb_build_object('project_id', new.project_id);
        end if;
        if old.status is distinct from new.status then
            changed := changed || 'status'::text;
            before := before || jsonb_build_object('status', old.status);
            after := after || jsonb_build_object('status', new.status);
        end if;
        if old.narration is distinct from new.narration then
            changed := changed || 'narration'::text;
            before := before || jsonb_build_object('narration', audit.digest(old.narration::text));
            after := after || jsonb_build_object('narration', audit.digest(new.narration::text));
        end if;
        if old.image_prompt is distinct from new.image_prompt then
            changed := changed || 'image_prompt'::text;
            before := before || jsonb_build_object('image_prompt', audit.digest(old.image_prompt::text));
            after := after || jsonb_build_object('image_prompt', audit.digest(new.image_prompt::text));
        end if;
        if old.duration_ms is distinct from new.duration_ms then
            changed := changed || 'duration_ms'::text;
            before := before || jsonb_build_object('duration_ms', old.duration_ms);
            after := after || jsonb_build_object('duration_ms', new.duration_ms);
        end if;
        if old.config is distinct from new.config then
            changed := changed || 'config'::text;
            before := before || jsonb_build_object('config', audit.digest(old.config::text));
            after := after || jsonb_build_object('config', audit.digest(new.config::text));
        end if;
        if old.deleted_at is distinct from new.deleted_at then
            changed := changed || 'deleted_at'::text;
            before := before || jsonb_build_object('deleted_at', old.deleted_at);
            after := after || jsonb_build_object('deleted_at', new.deleted_at);
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce(new.user_id, '00000000-0000-0000-0000-000000000000'::uuid), 'studio.scenes', new.id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce(r.user_id, '00000000-0000-0000-0000-000000000000'::uuid),
        'studio.scenes',
        r.id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.project_id is not null then 'project_id' end,
            case when r.status is not null then 'status' end,
            case when r.narration is not null then 'narration' end,
            case when r.image_prompt is not null then 'image_prompt' end,
            case when r.duration_ms is not null then 'duration_ms' end,
            case when r.config is not null then 'config' end,
            case when r.deleted_at is not null then 'deleted_at' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'project_id', r.project_id,
            'status', r.status,
            'narration', audit.digest(r.narration::text),
            'image_prompt', audit.digest(r.image_prompt::text),
            'duration_ms', r.duration_ms,
            'config', audit.digest(r.config::text),
            'deleted_at', r.deleted_at
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_studio_scenes() IS 'Trigger: writes what happened to rows of studio.scenes into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_studio_scenes() FROM PUBLIC;

CREATE FUNCTION audit.note_studio_standard_presets() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.id is distinct from new.id then
            changed := changed || 'id'::text;
            before := before || jsonb_build_object('id', old.id);
            after := after || jsonb_build_object('id', new.id);
        end if;
        if old.kind is distinct from new.kind then
            changed := changed || 'kind'::text;
            before := before || jsonb_build_object('kind', old.kind);
            after := after || jsonb_build_object('kind', new.kind);
        end if;
        if old.name is distinct from new.name then
            changed := changed || 'name'::text;
        end if;
        if old.settings is distinct from new.settings then
            changed := changed || 'settings'::text;
            before := before || jsonb_build_object('settings', audit.digest(old.settings::text));
            after := after || jsonb_build_object('settings', audit.digest(new.settings::text));
        end if;
        if old.is_default is distinct from new.is_default then
            changed := changed || 'is_default'::text;
            before := before || jsonb_build_object('is_default', old.is_default);
            after := after || jsonb_build_object('is_default', new.is_default);
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce('00000000-0000-0000-0000-000000000000'::uuid), 'studio.standard_presets', new.id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce('00000000-0000-0000-0000-000000000000'::uuid),
        'studio.standard_presets',
        r.id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.id is not null then 'id' end,
            case when r.kind is not null then 'kind' end,
            case when r.name is not null then 'name' end,
            case when r.settings is not null then 'settings' end,
            case when r.is_default is not null then 'is_default' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'id', r.id,
            'kind', r.kind,
            'settings', audit.digest(r.settings::text),
            'is_default', r.is_default
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_studio_standard_presets() IS 'Trigger: writes what happened to rows of studio.standard_presets into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_studio_standard_presets() FROM PUBLIC;

CREATE FUNCTION audit.note_work_error_classes() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.name is distinct from new.name then
            changed := changed || 'name'::text;
            before := before || jsonb_build_object('name', old.name);
            after := after || jsonb_build_object('name', new.name);
        end if;
        if old.is_retried is distinct from new.is_retried then
            changed := changed || 'is_retried'::text;
            before := before || jsonb_build_object('is_retried', old.is_retried);
            after := after || jsonb_build_object('is_retried', new.is_retried);
        end if;
        if old.meaning is distinct from new.meaning then
            changed := changed || 'meaning'::text;
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce('00000000-0000-0000-0000-000000000000'::uuid), 'work.error_classes', new.name::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce('00000000-0000-0000-0000-000000000000'::uuid),
        'work.error_classes',
        r.name::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.name is not null then 'name' end,
            case when r.is_retried is not null then 'is_retried' end,
            case when r.meaning is not null then 'meaning' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'name', r.name,
            'is_retried', r.is_retried
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_work_error_classes() IS 'Trigger: writes what happened to rows of work.error_classes into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_work_error_classes() FROM PUBLIC;

CREATE FUNCTION audit.note_work_pauses() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.label is distinct from new.label then
            changed := changed || 'label'::text;
            before := before || jsonb_build_object('label', old.label);
            after := after || jsonb_build_object('label', new.label);
        end if;
        if old.reason is distinct from new.reason then
            changed := changed || 'reason'::text;
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce('00000000-0000-0000-0000-000000000000'::uuid), 'work.pauses', new.label::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce('00000000-0000-0000-0000-000000000000'::uuid),
        'work.pauses',
        r.label::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.label is not null then 'label' end,
            case when r.reason is not null then 'reason' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
            'label', r.label
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_work_pauses() IS 'Trigger: writes what happened to rows of work.pauses into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_work_pauses() FROM PUBLIC;

CREATE FUNCTION audit.note_work_user_pauses() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
declare
    changed text[] := '{}';
    before jsonb := '{}';
    after jsonb := '{}';
begin
    if tg_level = 'ROW' then
        if old.reason is distinct from new.reason then
            changed := changed || 'reason'::text;
        end if;
        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
        values (coalesce(new.user_id, '00000000-0000-0000-0000-000000000000'::uuid), 'work.user_pauses', new.user_id::text, 'update', changed, before, after);
        return null;
    end if;
    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)
    select
        coalesce(r.user_id, '00000000-0000-0000-0000-000000000000'::uuid),
        'work.user_pauses',
        r.user_id::text,
        lower(tg_op)::audit.operation,
        array_remove(array[
            case when r.reason is not null then 'reason' end
        ]::text[], null),
        case when tg_op = 'DELETE' then kept.what end,
        case when tg_op = 'INSERT' then kept.what end
    from moved as r
    cross join lateral (
        select jsonb_strip_nulls(jsonb_build_object(
        )) as what
    ) as kept;
    return null;
end
$$;

COMMENT ON FUNCTION audit.note_work_user_pauses() IS 'Trigger: writes what happened to rows of work.user_pauses into the trail, as audit.columns says. Made by audit.watch.';

REVOKE ALL ON FUNCTION audit.note_work_user_pauses() FROM PUBLIC;

CREATE FUNCTION audit.shown(value jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE jsonb_typeof(value) WHEN 'object'::text THEN format('%s characters'::text, (value ->> 'length'::text)) WHEN 'array'::text THEN (SELECT string_agg(each.value, ', '::text ORDER BY each.nth) AS string_agg FROM jsonb_array_elements_text(shown.value) WITH ORDINALITY each(value, nth)) ELSE COALESCE((value #>> '{}'::text[]), 'nothing'::text) END;

COMMENT ON FUNCTION audit.shown(value jsonb) IS 'A value that the trail kept, as a person reads it.';

REVOKE ALL ON FUNCTION audit.shown(value jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION audit.shown(value jsonb) TO renderstore_app;
GRANT ALL ON FUNCTION audit.shown(value jsonb) TO renderstore_admin;
GRANT ALL ON FUNCTION audit.shown(value jsonb) TO renderstore_readonly;

CREATE FUNCTION audit.told(operation audit.operation, changed text[], before jsonb, after jsonb) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN concat_ws(': '::text, CASE operation WHEN 'insert'::audit.operation THEN 'made'::text WHEN 'delete'::audit.operation THEN 'deleted'::text WHEN 'cancel'::audit.operation THEN 'asked to cancel'::text WHEN 'try_again'::audit.operation THEN 'asked to try again'::text ELSE NULL::text END, NULLIF(concat_ws('; '::text, (SELECT string_agg(CASE WHEN (told.operation = ANY (ARRAY['insert'::audit.operation, 'delete'::audit.operation])) THEN format('%s %s'::text, told.name, audit.shown((COALESCE(told.after, told.before) -> told.name))) ELSE format('%s %s → %s'::text, told.name, audit.shown((told.before -> told.name)), audit.shown((told.after -> told.name))) END, '; '::text ORDER BY told.nth) AS string_agg FROM unnest(told.changed) WITH ORDINALITY told(name, nth) WHERE (COALESCE(told.after, told.before) ? told.name)), (SELECT (string_agg(hidden.name, ', '::text ORDER BY hidden.nth) || CASE WHEN (told.operation = ANY (ARRAY['insert'::audit.operation, 'delete'::audit.operation])) THEN ' given'::text ELSE ' changed'::text END) FROM unnest(told.changed) WITH ORDINALITY hidden(name, nth) WHERE (NOT (COALESCE(told.after, told.before, '{}'::jsonb) ? hidden.name)))), ''::text));

COMMENT ON FUNCTION audit.told(operation audit.operation, changed text[], before jsonb, after jsonb) IS 'What an entry of the trail says, as a person reads it.';

REVOKE ALL ON FUNCTION audit.told(operation audit.operation, changed text[], before jsonb, after jsonb) FROM PUBLIC;
GRANT ALL ON FUNCTION audit.told(operation audit.operation, changed text[], before jsonb, after jsonb) TO renderstore_app;
GRANT ALL ON FUNCTION audit.told(operation audit.operation, changed text[], before jsonb, after jsonb) TO renderstore_admin;
GRANT ALL ON FUNCTION audit.told(operation audit.operation, changed text[], before jsonb, after jsonb) TO renderstore_readonly;

CREATE FUNCTION audit.watch(watched regclass, owners text[] DEFAULT '{}'::text[]) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $_$
declare
    full_name text;
    bare_name text;
    function_name text;
    owner_id text;
    row_key text;
    compared text;
    present text;
    kept text;
    changes text;
    unruled text;
begin
    select
        format('%s.%s', n.nspname, c.relname),
        c.relname,
        format('audit.note_%s_%s', n.nspname, c.relname)
    into strict full_name, bare_name, function_name
    from pg_class as c
    join pg_namespace as n on n.oid = c.relnamespace
    where c.oid = watched;

    select string_agg(a.attname, ', ' order by a.attnum) into unruled
    from pg_attribute as a
    where a.attrelid = watched
        and a.attnum > 0
        and not a.attisdropped
        and not exists (
            select
            from audit.columns as r
            where r.table_name = full_name and r.column_name = a.attname
        );
    if unruled is not null then
        raise exception using
            errcode = 'P0002',
            message = format('audit.columns has no rule for these columns of %s: %s.', full_name, unruled);
    end if;

    -- The owner leads the key and is said already, unless it is all of it.
    select
        string_agg(
            format('%%1$s.%I::text', a.attname),
            ' || ''/'' || ' order by k.nth
        )
    into strict row_key
    from pg_index as i
    cross join unnest(i.indkey::smallint[]) with ordinality as k (attnum, nth)
    join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum
    where i.indrelid = watched
        and i.indisprimary
        and (i.indnkeyatts = 1 or a.attname <> all(owners));
    select
        format(
            'coalesce(%s)',
            concat_ws(
                ', ',
                string_agg(format('%%1$s.%I', o.name), ', ' order by o.nth),
                '''00000000-0000-0000-0000-000000000000''::uuid'
            )
        )
    into strict owner_id
    from unnest(owners) with ordinality as o (name, nth);

    select
        string_agg(format('%%1$s.%I', c.name), ', ' order by c.place),
        string_agg(
            format(
                e'\n            case when r.%1$I is not null then %1$L end',
                c.name
            ),
            ',' order by c.place
        ),
        string_agg(
            format(e'\n            %L, ', c.name) || format(c.shown, 'r'),
            ',' order by c.place
        ),
        string_agg(
            format(
                e'        if old.%1$I is distinct from new.%1$I then\n'
                '            changed := changed || %1$L::text;\n',
                c.name
            )
            || case
                when c.shown is null then ''
                else format(
                    e'            before := before || jsonb_build_object(%1$L, %2$s);\n'
                    '            after := after || jsonb_build_object(%1$L, %3$s);\n',
                    c.name,
                    format(c.shown, 'old'),
                    format(c.shown, 'new')
                )
            end
            || e'        end if;\n',
            '' order by c.place
        )
    into strict compared, present, kept, changes
    from (
        select
            a.attname as name,
            a.attnum as place,
            case r.rule
                when 'keep' then format('%%1$s.%I', a.attname)
                when 'hash' then format('audit.digest(%%1$s.%I::text)', a.attname)
            end as shown
        from audit.columns as r
        join pg_attribute as a on a.attrelid = watched and a.attname = r.column_name
        where r.table_name = full_name and r.rule <> 'skip'
    ) as c;

    execute format(
        e'create or replace function %1$s()\n'
        'returns trigger\n'
        'language plpgsql\n'
        'security definer\n'
        'set search_path = pg_catalog, pg_temp\n'
        'as $body$\n'
        'declare\n'
        '    changed text[] := ''{}'';\n'
        '    before jsonb := ''{}'';\n'
        '    after jsonb := ''{}'';\n'
        'begin\n'
        '    if tg_level = ''ROW'' then\n'
        '%2$s'
        '        insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)\n'
        '        values (%3$s, %4$L, %5$s, ''update'', changed, before, after);\n'
        '        return null;\n'
        '    end if;\n'
        '    insert into audit.entries (user_id, table_name, row_key, operation, changed, before, after)\n'
        '    select\n'
        '        %6$s,\n'
        '        %4$L,\n'
        '        %7$s,\n'
        '        lower(tg_op)::audit.operation,\n'
        '        array_remove(array[%8$s\n        ]::text[], null),\n'
        '        case when tg_op = ''DELETE'' then kept.what end,\n'
        '        case when tg_op = ''INSERT'' then kept.what end\n'
        '    from moved as r\n'
        '    cross join lateral (\n'
        '        select jsonb_strip_nulls(jsonb_build_object(%9$s\n        )) as what\n'
        '    ) as kept;\n'
        '    return null;\n'
        'end\n'
        '$body$',
        function_name,
        changes,
        format(owner_id, 'new'),
        full_name,
        format(row_key, 'new'),
        format(owner_id, 'r'),
        format(row_key, 'r'),
        present,
        coalesce(kept, '')
    );
    execute format(
        'comment on function %s() is %L',
        function_name,
        format('Trigger: writes what happened to rows of %s into the trail, as audit.columns says. Made by audit.watch.', full_name)
    );
    execute format(
        'create or replace trigger %I after insert on %s referencing new table as moved'
        ' for each statement execute function %s()',
        bare_name || '_audit_insert',
        watched,
        function_name
    );
    execute format(
        'create or replace trigger %I after delete on %s referencing old table as moved'
        ' for each statement execute function %s()',
        bare_name || '_audit_delete',
        watched,
        function_name
    );
    execute format(
        'create or replace trigger %I after update on %s for each row'
        ' when (row(%s) is distinct from row(%s)) execute function %s()',
        bare_name || '_audit_update',
        watched,
        format(compared, 'old'),
        format(compared, 'new'),
        function_name
    );
end
$_$;

COMMENT ON FUNCTION audit.watch(watched regclass, owners text[]) IS 'Makes the trail follow a table, whose rows belong to the user in the first of these columns that holds one. Again after its columns or their rules changed.';

REVOKE ALL ON FUNCTION audit.watch(watched regclass, owners text[]) FROM PUBLIC;


-- ==================== authjs ====================

CREATE SCHEMA authjs;

COMMENT ON SCHEMA authjs IS 'Views under the names and columns that the PostgreSQL adapter of Auth.js expects.';

GRANT USAGE ON SCHEMA authjs TO renderstore_auth;

CREATE VIEW authjs.accounts WITH (security_invoker='true') AS
 SELECT a.id,
    a.user_id AS "userId",
    a.type,
    a.provider,
    a.provider_account_id AS "providerAccountId",
    s.refresh_token,
    s.access_token,
    a.expires_at_s AS expires_at,
    s.id_token,
    a.scope,
    s.session_state,
    a.token_type
   FROM (identity.accounts a
     LEFT JOIN identity.account_secrets s ON ((s.account_id = a.id)));

COMMENT ON VIEW authjs.accounts IS 'identity.accounts for Auth.js, with the tokens of identity.account_secrets.';
COMMENT ON COLUMN authjs.accounts.id IS 'The account''s identifier, made by the database.';
COMMENT ON COLUMN authjs.accounts."userId" IS 'The user who signs in with the account.';
COMMENT ON COLUMN authjs.accounts.type IS 'Auth.js''s kind of account: oauth, oidc, email, credentials or webauthn.';
COMMENT ON COLUMN authjs.accounts.provider IS 'The provider''s name, such as google.';
COMMENT ON COLUMN authjs.accounts."providerAccountId" IS 'The account''s id at the provider.';
COMMENT ON COLUMN authjs.accounts.refresh_token IS 'The provider''s refresh token; null without one.';
COMMENT ON COLUMN authjs.accounts.access_token IS 'The provider''s access token; null without one.';
COMMENT ON COLUMN authjs.accounts.expires_at IS 'When the access token expires, in seconds since 1970; null for never.';
COMMENT ON COLUMN authjs.accounts.id_token IS 'The provider''s identity token; null without one.';
COMMENT ON COLUMN authjs.accounts.scope IS 'What the access token was granted, in the provider''s words; null where it names none.';
COMMENT ON COLUMN authjs.accounts.session_state IS 'The provider''s session state; null without one.';
COMMENT ON COLUMN authjs.accounts.token_type IS 'The kind of access token, such as bearer; null where the provider names none.';

CREATE TRIGGER accounts_delete_account INSTEAD OF DELETE ON authjs.accounts FOR EACH ROW EXECUTE FUNCTION authjs.delete_account();

CREATE TRIGGER accounts_insert_account INSTEAD OF INSERT ON authjs.accounts FOR EACH ROW EXECUTE FUNCTION authjs.insert_account();

GRANT SELECT,DELETE ON TABLE authjs.accounts TO renderstore_auth;
GRANT INSERT("userId") ON TABLE authjs.accounts TO renderstore_auth;
GRANT INSERT(type) ON TABLE authjs.accounts TO renderstore_auth;
GRANT INSERT(provider) ON TABLE authjs.accounts TO renderstore_auth;
GRANT INSERT("providerAccountId") ON TABLE authjs.accounts TO renderstore_auth;
GRANT INSERT(refresh_token) ON TABLE authjs.accounts TO renderstore_auth;
GRANT INSERT(access_token) ON TABLE authjs.accounts TO renderstore_auth;
GRANT INSERT(expires_at) ON TABLE authjs.accounts TO renderstore_auth;
GRANT INSERT(id_token) ON TABLE authjs.accounts TO renderstore_auth;
GRANT INSERT(scope) ON TABLE authjs.accounts TO renderstore_auth;
GRANT INSERT(session_state) ON TABLE authjs.accounts TO renderstore_auth;
GRANT INSERT(token_type) ON TABLE authjs.accounts TO renderstore_auth;

CREATE VIEW authjs.sessions WITH (security_invoker='true') AS
 SELECT id,
    user_id AS "userId",
    expires_at AS expires,
    session_token AS "sessionToken"
   FROM identity.web_sessions
  WHERE (EXISTS ( SELECT
           FROM identity.users
          WHERE ((users.id = web_sessions.user_id) AND (users.status = 'active'::identity.user_status))));

COMMENT ON VIEW authjs.sessions IS 'identity.web_sessions for Auth.js: the sessions of active users.';
COMMENT ON COLUMN authjs.sessions.id IS 'The session''s identifier, made by the database.';
COMMENT ON COLUMN authjs.sessions."userId" IS 'The user who is signed in.';
COMMENT ON COLUMN authjs.sessions.expires IS 'When the session ends; Auth.js moves it while the session is used.';
COMMENT ON COLUMN authjs.sessions."sessionToken" IS 'The cookie''s value, as Auth.js writes and compares it.';

GRANT SELECT,DELETE ON TABLE authjs.sessions TO renderstore_auth;
GRANT INSERT("userId") ON TABLE authjs.sessions TO renderstore_auth;
GRANT INSERT(expires),UPDATE(expires) ON TABLE authjs.sessions TO renderstore_auth;
GRANT INSERT("sessionToken") ON TABLE authjs.sessions TO renderstore_auth;

CREATE VIEW authjs.users WITH (security_invoker='true') AS
 SELECT id,
    name,
        CASE
            WHEN (status <> 'deactivated'::identity.user_status) THEN email
            ELSE NULL::text
        END AS email,
    email_verified_at AS "emailVerified",
    image
   FROM identity.users;

COMMENT ON VIEW authjs.users IS 'identity.users for Auth.js; a deactivated user is there without an e-mail address.';
COMMENT ON COLUMN authjs.users.id IS 'The user''s identifier, made by the database.';
COMMENT ON COLUMN authjs.users.name IS 'What people call the user; null where it is not known. An empty one is stored as null.';
COMMENT ON COLUMN authjs.users.email IS 'The e-mail address in lower case; null where none is known and for a deactivated user. An empty one is stored as null.';
COMMENT ON COLUMN authjs.users."emailVerified" IS 'When the e-mail address was verified; null where it was not.';
COMMENT ON COLUMN authjs.users.image IS 'The address of a picture; null without one. An empty one is stored as null.';

CREATE TRIGGER users_insert_user INSTEAD OF INSERT ON authjs.users FOR EACH ROW EXECUTE FUNCTION authjs.insert_user();

CREATE TRIGGER users_update_user INSTEAD OF UPDATE ON authjs.users FOR EACH ROW EXECUTE FUNCTION authjs.update_user();

GRANT SELECT,DELETE ON TABLE authjs.users TO renderstore_auth;
GRANT INSERT(name),UPDATE(name) ON TABLE authjs.users TO renderstore_auth;
GRANT INSERT(email),UPDATE(email) ON TABLE authjs.users TO renderstore_auth;
GRANT INSERT("emailVerified"),UPDATE("emailVerified") ON TABLE authjs.users TO renderstore_auth;
GRANT INSERT(image),UPDATE(image) ON TABLE authjs.users TO renderstore_auth;

CREATE VIEW authjs.verification_token WITH (security_invoker='true') AS
 SELECT identifier,
    expires_at AS expires,
    token
   FROM identity.verification_tokens;

COMMENT ON VIEW authjs.verification_token IS 'identity.verification_tokens for Auth.js.';
COMMENT ON COLUMN authjs.verification_token.identifier IS 'The e-mail address to be proven.';
COMMENT ON COLUMN authjs.verification_token.expires IS 'When the link ceases to work.';
COMMENT ON COLUMN authjs.verification_token.token IS 'The hash of the link''s token, made by Auth.js.';

GRANT SELECT,DELETE ON TABLE authjs.verification_token TO renderstore_auth;
GRANT INSERT(identifier) ON TABLE authjs.verification_token TO renderstore_auth;
GRANT INSERT(expires) ON TABLE authjs.verification_token TO renderstore_auth;
GRANT INSERT(token) ON TABLE authjs.verification_token TO renderstore_auth;

CREATE FUNCTION authjs.delete_account() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    delete from identity.accounts
    where id = old.id;
    if not found then
        return null;
    end if;
    return old;
end
$$;

COMMENT ON FUNCTION authjs.delete_account() IS 'Trigger: removes an account that Auth.js unlinks.';

REVOKE ALL ON FUNCTION authjs.delete_account() FROM PUBLIC;

CREATE FUNCTION authjs.insert_account() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    insert into identity.accounts as a (
        user_id,
        type,
        provider,
        provider_account_id,
        expires_at_s,
        scope,
        token_type
    )
    values (
        new."userId",
        new.type,
        new.provider,
        new."providerAccountId",
        new.expires_at,
        new.scope,
        new.token_type
    )
    returning a.id into new.id;
    insert into identity.account_secrets (
        account_id,
        refresh_token,
        access_token,
        id_token,
        session_state
    )
    values (
        new.id,
        new.refresh_token,
        new.access_token,
        new.id_token,
        new.session_state
    );
    return new;
end
$$;

COMMENT ON FUNCTION authjs.insert_account() IS 'Trigger: stores an account that Auth.js links.';

REVOKE ALL ON FUNCTION authjs.insert_account() FROM PUBLIC;

CREATE FUNCTION authjs.insert_user() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    new.name = nullif(new.name, '');
    new.image = nullif(new.image, '');
    insert into identity.users as u (
        email,
        name,
        image,
        email_verified_at
    )
    values (
        nullif(new.email, ''),
        new.name,
        new.image,
        new."emailVerified"
    )
    returning
        u.id,
        u.email
    into
        new.id,
        new.email;
    return new;
end
$$;

COMMENT ON FUNCTION authjs.insert_user() IS 'Trigger: stores a user whom Auth.js creates.';

REVOKE ALL ON FUNCTION authjs.insert_user() FROM PUBLIC;

CREATE FUNCTION authjs.update_user() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
begin
    new.name = nullif(new.name, '');
    new.image = nullif(new.image, '');
    update identity.users as u
    set
        -- The adapter writes back what it has read: an address that was not shown is kept.
        email = case
            when new.email is distinct from old.email then nullif(new.email, '')
            else u.email
        end,
        name = new.name,
        image = new.image,
        email_verified_at = new."emailVerified"
    where u.id = old.id
    returning case when u.status <> 'deactivated' then u.email end
    into new.email;
    if not found then
        return null;
    end if;
    return new;
end
$$;

COMMENT ON FUNCTION authjs.update_user() IS 'Trigger: stores what Auth.js changes about a user.';

REVOKE ALL ON FUNCTION authjs.update_user() FROM PUBLIC;
