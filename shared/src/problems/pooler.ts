/** Why Postgres is not reached from outside although it should be. */
import { problem } from '../problem.ts'

export const PoolerConfigRefused = problem('pooler-config-refused', {
  status: 500,
  title: 'Pooler configuration refused',
  detail: () => 'PgBouncer refused the configuration made for it; the one before stays in use.',
  hint: 'This is a bug: the log of control has what PgBouncer said.',
})

export const PoolerNotServing = problem('pooler-not-serving', {
  status: 503,
  title: 'Pooler does not serve',
  detail: () => 'The pooler does not answer with the configuration it was given.',
  hint: 'Its log says why: docker logs <instance>-pooler.',
})

export const RefNotDirect = problem('ref-not-direct', {
  status: 422,
  title: 'Ref cannot be a database',
  detail: (ref: string) =>
    `The pooler keeps the name ${ref} for itself: a project of that ref cannot be opened.`,
  hint: 'Import a backup of the project under another ref.',
})
