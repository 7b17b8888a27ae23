/**
 * Roles that every cluster has from its image: an archive does not create them and never carries their passwords.
 * Their settings and memberships do travel.
 */
const BASE_ROLES: ReadonlySet<string> = new Set([
  'supabase_admin',
  'supabase_auth_admin',
  'supabase_storage_admin',
  'postgres',
  'authenticator',
  'anon',
  'authenticated',
  'service_role',
  'supabase_realtime_admin',
  'dashboard_user',
])

export const isBaseRole = (name: string): boolean => BASE_ROLES.has(name) || name.startsWith('pg_')

/** The cluster's owner is control's own: an archive neither reads nor sets anything of it. */
export const CLUSTER_OWNER = 'supabase_admin'
