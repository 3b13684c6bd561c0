insert into studio.characters (user_id, project_id, name)
select
    user_id,
    id,
    'Fox'
from studio.projects;
