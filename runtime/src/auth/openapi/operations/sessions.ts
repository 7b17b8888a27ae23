/** Where a user is signed in. */
import { done } from '../members.ts'
import { flag, listOf, type Operations, object, oneOf, orNull, text, time, uuid } from '../operation.ts'

export const SESSIONS: Operations = {
  'GET /user/sessions': {
    access: 'user',
    id: 'auth_sessions',
    summary: 'List where one is signed in',
    answers: {
      200: {
        description: 'At most a hundred, the newest first.',
        schema: listOf(
          object({
            id: uuid('Of the session.'),
            created_at: time('When it began.'),
            last_used_at: time('When its tokens were refreshed last.'),
            not_after: orNull(time('When it ends at the latest, where that is known.')),
            aal: oneOf(['aal1', 'aal2'], 'Whether a second factor was shown in it.'),
            ip: orNull(text('From where it was used last.', '203.0.113.7')),
            user_agent: orNull(text('By which browser or app.', 'Mozilla/5.0')),
            client_id: orNull(uuid('Of the application that holds it, where it is not the person’s own.')),
            is_current: flag('Whether it is the one that asks.'),
          }),
          'Of the user.',
        ),
      },
    },
  },
  'DELETE /user/sessions/:id': {
    access: 'user',
    id: 'auth_end_session',
    summary: 'Sign out of one session',
    answers: { 204: done },
    errors: { 404: ['session_not_found'] },
  },
}
