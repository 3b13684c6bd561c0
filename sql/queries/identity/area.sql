-- What concerns the area as a whole.

-- name: sweep(max_rows)^
-- How many rows of each kind were cleared, at most max_rows of each: expired ones, what deactivated users have
-- left to come in with, and what erased users own. Run it until all are 0.
-- null: web_sessions! session_tokens! api_tokens! verification_tokens! macos_accounts! owners!
select
    web_sessions,
    session_tokens,
    api_tokens,
    verification_tokens,
    macos_accounts,
    owners
from identity.sweep(:max_rows);
