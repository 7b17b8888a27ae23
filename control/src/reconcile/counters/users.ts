/**
 * Whom Redis lets in, as the text it reads. Pure.
 *
 * Control may do everything. A project's runtimes may read keys below their own prefix, and write them only together
 * with an end: what has none cannot be made room for, and would take the place of control's queue.
 */
import { createHash } from 'node:crypto'
import type { CounterAccess } from '@cascata/shared/counter-access'
import type { Seal } from '../../adapters/seal.ts'

export type Login = { username: string; password: string }

export const controlLogin = (seal: Pick<Seal, 'passwordFor'>): Login => ({
  username: 'control',
  password: seal.passwordFor('redis'),
})

/** As little as counting needs. No scripts: nothing bounds what one does. No `set`, `incr`, `persist`: they leave a key without an end. */
const COMMANDS = ['ping', 'get', 'psetex', 'del', 'watch', 'unwatch', 'multi', 'exec', 'discard']

export type Users = {
  text: string
  /** Name of a user that nobody can be: a Redis that knows it has read this text. */
  mark: string
}

export function renderUsers(control: Login, projects: readonly CounterAccess[]): Users {
  const allowed = COMMANDS.map((name) => `+${name}`).join(' ')
  const lines = [
    'user default off',
    `user ${control.username} on ${hashed(control)} ~* &* +@all`,
    ...projects
      .map(
        (each) => `user ${each.username} on ${hashed(each)} resetchannels ~${each.prefix}* -@all ${allowed}`,
      )
      .toSorted(),
  ]
  const mark = `read:${createHash('sha256').update(lines.join('\n')).digest('hex').slice(0, 32)}`
  return { text: `${[...lines, `user ${mark} off`].join('\n')}\n`, mark }
}

/** Who reads the file learns no password: each is 32 random bytes. */
const hashed = ({ password }: Pick<Login, 'password'>): string =>
  `#${createHash('sha256').update(password).digest('hex')}`
