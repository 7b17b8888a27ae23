/** `cascata tokens ...`: who may call the control API. */
import { CreatedToken, Token } from '@cascata/shared/contract/tokens'
import type { Command } from 'commander'
import { z } from 'zod'
import { type Context, path } from '../context.ts'
import { list, table } from '../output.ts'
import { listAll } from '../pages.ts'

export function tokenCommands(program: Command, context: Context): void {
  const tokens = program.command('tokens').description('API tokens of the instance')
  tokens
    .command('list')
    .description('all tokens (never their secrets)')
    .action(async (_options: unknown, command: Command) => {
      const items = await listAll(await context.client(), '/v1/tokens', Token)
      const rows = items.map((token) => [
        token.id,
        token.name,
        token.scope,
        token.project_ref,
        token.created_at,
        token.last_used_at,
        token.revoked_at,
      ])
      context
        .output(command)
        .result(items, table(['ID', 'NAME', 'SCOPE', 'PROJECT', 'CREATED', 'LAST USED', 'REVOKED'], rows))
    })
  tokens
    .command('create <name>')
    .description('make a token; it is shown this once')
    .option('--scope <owner|admin|read>', 'what it may do', 'admin')
    .option('--project <ref>', 'tie it to one project')
    .option('--expires-in-days <days>', 'when it ends', Number)
    .action(
      async (
        name: string,
        options: { scope: string; project?: string; expiresInDays?: number },
        command: Command,
      ) => {
        const body = {
          name,
          scope: options.scope,
          ...(options.project === undefined ? {} : { project_ref: options.project }),
          ...(options.expiresInDays === undefined ? {} : { expires_in_days: options.expiresInDays }),
        }
        const created = await (await context.client()).send('POST', '/v1/tokens', CreatedToken, { body })
        context.output(command).result(created, list(created))
      },
    )
  tokens
    .command('revoke <id>')
    .description('end a token at once')
    .action(async (id: string, _options: unknown, command: Command) => {
      await (await context.client()).send('DELETE', path`/v1/tokens/${id}`, z.unknown())
      context.output(command).result({ id, revoked: true }, `${id}: revoked`)
    })
}
