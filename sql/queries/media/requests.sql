-- What users ask for, one row a movie, a show or a season.

-- name: submit(title, media_type, tmdb_id, seasons, is_4k, overseerr_id, user_id)
-- The requests of the acting user, or of the one that an administrator names, a row a season in the order given: all of them, or none within the plan. What is open or there already is found, and is not new.
-- row: SubmittedRequest
-- null: tmdb_id? seasons? is_4k? overseerr_id? user_id? is_new! id! season? status! requested_at!
select
    is_new,
    id,
    season,
    status,
    requested_at
from media.submit_requests(
    :title,
    :media_type,
    :tmdb_id,
    :seasons,
    coalesce(:is_4k::boolean, false),
    :overseerr_id,
    :user_id
)
order by nth;

-- name: get(id)^
-- The acting user's request with this id.
-- row: Request
select
    user_id,
    id,
    status,
    title,
    media_type,
    tmdb_id,
    season,
    is_4k,
    overseerr_id,
    decided_by,
    decision_reason,
    requested_at,
    decided_at,
    completed_at
from media.requests
where id = :id and user_id = (select identity.current_user_id());

-- name: find_by_id(id)^
-- The request with this id alone, whoever asked, for who sees every row.
-- row: Request
select
    user_id,
    id,
    status,
    title,
    media_type,
    tmdb_id,
    season,
    is_4k,
    overseerr_id,
    decided_by,
    decision_reason,
    requested_at,
    decided_at,
    completed_at
from media.requests
where id = :id;

-- name: list(before_id, page_size)
-- A page of the acting user's requests, newest first, before the one with this id (null for the first page).
-- row: Request
-- null: before_id?
select
    user_id,
    id,
    status,
    title,
    media_type,
    tmdb_id,
    season,
    is_4k,
    overseerr_id,
    decided_by,
    decision_reason,
    requested_at,
    decided_at,
    completed_at
from media.requests
where user_id = (select identity.current_user_id())
    and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
order by id desc
limit (select :page_size::bigint);

-- name: list_by_status(status, before_id, page_size)
-- A page of all users' requests of one status, newest first, for who sees every row.
-- row: Request
-- null: before_id? user_id! id! status! title! media_type! is_4k! requested_at!
select
    user_id,
    id,
    status,
    title,
    media_type,
    tmdb_id,
    season,
    is_4k,
    overseerr_id,
    decided_by,
    decision_reason,
    requested_at,
    decided_at,
    completed_at
from media.list_requests(:status, :before_id, :page_size)
order by id desc;

-- name: cancel(id, user_id)$
-- The request's status, which is cancelled now: the acting user's own, or that of the user whom an administrator names. What is there already is not cancelled.
-- null: user_id? status!
select media.cancel_request(:id, :user_id) as status;

-- name: approve(user_id, id, reason)^
-- An administrator agrees, to a new request or to one that failed. The same once more changes nothing.
-- row: DecidedRequest
-- null: reason? status! is_changed!
select
    status,
    is_changed
from media.decide_request(:user_id, :id, 'approved', :reason);

-- name: decline(user_id, id, reason)^
-- An administrator refuses, and says why.
-- row: DecidedRequest
-- null: status! is_changed!
select
    status,
    is_changed
from media.decide_request(:user_id, :id, 'declined', :reason);

-- name: begin(user_id, id)^
-- What was approved is being fetched.
-- row: DecidedRequest
-- null: status! is_changed!
select
    status,
    is_changed
from media.decide_request(:user_id, :id, 'processing');

-- name: fail(user_id, id, reason)^
-- What was being fetched could not be; an administrator says why, and may approve it again.
-- row: DecidedRequest
-- null: status! is_changed!
select
    status,
    is_changed
from media.decide_request(:user_id, :id, 'failed', :reason);

-- name: complete(user_id, id)^
-- What this user asked for is there; media.requests.make_available says so to everybody who asked.
-- row: DecidedRequest
-- null: status! is_changed!
select
    status,
    is_changed
from media.decide_request(:user_id, :id, 'available');

-- name: remove(user_id, id, reason)^
-- What was there is no more; it can be asked for again.
-- row: DecidedRequest
-- null: reason? status! is_changed!
select
    status,
    is_changed
from media.decide_request(:user_id, :id, 'removed', :reason);

-- name: make_available(media_type, tmdb_id, season, is_4k)^
-- How many approved requests are available now, of everybody who asked for it; held are those that somebody holds at this moment, for a second call.
-- row: MadeAvailable
-- null: season? is_4k? made_available! held!
select
    made_available,
    held
from media.make_available(
    :media_type,
    :tmdb_id,
    :season,
    coalesce(:is_4k::boolean, false)
);
