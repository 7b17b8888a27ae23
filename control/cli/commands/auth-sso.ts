/** `cascata auth sso ...`: identity providers of companies. One is named by its id, a domain, its resource or entity id. */
import { AuthSsoProvider, AuthSsoProviders } from '@cascata/shared/contract/auth-sso'
import type { Command } from 'commander'
import { z } from 'zod'
import { meantSso, SSO_HEAD, type SsoOptions, ssoRow, ssoView, ssoWishOf } from '../auth-sso.ts'
import { isUserId as isUuid } from '../auth-user.ts'
import type { Client } from '../client.ts'
import { type Context, path } from '../context.ts'
import { EXIT, Failure, usage } from '../failure.ts'
import { list, table } from '../output.ts'

const gather = (text: string, before: string[]): string[] => [...before, text]
const all = (ref: string) => path`/v1/projects/${ref}/auth/sso`
const placeOf = (ref: string, id: string) => path`/v1/projects/${ref}/auth/sso/${id}`

export function ssoCommands(sso: Command, context: Context): void {
  sso
    .command('list <ref>')
    .description('which there are')
    .action(async (ref: string, _options: unknown, command: Command) => {
      const { items } = await (await context.client()).get(all(ref), AuthSsoProviders)
      context.output(command).result(items, table(SSO_HEAD, items.map(ssoRow)))
    })
  sso
    .command('get <ref> <provider>')
    .description('show one')
    .action(async (ref: string, which: string, _options: unknown, command: Command) => {
      const client = await context.client()
      show(context, command, await client.get(placeOf(ref, await idOf(client, ref, which)), AuthSsoProvider))
    })
  changeCommands(sso, context)
  sso
    .command('remove <ref> <provider>')
    .description('let nobody in by it any more; the users stay, with the sessions they have')
    .option('--yes', 'do it without asking')
    .action(async (ref: string, which: string, { yes }: { yes?: true }, command: Command) => {
      if (!yes) throw usage(`"auth sso remove ${ref} ${which}" needs --yes: nothing brings it back`)
      const client = await context.client()
      const id = await idOf(client, ref, which)
      await client.send('DELETE', placeOf(ref, id), z.unknown())
      context.output(command).result({ id, removed: true }, `${id}: removed`)
    })
}

function show(context: Context, command: Command, provider: AuthSsoProvider): void {
  const { domains } = provider
  const names = domains.map(({ domain }) => domain).join(' ')
  context.output(command).result(provider, list({ ...ssoView(provider), domains: names || null }))
}

/** @throws a failure when none is meant. */
async function idOf(client: Client, ref: string, which: string): Promise<string> {
  if (isUuid(which)) return which
  const { items } = await client.get(all(ref), AuthSsoProviders)
  const found = meantSso(items, which)
  if (found) return found.id
  throw new Failure(
    EXIT.notFound,
    'auth-sso-provider-not-found',
    `${ref} has no identity provider ${which}`,
    {
      hint: `"cascata auth sso list ${ref}" shows them.`,
    },
  )
}

const withOptions = (command: Command): Command =>
  command
    .option('--metadata-url <url>', 'where it describes itself, read again from time to time')
    .option('--metadata-file <file>', 'its description (XML), in place of that')
    .option(
      '--domain <domain>',
      'whose people it signs in; may be given again, all of them are meant',
      gather,
      [],
    )
    .option('--attribute-mapping <json>', 'which attribute is which claim: {"keys":{"name":{"name":"cn"}}}')
    .option('--name-id-format <urn>', 'what it is asked to call people by')
    .option('--resource-id <name>', 'a name of yours')
    .option('--disabled', 'let nobody in')

function changeCommands(sso: Command, context: Context): void {
  withOptions(sso.command('add <ref>'))
    .description('let the people of a company in by its identity provider')
    .action(async (ref: string, options: SsoOptions, command: Command) => {
      const body = await ssoWishOf(options)
      if (body.metadata_url === undefined && body.metadata_xml === undefined)
        throw usage('an identity provider needs --metadata-url or --metadata-file')
      const client = await context.client()
      show(context, command, await client.send('POST', all(ref), AuthSsoProvider, { body }))
    })
  withOptions(sso.command('update <ref> <provider>'))
    .description('change one; what is not given stays, its entity id always does')
    .option('--enabled', 'let its people in again')
    .action(async (ref: string, which: string, options: SsoOptions, command: Command) => {
      const body = await ssoWishOf(options)
      if (Object.keys(body).length === 0) throw usage('nothing to change', 'See --help for what can be.')
      const client = await context.client()
      const place = placeOf(ref, await idOf(client, ref, which))
      show(context, command, await client.send('PATCH', place, AuthSsoProvider, { body }))
    })
}
