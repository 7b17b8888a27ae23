/** `cascata auth users ...`: the users of a project. A user is named by its id, its address or its number. */
import { AuthUser, SignedOut } from '@cascata/shared/contract/auth-users'
import { pageOf } from '@cascata/shared/contract/page'
import type { Command } from 'commander'
import { z } from 'zod'
import {
  isUserId,
  meant,
  needleOf,
  objectIn,
  USER_HEAD,
  type UserOptions,
  userRow,
  wishOf,
} from '../auth-user.ts'
import type { Client } from '../client.ts'
import { type Context, path } from '../context.ts'
import { EXIT, Failure, usage } from '../failure.ts'
import { list, table } from '../output.ts'

const PAGE = 200
/** Without an end, as dashboards have it. */
const FOR_EVER = '876000h'

const Page = pageOf(AuthUser)

export function userCommands(users: Command, context: Context): void {
  listCommand(users, context)
  users
    .command('get <ref> <user>')
    .description('show one')
    .action(async (ref: string, who: string, _options: unknown, command: Command) => {
      const client = await context.client()
      const user = await client.get(placeOf(ref, await idOf(client, ref, who)), AuthUser)
      show(context, command, user)
    })
  createCommand(users, context)
  updateCommand(users, context)
  deleteCommand(users, context)
  inviteCommand(users, context)
  banCommands(users, context)
}

const placeOf = (ref: string, id: string) => path`/v1/projects/${ref}/auth/users/${id}`

function show(context: Context, command: Command, user: AuthUser): void {
  context.output(command).result(user, list(user))
}

/** @throws a failure when nobody is meant. */
async function idOf(client: Client, ref: string, who: string): Promise<string> {
  if (isUserId(who)) return who
  const query = new URLSearchParams({ filter: needleOf(who), limit: String(PAGE) })
  const { items } = await client.get(`${path`/v1/projects/${ref}/auth/users`}?${query}`, Page)
  const found = meant(items, who)
  if (found) return found.id
  throw new Failure(EXIT.notFound, 'auth-user-not-found', `${ref} has no user ${who}`, {
    hint: `"cascata auth users list ${ref} --filter TEXT" looks for parts of addresses and numbers.`,
  })
}

function listCommand(users: Command, context: Context): void {
  users
    .command('list <ref>')
    .description('who they are, the newest first')
    .option('--filter <text>', 'part of an address, a number or a name')
    .option('--limit <n>', 'how many at most', Number, PAGE)
    .action(async (ref: string, options: { filter?: string; limit: number }, command: Command) => {
      const { filter, limit } = options
      if (!Number.isInteger(limit) || limit < 1) throw usage('--limit takes a whole number from 1')
      const found = await some(await context.client(), ref, { filter, limit })
      const rows = found.map((user) => userRow(user, Date.now()))
      context.output(command).result(found, table(USER_HEAD, rows))
    })
}

/** There may be millions: no more pages are asked for than are wanted. */
async function some(
  client: Client,
  ref: string,
  { filter, limit }: { filter: string | undefined; limit: number },
): Promise<AuthUser[]> {
  const found: AuthUser[] = []
  let cursor: string | null = null
  do {
    const query = new URLSearchParams({
      limit: String(Math.min(PAGE, limit)),
      ...(filter !== undefined && { filter }),
      ...(cursor !== null && { cursor }),
    })
    const page: z.infer<typeof Page> = await client.get(
      `${path`/v1/projects/${ref}/auth/users`}?${query}`,
      Page,
    )
    found.push(...page.items)
    cursor = page.next_cursor
  } while (cursor !== null && found.length < limit)
  return found.slice(0, limit)
}

const withUserOptions = (command: Command): Command =>
  command
    .option('--email <address>', 'its address')
    .option('--phone <number>', 'its number, in E.164')
    .option('--password-file <file>', 'file with the password; - is what is piped in')
    .option('--password-hash-file <file>', 'file with a hash of it, in its place')
    .option('--confirm', 'address and number count as confirmed')
    .option('--metadata <json>', 'what the user itself may change')
    .option('--app-metadata <json>', 'what only an admin may')
    .option('--role <role>', 'in Postgres')

function createCommand(users: Command, context: Context): void {
  withUserOptions(users.command('create <ref>'))
    .description('make one; no mail is sent')
    .option('--id <uuid>', 'its id')
    .action(async (ref: string, { id, ...options }: UserOptions & { id?: string }, command: Command) => {
      const body = { ...(id !== undefined && { id }), ...(await wishOf(options)) }
      if (body.email === undefined && body.phone === undefined) throw usage('a user needs --email or --phone')
      const client = await context.client()
      const made = await client.send('POST', path`/v1/projects/${ref}/auth/users`, AuthUser, { body })
      show(context, command, made)
    })
}

function updateCommand(users: Command, context: Context): void {
  withUserOptions(users.command('update <ref> <user>'))
    .description('change one; what is not given stays, a new password ends its sessions')
    .action(async (ref: string, who: string, options: UserOptions, command: Command) => {
      const body = await wishOf(options)
      if (Object.keys(body).length === 0) throw usage('nothing to change', 'See --help for what can be.')
      await patch(context, command, { ref, who, body })
    })
}

type Patch = { ref: string; who: string; body: object }

async function patch(context: Context, command: Command, { ref, who, body }: Patch): Promise<void> {
  const client = await context.client()
  const changed = await client.send('PATCH', placeOf(ref, await idOf(client, ref, who)), AuthUser, { body })
  show(context, command, changed)
}

function deleteCommand(users: Command, context: Context): void {
  users
    .command('delete <ref> <user>')
    .description('delete one')
    .option('--soft', 'keep its row, without what it says of the person')
    .option('--yes', 'do it without asking')
    .action(async (ref: string, who: string, options: { soft?: true; yes?: true }, command: Command) => {
      if (!options.yes) throw usage(`"auth users delete ${ref} ${who}" needs --yes: nothing brings it back`)
      const client = await context.client()
      const id = await idOf(client, ref, who)
      const soft = options.soft === true
      await client.send('DELETE', `${placeOf(ref, id)}?soft=${soft}`, z.unknown())
      context.output(command).result({ id, deleted: true, soft }, `${id}: deleted`)
    })
}

function inviteCommand(users: Command, context: Context): void {
  users
    .command('invite <ref> <email>')
    .description('send somebody a mail with a link that signs in')
    .option('--redirect-to <url>', 'where the link leads back to')
    .option('--metadata <json>', 'what the user itself may change')
    .action(
      async (
        ref: string,
        email: string,
        { redirectTo, metadata }: { redirectTo?: string; metadata?: string },
        command: Command,
      ) => {
        const body = {
          email,
          ...(redirectTo !== undefined && { redirect_to: redirectTo }),
          ...(metadata !== undefined && { data: objectIn('--metadata', metadata) }),
        }
        const client = await context.client()
        const invited = await client.send('POST', path`/v1/projects/${ref}/auth/invite`, AuthUser, { body })
        show(context, command, invited)
      },
    )
}

function banCommands(users: Command, context: Context): void {
  users
    .command('ban <ref> <user>')
    .description('let one in no more, and end its sessions')
    .option('--for <duration>', 'how long, as 24h or 1h30m', FOR_EVER)
    .action(async (ref: string, who: string, options: { for: string }, command: Command) => {
      await patch(context, command, { ref, who, body: { ban_duration: options.for } })
    })
  users
    .command('unban <ref> <user>')
    .description('let one in again')
    .action(async (ref: string, who: string, _options: unknown, command: Command) => {
      await patch(context, command, { ref, who, body: { ban_duration: 'none' } })
    })
  users
    .command('logout <ref> <user>')
    .description('end all its sessions')
    .action(async (ref: string, who: string, _options: unknown, command: Command) => {
      const client = await context.client()
      const id = await idOf(client, ref, who)
      const done = await client.send('POST', `${placeOf(ref, id)}/logout`, SignedOut, { body: {} })
      context.output(command).result({ id, ...done }, `${id}: ${done.sessions} sessions ended`)
    })
  users
    .command('unlock <ref> <user>')
    .description('end the lock of one who failed too often')
    .action(async (ref: string, who: string, _options: unknown, command: Command) => {
      const client = await context.client()
      const id = await idOf(client, ref, who)
      show(context, command, await client.send('POST', `${placeOf(ref, id)}/unlock`, AuthUser, { body: {} }))
    })
}
