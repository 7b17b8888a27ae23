/** `cascata auth ...`: how users sign in to a project. Who and what it knows has files of its own. */
import { AuthConfig, AuthConfigChange } from '@cascata/shared/contract/auth-config'
import type { Command } from 'commander'
import { flat, patchOf, under } from '../auth-patch.ts'
import { type Context, path } from '../context.ts'
import { usage } from '../failure.ts'
import { follow } from '../follow.ts'
import { list, table } from '../output.ts'
import { readSecretFile } from '../secrets.ts'
import { clientCommands } from './auth-clients.ts'
import { linkCommands } from './auth-links.ts'
import { ssoCommands } from './auth-sso.ts'
import { userCommands } from './auth-users.ts'

const gather = (text: string, before: string[]): string[] => [...before, text]
const place = (ref: string) => path`/v1/projects/${ref}/auth/config`

export function authCommands(program: Command, context: Context): void {
  const auth = program.command('auth').description('how users sign in to a project')
  configCommands(auth.command('config').description('its settings of auth'), context)
  providerCommands(auth.command('providers').description('Google, GitHub and others it lets in'), context)
  userCommands(auth.command('users').description('who they are'), context)
  clientCommands(auth.command('clients').description('applications that sign them in'), context)
  ssoCommands(auth.command('sso').description('identity providers of companies'), context)
  linkCommands(auth.command('links').description('links of mails, without the mail'), context)
}

type Set = { file?: string; secret: string[]; wait?: true }

function configCommands(config: Command, context: Context): void {
  config
    .command('get <ref> [name]')
    .description('show all settings, or what lies under a name as "smtp"')
    .action(async (ref: string, name: string | undefined, _options: unknown, command: Command) => {
      const settings = await (await context.client()).get(place(ref), AuthConfig)
      const found = name === undefined ? settings : under(settings, name)
      if (found === undefined) throw usage(`there is no setting "${name}"`, 'Without a name, all are shown.')
      context.output(command).result(found, list(flat(name === undefined ? settings : { [name]: found })))
    })
  config
    .command('set <ref> [pairs...]')
    .description('change settings, live: password.minLength=10, smtp=null')
    .option('--file <file>', 'a JSON Merge Patch, for what is long')
    .option('--secret <name=file>', 'a setting whose value is in a file; may be given again', gather, [])
    .option('--wait', 'return when it is so')
    .action(async (ref: string, pairs: string[], options: Set, command: Command) => {
      const body = await patchOf({ pairs, file: options.file, secrets: options.secret })
      await change(context, command, { ref, body, wait: options.wait === true })
    })
}

type Provider = {
  clientId: string[]
  secretFile?: string
  url?: string
  issuer?: string
  redirectUri?: string
  scope: string[]
  disabled?: true
  wait?: true
}

function providerCommands(providers: Command, context: Context): void {
  providers
    .command('list <ref>')
    .description('whom it lets in')
    .action(async (ref: string, _options: unknown, command: Command) => {
      const { external } = await (await context.client()).get(place(ref), AuthConfig)
      const rows = Object.entries(external).map(([name, { enabled, clientIds, secret, issuer, url }]) => [
        ...[
          name,
          enabled ? 'on' : 'off',
          clientIds.join(' '),
          secret === null ? 'none' : 'set',
          issuer ?? url,
        ],
      ])
      const text = table(['PROVIDER', 'STATE', 'CLIENT IDS', 'SECRET', 'AT'], rows)
      context.output(command).result(external, text)
    })
  providers
    .command('set <ref> <provider>')
    .description('let its users in, or change how; ids, secret and places that are not given stay')
    .option('--client-id <id>', 'yours at the provider; may be given again, the first is sent', gather, [])
    .option('--secret-file <file>', 'file with the client secret')
    .option('--url <url>', 'where the provider is, when it is your own')
    .option('--issuer <url>', 'of any OpenID Connect provider')
    .option('--redirect-uri <url>', "the callback, when it is not the project's own")
    .option('--scope <scope>', 'asked for besides; may be given again', gather, [])
    .option('--disabled', 'keep what is set, and let nobody in')
    .option('--wait', 'return when it is so')
    .action(async (ref: string, name: string, options: Provider, command: Command) => {
      const body = { external: { [name]: await providerOf(options) } }
      await change(context, command, { ref, body, wait: options.wait === true })
    })
  providers
    .command('remove <ref> <provider>')
    .description('let its users in no more, and forget the secret; the users stay')
    .option('--wait', 'return when it is so')
    .action(async (ref: string, name: string, options: { wait?: true }, command: Command) => {
      const { external } = await (await context.client()).get(place(ref), AuthConfig)
      if (!Object.hasOwn(external, name)) throw usage(`${ref} has no provider "${name}"`)
      await change(context, command, {
        ref,
        body: { external: { [name]: null } },
        wait: options.wait === true,
      })
    })
}

async function providerOf({ clientId, secretFile, scope, ...options }: Provider) {
  return {
    enabled: options.disabled !== true,
    ...(clientId.length > 0 && { clientIds: clientId }),
    ...(secretFile !== undefined && { secret: await readSecretFile(secretFile) }),
    ...(options.url !== undefined && { url: options.url }),
    ...(options.issuer !== undefined && { issuer: options.issuer }),
    ...(options.redirectUri !== undefined && { redirectUri: options.redirectUri }),
    ...(scope.length > 0 && { scopes: scope }),
  }
}

type Wish = { ref: string; body: unknown; wait: boolean }

async function change(context: Context, command: Command, { ref, body, wait }: Wish): Promise<void> {
  const [client, output] = [await context.client(), context.output(command)]
  const { operation, ...config } = await client.send('PATCH', place(ref), AuthConfigChange, { body })
  if (wait) await follow(client, output, operation.id)
  output.result({ ...config, operation }, list(flat(config)))
}
