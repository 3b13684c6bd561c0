-- What concerns the area as a whole.
-- sweep gathers keys in arrays, since a join would be planned for a tenth of the table. Verification
-- tokens are never updated, so a ctid stays the row's as long as the row lives.

-- name: sweep(max_rows)^
-- How many rows of each kind were expired and are gone; at most max_rows of each. Run it until all are 0.
with expired_sessions as (
    delete from identity.web_sessions
    where id = any(
        array(
            select id
            from identity.web_sessions
            where expires_at <= now()
            order by expires_at
            limit (select :max_rows::bigint)
            for update skip locked
        )
    )
    returning id
),

expired_session_tokens as (
    delete from identity.session_tokens
    where id = any(
        array(
            select id
            from identity.session_tokens
            where expires_at <= now()
            order by expires_at
            limit (select :max_rows::bigint)
            for update skip locked
        )
    )
    returning id
),

expired_api_tokens as (
    delete from identity.api_tokens
    where id = any(
        array(
            select id
            from identity.api_tokens
            where expires_at <= now()
            order by expires_at
            limit (select :max_rows::bigint)
            for update skip locked
        )
    )
    returning id
),

expired_verification_tokens as (
    delete from identity.verification_tokens
    where ctid = any(
        array(
            select ctid
            from identity.verification_tokens
            where expires_at <= now()
            order by expires_at
            limit (select :max_rows::bigint)
        )
    )
    returning identifier
)

select
    (
        select count(*)
        from expired_sessions
    ) as web_sessions,
    (
        select count(*)
        from expired_session_tokens
    ) as session_tokens,
    (
        select count(*)
        from expired_api_tokens
    ) as api_tokens,
    (
        select count(*)
        from expired_verification_tokens
    ) as verification_tokens;
