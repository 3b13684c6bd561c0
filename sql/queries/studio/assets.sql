-- Assets: what is known of files. A file is kept after its bytes were reserved, and removed by a janitor.

-- name: begin(kind, size_bytes, suffix, project_id, name, media_type, provenance, expires_at, user_id)^
-- The asset just reserved, within the plan's bytes, and where its file is to lie. It is given up after a day unless it is kept.
-- row: ReservedAsset
-- null: suffix? project_id? name? media_type? provenance? expires_at? user_id? id! uri! reserved_until_at!
select
    id,
    uri,
    reserved_until_at
from studio.begin_asset(
    :kind,
    :size_bytes,
    :suffix,
    :project_id,
    :name,
    :media_type,
    :provenance,
    :expires_at,
    :user_id
);

-- name: keep(id, size_bytes, sha256, media_type, width, height, duration_ms, user_id)!
-- The file of a reserved asset is there: its true size takes the place of the expected one.
-- null: sha256? media_type? width? height? duration_ms? user_id?
select
    studio.keep_asset(
        :id,
        :size_bytes,
        :sha256,
        :media_type,
        :width,
        :height,
        :duration_ms,
        :user_id
    ) as kept;

-- name: abandon(id, user_id)!
-- Gives up a reservation; whatever came of its file is removed.
-- null: user_id?
select studio.abandon_asset(:id, :user_id) as abandoned;

-- name: get(id)^
-- The acting user's asset with this id, in whatever state.
-- row: Asset
select
    user_id,
    id,
    project_id,
    kind,
    state,
    uri,
    name,
    size_bytes,
    media_type,
    sha256,
    width,
    height,
    duration_ms,
    provenance,
    created_at,
    updated_at,
    kept_at,
    expires_at,
    deleted_at,
    missing_at
from studio.assets
where id = :id and user_id = (select identity.current_user_id());

-- name: find_by_id(id)^
-- The asset with this id alone, whoever owns it, for who sees every row.
-- row: Asset
select
    user_id,
    id,
    project_id,
    kind,
    state,
    uri,
    name,
    size_bytes,
    media_type,
    sha256,
    width,
    height,
    duration_ms,
    provenance,
    created_at,
    updated_at,
    kept_at,
    expires_at,
    deleted_at,
    missing_at
from studio.assets
where id = :id;

-- name: find_by_sha256(sha256)
-- The acting user's kept assets whose file has this hash, the earliest first.
-- row: ListedAsset
select
    id,
    project_id,
    kind,
    state,
    uri,
    name,
    size_bytes,
    expires_at
from studio.assets
where user_id = (select identity.current_user_id())
    and sha256 = :sha256
    and state = 'kept'
order by id
limit 100;

-- name: list(project_id, before_id, page_size)
-- A page of the kept assets of a project, or of those that belong to none, newest first.
-- row: ListedAsset
-- null: :project_id? before_id? id! kind! state! uri! size_bytes!
select
    page.id,
    page.project_id,
    page.kind,
    page.state,
    page.uri,
    page.name,
    page.size_bytes,
    page.expires_at
from (
    (
        select
            id,
            project_id,
            kind,
            state,
            uri,
            name,
            size_bytes,
            expires_at
        from studio.assets
        where user_id = (select identity.current_user_id())
            and project_id = :project_id
            and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
            and state = 'kept'
        order by id desc
        limit (select :page_size::bigint)
    )
    union all
    (
        select
            id,
            project_id,
            kind,
            state,
            uri,
            name,
            size_bytes,
            expires_at
        from studio.assets
        where user_id = (select identity.current_user_id())
            and :project_id::uuid is null
            and project_id is null
            and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
            and state = 'kept'
        order by id desc
        limit (select :page_size::bigint)
    )
) as page
order by page.id desc
limit (select :page_size::bigint);

-- name: list_deleted(before_id, page_size)
-- A page of the acting user's expired and deleted assets, newest first: they can be restored while their file is there.
-- row: ListedAsset
-- null: before_id?
select
    id,
    project_id,
    kind,
    state,
    uri,
    name,
    size_bytes,
    expires_at
from studio.assets
where user_id = (select identity.current_user_id())
    and id < coalesce(:before_id::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    and state in ('expired', 'deleted')
order by id desc
limit (select :page_size::bigint);

-- name: update(id, name, provenance, expires_at)^
-- The acting user's kept asset with these set anew; null is none, and never.
-- row: ChangedAsset
-- null: name? provenance? expires_at?
update studio.assets
set
    name = :name,
    provenance = :provenance,
    expires_at = :expires_at
where id = :id
    and user_id = (select identity.current_user_id())
    and state = 'kept'
returning
    id,
    state,
    name,
    expires_at;

-- name: delete(id, is_final, user_id)!
-- Deletes an asset that nothing uses; its file stays for the plan's days, or goes at once where that is final.
-- null: is_final? user_id?
select studio.delete_asset(
    :id,
    coalesce(:is_final::boolean, false),
    :user_id
) as deleted;

-- name: restore(id, user_id)!
-- An expired or deleted asset is kept again; refused once the janitor has its file.
-- null: user_id?
select studio.restore_asset(:id, :user_id) as restored;

-- name: list_files(after_user_id, after_id, page_size)
-- A page of the files that are said to be there, whosever they are, for who sees every row.
-- row: StoredFile
-- null: after_user_id? after_id?
select
    user_id,
    id,
    state,
    uri,
    size_bytes,
    missing_at
from studio.assets
where (user_id, id) > (
    coalesce(:after_user_id::uuid, '00000000-0000-0000-0000-000000000000'),
    coalesce(:after_id::uuid, '00000000-0000-0000-0000-000000000000')
)
order by user_id, id
limit (select :page_size::bigint);

-- name: mark_missing(user_id, id, is_missing)!
-- Notes that reconcile found no file for an asset, or found it again; an administrator's.
update studio.assets
set missing_at = case when :is_missing::boolean then now() end
where user_id = :user_id
    and id = :id
    and (
        select true
        from identity.check_here(:user_id)
    );
