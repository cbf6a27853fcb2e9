-- A demo workspace with people in it, and a second one that must never see them. Idempotent.

insert into auth.users (id, email, raw_user_meta_data, aud, role) values
  ('20000000-0000-4000-8000-000000000001', 'ada@demo.example', '{"name": "Ada Admin"}', 'authenticated', 'authenticated'),
  ('20000000-0000-4000-8000-000000000002', 'jane@demo.example', '{"name": "Jane Agent"}', 'authenticated', 'authenticated'),
  ('20000000-0000-4000-8000-000000000003', 'otto@other.example', '{"name": "Otto Owner"}', 'authenticated', 'authenticated')
on conflict (id) do nothing;

insert into public.workspaces (id, name, default_country) values
  ('10000000-0000-4000-8000-000000000001', 'Demo', 'CA'),
  ('10000000-0000-4000-8000-000000000002', 'Other', 'US')
on conflict (id) do nothing;

insert into public.workspace_members (workspace_id, user_id, role, handle) values
  ('10000000-0000-4000-8000-000000000001', '20000000-0000-4000-8000-000000000001', 'admin', 'ada'),
  ('10000000-0000-4000-8000-000000000001', '20000000-0000-4000-8000-000000000002', 'agent', 'jane'),
  ('10000000-0000-4000-8000-000000000002', '20000000-0000-4000-8000-000000000003', 'owner', 'otto')
on conflict (workspace_id, user_id) do nothing;

insert into public.whatsapp_numbers (phone_number_id, workspace_id, waba_id, display_phone_number) values
  ('100000000000001', '10000000-0000-4000-8000-000000000001', '190000000000001', '16045550100'),
  ('100000000000002', '10000000-0000-4000-8000-000000000002', '190000000000002', '12125550100')
on conflict (phone_number_id) do nothing;

insert into public.contacts
  (workspace_id, name, phone, email, company, source, channels, status, stage, value, tags, notes, country) values
  ('10000000-0000-4000-8000-000000000001', 'Maya Chen', '+16045550111', 'maya@chen.example', 'Chen Interiors',
    'chat', '{whatsapp}', 'qualified', 'closing', 4200, '{VIP,Customer}', 'Prefers mornings', 'CA'),
  ('10000000-0000-4000-8000-000000000001', 'Luís Ferreira', '+5511912345678', 'luis@ferreira.example', null,
    'broadcast', '{whatsapp}', 'contacted', 'comparing', 950.5, '{Lead}', 'Asked for a quote', 'BR'),
  ('10000000-0000-4000-8000-000000000001', 'نور حداد', '+971501234567', null, 'Haddad Trading',
    'manual', '{}', 'new', 'inquiry', null, '{Prospect}', null, 'AE'),
  ('10000000-0000-4000-8000-000000000001', 'Tom Baker', '+447400123456', 'tom@baker.example', 'Baker & Sons',
    'import', '{}', 'lost', 'inquiry', 0, '{Do Not Call}', null, 'GB'),
  ('10000000-0000-4000-8000-000000000002', 'Olga Other', '+12125550199', 'olga@other.example', null,
    'manual', '{}', 'new', 'inquiry', null, '{}', null, 'US')
on conflict (workspace_id, phone_key) do nothing;

select private.ingest_whatsapp('{
  "object": "whatsapp_business_account",
  "entry": [{ "id": "190000000000001", "changes": [{ "field": "messages", "value": {
    "messaging_product": "whatsapp",
    "metadata": { "display_phone_number": "16045550100", "phone_number_id": "100000000000001" },
    "contacts": [{ "profile": { "name": "Maya" }, "wa_id": "16045550111" }],
    "messages": [
      { "from": "16045550111", "id": "wamid.DEMO1", "timestamp": "1790000001", "type": "text", "text": { "body": "Hi! Is the showroom open today?" } },
      { "from": "16045550111", "id": "wamid.DEMO2", "timestamp": "1790000060", "type": "text", "text": { "body": "I would like to see the oak table." } }
    ]
  } }] }]
}', '{ "16045550111": "CA" }')
where not exists (select from public.messages where wa_message_id = 'wamid.DEMO1');
