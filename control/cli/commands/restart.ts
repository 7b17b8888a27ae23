/** `cascata projects restart REF`: its runtimes made anew without anybody's notice; its database only when it is said. */
import type { Command } from 'commander'
import { type Context, path } from '../context.ts'
import { Accepted, finish } from '../project-view.ts'

const INTERRUPTED =
  'its database is restarted: open sessions end, and what they were doing is rolled back; requests wait, and those under way may fail'

type Options = { database?: true; wait?: true }

export function restartCommand(projects: Command, context: Context): void {
  projects
    .command('restart <ref>')
    .description('replace its runtimes one by one; no request fails')
    .option('--database', 'replace its database, too: ends open sessions and what they are doing')
    .option('--wait', 'return when it is done')
    .action(async (ref: string, options: Options, command: Command) => {
      const [client, output] = [await context.client(), context.output(command)]
      const call = options.database ? { body: { database: true } } : {}
      const accepted = await client.send('POST', path`/v1/projects/${ref}/restart`, Accepted, call)
      if (options.database) output.note(`${ref}: ${INTERRUPTED}`)
      await finish(client, output, { accepted, wait: options.wait === true })
    })
}
