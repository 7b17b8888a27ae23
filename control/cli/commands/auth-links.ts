/** `cascata auth links generate`: the link of a mail, for whoever sends it another way. It signs in whoever has it. */
import { AuthLink, AuthLinkType } from '@cascata/shared/contract/auth-users'
import { type Command, Option } from 'commander'
import { objectIn } from '../auth-user.ts'
import { type Context, path } from '../context.ts'
import { readSecretFile } from '../secrets.ts'

type Options = {
  type: string
  newEmail?: string
  passwordFile?: string
  metadata?: string
  redirectTo?: string
}

export function linkCommands(links: Command, context: Context): void {
  links
    .command('generate <ref> <email>')
    .description('make the link of a mail, and send nothing')
    .addOption(
      new Option('--type <type>', 'of which mail').choices(AuthLinkType.options).default('magiclink'),
    )
    .option('--new-email <address>', 'of a change of address')
    .option('--password-file <file>', 'of a sign-up: file with the password; - is what is piped in')
    .option('--metadata <json>', 'of a new user: what it may itself change')
    .option('--redirect-to <url>', 'where the link leads back to')
    .action(async (ref: string, email: string, options: Options, command: Command) => {
      const { type, newEmail, passwordFile, metadata, redirectTo } = options
      const body = {
        ...{ type, email },
        ...(newEmail !== undefined && { new_email: newEmail }),
        ...(passwordFile !== undefined && { password: await readSecretFile(passwordFile) }),
        ...(metadata !== undefined && { data: objectIn('--metadata', metadata) }),
        ...(redirectTo !== undefined && { redirect_to: redirectTo }),
      }
      const client = await context.client()
      const link = await client.send('POST', path`/v1/projects/${ref}/auth/links`, AuthLink, { body })
      context.output(command).result(link, link.action_link)
    })
}
