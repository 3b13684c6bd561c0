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

CREATE TABLE identity.accounts (
    id uuid DEFAULT ops.uuidv7() NOT NULL,
    user_id uuid NOT NULL,
    type text NOT NULL,
    provider text NOT NULL,
    provider_account_id text NOT NULL,
    access_token text,
    refresh_token text,
    id_token text,
    token_type text,
    scope text,
    session_state text,
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
COMMENT ON COLUMN identity.accounts.access_token IS 'The provider''s access token, as Auth.js writes it; null without one. Only sign-in reads it.';
COMMENT ON COLUMN identity.accounts.refresh_token IS 'The provider''s refresh token, as Auth.js writes it; null without one. Only sign-in reads it.';
COMMENT ON COLUMN identity.accounts.id_token IS 'The provider''s identity token, as Auth.js writes it; null without one. Only sign-in reads it.';
COMMENT ON COLUMN identity.accounts.token_type IS 'The kind of access token, such as bearer; null where the provider names none.';
COMMENT ON COLUMN identity.accounts.scope IS 'What the access token was granted, in the provider''s words; null where it names none.';
COMMENT ON COLUMN identity.accounts.session_state IS 'The provider''s session state; null without one. Only sign-in reads it.';
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

CREATE TRIGGER accounts_refuse_inactive_user BEFORE INSERT OR UPDATE OF user_id ON identity.accounts FOR EACH ROW EXECUTE FUNCTION identity.refuse_inactive_user();

ALTER TABLE ONLY identity.accounts
    ADD CONSTRAINT accounts_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT accounts_user_id_fkey ON identity.accounts IS 'There is no user with this id; still referenced: the user has accounts at sign-in providers.';

ALTER TABLE identity.accounts ENABLE ROW LEVEL SECURITY;

CREATE POLICY accounts_every ON identity.accounts TO renderstore_admin, renderstore_auth USING (true) WITH CHECK (true);
CREATE POLICY accounts_own ON identity.accounts FOR SELECT TO renderstore_app USING ((user_id = ( SELECT identity.current_user_id() AS current_user_id)));
CREATE POLICY accounts_owner ON identity.accounts TO renderstore_owner USING (true) WITH CHECK (true);
CREATE POLICY accounts_read ON identity.accounts FOR SELECT TO renderstore_readonly USING (true);

GRANT SELECT,DELETE ON TABLE identity.accounts TO renderstore_auth;
GRANT DELETE ON TABLE identity.accounts TO renderstore_admin;
GRANT SELECT(id) ON TABLE identity.accounts TO renderstore_app;
GRANT SELECT(id) ON TABLE identity.accounts TO renderstore_admin;
GRANT SELECT(id) ON TABLE identity.accounts TO renderstore_readonly;
GRANT SELECT(user_id) ON TABLE identity.accounts TO renderstore_app;
GRANT SELECT(user_id) ON TABLE identity.accounts TO renderstore_admin;
GRANT SELECT(user_id) ON TABLE identity.accounts TO renderstore_readonly;
GRANT INSERT(user_id) ON TABLE identity.accounts TO renderstore_auth;
GRANT SELECT(type) ON TABLE identity.accounts TO renderstore_app;
GRANT SELECT(type) ON TABLE identity.accounts TO renderstore_admin;
GRANT SELECT(type) ON TABLE identity.accounts TO renderstore_readonly;
GRANT INSERT(type) ON TABLE identity.accounts TO renderstore_auth;
GRANT SELECT(provider) ON TABLE identity.accounts TO renderstore_app;
GRANT SELECT(provider) ON TABLE identity.accounts TO renderstore_admin;
GRANT SELECT(provider) ON TABLE identity.accounts TO renderstore_readonly;
GRANT INSERT(provider) ON TABLE identity.accounts TO renderstore_auth;
GRANT SELECT(provider_account_id) ON TABLE identity.accounts TO renderstore_app;
GRANT SELECT(provider_account_id) ON TABLE identity.accounts TO renderstore_admin;
GRANT SELECT(provider_account_id) ON TABLE identity.accounts TO renderstore_readonly;
GRANT INSERT(provider_account_id) ON TABLE identity.accounts TO renderstore_auth;
GRANT INSERT(access_token),UPDATE(access_token) ON TABLE identity.accounts TO renderstore_auth;
GRANT INSERT(refresh_token),UPDATE(refresh_token) ON TABLE identity.accounts TO renderstore_auth;
GRANT INSERT(id_token),UPDATE(id_token) ON TABLE identity.accounts TO renderstore_auth;
GRANT SELECT(token_type) ON TABLE identity.accounts TO renderstore_app;
GRANT SELECT(token_type) ON TABLE identity.accounts TO renderstore_admin;
GRANT SELECT(token_type) ON TABLE identity.accounts TO renderstore_readonly;
GRANT INSERT(token_type),UPDATE(token_type) ON TABLE identity.accounts TO renderstore_auth;
GRANT SELECT(scope) ON TABLE identity.accounts TO renderstore_app;
GRANT SELECT(scope) ON TABLE identity.accounts TO renderstore_admin;
GRANT SELECT(scope) ON TABLE identity.accounts TO renderstore_readonly;
GRANT INSERT(scope),UPDATE(scope) ON TABLE identity.accounts TO renderstore_auth;
GRANT INSERT(session_state),UPDATE(session_state) ON TABLE identity.accounts TO renderstore_auth;
GRANT SELECT(expires_at_s) ON TABLE identity.accounts TO renderstore_app;
GRANT SELECT(expires_at_s) ON TABLE identity.accounts TO renderstore_admin;
GRANT SELECT(expires_at_s) ON TABLE identity.accounts TO renderstore_readonly;
GRANT INSERT(expires_at_s),UPDATE(expires_at_s) ON TABLE identity.accounts TO renderstore_auth;
GRANT SELECT(created_at) ON TABLE identity.accounts TO renderstore_app;
GRANT SELECT(created_at) ON TABLE identity.accounts TO renderstore_admin;
GRANT SELECT(created_at) ON TABLE identity.accounts TO renderstore_readonly;

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

CREATE TRIGGER api_tokens_keep_revoked BEFORE UPDATE OF revoked_at ON identity.api_tokens FOR EACH ROW WHEN (((old.revoked_at IS NOT NULL) AND (new.revoked_at IS DISTINCT FROM old.revoked_at))) EXECUTE FUNCTION identity.keep_revoked();

CREATE TRIGGER api_tokens_refuse_inactive_user BEFORE INSERT OR UPDATE OF user_id ON identity.api_tokens FOR EACH ROW EXECUTE FUNCTION identity.refuse_inactive_user();

ALTER TABLE ONLY identity.api_tokens
    ADD CONSTRAINT api_tokens_for_user_id_fkey FOREIGN KEY (for_user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

COMMENT ON CONSTRAINT api_tokens_for_user_id_fkey ON identity.api_tokens IS 'There is no user with this id to act for; still referenced: API tokens act for this user.';

ALTER TABLE ONLY identity.api_tokens
    ADD CONSTRAINT api_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

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
    CONSTRAINT plans_id_is_slug_check CHECK ((id ~ '^[a-z][a-z0-9_]{0,39}$'::text)),
    CONSTRAINT plans_keep_ended_jobs_days_is_positive_check CHECK ((keep_ended_jobs_days >= 1)),
    CONSTRAINT plans_max_active_jobs_is_not_negative_check CHECK ((max_active_jobs >= 0)),
    CONSTRAINT plans_max_daily_jobs_is_not_negative_check CHECK ((max_daily_jobs >= 0)),
    CONSTRAINT plans_max_priority_is_0_to_10_check CHECK (((max_priority >= 0) AND (max_priority <= 10))),
    CONSTRAINT plans_max_projects_is_not_negative_check CHECK ((max_projects >= 0)),
    CONSTRAINT plans_max_stored_bytes_is_not_negative_check CHECK ((max_stored_bytes >= 0)),
    CONSTRAINT plans_name_is_short_check CHECK (((length(name) >= 1) AND (length(name) <= 100))),
    CONSTRAINT plans_share_is_1_to_1000_check CHECK (((share >= 1) AND (share <= 1000)))
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
COMMENT ON CONSTRAINT plans_id_is_slug_check ON identity.plans IS 'A plan''s id has 1 to 40 lower-case letters, digits and underscores and begins with a letter.';
COMMENT ON CONSTRAINT plans_keep_ended_jobs_days_is_positive_check ON identity.plans IS 'A plan keeps ended jobs for 1 day or more, or null for ever.';
COMMENT ON CONSTRAINT plans_max_active_jobs_is_not_negative_check ON identity.plans IS 'A plan''s limit of active jobs is 0 or more, or null for none.';
COMMENT ON CONSTRAINT plans_max_daily_jobs_is_not_negative_check ON identity.plans IS 'A plan''s limit of jobs a day is 0 or more, or null for none.';
COMMENT ON CONSTRAINT plans_max_priority_is_0_to_10_check ON identity.plans IS 'A plan''s highest priority is 0 to 10, or null for 10.';
COMMENT ON CONSTRAINT plans_max_projects_is_not_negative_check ON identity.plans IS 'A plan''s limit of projects is 0 or more, or null for none.';
COMMENT ON CONSTRAINT plans_max_stored_bytes_is_not_negative_check ON identity.plans IS 'A plan''s limit of stored bytes is 0 or more, or null for none.';
COMMENT ON CONSTRAINT plans_name_is_short_check ON identity.plans IS 'A plan''s name has 1 to 100 characters.';
COMMENT ON CONSTRAINT plans_share_is_1_to_1000_check ON identity.plans IS 'A plan''s share is 1 to 1000.';

ALTER TABLE ONLY identity.plans
    ADD CONSTRAINT plans_pkey PRIMARY KEY (id);

COMMENT ON CONSTRAINT plans_pkey ON identity.plans IS 'There is already a plan with this id.';

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
COMMENT ON CONSTRAINT session_tokens_token_hash_is_sha256_check ON identity.session_tokens IS 'A token''s hash is a SHA-256: 32 bytes.';

ALTER TABLE ONLY identity.session_tokens
    ADD CONSTRAINT session_tokens_pkey PRIMARY KEY (id);

COMMENT ON CONSTRAINT session_tokens_pkey ON identity.session_tokens IS 'There is already a session token with this id.';

ALTER TABLE ONLY identity.session_tokens
    ADD CONSTRAINT session_tokens_token_hash_key UNIQUE (token_hash);

COMMENT ON CONSTRAINT session_tokens_token_hash_key ON identity.session_tokens IS 'There is already a session with this token.';

CREATE INDEX session_tokens_expires_at_idx ON identity.session_tokens USING btree (expires_at);

CREATE INDEX session_tokens_user_id_idx ON identity.session_tokens USING btree (user_id);

CREATE TRIGGER session_tokens_note_sign_in BEFORE INSERT ON identity.session_tokens FOR EACH ROW EXECUTE FUNCTION identity.note_sign_in();

CREATE TRIGGER session_tokens_refuse_inactive_user BEFORE INSERT OR UPDATE OF user_id ON identity.session_tokens FOR EACH ROW EXECUTE FUNCTION identity.refuse_inactive_user();

ALTER TABLE ONLY identity.session_tokens
    ADD CONSTRAINT session_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

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
    plex_token_encrypted bytea,
    password_hash text,
    is_password_change_due boolean DEFAULT false NOT NULL,
    email_verified_at timestamp with time zone,
    last_login_at timestamp with time zone,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    updated_at timestamp with time zone DEFAULT now() NOT NULL,
    CONSTRAINT users_email_is_address_check CHECK (((email ~ '^[^@[:space:]]+@[^@[:space:]]+$'::text) AND (length(email) <= 320))),
    CONSTRAINT users_email_is_lower_case_check CHECK ((email = lower(email))),
    CONSTRAINT users_image_is_short_check CHECK (((length(image) >= 1) AND (length(image) <= 65536))),
    CONSTRAINT users_name_is_short_check CHECK (((length(name) >= 1) AND (length(name) <= 200))),
    CONSTRAINT users_password_change_has_password_check CHECK (((NOT is_password_change_due) OR (password_hash IS NOT NULL))),
    CONSTRAINT users_password_is_argon2id_check CHECK (((password_hash ~ '^\$argon2id\$v=19\$m=[0-9]{4,9},t=[0-9]{1,4},p=[0-9]{1,3}\$[A-Za-z0-9+/]{11,}\$[A-Za-z0-9+/]{22,}$'::text) AND (length(password_hash) <= 500))),
    CONSTRAINT users_password_is_bootstrap_check CHECK (((password_hash IS NULL) OR is_bootstrap)),
    CONSTRAINT users_plex_id_is_positive_check CHECK ((plex_id > 0)),
    CONSTRAINT users_plex_token_has_plex_id_check CHECK (((plex_token_encrypted IS NULL) OR (plex_id IS NOT NULL))),
    CONSTRAINT users_plex_username_is_short_check CHECK (((length(plex_username) >= 1) AND (length(plex_username) <= 200))),
    CONSTRAINT users_slack_id_is_slack_check CHECK ((slack_id ~ '^[UW][A-Z0-9]{2,31}$'::text))
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
COMMENT ON COLUMN identity.users.plex_token_encrypted IS 'Plex''s token, encrypted by the application and bound to this row; null without one. Only sign-in reads it.';
COMMENT ON COLUMN identity.users.password_hash IS 'An argon2id hash in PHC form, only for the first administrator; null for everybody else. Only sign-in reads it.';
COMMENT ON COLUMN identity.users.is_password_change_due IS 'Whether the password must be changed at the next sign-in.';
COMMENT ON COLUMN identity.users.email_verified_at IS 'When the e-mail address was verified; null where it was not.';
COMMENT ON COLUMN identity.users.last_login_at IS 'When the user last signed in; null for never.';
COMMENT ON COLUMN identity.users.created_at IS 'When the user was created.';
COMMENT ON COLUMN identity.users.updated_at IS 'When the row last changed.';
COMMENT ON CONSTRAINT users_email_is_address_check ON identity.users IS 'An e-mail address has one @ with something on both sides, no spaces, and at most 320 characters.';
COMMENT ON CONSTRAINT users_email_is_lower_case_check ON identity.users IS 'An e-mail address is stored in lower case.';
COMMENT ON CONSTRAINT users_image_is_short_check ON identity.users IS 'The address of a picture, or a data URL, has 1 to 65536 characters.';
COMMENT ON CONSTRAINT users_name_is_short_check ON identity.users IS 'A name has 1 to 200 characters.';
COMMENT ON CONSTRAINT users_password_change_has_password_check ON identity.users IS 'Without a password there is none to change.';
COMMENT ON CONSTRAINT users_password_is_argon2id_check ON identity.users IS 'A password is stored as an argon2id hash in PHC form.';
COMMENT ON CONSTRAINT users_password_is_bootstrap_check ON identity.users IS 'Only the first administrator has a password; everybody else signs in elsewhere.';
COMMENT ON CONSTRAINT users_plex_id_is_positive_check ON identity.users IS 'A Plex id is a number above 0.';
COMMENT ON CONSTRAINT users_plex_token_has_plex_id_check ON identity.users IS 'A Plex token belongs to a Plex id.';
COMMENT ON CONSTRAINT users_plex_username_is_short_check ON identity.users IS 'A Plex username has 1 to 200 characters.';
COMMENT ON CONSTRAINT users_slack_id_is_slack_check ON identity.users IS 'A Slack id begins with U or W, followed by capital letters and digits.';

ALTER TABLE ONLY identity.users
    ADD CONSTRAINT users_pkey PRIMARY KEY (id);

COMMENT ON CONSTRAINT users_pkey ON identity.users IS 'There is already a user with this id.';

CREATE INDEX users_admins_idx ON identity.users USING btree (id) WHERE (role = 'admin'::identity.user_role);

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

CREATE TRIGGER users_end_deactivated AFTER UPDATE ON identity.users REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION identity.end_deactivated_users();

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

GRANT SELECT,DELETE ON TABLE identity.users TO renderstore_auth;
GRANT DELETE ON TABLE identity.users TO renderstore_admin;
GRANT SELECT(id) ON TABLE identity.users TO renderstore_app;
GRANT SELECT(id) ON TABLE identity.users TO renderstore_admin;
GRANT SELECT(id) ON TABLE identity.users TO renderstore_readonly;
GRANT SELECT(plan_id) ON TABLE identity.users TO renderstore_app;
GRANT SELECT(plan_id),INSERT(plan_id),UPDATE(plan_id) ON TABLE identity.users TO renderstore_admin;
GRANT SELECT(plan_id) ON TABLE identity.users TO renderstore_readonly;
GRANT SELECT(role) ON TABLE identity.users TO renderstore_app;
GRANT SELECT(role),INSERT(role),UPDATE(role) ON TABLE identity.users TO renderstore_admin;
GRANT SELECT(role) ON TABLE identity.users TO renderstore_readonly;
GRANT SELECT(status) ON TABLE identity.users TO renderstore_app;
GRANT SELECT(status),UPDATE(status) ON TABLE identity.users TO renderstore_admin;
GRANT SELECT(status) ON TABLE identity.users TO renderstore_readonly;
GRANT SELECT(is_bootstrap) ON TABLE identity.users TO renderstore_app;
GRANT SELECT(is_bootstrap) ON TABLE identity.users TO renderstore_admin;
GRANT SELECT(is_bootstrap) ON TABLE identity.users TO renderstore_readonly;
GRANT SELECT(email) ON TABLE identity.users TO renderstore_app;
GRANT SELECT(email),INSERT(email),UPDATE(email) ON TABLE identity.users TO renderstore_admin;
GRANT SELECT(email) ON TABLE identity.users TO renderstore_readonly;
GRANT INSERT(email),UPDATE(email) ON TABLE identity.users TO renderstore_auth;
GRANT SELECT(name),UPDATE(name) ON TABLE identity.users TO renderstore_app;
GRANT SELECT(name),INSERT(name),UPDATE(name) ON TABLE identity.users TO renderstore_admin;
GRANT SELECT(name) ON TABLE identity.users TO renderstore_readonly;
GRANT INSERT(name),UPDATE(name) ON TABLE identity.users TO renderstore_auth;
GRANT SELECT(image),UPDATE(image) ON TABLE identity.users TO renderstore_app;
GRANT SELECT(image),INSERT(image),UPDATE(image) ON TABLE identity.users TO renderstore_admin;
GRANT SELECT(image) ON TABLE identity.users TO renderstore_readonly;
GRANT INSERT(image),UPDATE(image) ON TABLE identity.users TO renderstore_auth;
GRANT SELECT(slack_id) ON TABLE identity.users TO renderstore_app;
GRANT SELECT(slack_id),INSERT(slack_id),UPDATE(slack_id) ON TABLE identity.users TO renderstore_admin;
GRANT SELECT(slack_id) ON TABLE identity.users TO renderstore_readonly;
GRANT SELECT(plex_id) ON TABLE identity.users TO renderstore_app;
GRANT SELECT(plex_id),INSERT(plex_id),UPDATE(plex_id) ON TABLE identity.users TO renderstore_admin;
GRANT SELECT(plex_id) ON TABLE identity.users TO renderstore_readonly;
GRANT INSERT(plex_id) ON TABLE identity.users TO renderstore_auth;
GRANT SELECT(plex_username) ON TABLE identity.users TO renderstore_app;
GRANT SELECT(plex_username),INSERT(plex_username),UPDATE(plex_username) ON TABLE identity.users TO renderstore_admin;
GRANT SELECT(plex_username) ON TABLE identity.users TO renderstore_readonly;
GRANT INSERT(plex_username),UPDATE(plex_username) ON TABLE identity.users TO renderstore_auth;
GRANT INSERT(plex_token_encrypted),UPDATE(plex_token_encrypted) ON TABLE identity.users TO renderstore_auth;
GRANT UPDATE(password_hash) ON TABLE identity.users TO renderstore_auth;
GRANT SELECT(is_password_change_due) ON TABLE identity.users TO renderstore_app;
GRANT SELECT(is_password_change_due) ON TABLE identity.users TO renderstore_admin;
GRANT SELECT(is_password_change_due) ON TABLE identity.users TO renderstore_readonly;
GRANT UPDATE(is_password_change_due) ON TABLE identity.users TO renderstore_auth;
GRANT SELECT(email_verified_at) ON TABLE identity.users TO renderstore_app;
GRANT SELECT(email_verified_at),UPDATE(email_verified_at) ON TABLE identity.users TO renderstore_admin;
GRANT SELECT(email_verified_at) ON TABLE identity.users TO renderstore_readonly;
GRANT INSERT(email_verified_at),UPDATE(email_verified_at) ON TABLE identity.users TO renderstore_auth;
GRANT SELECT(last_login_at) ON TABLE identity.users TO renderstore_app;
GRANT SELECT(last_login_at) ON TABLE identity.users TO renderstore_admin;
GRANT SELECT(last_login_at) ON TABLE identity.users TO renderstore_readonly;
GRANT UPDATE(last_login_at) ON TABLE identity.users TO renderstore_auth;
GRANT SELECT(created_at) ON TABLE identity.users TO renderstore_app;
GRANT SELECT(created_at) ON TABLE identity.users TO renderstore_admin;
GRANT SELECT(created_at) ON TABLE identity.users TO renderstore_readonly;
GRANT SELECT(updated_at) ON TABLE identity.users TO renderstore_app;
GRANT SELECT(updated_at) ON TABLE identity.users TO renderstore_admin;
GRANT SELECT(updated_at) ON TABLE identity.users TO renderstore_readonly;

CREATE TABLE identity.verification_tokens (
    identifier text NOT NULL,
    token text NOT NULL,
    created_at timestamp with time zone DEFAULT now() NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    CONSTRAINT verification_tokens_identifier_is_short_check CHECK (((length(identifier) >= 1) AND (length(identifier) <= 320))),
    CONSTRAINT verification_tokens_token_is_short_check CHECK (((length(token) >= 1) AND (length(token) <= 500)))
);

COMMENT ON TABLE identity.verification_tokens IS 'One row a link that was mailed to prove an address.';
COMMENT ON COLUMN identity.verification_tokens.identifier IS 'The e-mail address to be proven.';
COMMENT ON COLUMN identity.verification_tokens.token IS 'The hash of the link''s token, made by Auth.js. Only sign-in reads it.';
COMMENT ON COLUMN identity.verification_tokens.created_at IS 'When the link was mailed.';
COMMENT ON COLUMN identity.verification_tokens.expires_at IS 'When the link ceases to work.';
COMMENT ON CONSTRAINT verification_tokens_identifier_is_short_check ON identity.verification_tokens IS 'The address to be proven has 1 to 320 characters.';
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
    CONSTRAINT web_sessions_session_token_is_short_check CHECK (((length(session_token) >= 1) AND (length(session_token) <= 500)))
);

ALTER TABLE ONLY identity.web_sessions FORCE ROW LEVEL SECURITY;

COMMENT ON TABLE identity.web_sessions IS 'One row a browser that is signed in through Auth.js.';
COMMENT ON COLUMN identity.web_sessions.id IS 'The row''s identifier, made by the database.';
COMMENT ON COLUMN identity.web_sessions.user_id IS 'The user who is signed in.';
COMMENT ON COLUMN identity.web_sessions.session_token IS 'The cookie''s value, as Auth.js writes and compares it. Only sign-in reads it.';
COMMENT ON COLUMN identity.web_sessions.created_at IS 'When the browser signed in.';
COMMENT ON COLUMN identity.web_sessions.expires_at IS 'When the session ends; Auth.js moves it while the session is used.';
COMMENT ON CONSTRAINT web_sessions_session_token_is_short_check ON identity.web_sessions IS 'A session''s token has 1 to 500 characters.';

ALTER TABLE ONLY identity.web_sessions
    ADD CONSTRAINT web_sessions_pkey PRIMARY KEY (id);

COMMENT ON CONSTRAINT web_sessions_pkey ON identity.web_sessions IS 'There is already a session with this id.';

ALTER TABLE ONLY identity.web_sessions
    ADD CONSTRAINT web_sessions_session_token_key UNIQUE (session_token);

COMMENT ON CONSTRAINT web_sessions_session_token_key ON identity.web_sessions IS 'There is already a session with this token.';

CREATE INDEX web_sessions_expires_at_idx ON identity.web_sessions USING btree (expires_at);

CREATE INDEX web_sessions_user_id_idx ON identity.web_sessions USING btree (user_id);

CREATE TRIGGER web_sessions_note_sign_in BEFORE INSERT ON identity.web_sessions FOR EACH ROW EXECUTE FUNCTION identity.note_sign_in();

CREATE TRIGGER web_sessions_refuse_inactive_user BEFORE INSERT OR UPDATE OF user_id ON identity.web_sessions FOR EACH ROW EXECUTE FUNCTION identity.refuse_inactive_user();

ALTER TABLE ONLY identity.web_sessions
    ADD CONSTRAINT web_sessions_user_id_fkey FOREIGN KEY (user_id) REFERENCES identity.users(id) ON DELETE CASCADE;

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

CREATE FUNCTION identity.bind(role_name text, user_id uuid, actor text) RETURNS void
    LANGUAGE plpgsql
    AS $$
begin
    perform
        set_config('role', role_name, true),
        set_config('search_path', '', true),
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

CREATE FUNCTION identity.bind_token(token_hash bytea, wanted_role identity.token_role, wanted_user_id uuid) RETURNS void
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
    elsif token.owner_status <> 'active' then
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

    if token.last_used_at is null or token.last_used_at < now() - interval '1 minute' then
        -- Who finds the row locked leaves the note to the other: one token's scopes do not wait for
        -- each other's ends.
        update identity.api_tokens
        set last_used_at = now()
        where api_tokens.id in (
            select noted.id
            from identity.api_tokens as noted
            where noted.id = token.id
                and (
                    noted.last_used_at is null
                    or noted.last_used_at < now() - interval '1 minute'
                )
            for no key update skip locked
        );
    end if;

    -- acting_for is null for an administrator's token, so bind asks nothing more.
    perform identity.bind(
        case chosen when 'user' then 'renderstore_app' else 'renderstore_' || chosen end,
        acting_for,
        'token:' || token.id
    );
end
$$;

COMMENT ON FUNCTION identity.bind_token(token_hash bytea, wanted_role identity.token_role, wanted_user_id uuid) IS 'Enters the scope that an API token may: as its one role or the wanted one, for its one user or the wanted one.';

CREATE FUNCTION identity.create_bootstrap_admin(email text, name text, password_hash text) RETURNS uuid
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
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
        password_hash,
        is_password_change_due
    )
    values (
        'admin',
        true,
        create_bootstrap_admin.email,
        create_bootstrap_admin.name,
        create_bootstrap_admin.password_hash,
        create_bootstrap_admin.password_hash is not null
    )
    returning id into made;
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

CREATE FUNCTION identity.end_deactivated_users() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER
    SET search_path TO ''
    AS $$
declare
    ended uuid[];
begin
    select array_agg(after.id) into ended
    from after
    join before on before.id = after.id
    where after.status = 'deactivated' and before.status <> 'deactivated';

    if ended is not null then
        delete from identity.web_sessions where user_id = any (ended);
        delete from identity.session_tokens where user_id = any (ended);
        delete from identity.macos_accounts where user_id = any (ended);
        update identity.api_tokens
        set revoked_at = now()
        where (user_id = any (ended) or for_user_id = any (ended)) and revoked_at is null;
    end if;
    return null;
end
$$;

COMMENT ON FUNCTION identity.end_deactivated_users() IS 'Trigger: voids the sessions, tokens and macOS names of users who were just deactivated.';

REVOKE ALL ON FUNCTION identity.end_deactivated_users() FROM PUBLIC;

CREATE FUNCTION identity.issue_api_token(name text, roles identity.token_role[], user_id uuid, service text, for_user_id uuid, expires_at timestamp with time zone, OUT id uuid, OUT secret text) RETURNS record
    LANGUAGE plpgsql
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

CREATE FUNCTION identity.refuse_inactive_user() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
declare
    found_status identity.user_status;
begin
    -- The share lock makes a suspension at this moment wait, or be seen.
    select status into found_status
    from identity.users
    where id = new.user_id
    for share;
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


-- ==================== work ====================

CREATE SCHEMA work;

COMMENT ON SCHEMA work IS 'Jobs of every kind and their life: queue, leases, quotas, events, logs, workers.';

GRANT USAGE ON SCHEMA work TO renderstore_app;
GRANT USAGE ON SCHEMA work TO renderstore_worker;
GRANT USAGE ON SCHEMA work TO renderstore_admin;
GRANT USAGE ON SCHEMA work TO renderstore_readonly;


-- ==================== render ====================

CREATE SCHEMA render;

COMMENT ON SCHEMA render IS 'What a render job is to do: project, template, paths, frames, nexrender''s configuration.';

GRANT USAGE ON SCHEMA render TO renderstore_app;
GRANT USAGE ON SCHEMA render TO renderstore_worker;
GRANT USAGE ON SCHEMA render TO renderstore_admin;
GRANT USAGE ON SCHEMA render TO renderstore_readonly;


-- ==================== studio ====================

CREATE SCHEMA studio;

COMMENT ON SCHEMA studio IS 'Projects, scenes, characters, animations, frames, their assets and presets.';

GRANT USAGE ON SCHEMA studio TO renderstore_app;
GRANT USAGE ON SCHEMA studio TO renderstore_worker;
GRANT USAGE ON SCHEMA studio TO renderstore_admin;
GRANT USAGE ON SCHEMA studio TO renderstore_readonly;


-- ==================== media ====================

CREATE SCHEMA media;

COMMENT ON SCHEMA media IS 'Media requests and downloads.';

GRANT USAGE ON SCHEMA media TO renderstore_app;
GRANT USAGE ON SCHEMA media TO renderstore_worker;
GRANT USAGE ON SCHEMA media TO renderstore_admin;
GRANT USAGE ON SCHEMA media TO renderstore_readonly;


-- ==================== ops ====================

CREATE SCHEMA ops;

COMMENT ON SCHEMA ops IS 'Running the house: service status and configuration, rate limits, health, maintenance.';

GRANT USAGE ON SCHEMA ops TO renderstore_app;
GRANT USAGE ON SCHEMA ops TO renderstore_worker;
GRANT USAGE ON SCHEMA ops TO renderstore_admin;
GRANT USAGE ON SCHEMA ops TO renderstore_readonly;
GRANT USAGE ON SCHEMA ops TO renderstore_auth;

CREATE FUNCTION ops.set_updated_at() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
begin
    new.updated_at = now();
    return new;
end
$$;

COMMENT ON FUNCTION ops.set_updated_at() IS 'Trigger: sets updated_at to the time of the transaction that changes the row.';

REVOKE ALL ON FUNCTION ops.set_updated_at() FROM PUBLIC;

CREATE FUNCTION ops.uuidv7() RETURNS uuid
    LANGUAGE sql PARALLEL SAFE
    RETURN uuidv7();

COMMENT ON FUNCTION ops.uuidv7() IS 'A new identifier, a version 7 UUID: later ones sort after earlier ones.';

REVOKE ALL ON FUNCTION ops.uuidv7() FROM PUBLIC;
GRANT ALL ON FUNCTION ops.uuidv7() TO renderstore_app;
GRANT ALL ON FUNCTION ops.uuidv7() TO renderstore_auth;
GRANT ALL ON FUNCTION ops.uuidv7() TO renderstore_worker;
GRANT ALL ON FUNCTION ops.uuidv7() TO renderstore_admin;


-- ==================== audit ====================

CREATE SCHEMA audit;

COMMENT ON SCHEMA audit IS 'The append-only trail of who changed what.';

GRANT USAGE ON SCHEMA audit TO renderstore_admin;
GRANT USAGE ON SCHEMA audit TO renderstore_readonly;


-- ==================== authjs ====================

CREATE SCHEMA authjs;

COMMENT ON SCHEMA authjs IS 'Views under the names and columns that the PostgreSQL adapter of Auth.js expects.';

GRANT USAGE ON SCHEMA authjs TO renderstore_auth;

CREATE VIEW authjs.accounts WITH (security_invoker='true') AS
 SELECT id,
    user_id AS "userId",
    type,
    provider,
    provider_account_id AS "providerAccountId",
    refresh_token,
    access_token,
    expires_at_s AS expires_at,
    id_token,
    scope,
    session_state,
    token_type
   FROM identity.accounts;

COMMENT ON VIEW authjs.accounts IS 'identity.accounts for Auth.js.';
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

CREATE FUNCTION authjs.insert_user() RETURNS trigger
    LANGUAGE plpgsql
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
