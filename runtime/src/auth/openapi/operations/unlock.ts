/** A lock that ends before its time. */
import { aUser, moved, redirectTo } from '../members.ts'
import { type Operations, query } from '../operation.ts'

export const UNLOCK: Operations = {
  'GET /unlock': {
    access: 'open',
    id: 'auth_follow_unlock_link',
    summary: 'Follow the link of a letter about a lock',
    query: [query('token', 'From the link.', '3f2b1c4e.1769853000000.mac', { required: true }), redirectTo],
    answers: { 303: moved },
  },
  'POST /admin/users/:id/unlock': {
    access: 'admin',
    id: 'auth_admin_unlock_user',
    summary: 'End the lock of a user',
    description: 'Whatever was counted against it, second factors too.',
    answers: { 200: aUser },
    errors: { 404: ['user_not_found', 'validation_failed'] },
  },
}
