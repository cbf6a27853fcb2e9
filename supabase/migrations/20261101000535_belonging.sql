-- What the records of a contact refer to is of their own workspace.

create function private.check_contact_of(workspace uuid, contact uuid) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  -- `is true` keeps an index of workspaces out of it: a plan made when there were few contacts would use it for good.
  if not exists (select from public.contacts c where c.id = contact and (c.workspace_id = workspace) is true) then
    perform private.refuse_outsider(workspace);
    perform private.refuse(404, 'contact_not_found', 'There is no such contact.');
  end if;
end
$$;
comment on function private.check_contact_of(uuid, uuid) is
  'Raises 404 contact_not_found for a contact that is not of the workspace; whoever may not write there learns nothing of it.';

create function private.check_member_of(workspace uuid, member uuid, path text) returns void
language plpgsql stable
set search_path = ''
as $$
begin
  if member is not null and not exists (
      select from public.workspace_members m where m.workspace_id = workspace and m.user_id = member) then
    perform private.refuse_outsider(workspace);
    perform private.refuse_field(path, 'not_a_member', 'Only a member of the workspace can be named here.');
  end if;
end
$$;
comment on function private.check_member_of(uuid, uuid, text) is
  'Raises 422 not_a_member for a user who is no member of the workspace; null is nobody and well.';
