/** The password of `supabase_auth_admin`: it follows from the authenticator's, so both sides know it and nobody stores it. */
import { createHmac } from 'node:crypto'

/** Of 43 characters that mean nothing in a URL. Whoever has it cannot find the authenticator's. */
export const authAdminPassword = (authenticatorPassword: string): string =>
  createHmac('sha256', authenticatorPassword).update('supabase_auth_admin').digest('base64url')
