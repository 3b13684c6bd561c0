insert into ops.moves (user_id, to_farm_id)
select user_id, 1
from identity.owners
limit 1;
