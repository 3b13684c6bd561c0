-- Loses what each plan allows of the media portal.

set local role renderstore_owner;

alter table identity.plans
    drop column max_daily_downloads,
    drop column max_daily_requests,
    drop column max_open_requests;
