/** `cascata auth clients ...`: applications that sign users in with a project. One is named by its id. */
import { AuthClient, AuthClientMethod } from '@cascata/shared/contract/auth-clients'
import { type Command, Option } from 'commander'
import { z } from 'zod'
import { type Context, path } from '../context.ts'
import { usage } from '../failure.ts'
import { list, table } from '../output.ts'
import { listAll } from '../pages.ts'

type Options = {
  name?: string
  redirectUri: string[]
  method?: string
  grantType: string[]
  uri?: string
  logo?: string
}

const gather = (text: string, before: string[]): string[] => [...before, text]
const placeOf = (ref: string, id: string) => path`/v1/projects/${ref}/auth/clients/${id}`
const HEAD = ['ID', 'NAME', 'TYPE', 'REGISTERED', 'REDIRECT URIS', 'CREATED']

export function clientCommands(clients: Command, context: Context): void {
  clients
    .command('list <ref>')
    .description('which there are, the newest first')
    .action(async (ref: string, _options: unknown, command: Command) => {
      const found = await listAll(await context.client(), path`/v1/projects/${ref}/auth/clients`, AuthClient)
      const rows = found.map((client) => [
        ...[client.client_id, client.client_name || null, client.client_type, client.registration_type],
        ...[client.redirect_uris.join(' '), client.created_at],
      ])
      context.output(command).result(found, table(HEAD, rows))
    })
  clients
    .command('get <ref> <client>')
    .description('show one')
    .action(async (ref: string, id: string, _options: unknown, command: Command) => {
      const client = await context.client()
      show(context, command, await client.get(placeOf(ref, id), AuthClient))
    })
  changeCommands(clients, context)
  endCommands(clients, context)
}

function show(context: Context, command: Command, client: AuthClient): void {
  const words = Object.entries(client).map(([name, value]) => [
    name,
    Array.isArray(value) ? value.join(' ') : value,
  ])
  context.output(command).result(client, list(Object.fromEntries(words)))
}

const withOptions = (command: Command): Command =>
  command
    .option('--name <name>', 'what users read')
    .option('--redirect-uri <uri>', 'where answers may go; may be given again', gather, [])
    .addOption(
      new Option('--method <method>', 'how it says who it is; none has no secret').choices(
        AuthClientMethod.options,
      ),
    )
    .option('--grant-type <type>', 'what it may give for tokens; may be given again', gather, [])
    .option('--uri <url>', 'its page')
    .option('--logo <url>', 'its picture')

const wishOf = ({ name, redirectUri, method, grantType, uri, logo }: Options) => ({
  ...(name !== undefined && { client_name: name }),
  ...(redirectUri.length > 0 && { redirect_uris: redirectUri }),
  ...(method !== undefined && { token_endpoint_auth_method: method }),
  ...(grantType.length > 0 && { grant_types: grantType }),
  ...(uri !== undefined && { client_uri: uri }),
  ...(logo !== undefined && { logo_uri: logo }),
})

function changeCommands(clients: Command, context: Context): void {
  withOptions(clients.command('create <ref>'))
    .description('register one; its secret is shown this once')
    .action(async (ref: string, options: Options, command: Command) => {
      if (options.redirectUri.length === 0) throw usage('an application needs --redirect-uri')
      const client = await context.client()
      const place = path`/v1/projects/${ref}/auth/clients`
      show(context, command, await client.send('POST', place, AuthClient, { body: wishOf(options) }))
    })
  withOptions(clients.command('update <ref> <client>'))
    .description('change one; what is not given stays')
    .action(async (ref: string, id: string, options: Options, command: Command) => {
      const body = wishOf(options)
      if (Object.keys(body).length === 0) throw usage('nothing to change', 'See --help for what can be.')
      const client = await context.client()
      show(context, command, await client.send('PATCH', placeOf(ref, id), AuthClient, { body }))
    })
}

function endCommands(clients: Command, context: Context): void {
  clients
    .command('regenerate-secret <ref> <client>')
    .description('make one a new secret, shown this once; the one of before is void at once')
    .option('--yes', 'do it without asking')
    .action(async (ref: string, id: string, { yes }: { yes?: true }, command: Command) => {
      if (!yes)
        throw usage(
          `"auth clients regenerate-secret ${ref} ${id}" needs --yes: the secret it has is void then`,
        )
      const client = await context.client()
      const renewed = await client.send('POST', `${placeOf(ref, id)}/secret`, AuthClient, { body: {} })
      show(context, command, renewed)
    })
  clients
    .command('delete <ref> <client>')
    .description('take one away, with the sessions it has')
    .option('--yes', 'do it without asking')
    .action(async (ref: string, id: string, { yes }: { yes?: true }, command: Command) => {
      if (!yes) throw usage(`"auth clients delete ${ref} ${id}" needs --yes: nothing brings it back`)
      const client = await context.client()
      await client.send('DELETE', placeOf(ref, id), z.unknown())
      context.output(command).result({ id, deleted: true }, `${id}: deleted`)
    })
}
