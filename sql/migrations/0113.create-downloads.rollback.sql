set local role renderstore_owner;

drop view media.youtube_downloads;
drop view media.downloads;
drop function media.to_work(media.download_status);
drop function media.to_download(work.job_status, boolean);
drop type media.download_status;
