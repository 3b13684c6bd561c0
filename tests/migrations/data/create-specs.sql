insert into render.specs (user_id, job_id, template_path, output_path, nexrender_config)
select
    user_id,
    id,
    '/Volumes/ads/spot.aep',
    '/renders/spot.mov',
    '{"template": {"src": "file:///Volumes/ads/spot.aep", "composition": "main"}, "assets": [], "actions": {}}'
from work.jobs;
