insert into studio.scenes (user_id, project_id, position, narration)
select
    user_id,
    id,
    1,
    'It snows.'
from studio.projects;
