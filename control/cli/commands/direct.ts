/** `cascata db url|expose|rotate-password REF`: a project's Postgres from outside. */
import { DatabaseAccess } from '@cascata/shared/contract/direct'
import { type ChangeSettings, Project, SettingsChange } from '@cascata/shared/contract/projects'
import { type Command, Option } from 'commander'
import { type Context, path } from '../context.ts'
import { EXIT, Failure, usage } from '../failure.ts'
import { follow } from '../follow.ts'
import { list } from '../output.ts'
import { Accepted, finish } from '../project-view.ts'

export function directCommands(db: Command, context: Context): void {
  urlCommand(db, context)
  exposeCommand(db, context)
  db.command('rotate-password <ref>')
    .description('make a new database password; the old one lets nobody in any more')
    .option('--wait', 'return when it is so')
    .action(async (ref: string, options: { wait?: true }, command: Command) => {
      const [client, output] = [await context.client(), context.output(command)]
      const accepted = await client.send('POST', path`/v1/projects/${ref}/rotate-db-password`, Accepted)
      await finish(client, output, { accepted, wait: options.wait === true })
    })
}

function urlCommand(db: Command, context: Context): void {
  db.command('url <ref>')
    .description('print where psql, pg_dump and drivers connect')
    .option('--pooler', 'the port that pools by transaction, for many short-lived clients')
    .option('--password', 'with the password in it: mind where it is shown')
    .action(async (ref: string, options: { pooler?: true; password?: true }, command: Command) => {
      const client = await context.client()
      const place = path`/v1/projects/${ref}`
      const urls = options.password
        ? await client.get(`${place}/database`, DatabaseAccess)
        : await client.get(place, Project)
      const url = options.pooler ? urls.pooler_url : urls.db_url
      if (url === null) throw closed(ref)
      context.output(command).result({ url }, url)
    })
}

type Expose = { allow: string[]; wait?: true }

function exposeCommand(db: Command, context: Context): void {
  const allow = new Option('--allow <range>', 'who may connect, as 203.0.113.0/24; may be given again')
  db.command('expose <ref> <on|off>')
    .description('let Postgres be reached from outside, or no longer')
    .addOption(
      allow.default([], 'anybody').argParser((range: string, before: string[]) => [...before, range]),
    )
    .option('--wait', 'return when it is so')
    .action(async (ref: string, state: string, options: Expose, command: Command) => {
      const [client, output] = [await context.client(), context.output(command)]
      const place = path`/v1/projects/${ref}/settings`
      const etag = (await client.open(place)).headers.get('etag') ?? ''
      const changed = await client.send('PATCH', place, SettingsChange, {
        body: changeOf(state, options.allow),
        headers: { 'if-match': etag },
      })
      if (options.wait) await follow(client, output, changed.operation.id)
      output.result(changed, list(changed.direct))
    })
}

/** Ranges that are not named stay as they are. */
export function changeOf(state: string, allow: readonly string[]): ChangeSettings {
  if (state !== 'on' && state !== 'off') throw usage(`"${state}" is neither "on" nor "off"`)
  const allowedAddresses = allow as NonNullable<ChangeSettings['direct']>['allowedAddresses']
  return { direct: { enabled: state === 'on', ...(allow.length > 0 && { allowedAddresses }) } }
}

const closed = (ref: string): Failure =>
  new Failure(EXIT.failed, 'not-exposed', `${ref} is not reached from outside`, {
    hint: `Open it with "cascata db expose ${ref} on"; docs/operate/direct-postgres.md says what that means.`,
  })
