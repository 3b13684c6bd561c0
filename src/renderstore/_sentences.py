"""The sentence for each rule, by schema, table and name.

Generated from the catalog's comments by `just generate`; do not edit.
"""

from typing import Final

CONSTRAINTS: Final[dict[tuple[str, str, str], str]] = {
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
        "users_name_is_short_check",
    ): "A name has 1 to 200 characters.",
    ("identity", "users", "users_pkey"): "There is already a user with this id.",
}

# What a column holds, for the columns that must not be null.
COLUMNS: Final[dict[tuple[str, str, str], str]] = {
    ("identity", "users", "created_at"): "When the user was created.",
    ("identity", "users", "id"): "The user's identifier, made by the database.",
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
}
