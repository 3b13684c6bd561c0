-- Loses which files were downloaded, and which of them were removed on purpose: the files stay on disk.

set local role renderstore_owner;

delete from ops.sweep_parts
where function_name = 'media.clear_files';
drop function media.clear_files(bigint);
create or replace function ops.is_file_kept(owner uuid, uri text)
returns boolean
language sql
stable
return false;
drop trigger download_files_note_end on media.download_files;
drop trigger download_files_note_removal on media.download_files;
drop function media.note_removal();
drop table media.download_files;
drop function media.guard_file();
