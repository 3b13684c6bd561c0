"""The sentence for each rule, by schema, table and name.

Generated from the catalog's comments by `just generate`; do not edit.
"""

from typing import Final

CONSTRAINTS: Final[dict[tuple[str, str, str], str]] = {
    (
        "identity",
        "accounts",
        "accounts_pkey",
    ): "There is already an account with this id.",
    (
        "identity",
        "accounts",
        "accounts_provider_account_id_is_short_check",
    ): "A provider's account id has 1 to 500 characters.",
    (
        "identity",
        "accounts",
        "accounts_provider_is_short_check",
    ): "A provider's name has 1 to 100 characters.",
    (
        "identity",
        "accounts",
        "accounts_provider_provider_account_id_key",
    ): "This account at the provider is already linked to a user.",
    (
        "identity",
        "accounts",
        "accounts_type_is_short_check",
    ): "An account's type has 1 to 50 characters.",
    (
        "identity",
        "accounts",
        "accounts_user_id_fkey",
    ): "There is no user with this id; still referenced: the user has accounts at sign-in providers.",
    (
        "identity",
        "api_tokens",
        "api_tokens_expires_at_is_later_check",
    ): "An API token expires after it was issued.",
    (
        "identity",
        "api_tokens",
        "api_tokens_for_user_id_fkey",
    ): "There is no user with this id to act for; still referenced: API tokens act for this user.",
    (
        "identity",
        "api_tokens",
        "api_tokens_has_one_owner_check",
    ): "An API token belongs to a user or to a service, not to both.",
    (
        "identity",
        "api_tokens",
        "api_tokens_has_roles_check",
    ): "An API token may act as something: it has one role or more.",
    (
        "identity",
        "api_tokens",
        "api_tokens_name_is_short_check",
    ): "A token's name has 1 to 200 characters.",
    (
        "identity",
        "api_tokens",
        "api_tokens_pkey",
    ): "There is already an API token with this id.",
    (
        "identity",
        "api_tokens",
        "api_tokens_prefix_is_short_check",
    ): "A token's prefix is rs_ and 8 hexadecimal digits.",
    (
        "identity",
        "api_tokens",
        "api_tokens_service_is_slug_check",
    ): "A service's name has 1 to 100 lower-case letters, digits, dashes and underscores and begins with a letter.",
    (
        "identity",
        "api_tokens",
        "api_tokens_token_hash_is_sha256_check",
    ): "A token's hash is a SHA-256: 32 bytes.",
    (
        "identity",
        "api_tokens",
        "api_tokens_token_hash_key",
    ): "There is already an API token with this secret.",
    (
        "identity",
        "api_tokens",
        "api_tokens_user_acts_as_self_check",
    ): "A user's API token acts for that user.",
    (
        "identity",
        "api_tokens",
        "api_tokens_user_id_fkey",
    ): "There is no user with this id; still referenced: the user has API tokens.",
    (
        "identity",
        "bootstraps",
        "bootstraps_is_done_is_true_check",
    ): "The row that marks the first administrator as made is never unmarked.",
    (
        "identity",
        "bootstraps",
        "bootstraps_pkey",
    ): "The first administrator was already made.",
    (
        "identity",
        "macos_accounts",
        "macos_accounts_name_is_macos_check",
    ): "A macOS account name has 1 to 255 letters, digits, dots, dashes and underscores, and begins with a letter, a digit or an underscore.",
    (
        "identity",
        "macos_accounts",
        "macos_accounts_name_key",
    ): "This macOS account name already belongs to a user.",
    (
        "identity",
        "macos_accounts",
        "macos_accounts_pkey",
    ): "There is already a macOS account with this id.",
    (
        "identity",
        "macos_accounts",
        "macos_accounts_user_id_fkey",
    ): "There is no user with this id; still referenced: the user has macOS account names.",
    (
        "identity",
        "plans",
        "plans_id_is_slug_check",
    ): "A plan's id has 1 to 40 lower-case letters, digits and underscores and begins with a letter.",
    (
        "identity",
        "plans",
        "plans_keep_ended_jobs_days_is_positive_check",
    ): "A plan keeps ended jobs for 1 day or more, or null for ever.",
    (
        "identity",
        "plans",
        "plans_max_active_jobs_is_not_negative_check",
    ): "A plan's limit of active jobs is 0 or more, or null for none.",
    (
        "identity",
        "plans",
        "plans_max_daily_jobs_is_not_negative_check",
    ): "A plan's limit of jobs a day is 0 or more, or null for none.",
    (
        "identity",
        "plans",
        "plans_max_priority_is_0_to_10_check",
    ): "A plan's highest priority is 0 to 10, or null for 10.",
    (
        "identity",
        "plans",
        "plans_max_projects_is_not_negative_check",
    ): "A plan's limit of projects is 0 or more, or null for none.",
    (
        "identity",
        "plans",
        "plans_max_stored_bytes_is_not_negative_check",
    ): "A plan's limit of stored bytes is 0 or more, or null for none.",
    (
        "identity",
        "plans",
        "plans_name_is_short_check",
    ): "A plan's name has 1 to 100 characters.",
    ("identity", "plans", "plans_pkey"): "There is already a plan with this id.",
    (
        "identity",
        "plans",
        "plans_share_is_1_to_1000_check",
    ): "A plan's share is 1 to 1000.",
    (
        "identity",
        "session_tokens",
        "session_tokens_expires_at_is_later_check",
    ): "A session ends after it begins.",
    (
        "identity",
        "session_tokens",
        "session_tokens_pkey",
    ): "There is already a session token with this id.",
    (
        "identity",
        "session_tokens",
        "session_tokens_token_hash_is_sha256_check",
    ): "A token's hash is a SHA-256: 32 bytes.",
    (
        "identity",
        "session_tokens",
        "session_tokens_token_hash_key",
    ): "There is already a session with this token.",
    (
        "identity",
        "session_tokens",
        "session_tokens_user_id_fkey",
    ): "There is no user with this id; still referenced: the user has session tokens.",
    (
        "identity",
        "users",
        "users_email_is_address_check",
    ): "An e-mail address has one @ with something on both sides, no spaces, and at most 320 characters.",
    (
        "identity",
        "users",
        "users_email_is_lower_case_check",
    ): "An e-mail address is stored in lower case.",
    (
        "identity",
        "users",
        "users_email_key",
    ): "Another user already has this e-mail address.",
    (
        "identity",
        "users",
        "users_image_is_short_check",
    ): "The address of a picture, or a data URL, has 1 to 65536 characters.",
    (
        "identity",
        "users",
        "users_is_bootstrap_key",
    ): "There is already a first administrator.",
    (
        "identity",
        "users",
        "users_name_is_short_check",
    ): "A name has 1 to 200 characters.",
    (
        "identity",
        "users",
        "users_password_change_has_password_check",
    ): "Without a password there is none to change.",
    (
        "identity",
        "users",
        "users_password_is_argon2id_check",
    ): "A password is stored as an argon2id hash in PHC form.",
    (
        "identity",
        "users",
        "users_password_is_bootstrap_check",
    ): "Only the first administrator has a password; everybody else signs in elsewhere.",
    ("identity", "users", "users_pkey"): "There is already a user with this id.",
    (
        "identity",
        "users",
        "users_plan_id_fkey",
    ): "There is no plan with this id; still referenced: users have this plan.",
    (
        "identity",
        "users",
        "users_plex_id_is_positive_check",
    ): "A Plex id is a number above 0.",
    (
        "identity",
        "users",
        "users_plex_id_key",
    ): "Another user already has this Plex id.",
    (
        "identity",
        "users",
        "users_plex_token_has_plex_id_check",
    ): "A Plex token belongs to a Plex id.",
    (
        "identity",
        "users",
        "users_plex_username_is_short_check",
    ): "A Plex username has 1 to 200 characters.",
    (
        "identity",
        "users",
        "users_slack_id_is_slack_check",
    ): "A Slack id begins with U or W, followed by capital letters and digits.",
    (
        "identity",
        "users",
        "users_slack_id_key",
    ): "Another user already has this Slack id.",
    (
        "identity",
        "verification_tokens",
        "verification_tokens_identifier_is_short_check",
    ): "The address to be proven has 1 to 320 characters.",
    (
        "identity",
        "verification_tokens",
        "verification_tokens_pkey",
    ): "This address already has this verification token.",
    (
        "identity",
        "verification_tokens",
        "verification_tokens_token_is_short_check",
    ): "A verification token has 1 to 500 characters.",
    (
        "identity",
        "web_sessions",
        "web_sessions_pkey",
    ): "There is already a session with this id.",
    (
        "identity",
        "web_sessions",
        "web_sessions_session_token_is_short_check",
    ): "A session's token has 1 to 500 characters.",
    (
        "identity",
        "web_sessions",
        "web_sessions_session_token_key",
    ): "There is already a session with this token.",
    (
        "identity",
        "web_sessions",
        "web_sessions_user_id_fkey",
    ): "There is no user with this id; still referenced: the user has sessions.",
}

# What a column holds, for the columns that must not be null.
COLUMNS: Final[dict[tuple[str, str, str], str]] = {
    ("identity", "accounts", "created_at"): "When the account was linked.",
    ("identity", "accounts", "id"): "The row's identifier, made by the database.",
    ("identity", "accounts", "provider"): "The provider's name, such as google.",
    (
        "identity",
        "accounts",
        "provider_account_id",
    ): "The account's id at the provider; Google calls it the subject.",
    (
        "identity",
        "accounts",
        "type",
    ): "Auth.js's kind of account: oauth, oidc, email, credentials or webauthn.",
    ("identity", "accounts", "user_id"): "The user who signs in with the account.",
    ("identity", "api_tokens", "created_at"): "When the token was issued.",
    (
        "identity",
        "api_tokens",
        "id",
    ): "The token's identifier, made by the database; events and the audit trail name it.",
    (
        "identity",
        "api_tokens",
        "name",
    ): "What people call the token, 1 to 200 characters.",
    (
        "identity",
        "api_tokens",
        "prefix",
    ): "The first characters of the token, to tell it from others.",
    ("identity", "api_tokens", "roles"): "What the token may act as, one role or more.",
    (
        "identity",
        "api_tokens",
        "token_hash",
    ): "The SHA-256 of the token, 32 bytes; the token itself is shown once and not kept. Only sign-in reads it.",
    ("identity", "bootstraps", "done_at"): "When the first administrator was made.",
    ("identity", "bootstraps", "is_done"): "Always true: there is one row or none.",
    (
        "identity",
        "macos_accounts",
        "created_at",
    ): "When an administrator added the name.",
    ("identity", "macos_accounts", "id"): "The row's identifier, made by the database.",
    (
        "identity",
        "macos_accounts",
        "name",
    ): "The account's short name in lower case, as `whoami` prints it on the Mac.",
    ("identity", "macos_accounts", "user_id"): "The user who logs in under the name.",
    ("identity", "plans", "created_at"): "When the plan was created.",
    (
        "identity",
        "plans",
        "id",
    ): "The plan's short name in lower case, as users.plan_id has it.",
    ("identity", "plans", "name"): "What people call the plan, 1 to 100 characters.",
    (
        "identity",
        "plans",
        "share",
    ): "The weight in the queue, 1 to 1000: twice the share gets twice the turns.",
    ("identity", "plans", "updated_at"): "When the row last changed.",
    ("identity", "session_tokens", "created_at"): "When the token was issued.",
    ("identity", "session_tokens", "expires_at"): "When the session ends.",
    ("identity", "session_tokens", "id"): "The row's identifier, made by the database.",
    (
        "identity",
        "session_tokens",
        "token_hash",
    ): "The SHA-256 of the token, 32 bytes; the token itself is shown once and not kept. Only sign-in reads it.",
    ("identity", "session_tokens", "user_id"): "The user whose session it is.",
    ("identity", "users", "created_at"): "When the user was created.",
    ("identity", "users", "id"): "The user's identifier, made by the database.",
    (
        "identity",
        "users",
        "is_bootstrap",
    ): "Whether this is the first administrator, made before anybody could sign in.",
    (
        "identity",
        "users",
        "is_password_change_due",
    ): "Whether the password must be changed at the next sign-in.",
    (
        "identity",
        "users",
        "plan_id",
    ): "The plan whose limits hold for the user. Only an administrator changes it.",
    (
        "identity",
        "users",
        "role",
    ): "What the user may do. Only an administrator changes it.",
    (
        "identity",
        "users",
        "status",
    ): "Where the account stands. Only an administrator changes it.",
    ("identity", "users", "updated_at"): "When the row last changed.",
    ("identity", "verification_tokens", "created_at"): "When the link was mailed.",
    ("identity", "verification_tokens", "expires_at"): "When the link ceases to work.",
    (
        "identity",
        "verification_tokens",
        "identifier",
    ): "The e-mail address to be proven.",
    (
        "identity",
        "verification_tokens",
        "token",
    ): "The hash of the link's token, made by Auth.js. Only sign-in reads it.",
    ("identity", "web_sessions", "created_at"): "When the browser signed in.",
    (
        "identity",
        "web_sessions",
        "expires_at",
    ): "When the session ends; Auth.js moves it while the session is used.",
    ("identity", "web_sessions", "id"): "The row's identifier, made by the database.",
    (
        "identity",
        "web_sessions",
        "session_token",
    ): "The cookie's value, as Auth.js writes and compares it. Only sign-in reads it.",
    ("identity", "web_sessions", "user_id"): "The user who is signed in.",
}
