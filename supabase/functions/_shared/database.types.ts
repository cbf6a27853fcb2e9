// Made by `deno task types`; not to be edited.

export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
  "public": {
    Tables: {
      "activity_log": {
        Row: {
          "action": string;
          "actor_id": string | null;
          "actor_type": string;
          "changes": NonNullable<Json>;
          "created_at": string;
          "entity_id": string;
          "entity_type": string;
          "id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "action": string;
          "actor_id"?: string | null;
          "actor_type": string;
          "changes"?: NonNullable<Json>;
          "created_at"?: string;
          "entity_id": string;
          "entity_type": string;
          "id"?: string;
          "workspace_id": string;
        };
        Update: {
          "action"?: string;
          "actor_id"?: string | null;
          "actor_type"?: string;
          "changes"?: NonNullable<Json>;
          "created_at"?: string;
          "entity_id"?: string;
          "entity_type"?: string;
          "id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "activity_log_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "api_keys": {
        Row: {
          "created_at": string;
          "created_by": string | null;
          "expires_at": string | null;
          "id": string;
          "key_hash": string;
          "last_used_at": string | null;
          "name": string;
          "prefix": string;
          "rate_limit": number;
          "revoked_at": string | null;
          "scopes": (string)[];
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "created_by"?: string | null;
          "expires_at"?: string | null;
          "id"?: string;
          "key_hash": string;
          "last_used_at"?: string | null;
          "name": string;
          "prefix": string;
          "rate_limit"?: number;
          "revoked_at"?: string | null;
          "scopes": (string)[];
          "workspace_id": string;
        };
        Update: {
          "created_at"?: string;
          "created_by"?: string | null;
          "expires_at"?: string | null;
          "id"?: string;
          "key_hash"?: string;
          "last_used_at"?: string | null;
          "name"?: string;
          "prefix"?: string;
          "rate_limit"?: number;
          "revoked_at"?: string | null;
          "scopes"?: (string)[];
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "api_keys_created_by_fkey";
            columns: ["created_by"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "api_keys_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "calls": {
        Row: {
          "accepted_at": string | null;
          "channel": string;
          "contact_external_id": string | null;
          "contact_id": string;
          "conversation_id": string | null;
          "created_at": string;
          "direction": Database["public"]["Enums"]["message_direction"];
          "duration_seconds": number | null;
          "ended_at": string | null;
          "id": string;
          "phone_number_id": string | null;
          "recording_url": string | null;
          "started_at": string;
          "status": Database["public"]["Enums"]["call_status"];
          "summary": string | null;
          "wa_call_id": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "accepted_at"?: string | null;
          "channel"?: string;
          "contact_external_id"?: string | null;
          "contact_id": string;
          "conversation_id"?: string | null;
          "created_at"?: string;
          "direction": Database["public"]["Enums"]["message_direction"];
          "duration_seconds"?: number | null;
          "ended_at"?: string | null;
          "id"?: string;
          "phone_number_id"?: string | null;
          "recording_url"?: string | null;
          "started_at": string;
          "status": Database["public"]["Enums"]["call_status"];
          "summary"?: string | null;
          "wa_call_id"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "accepted_at"?: string | null;
          "channel"?: string;
          "contact_external_id"?: string | null;
          "contact_id"?: string;
          "conversation_id"?: string | null;
          "created_at"?: string;
          "direction"?: Database["public"]["Enums"]["message_direction"];
          "duration_seconds"?: number | null;
          "ended_at"?: string | null;
          "id"?: string;
          "phone_number_id"?: string | null;
          "recording_url"?: string | null;
          "started_at"?: string;
          "status"?: Database["public"]["Enums"]["call_status"];
          "summary"?: string | null;
          "wa_call_id"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "calls_contact_id_fkey";
            columns: ["contact_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "calls_conversation_id_fkey";
            columns: ["conversation_id"];
            isOneToOne: false;
            referencedRelation: "conversations";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "calls_conversation_id_fkey";
            columns: ["conversation_id"];
            isOneToOne: false;
            referencedRelation: "whatsapp_conversations";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "calls_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "contact_activity": {
        Row: {
          "auto_status": Database["public"]["Enums"]["contact_auto_status"];
          "contact_created_at": string;
          "contact_id": string;
          "converted_at": string | null;
          "due_at": string | null;
          "facets": number;
          "is_at_risk": boolean;
          "last_contact_at": string | null;
          "last_inbound_at": string | null;
          "last_sentiment_at": string | null;
          "last_sentiment_score": number | null;
          "message_count": number;
          "profile_name": string | null;
          "profile_name_at": string | null;
          "ranges": number;
          "sentiment_count": number;
          "sentiment_score": number;
          "sentiment_sum": number;
          "shows_intent": boolean;
          "username": string | null;
          "username_at": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "auto_status"?: Database["public"]["Enums"]["contact_auto_status"];
          "contact_created_at"?: string;
          "contact_id": string;
          "converted_at"?: string | null;
          "due_at"?: string | null;
          "facets"?: number;
          "is_at_risk"?: boolean;
          "last_contact_at"?: string | null;
          "last_inbound_at"?: string | null;
          "last_sentiment_at"?: string | null;
          "last_sentiment_score"?: number | null;
          "message_count"?: number;
          "profile_name"?: string | null;
          "profile_name_at"?: string | null;
          "ranges"?: number;
          "sentiment_count"?: number;
          "sentiment_score"?: never;
          "sentiment_sum"?: number;
          "shows_intent"?: boolean;
          "username"?: string | null;
          "username_at"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "auto_status"?: Database["public"]["Enums"]["contact_auto_status"];
          "contact_created_at"?: string;
          "contact_id"?: string;
          "converted_at"?: string | null;
          "due_at"?: string | null;
          "facets"?: number;
          "is_at_risk"?: boolean;
          "last_contact_at"?: string | null;
          "last_inbound_at"?: string | null;
          "last_sentiment_at"?: string | null;
          "last_sentiment_score"?: number | null;
          "message_count"?: number;
          "profile_name"?: string | null;
          "profile_name_at"?: string | null;
          "ranges"?: number;
          "sentiment_count"?: number;
          "sentiment_score"?: never;
          "sentiment_sum"?: number;
          "shows_intent"?: boolean;
          "username"?: string | null;
          "username_at"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "contact_activity_contact_id_fkey";
            columns: ["contact_id"];
            isOneToOne: true;
            referencedRelation: "contacts";
            referencedColumns: ["id"];
          },
        ];
      };
      "contact_assignments": {
        Row: {
          "assigned_at": string;
          "assigned_by": string | null;
          "assigned_by_type": string;
          "assigned_from": string | null;
          "assigned_to": string | null;
          "contact_id": string;
          "id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "assigned_at"?: string;
          "assigned_by"?: string | null;
          "assigned_by_type": string;
          "assigned_from"?: string | null;
          "assigned_to"?: string | null;
          "contact_id": string;
          "id"?: string;
          "workspace_id": string;
        };
        Update: {
          "assigned_at"?: string;
          "assigned_by"?: string | null;
          "assigned_by_type"?: string;
          "assigned_from"?: string | null;
          "assigned_to"?: string | null;
          "contact_id"?: string;
          "id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "contact_assignments_contact_id_fkey";
            columns: ["contact_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "contact_assignments_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "contact_consents": {
        Row: {
          "contact_id": string;
          "created_at": string;
          "detail": string | null;
          "granted": boolean;
          "happened_at": string;
          "id": string;
          "kind": string;
          "source": string;
          "wa_message_id": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "contact_id": string;
          "created_at"?: string;
          "detail"?: string | null;
          "granted": boolean;
          "happened_at": string;
          "id"?: string;
          "kind": string;
          "source": string;
          "wa_message_id"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "contact_id"?: string;
          "created_at"?: string;
          "detail"?: string | null;
          "granted"?: boolean;
          "happened_at"?: string;
          "id"?: string;
          "kind"?: string;
          "source"?: string;
          "wa_message_id"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "contact_consents_contact_id_fkey";
            columns: ["contact_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "contact_consents_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "contact_history": {
        Row: {
          "actor_id": string | null;
          "actor_type": string;
          "by_merge": boolean;
          "changed_at": string;
          "contact_id": string;
          "field": string;
          "id": string;
          "new_value": string;
          "old_value": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "actor_id"?: string | null;
          "actor_type": string;
          "by_merge"?: boolean;
          "changed_at"?: string;
          "contact_id": string;
          "field": string;
          "id"?: string;
          "new_value": string;
          "old_value": string;
          "workspace_id": string;
        };
        Update: {
          "actor_id"?: string | null;
          "actor_type"?: string;
          "by_merge"?: boolean;
          "changed_at"?: string;
          "contact_id"?: string;
          "field"?: string;
          "id"?: string;
          "new_value"?: string;
          "old_value"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "contact_history_contact_id_fkey";
            columns: ["contact_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["id"];
          },
        ];
      };
      "contact_identities": {
        Row: {
          "channel": string;
          "contact_id": string;
          "country": string | null;
          "created_at": string;
          "external_id": string;
          "id": string;
          "moved_at": string | null;
          "phone_key": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "channel": string;
          "contact_id": string;
          "country"?: string | null;
          "created_at"?: string;
          "external_id": string;
          "id"?: string;
          "moved_at"?: string | null;
          "phone_key"?: never;
          "workspace_id": string;
        };
        Update: {
          "channel"?: string;
          "contact_id"?: string;
          "country"?: string | null;
          "created_at"?: string;
          "external_id"?: string;
          "id"?: string;
          "moved_at"?: string | null;
          "phone_key"?: never;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "contact_identities_contact_id_fkey";
            columns: ["contact_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "contact_identities_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "contact_imports": {
        Row: {
          "actor_id": string | null;
          "actor_type": string;
          "columns": NonNullable<Json>;
          "created": number;
          "created_at": string;
          "deleted": number;
          "dry_run": boolean;
          "error": Json | null;
          "failed": number;
          "file_name": string | null;
          "finished_at": string | null;
          "id": string;
          "job_id": string | null;
          "kept": number;
          "on_conflict": Database["public"]["Enums"]["import_conflict"];
          "progress": number;
          "restored": number;
          "revert_job_id": string | null;
          "reverted_at": string | null;
          "rows": number;
          "size_bytes": number;
          "skipped": number;
          "status": Database["public"]["Enums"]["import_status"];
          "updated": number;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "actor_id"?: string | null;
          "actor_type": string;
          "columns": NonNullable<Json>;
          "created"?: number;
          "created_at"?: string;
          "deleted"?: number;
          "dry_run": boolean;
          "error"?: Json | null;
          "failed"?: number;
          "file_name"?: string | null;
          "finished_at"?: string | null;
          "id": string;
          "job_id"?: string | null;
          "kept"?: number;
          "on_conflict": Database["public"]["Enums"]["import_conflict"];
          "progress"?: number;
          "restored"?: number;
          "revert_job_id"?: string | null;
          "reverted_at"?: string | null;
          "rows"?: number;
          "size_bytes": number;
          "skipped"?: number;
          "status"?: Database["public"]["Enums"]["import_status"];
          "updated"?: number;
          "workspace_id": string;
        };
        Update: {
          "actor_id"?: string | null;
          "actor_type"?: string;
          "columns"?: NonNullable<Json>;
          "created"?: number;
          "created_at"?: string;
          "deleted"?: number;
          "dry_run"?: boolean;
          "error"?: Json | null;
          "failed"?: number;
          "file_name"?: string | null;
          "finished_at"?: string | null;
          "id"?: string;
          "job_id"?: string | null;
          "kept"?: number;
          "on_conflict"?: Database["public"]["Enums"]["import_conflict"];
          "progress"?: number;
          "restored"?: number;
          "revert_job_id"?: string | null;
          "reverted_at"?: string | null;
          "rows"?: number;
          "size_bytes"?: number;
          "skipped"?: number;
          "status"?: Database["public"]["Enums"]["import_status"];
          "updated"?: number;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "contact_imports_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "contact_merges": {
        Row: {
          "actor_id": string | null;
          "actor_type": string;
          "duplicate": NonNullable<Json>;
          "duplicate_id": string;
          "id": string;
          "merged_at": string;
          "primary_id": string;
          "undone_at": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "actor_id"?: string | null;
          "actor_type": string;
          "duplicate": NonNullable<Json>;
          "duplicate_id": string;
          "id"?: string;
          "merged_at"?: string;
          "primary_id": string;
          "undone_at"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "actor_id"?: string | null;
          "actor_type"?: string;
          "duplicate"?: NonNullable<Json>;
          "duplicate_id"?: string;
          "id"?: string;
          "merged_at"?: string;
          "primary_id"?: string;
          "undone_at"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "contact_merges_primary_id_fkey";
            columns: ["primary_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "contact_merges_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "contacts": {
        Row: {
          "assigned_at": string | null;
          "assigned_by": string | null;
          "assigned_to": string | null;
          "auto_status": Database["public"]["Enums"]["contact_auto_status"];
          "avatar_url": string | null;
          "call_count": number;
          "channels": (string)[];
          "company": string | null;
          "completeness": number;
          "country": string | null;
          "created_at": string;
          "custom": NonNullable<Json>;
          "deals_value": number | null;
          "do_not_call": boolean;
          "email": string | null;
          "facets": number;
          "grade": Database["public"]["Enums"]["contact_grade"] | null;
          "id": string;
          "is_at_risk": boolean;
          "is_contractor": boolean;
          "is_mystery_shopper": boolean;
          "is_vip": boolean;
          "name": string | null;
          "name_source": string;
          "notes": string | null;
          "opted_out": boolean;
          "phone": string | null;
          "phone_key": string | null;
          "phonebook_name": string | null;
          "phonebook_name_at": string | null;
          "profile_name": string | null;
          "ranges": number;
          "sale_status": Database["public"]["Enums"]["contact_sale_status"];
          "score": number;
          "search_text": string;
          "sentiment": Database["public"]["Enums"]["sentiment_level"];
          "source": Database["public"]["Enums"]["contact_source"];
          "stage": string;
          "status": Database["public"]["Enums"]["contact_status"];
          "tags": (string)[];
          "updated_at": string;
          "value": number | null;
          "value_source": string;
          "version": number;
          "vip_source": string;
          "whatsapp_contact_id": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "assigned_at"?: string | null;
          "assigned_by"?: string | null;
          "assigned_to"?: string | null;
          "auto_status"?: Database["public"]["Enums"]["contact_auto_status"];
          "avatar_url"?: string | null;
          "call_count"?: number;
          "channels"?: (string)[];
          "company"?: string | null;
          "completeness"?: number;
          "country"?: string | null;
          "created_at"?: string;
          "custom"?: NonNullable<Json>;
          "deals_value"?: number | null;
          "do_not_call"?: boolean;
          "email"?: string | null;
          "facets"?: number;
          "grade"?: Database["public"]["Enums"]["contact_grade"] | null;
          "id"?: string;
          "is_at_risk"?: boolean;
          "is_contractor"?: boolean;
          "is_mystery_shopper"?: boolean;
          "is_vip"?: boolean;
          "name"?: string | null;
          "name_source"?: string;
          "notes"?: string | null;
          "opted_out"?: boolean;
          "phone"?: string | null;
          "phone_key"?: string | null;
          "phonebook_name"?: string | null;
          "phonebook_name_at"?: string | null;
          "profile_name"?: string | null;
          "ranges"?: number;
          "sale_status"?: Database["public"]["Enums"]["contact_sale_status"];
          "score"?: number;
          "search_text"?: string;
          "sentiment"?: Database["public"]["Enums"]["sentiment_level"];
          "source"?: Database["public"]["Enums"]["contact_source"];
          "stage": string;
          "status"?: Database["public"]["Enums"]["contact_status"];
          "tags"?: (string)[];
          "updated_at"?: string;
          "value"?: number | null;
          "value_source"?: string;
          "version"?: number;
          "vip_source"?: string;
          "whatsapp_contact_id"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "assigned_at"?: string | null;
          "assigned_by"?: string | null;
          "assigned_to"?: string | null;
          "auto_status"?: Database["public"]["Enums"]["contact_auto_status"];
          "avatar_url"?: string | null;
          "call_count"?: number;
          "channels"?: (string)[];
          "company"?: string | null;
          "completeness"?: number;
          "country"?: string | null;
          "created_at"?: string;
          "custom"?: NonNullable<Json>;
          "deals_value"?: number | null;
          "do_not_call"?: boolean;
          "email"?: string | null;
          "facets"?: number;
          "grade"?: Database["public"]["Enums"]["contact_grade"] | null;
          "id"?: string;
          "is_at_risk"?: boolean;
          "is_contractor"?: boolean;
          "is_mystery_shopper"?: boolean;
          "is_vip"?: boolean;
          "name"?: string | null;
          "name_source"?: string;
          "notes"?: string | null;
          "opted_out"?: boolean;
          "phone"?: string | null;
          "phone_key"?: string | null;
          "phonebook_name"?: string | null;
          "phonebook_name_at"?: string | null;
          "profile_name"?: string | null;
          "ranges"?: number;
          "sale_status"?: Database["public"]["Enums"]["contact_sale_status"];
          "score"?: number;
          "search_text"?: string;
          "sentiment"?: Database["public"]["Enums"]["sentiment_level"];
          "source"?: Database["public"]["Enums"]["contact_source"];
          "stage"?: string;
          "status"?: Database["public"]["Enums"]["contact_status"];
          "tags"?: (string)[];
          "updated_at"?: string;
          "value"?: number | null;
          "value_source"?: string;
          "version"?: number;
          "vip_source"?: string;
          "whatsapp_contact_id"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "contacts_assigned_to_member";
            columns: ["workspace_id", "assigned_to"];
            isOneToOne: false;
            referencedRelation: "workspace_members";
            referencedColumns: ["workspace_id", "user_id"];
          },
          {
            foreignKeyName: "contacts_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "conversations": {
        Row: {
          "ai_enabled": boolean;
          "assigned_to": string | null;
          "bot_status": Database["public"]["Enums"]["bot_status"];
          "channel": string;
          "contact_id": string;
          "control_epoch": number;
          "created_at": string;
          "escalated_at": string | null;
          "id": string;
          "last_inbound_at": string | null;
          "last_message_at": string | null;
          "message_count": number;
          "phase": Database["public"]["Enums"]["conversation_phase"];
          "phone_number_id": string | null;
          "read_until": string | null;
          "resolved_at": string | null;
          "status": Database["public"]["Enums"]["conversation_status"];
          "unread_count": number;
          "updated_at": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "ai_enabled"?: boolean;
          "assigned_to"?: string | null;
          "bot_status"?: Database["public"]["Enums"]["bot_status"];
          "channel"?: string;
          "contact_id": string;
          "control_epoch"?: number;
          "created_at"?: string;
          "escalated_at"?: string | null;
          "id"?: string;
          "last_inbound_at"?: string | null;
          "last_message_at"?: string | null;
          "message_count"?: number;
          "phase"?: Database["public"]["Enums"]["conversation_phase"];
          "phone_number_id"?: string | null;
          "read_until"?: string | null;
          "resolved_at"?: string | null;
          "status"?: Database["public"]["Enums"]["conversation_status"];
          "unread_count"?: number;
          "updated_at"?: string;
          "workspace_id": string;
        };
        Update: {
          "ai_enabled"?: boolean;
          "assigned_to"?: string | null;
          "bot_status"?: Database["public"]["Enums"]["bot_status"];
          "channel"?: string;
          "contact_id"?: string;
          "control_epoch"?: number;
          "created_at"?: string;
          "escalated_at"?: string | null;
          "id"?: string;
          "last_inbound_at"?: string | null;
          "last_message_at"?: string | null;
          "message_count"?: number;
          "phase"?: Database["public"]["Enums"]["conversation_phase"];
          "phone_number_id"?: string | null;
          "read_until"?: string | null;
          "resolved_at"?: string | null;
          "status"?: Database["public"]["Enums"]["conversation_status"];
          "unread_count"?: number;
          "updated_at"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "conversations_assigned_to_member";
            columns: ["workspace_id", "assigned_to"];
            isOneToOne: false;
            referencedRelation: "workspace_members";
            referencedColumns: ["workspace_id", "user_id"];
          },
          {
            foreignKeyName: "conversations_contact_id_fkey";
            columns: ["contact_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "conversations_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "deals": {
        Row: {
          "assigned_to": string | null;
          "auto_reason": string | null;
          "closed_at": string | null;
          "contact_id": string;
          "created_at": string;
          "currency": string;
          "expected_close_on": string | null;
          "id": string;
          "lost_reason": string | null;
          "own_probability": number | null;
          "stage_id": string;
          "status": Database["public"]["Enums"]["deal_status"];
          "title": string;
          "updated_at": string;
          "value": number | null;
          "version": number;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "assigned_to"?: string | null;
          "auto_reason"?: string | null;
          "closed_at"?: string | null;
          "contact_id": string;
          "created_at"?: string;
          "currency": string;
          "expected_close_on"?: string | null;
          "id"?: string;
          "lost_reason"?: string | null;
          "own_probability"?: number | null;
          "stage_id": string;
          "status"?: Database["public"]["Enums"]["deal_status"];
          "title": string;
          "updated_at"?: string;
          "value"?: number | null;
          "version"?: number;
          "workspace_id": string;
        };
        Update: {
          "assigned_to"?: string | null;
          "auto_reason"?: string | null;
          "closed_at"?: string | null;
          "contact_id"?: string;
          "created_at"?: string;
          "currency"?: string;
          "expected_close_on"?: string | null;
          "id"?: string;
          "lost_reason"?: string | null;
          "own_probability"?: number | null;
          "stage_id"?: string;
          "status"?: Database["public"]["Enums"]["deal_status"];
          "title"?: string;
          "updated_at"?: string;
          "value"?: number | null;
          "version"?: number;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "deals_assigned_to_member";
            columns: ["workspace_id", "assigned_to"];
            isOneToOne: false;
            referencedRelation: "workspace_members";
            referencedColumns: ["workspace_id", "user_id"];
          },
          {
            foreignKeyName: "deals_contact_id_fkey";
            columns: ["contact_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "deals_stage_fkey";
            columns: ["stage_id", "workspace_id"];
            isOneToOne: false;
            referencedRelation: "pipeline_stages";
            referencedColumns: ["id", "workspace_id"];
          },
          {
            foreignKeyName: "deals_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "deletion_receipts": {
        Row: {
          "actor_id": string | null;
          "actor_type": string;
          "deleted": number;
          "finished_at": string | null;
          "history": string;
          "id": string;
          "requested": number;
          "requested_at": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "actor_id"?: string | null;
          "actor_type": string;
          "deleted"?: number;
          "finished_at"?: string | null;
          "history": string;
          "id": string;
          "requested": number;
          "requested_at"?: string;
          "workspace_id": string;
        };
        Update: {
          "actor_id"?: string | null;
          "actor_type"?: string;
          "deleted"?: number;
          "finished_at"?: string | null;
          "history"?: string;
          "id"?: string;
          "requested"?: number;
          "requested_at"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "deletion_receipts_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "internal_notes": {
        Row: {
          "author_api_key_id": string | null;
          "author_user_id": string | null;
          "contact_id": string | null;
          "content": string;
          "conversation_id": string | null;
          "created_at": string;
          "deal_id": string | null;
          "entity_id": string;
          "entity_type": string;
          "id": string;
          "mentions": (string)[];
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "author_api_key_id"?: string | null;
          "author_user_id"?: string | null;
          "contact_id"?: string | null;
          "content": string;
          "conversation_id"?: string | null;
          "created_at"?: string;
          "deal_id"?: string | null;
          "entity_id"?: never;
          "entity_type"?: never;
          "id"?: string;
          "mentions"?: (string)[];
          "workspace_id": string;
        };
        Update: {
          "author_api_key_id"?: string | null;
          "author_user_id"?: string | null;
          "contact_id"?: string | null;
          "content"?: string;
          "conversation_id"?: string | null;
          "created_at"?: string;
          "deal_id"?: string | null;
          "entity_id"?: never;
          "entity_type"?: never;
          "id"?: string;
          "mentions"?: (string)[];
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "internal_notes_author_api_key_id_fkey";
            columns: ["author_api_key_id"];
            isOneToOne: false;
            referencedRelation: "api_keys";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "internal_notes_author_user_id_fkey";
            columns: ["author_user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "internal_notes_contact_id_fkey";
            columns: ["contact_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "internal_notes_conversation_id_fkey";
            columns: ["conversation_id"];
            isOneToOne: false;
            referencedRelation: "conversations";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "internal_notes_conversation_id_fkey";
            columns: ["conversation_id"];
            isOneToOne: false;
            referencedRelation: "whatsapp_conversations";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "internal_notes_deal_id_fkey";
            columns: ["deal_id"];
            isOneToOne: false;
            referencedRelation: "deals";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "internal_notes_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "meetings": {
        Row: {
          "contact_id": string;
          "created_at": string;
          "ends_at": string | null;
          "host_user_id": string | null;
          "id": string;
          "location": string | null;
          "starts_at": string;
          "status": Database["public"]["Enums"]["meeting_status"];
          "title": string;
          "updated_at": string;
          "url": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "contact_id": string;
          "created_at"?: string;
          "ends_at"?: string | null;
          "host_user_id"?: string | null;
          "id"?: string;
          "location"?: string | null;
          "starts_at": string;
          "status"?: Database["public"]["Enums"]["meeting_status"];
          "title": string;
          "updated_at"?: string;
          "url"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "contact_id"?: string;
          "created_at"?: string;
          "ends_at"?: string | null;
          "host_user_id"?: string | null;
          "id"?: string;
          "location"?: string | null;
          "starts_at"?: string;
          "status"?: Database["public"]["Enums"]["meeting_status"];
          "title"?: string;
          "updated_at"?: string;
          "url"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "meetings_contact_id_fkey";
            columns: ["contact_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "meetings_host_member";
            columns: ["workspace_id", "host_user_id"];
            isOneToOne: false;
            referencedRelation: "workspace_members";
            referencedColumns: ["workspace_id", "user_id"];
          },
          {
            foreignKeyName: "meetings_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "member_presence": {
        Row: {
          "last_seen_at": string;
          "state": Database["public"]["Enums"]["presence_state"];
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "last_seen_at"?: string;
          "state"?: Database["public"]["Enums"]["presence_state"];
          "user_id": string;
          "workspace_id": string;
        };
        Update: {
          "last_seen_at"?: string;
          "state"?: Database["public"]["Enums"]["presence_state"];
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "member_presence_workspace_id_user_id_fkey";
            columns: ["workspace_id", "user_id"];
            isOneToOne: true;
            referencedRelation: "workspace_members";
            referencedColumns: ["workspace_id", "user_id"];
          },
        ];
      };
      "message_changes": {
        Row: {
          "contact_id": string | null;
          "content": NonNullable<Json>;
          "created_at": string;
          "happened_at": string;
          "id": string;
          "kind": string;
          "phone_number_id": string;
          "target_wa_message_id": string;
          "wa_message_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "contact_id"?: string | null;
          "content"?: NonNullable<Json>;
          "created_at"?: string;
          "happened_at": string;
          "id"?: string;
          "kind": string;
          "phone_number_id": string;
          "target_wa_message_id": string;
          "wa_message_id": string;
          "workspace_id": string;
        };
        Update: {
          "contact_id"?: string | null;
          "content"?: NonNullable<Json>;
          "created_at"?: string;
          "happened_at"?: string;
          "id"?: string;
          "kind"?: string;
          "phone_number_id"?: string;
          "target_wa_message_id"?: string;
          "wa_message_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "message_changes_contact_id_fkey";
            columns: ["contact_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "message_changes_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "message_media": {
        Row: {
          "attempts": number;
          "created_at": string;
          "error": Json | null;
          "file_name": string | null;
          "id": string;
          "message_id": string;
          "mime_type": string | null;
          "mismatches": number;
          "next_attempt_at": string;
          "phone_number_id": string;
          "sha256": string | null;
          "size_bytes": number | null;
          "status": string;
          "storage_path": string;
          "stored_at": string | null;
          "whatsapp_media_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "attempts"?: number;
          "created_at"?: string;
          "error"?: Json | null;
          "file_name"?: string | null;
          "id"?: string;
          "message_id": string;
          "mime_type"?: string | null;
          "mismatches"?: number;
          "next_attempt_at"?: string;
          "phone_number_id": string;
          "sha256"?: string | null;
          "size_bytes"?: number | null;
          "status"?: string;
          "storage_path"?: never;
          "stored_at"?: string | null;
          "whatsapp_media_id": string;
          "workspace_id": string;
        };
        Update: {
          "attempts"?: number;
          "created_at"?: string;
          "error"?: Json | null;
          "file_name"?: string | null;
          "id"?: string;
          "message_id"?: string;
          "mime_type"?: string | null;
          "mismatches"?: number;
          "next_attempt_at"?: string;
          "phone_number_id"?: string;
          "sha256"?: string | null;
          "size_bytes"?: number | null;
          "status"?: string;
          "storage_path"?: never;
          "stored_at"?: string | null;
          "whatsapp_media_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "message_media_message_id_fkey";
            columns: ["message_id"];
            isOneToOne: true;
            referencedRelation: "messages";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "message_media_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "messages": {
        Row: {
          "body": string | null;
          "channel": string;
          "contact_external_id": string | null;
          "contact_id": string;
          "conversation_id": string;
          "created_at": string;
          "delivered_at": string | null;
          "direction": Database["public"]["Enums"]["message_direction"];
          "edited_at": string | null;
          "error": Json | null;
          "failed_at": string | null;
          "from_history": boolean;
          "id": string;
          "media": Json | null;
          "payload": NonNullable<Json>;
          "phone_number_id": string | null;
          "played_at": string | null;
          "pricing": Json | null;
          "reactions": NonNullable<Json>;
          "read_at": string | null;
          "reply_to": string | null;
          "revoked_at": string | null;
          "sender_id": string | null;
          "sender_name": string | null;
          "sender_type": Database["public"]["Enums"]["sender_type"];
          "sender_username": string | null;
          "sent_at": string;
          "sent_status_at": string | null;
          "sentiment": Database["public"]["Enums"]["sentiment_level"];
          "sentiment_language": string | null;
          "sentiment_score": number;
          "sentiment_source": string | null;
          "status": Database["public"]["Enums"]["message_status"];
          "type": string;
          "wa_message_id": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "body"?: string | null;
          "channel"?: string;
          "contact_external_id"?: string | null;
          "contact_id": string;
          "conversation_id": string;
          "created_at"?: string;
          "delivered_at"?: string | null;
          "direction": Database["public"]["Enums"]["message_direction"];
          "edited_at"?: string | null;
          "error"?: Json | null;
          "failed_at"?: string | null;
          "from_history"?: boolean;
          "id"?: string;
          "media"?: Json | null;
          "payload"?: NonNullable<Json>;
          "phone_number_id"?: string | null;
          "played_at"?: string | null;
          "pricing"?: Json | null;
          "reactions"?: NonNullable<Json>;
          "read_at"?: string | null;
          "reply_to"?: string | null;
          "revoked_at"?: string | null;
          "sender_id"?: string | null;
          "sender_name"?: string | null;
          "sender_type": Database["public"]["Enums"]["sender_type"];
          "sender_username"?: string | null;
          "sent_at"?: string;
          "sent_status_at"?: string | null;
          "sentiment"?: Database["public"]["Enums"]["sentiment_level"];
          "sentiment_language"?: string | null;
          "sentiment_score"?: number;
          "sentiment_source"?: string | null;
          "status": Database["public"]["Enums"]["message_status"];
          "type": string;
          "wa_message_id"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "body"?: string | null;
          "channel"?: string;
          "contact_external_id"?: string | null;
          "contact_id"?: string;
          "conversation_id"?: string;
          "created_at"?: string;
          "delivered_at"?: string | null;
          "direction"?: Database["public"]["Enums"]["message_direction"];
          "edited_at"?: string | null;
          "error"?: Json | null;
          "failed_at"?: string | null;
          "from_history"?: boolean;
          "id"?: string;
          "media"?: Json | null;
          "payload"?: NonNullable<Json>;
          "phone_number_id"?: string | null;
          "played_at"?: string | null;
          "pricing"?: Json | null;
          "reactions"?: NonNullable<Json>;
          "read_at"?: string | null;
          "reply_to"?: string | null;
          "revoked_at"?: string | null;
          "sender_id"?: string | null;
          "sender_name"?: string | null;
          "sender_type"?: Database["public"]["Enums"]["sender_type"];
          "sender_username"?: string | null;
          "sent_at"?: string;
          "sent_status_at"?: string | null;
          "sentiment"?: Database["public"]["Enums"]["sentiment_level"];
          "sentiment_language"?: string | null;
          "sentiment_score"?: number;
          "sentiment_source"?: string | null;
          "status"?: Database["public"]["Enums"]["message_status"];
          "type"?: string;
          "wa_message_id"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "messages_contact_id_fkey";
            columns: ["contact_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "messages_conversation_id_fkey";
            columns: ["conversation_id"];
            isOneToOne: false;
            referencedRelation: "conversations";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "messages_conversation_id_fkey";
            columns: ["conversation_id"];
            isOneToOne: false;
            referencedRelation: "whatsapp_conversations";
            referencedColumns: ["id"];
          },
        ];
      };
      "pipeline_stages": {
        Row: {
          "created_at": string;
          "id": string;
          "name": string;
          "pipeline_id": string;
          "position": number;
          "probability": number;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "id"?: string;
          "name": string;
          "pipeline_id": string;
          "position": number;
          "probability": number;
          "workspace_id": string;
        };
        Update: {
          "created_at"?: string;
          "id"?: string;
          "name"?: string;
          "pipeline_id"?: string;
          "position"?: number;
          "probability"?: number;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "pipeline_stages_pipeline_fkey";
            columns: ["pipeline_id", "workspace_id"];
            isOneToOne: false;
            referencedRelation: "pipelines";
            referencedColumns: ["id", "workspace_id"];
          },
        ];
      };
      "pipelines": {
        Row: {
          "created_at": string;
          "id": string;
          "is_default": boolean;
          "name": string;
          "updated_at": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "id"?: string;
          "is_default"?: boolean;
          "name": string;
          "updated_at"?: string;
          "workspace_id": string;
        };
        Update: {
          "created_at"?: string;
          "id"?: string;
          "is_default"?: boolean;
          "name"?: string;
          "updated_at"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "pipelines_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "profiles": {
        Row: {
          "avatar_url": string | null;
          "created_at": string;
          "name": string | null;
          "updated_at": string;
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "avatar_url"?: string | null;
          "created_at"?: string;
          "name"?: string | null;
          "updated_at"?: string;
          "user_id": string;
        };
        Update: {
          "avatar_url"?: string | null;
          "created_at"?: string;
          "name"?: string | null;
          "updated_at"?: string;
          "user_id"?: string;
        };
        Relationships: [];
      };
      "retained_conversations": {
        Row: {
          "channel": string;
          "id": string;
          "message_count": number;
          "pseudonym": string;
          "retained_on": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "channel": string;
          "id"?: string;
          "message_count": number;
          "pseudonym": string;
          "retained_on"?: string;
          "workspace_id": string;
        };
        Update: {
          "channel"?: string;
          "id"?: string;
          "message_count"?: number;
          "pseudonym"?: string;
          "retained_on"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "retained_conversations_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "retained_messages": {
        Row: {
          "body": string | null;
          "conversation_id": string;
          "delivered_at": string | null;
          "direction": Database["public"]["Enums"]["message_direction"];
          "edited_at": string | null;
          "error_code": string | null;
          "id": string;
          "payload": NonNullable<Json>;
          "reactions": NonNullable<Json>;
          "read_at": string | null;
          "reply_to": string | null;
          "revoked_at": string | null;
          "sender_id": string | null;
          "sender_type": Database["public"]["Enums"]["sender_type"];
          "sent_at": string;
          "status": Database["public"]["Enums"]["message_status"];
          "type": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "body"?: string | null;
          "conversation_id": string;
          "delivered_at"?: string | null;
          "direction": Database["public"]["Enums"]["message_direction"];
          "edited_at"?: string | null;
          "error_code"?: string | null;
          "id"?: string;
          "payload"?: NonNullable<Json>;
          "reactions"?: NonNullable<Json>;
          "read_at"?: string | null;
          "reply_to"?: string | null;
          "revoked_at"?: string | null;
          "sender_id"?: string | null;
          "sender_type": Database["public"]["Enums"]["sender_type"];
          "sent_at": string;
          "status": Database["public"]["Enums"]["message_status"];
          "type": string;
          "workspace_id": string;
        };
        Update: {
          "body"?: string | null;
          "conversation_id"?: string;
          "delivered_at"?: string | null;
          "direction"?: Database["public"]["Enums"]["message_direction"];
          "edited_at"?: string | null;
          "error_code"?: string | null;
          "id"?: string;
          "payload"?: NonNullable<Json>;
          "reactions"?: NonNullable<Json>;
          "read_at"?: string | null;
          "reply_to"?: string | null;
          "revoked_at"?: string | null;
          "sender_id"?: string | null;
          "sender_type"?: Database["public"]["Enums"]["sender_type"];
          "sent_at"?: string;
          "status"?: Database["public"]["Enums"]["message_status"];
          "type"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "retained_messages_conversation_id_fkey";
            columns: ["conversation_id"];
            isOneToOne: false;
            referencedRelation: "retained_conversations";
            referencedColumns: ["id"];
          },
        ];
      };
      "saved_filters": {
        Row: {
          "created_at": string;
          "filter": NonNullable<Json>;
          "id": string;
          "name": string;
          "owner_id": string | null;
          "shared": boolean;
          "updated_at": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "filter": NonNullable<Json>;
          "id"?: string;
          "name": string;
          "owner_id"?: string | null;
          "shared"?: boolean;
          "updated_at"?: string;
          "workspace_id": string;
        };
        Update: {
          "created_at"?: string;
          "filter"?: NonNullable<Json>;
          "id"?: string;
          "name"?: string;
          "owner_id"?: string | null;
          "shared"?: boolean;
          "updated_at"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "saved_filters_owner_member";
            columns: ["workspace_id", "owner_id"];
            isOneToOne: false;
            referencedRelation: "workspace_members";
            referencedColumns: ["workspace_id", "user_id"];
          },
          {
            foreignKeyName: "saved_filters_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "score_events": {
        Row: {
          "actor_id": string | null;
          "actor_type": string;
          "call_id": string | null;
          "contact_id": string;
          "created_at": string;
          "id": string;
          "message_id": string | null;
          "note_id": string | null;
          "occurred_at": string;
          "points": number | null;
          "reason": string | null;
          "signal_id": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "actor_id"?: string | null;
          "actor_type"?: string;
          "call_id"?: string | null;
          "contact_id": string;
          "created_at"?: string;
          "id"?: string;
          "message_id"?: string | null;
          "note_id"?: string | null;
          "occurred_at": string;
          "points"?: number | null;
          "reason"?: string | null;
          "signal_id"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "actor_id"?: string | null;
          "actor_type"?: string;
          "call_id"?: string | null;
          "contact_id"?: string;
          "created_at"?: string;
          "id"?: string;
          "message_id"?: string | null;
          "note_id"?: string | null;
          "occurred_at"?: string;
          "points"?: number | null;
          "reason"?: string | null;
          "signal_id"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "score_events_call_id_fkey";
            columns: ["call_id"];
            isOneToOne: false;
            referencedRelation: "calls";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "score_events_contact_id_fkey";
            columns: ["contact_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "score_events_message_id_fkey";
            columns: ["message_id"];
            isOneToOne: false;
            referencedRelation: "messages";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "score_events_note_id_fkey";
            columns: ["note_id"];
            isOneToOne: false;
            referencedRelation: "internal_notes";
            referencedColumns: ["id"];
          },
        ];
      };
      "scoring_signals": {
        Row: {
          "action": string | null;
          "buying_intent": boolean;
          "cap": number | null;
          "category": string;
          "cooldown_hours": number | null;
          "created_at": string;
          "description": string | null;
          "half_life_days": number | null;
          "id": string;
          "is_active": boolean;
          "keywords": (string)[];
          "kind": string;
          "language": string | null;
          "name": string;
          "points": number;
          "updated_at": string;
          "version": number;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "action"?: string | null;
          "buying_intent"?: boolean;
          "cap"?: number | null;
          "category": string;
          "cooldown_hours"?: number | null;
          "created_at"?: string;
          "description"?: string | null;
          "half_life_days"?: number | null;
          "id"?: string;
          "is_active"?: boolean;
          "keywords"?: (string)[];
          "kind": string;
          "language"?: string | null;
          "name": string;
          "points": number;
          "updated_at"?: string;
          "version"?: number;
          "workspace_id": string;
        };
        Update: {
          "action"?: string | null;
          "buying_intent"?: boolean;
          "cap"?: number | null;
          "category"?: string;
          "cooldown_hours"?: number | null;
          "created_at"?: string;
          "description"?: string | null;
          "half_life_days"?: number | null;
          "id"?: string;
          "is_active"?: boolean;
          "keywords"?: (string)[];
          "kind"?: string;
          "language"?: string | null;
          "name"?: string;
          "points"?: number;
          "updated_at"?: string;
          "version"?: number;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "scoring_signals_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "survey_responses": {
        Row: {
          "answers": NonNullable<Json>;
          "contact_id": string;
          "created_at": string;
          "id": string;
          "meeting_id": string | null;
          "submitted_at": string;
          "survey_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "answers": NonNullable<Json>;
          "contact_id": string;
          "created_at"?: string;
          "id"?: string;
          "meeting_id"?: string | null;
          "submitted_at"?: string;
          "survey_id": string;
          "workspace_id": string;
        };
        Update: {
          "answers"?: NonNullable<Json>;
          "contact_id"?: string;
          "created_at"?: string;
          "id"?: string;
          "meeting_id"?: string | null;
          "submitted_at"?: string;
          "survey_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "survey_responses_contact_id_fkey";
            columns: ["contact_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "survey_responses_meeting_id_fkey";
            columns: ["meeting_id"];
            isOneToOne: false;
            referencedRelation: "meetings";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "survey_responses_survey_fkey";
            columns: ["survey_id", "workspace_id"];
            isOneToOne: false;
            referencedRelation: "surveys";
            referencedColumns: ["id", "workspace_id"];
          },
        ];
      };
      "surveys": {
        Row: {
          "created_at": string;
          "id": string;
          "is_active": boolean;
          "name": string;
          "questions": NonNullable<Json>;
          "updated_at": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "id"?: string;
          "is_active"?: boolean;
          "name": string;
          "questions": NonNullable<Json>;
          "updated_at"?: string;
          "workspace_id": string;
        };
        Update: {
          "created_at"?: string;
          "id"?: string;
          "is_active"?: boolean;
          "name"?: string;
          "questions"?: NonNullable<Json>;
          "updated_at"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "surveys_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "whatsapp_events": {
        Row: {
          "created_at": string;
          "dedupe_key": string;
          "field": string;
          "id": string;
          "occurred_at": string | null;
          "payload": NonNullable<Json>;
          "phone_number_id": string | null;
          "type": string | null;
          "waba_id": string | null;
          "workspace_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "dedupe_key": string;
          "field": string;
          "id"?: string;
          "occurred_at"?: string | null;
          "payload": NonNullable<Json>;
          "phone_number_id"?: string | null;
          "type"?: string | null;
          "waba_id"?: string | null;
          "workspace_id"?: string | null;
        };
        Update: {
          "created_at"?: string;
          "dedupe_key"?: string;
          "field"?: string;
          "id"?: string;
          "occurred_at"?: string | null;
          "payload"?: NonNullable<Json>;
          "phone_number_id"?: string | null;
          "type"?: string | null;
          "waba_id"?: string | null;
          "workspace_id"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "whatsapp_events_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "whatsapp_numbers": {
        Row: {
          "created_at": string;
          "display_phone_number": string;
          "history_phase": number | null;
          "history_progress": number | null;
          "messages_per_second": number;
          "phone_number_id": string;
          "verified_name": string | null;
          "waba_id": string | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "display_phone_number": string;
          "history_phase"?: number | null;
          "history_progress"?: number | null;
          "messages_per_second"?: number;
          "phone_number_id": string;
          "verified_name"?: string | null;
          "waba_id"?: string | null;
          "workspace_id": string;
        };
        Update: {
          "created_at"?: string;
          "display_phone_number"?: string;
          "history_phase"?: number | null;
          "history_progress"?: number | null;
          "messages_per_second"?: number;
          "phone_number_id"?: string;
          "verified_name"?: string | null;
          "waba_id"?: string | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "whatsapp_numbers_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "whatsapp_pending_statuses": {
        Row: {
          "created_at": string;
          "error": Json | null;
          "phone_number_id": string;
          "pricing": Json | null;
          "status": Database["public"]["Enums"]["message_status"];
          "status_at": string;
          "wa_message_id": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "error"?: Json | null;
          "phone_number_id": string;
          "pricing"?: Json | null;
          "status": Database["public"]["Enums"]["message_status"];
          "status_at": string;
          "wa_message_id": string;
        };
        Update: {
          "created_at"?: string;
          "error"?: Json | null;
          "phone_number_id"?: string;
          "pricing"?: Json | null;
          "status"?: Database["public"]["Enums"]["message_status"];
          "status_at"?: string;
          "wa_message_id"?: string;
        };
        Relationships: [];
      };
      "workspace_members": {
        Row: {
          "capacity": number;
          "created_at": string;
          "handle": string;
          "last_routed_at": string | null;
          "role": Database["public"]["Enums"]["member_role"];
          "user_id": string;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "capacity"?: number;
          "created_at"?: string;
          "handle": string;
          "last_routed_at"?: string | null;
          "role"?: Database["public"]["Enums"]["member_role"];
          "user_id": string;
          "workspace_id": string;
        };
        Update: {
          "capacity"?: number;
          "created_at"?: string;
          "handle"?: string;
          "last_routed_at"?: string | null;
          "role"?: Database["public"]["Enums"]["member_role"];
          "user_id"?: string;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "workspace_members_user_id_fkey";
            columns: ["user_id"];
            isOneToOne: false;
            referencedRelation: "profiles";
            referencedColumns: ["user_id"];
          },
          {
            foreignKeyName: "workspace_members_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "workspace_settings": {
        Row: {
          "active_min_messages": number | null;
          "active_window_days": number | null;
          "auto_close_won": boolean | null;
          "auto_create_deals": boolean | null;
          "churned_after_days": number | null;
          "currency": string | null;
          "grade_a": number | null;
          "grade_b": number | null;
          "grade_c": number | null;
          "grade_d": number | null;
          "grade_e": number | null;
          "hot_lead_days": number | null;
          "inactive_after_days": number | null;
          "score_weights": NonNullable<Json>;
          "stale_deal_days": number | null;
          "task_on_topic_exhaustion": boolean | null;
          "updated_at": string;
          "version": number;
          "vip_min_score": number | null;
          "vip_min_value": number | null;
          "workspace_id": string;
        };
        ComputedFields: never;
        Insert: {
          "active_min_messages"?: number | null;
          "active_window_days"?: number | null;
          "auto_close_won"?: boolean | null;
          "auto_create_deals"?: boolean | null;
          "churned_after_days"?: number | null;
          "currency"?: string | null;
          "grade_a"?: number | null;
          "grade_b"?: number | null;
          "grade_c"?: number | null;
          "grade_d"?: number | null;
          "grade_e"?: number | null;
          "hot_lead_days"?: number | null;
          "inactive_after_days"?: number | null;
          "score_weights"?: NonNullable<Json>;
          "stale_deal_days"?: number | null;
          "task_on_topic_exhaustion"?: boolean | null;
          "updated_at"?: string;
          "version"?: number;
          "vip_min_score"?: number | null;
          "vip_min_value"?: number | null;
          "workspace_id": string;
        };
        Update: {
          "active_min_messages"?: number | null;
          "active_window_days"?: number | null;
          "auto_close_won"?: boolean | null;
          "auto_create_deals"?: boolean | null;
          "churned_after_days"?: number | null;
          "currency"?: string | null;
          "grade_a"?: number | null;
          "grade_b"?: number | null;
          "grade_c"?: number | null;
          "grade_d"?: number | null;
          "grade_e"?: number | null;
          "hot_lead_days"?: number | null;
          "inactive_after_days"?: number | null;
          "score_weights"?: NonNullable<Json>;
          "stale_deal_days"?: number | null;
          "task_on_topic_exhaustion"?: boolean | null;
          "updated_at"?: string;
          "version"?: number;
          "vip_min_score"?: number | null;
          "vip_min_value"?: number | null;
          "workspace_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "workspace_settings_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: true;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
      "workspaces": {
        Row: {
          "created_at": string;
          "default_country": string;
          "deletion_history": string;
          "id": string;
          "name": string;
          "quiet_hours_end": string | null;
          "quiet_hours_start": string | null;
          "routing": Database["public"]["Enums"]["routing_mode"];
          "stages": (string)[];
          "time_zone": string;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "default_country"?: string;
          "deletion_history"?: string;
          "id"?: string;
          "name": string;
          "quiet_hours_end"?: string | null;
          "quiet_hours_start"?: string | null;
          "routing"?: Database["public"]["Enums"]["routing_mode"];
          "stages"?: (string)[];
          "time_zone"?: string;
          "updated_at"?: string;
        };
        Update: {
          "created_at"?: string;
          "default_country"?: string;
          "deletion_history"?: string;
          "id"?: string;
          "name"?: string;
          "quiet_hours_end"?: string | null;
          "quiet_hours_start"?: string | null;
          "routing"?: Database["public"]["Enums"]["routing_mode"];
          "stages"?: (string)[];
          "time_zone"?: string;
          "updated_at"?: string;
        };
        Relationships: [];
      };
    };
    Views: {
      "whatsapp_conversations": {
        Row: {
          "ai_enabled": boolean;
          "assigned_to": string | null;
          "bot_status": Database["public"]["Enums"]["bot_status"];
          "contact_id": string | null;
          "contact_name": string | null;
          "contact_record_id": string;
          "created_at": string;
          "id": string;
          "last_message_at": string | null;
          "phase": Database["public"]["Enums"]["conversation_phase"];
          "resolved_at": string | null;
          "status": Database["public"]["Enums"]["conversation_status"];
          "unread_count": number;
          "workspace_id": string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "conversations_assigned_to_member";
            columns: ["workspace_id", "assigned_to"];
            isOneToOne: false;
            referencedRelation: "workspace_members";
            referencedColumns: ["workspace_id", "user_id"];
          },
          {
            foreignKeyName: "conversations_contact_id_fkey";
            columns: ["contact_record_id"];
            isOneToOne: false;
            referencedRelation: "contacts";
            referencedColumns: ["id"];
          },
          {
            foreignKeyName: "conversations_workspace_id_fkey";
            columns: ["workspace_id"];
            isOneToOne: false;
            referencedRelation: "workspaces";
            referencedColumns: ["id"];
          },
        ];
      };
    };
    Functions: {
      [_ in never]: never;
    };
    Enums: {
      "bot_status": "active" | "paused" | "agent";
      "call_status": "ringing" | "connecting" | "accepted" | "failed" | "completed" | "rejected";
      "contact_auto_status": "new" | "active" | "qualified" | "converted" | "inactive" | "churned";
      "contact_grade": "A" | "B" | "C" | "D" | "E" | "F";
      "contact_sale_status": "none" | "pending" | "signed" | "sold";
      "contact_source":
        | "chat"
        | "broadcast"
        | "chat_conversion"
        | "manual"
        | "import"
        | "api"
        | "lead_form";
      "contact_status": "new" | "contacted" | "qualified" | "converted" | "lost";
      "conversation_phase": "automated" | "waiting" | "live" | "resolved";
      "conversation_status": "active" | "resolved";
      "deal_status": "open" | "won" | "lost";
      "import_conflict": "update" | "skip";
      "import_status": "pending" | "running" | "completed" | "failed" | "reverted";
      "meeting_status": "scheduled" | "done" | "cancelled" | "no_show";
      "member_role": "owner" | "admin" | "agent";
      "message_direction": "inbound" | "outbound";
      "message_status":
        | "received"
        | "queued"
        | "sending"
        | "unknown"
        | "sent"
        | "delivered"
        | "read"
        | "played"
        | "failed";
      "presence_state": "online" | "away" | "offline";
      "routing_mode": "off" | "round_robin";
      "sender_type": "contact" | "agent" | "bot" | "system" | "business";
      "sentiment_level": "very_negative" | "negative" | "neutral" | "positive" | "very_positive";
    };
    CompositeTypes: {
      [_ in never]: never;
    };
  };
};

type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">;

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">];

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof (
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
    )
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals } ? (
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
  )[TableName] extends {
    Row: infer R;
  } ? R
  : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
      Row: infer R;
    } ? R
    : never
  : never;

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends
    {
      Insert: infer I;
    } ? I
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Insert: infer I;
    } ? I
    : never
  : never;

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends
    {
      Update: infer U;
    } ? U
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Update: infer U;
    } ? U
    : never
  : never;

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
  : never;

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][
    CompositeTypeName
  ]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
  : never;

export const Constants = {
  "public": {
    Enums: {
      "bot_status": ["active", "paused", "agent"],
      "call_status": ["ringing", "connecting", "accepted", "failed", "completed", "rejected"],
      "contact_auto_status": ["new", "active", "qualified", "converted", "inactive", "churned"],
      "contact_grade": ["A", "B", "C", "D", "E", "F"],
      "contact_sale_status": ["none", "pending", "signed", "sold"],
      "contact_source": [
        "chat",
        "broadcast",
        "chat_conversion",
        "manual",
        "import",
        "api",
        "lead_form",
      ],
      "contact_status": ["new", "contacted", "qualified", "converted", "lost"],
      "conversation_phase": ["automated", "waiting", "live", "resolved"],
      "conversation_status": ["active", "resolved"],
      "deal_status": ["open", "won", "lost"],
      "import_conflict": ["update", "skip"],
      "import_status": ["pending", "running", "completed", "failed", "reverted"],
      "meeting_status": ["scheduled", "done", "cancelled", "no_show"],
      "member_role": ["owner", "admin", "agent"],
      "message_direction": ["inbound", "outbound"],
      "message_status": [
        "received",
        "queued",
        "sending",
        "unknown",
        "sent",
        "delivered",
        "read",
        "played",
        "failed",
      ],
      "presence_state": ["online", "away", "offline"],
      "routing_mode": ["off", "round_robin"],
      "sender_type": ["contact", "agent", "bot", "system", "business"],
      "sentiment_level": ["very_negative", "negative", "neutral", "positive", "very_positive"],
    },
  },
} as const;
