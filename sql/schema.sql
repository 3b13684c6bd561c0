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
GRANT SELECT ON TABLE identity.plans TO renderstore_worker;
GRANT SELECT,INSERT,DELETE,UPDATE ON TABLE identity.plans TO renderstore_admin;
GRANT SELECT ON TABLE identity.plans TO renderstore_readonly;

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
    CONSTRAINT users_image_is_short_check CHECK (((length(image) >= 1) AND (length(image) <= 2048))),
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
COMMENT ON COLUMN identity.users.image IS 'The address of a picture, up to 2048 characters; null without one.';
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
COMMENT ON CONSTRAINT users_image_is_short_check ON identity.users IS 'The address of a picture has 1 to 2048 characters.';
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

CREATE UNIQUE INDEX users_email_key ON identity.users USING btree (email) WHERE (status <> 'deactivated'::identity.user_status);

COMMENT ON INDEX identity.users_email_key IS 'Another user already has this e-mail address.';

CREATE UNIQUE INDEX users_is_bootstrap_key ON identity.users USING btree (is_bootstrap) WHERE is_bootstrap;

COMMENT ON INDEX identity.users_is_bootstrap_key IS 'There is already a first administrator.';

CREATE INDEX users_plan_id_idx ON identity.users USING btree (plan_id);

CREATE UNIQUE INDEX users_plex_id_key ON identity.users USING btree (plex_id) WHERE (status <> 'deactivated'::identity.user_status);

COMMENT ON INDEX identity.users_plex_id_key IS 'Another user already has this Plex id.';

CREATE UNIQUE INDEX users_slack_id_key ON identity.users USING btree (slack_id) WHERE (status <> 'deactivated'::identity.user_status);

COMMENT ON INDEX identity.users_slack_id_key IS 'Another user already has this Slack id.';

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

CREATE FUNCTION identity.current_actor() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN COALESCE(NULLIF(current_setting('renderstore.actor'::text, true), ''::text), ('login:'::text || (SESSION_USER)::text));

COMMENT ON FUNCTION identity.current_actor() IS 'Who is acting, for events and the audit trail: user:…, token:…, worker:…, admin:…, dba:…, or login:… outside a scope.';

CREATE FUNCTION identity.current_user_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN (NULLIF(current_setting('renderstore.user_id'::text, true), ''::text))::uuid;

COMMENT ON FUNCTION identity.current_user_id() IS 'The user whose rows this transaction may see; null when none is bound.';

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
