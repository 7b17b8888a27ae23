/** `cascata operations ...`: what was asked for, and how far it is. */
import { Operation } from '@cascata/shared/contract/operations'
import type { Command } from 'commander'
import { type Context, path } from '../context.ts'
import { follow } from '../follow.ts'
import { list, table } from '../output.ts'
import { listAll } from '../pages.ts'

export function operationCommands(program: Command, context: Context): void {
  const operations = program.command('operations').description('what was asked for, and how far it is')
  operations
    .command('list [ref]')
    .description('all operations, or those of one project; newest first')
    .action(async (ref: string | undefined, _options: unknown, command: Command) => {
      const query = ref === undefined ? '' : `?ref=${encodeURIComponent(ref)}`
      const items = await listAll(await context.client(), `/v1/operations${query}`, Operation)
      const rows = items.map(({ id, kind, ref, status, progress, created_at }) => [
        ...[id, kind, ref, status, `${Math.round(progress * 100)}%`, created_at],
      ])
      context
        .output(command)
        .result(items, table(['ID', 'KIND', 'PROJECT', 'STATUS', 'DONE', 'CREATED'], rows))
    })
  operations
    .command('get <id>')
    .description('one operation with its steps, or why it failed')
    .option('--wait', 'return when it has ended; exit code 1 when it failed')
    .action(async (id: string, options: { wait?: true }, command: Command) => {
      const [client, output] = [await context.client(), context.output(command)]
      if (options.wait) await follow(client, output, id)
      const operation = await client.get(path`/v1/operations/${id}`, Operation)
      const { steps, ...facts } = operation
      const rows = steps.map(({ name, status, started_at, ended_at, detail }) => [
        ...[name, detail === undefined ? status : 'waiting', started_at, ended_at, detail ?? ''],
      ])
      const columns = ['STEP', 'STATUS', 'STARTED', 'ENDED', 'WAITS FOR']
      output.result(operation, `${list(facts)}\n\n${table(columns, rows)}`)
    })
}
