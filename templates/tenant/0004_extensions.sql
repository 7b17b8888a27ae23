-- The two that every Supabase project has. Which others a tenant may create is decided by the image: the control
-- files it marks `trusted` (docker/postgres/trust.sh), and nothing else.

create extension if not exists pgcrypto with schema extensions;
create extension if not exists "uuid-ossp" with schema extensions;
