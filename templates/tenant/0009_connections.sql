-- Connections that are kept back (`reserved_connections`) are the runtime's: its roles inherit nothing else.
grant pg_use_reserved_connections to authenticator, supabase_auth_admin, supabase_storage_admin with inherit true;
