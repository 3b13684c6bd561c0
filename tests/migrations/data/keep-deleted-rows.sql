update identity.plans
set keep_deleted_days = 7
where id = 'free';
