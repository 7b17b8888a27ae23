/** `cascata db ...`: SQL as the project's `postgres` role, Postgres itself, and dumps of other projects. */
import { readFile } from 'node:fs/promises'
import { basename } from 'node:path'
import type { Command } from 'commander'
import { z } from 'zod'
import { type Context, path } from '../context.ts'
import { EXIT, Failure } from '../failure.ts'
import { table } from '../output.ts'
import { convertDumpCommand } from './convert-dump.ts'
import { directCommands } from './direct.ts'

const SqlResult = z.object({
  results: z.array(
    z.object({
      command: z.string().nullable(),
      row_count: z.number().nullable(),
      columns: z.array(z.string()),
      rows: z.array(z.array(z.unknown())),
    }),
  ),
})

const Migration = z.object({ version: z.string(), name: z.string().nullable(), applied: z.boolean() })

export function dbCommands(program: Command, context: Context): void {
  const db = program.command('db').description('run SQL and migrations, reach Postgres itself')
  db.command('push <file>')
    .description('apply a migration file once')
    .requiredOption('--project <ref>', 'the project')
    .action(async (file: string, options: { project: string }, command: Command) => {
      const body = { ...migrationName(file), sql: await readSql(file) }
      const client = await context.client()
      const done = await client.send('POST', path`/v1/projects/${options.project}/migrations`, Migration, {
        body,
      })
      context
        .output(command)
        .result(
          done,
          done.applied ? `applied ${done.version}` : `${done.version} was applied before: nothing to do`,
        )
    })
  db.command('query <sql>')
    .description('run statements and print their rows')
    .requiredOption('--project <ref>', 'the project')
    .action(async (query: string, options: { project: string }, command: Command) => {
      const client = await context.client()
      const answer = await client.send('POST', path`/v1/projects/${options.project}/sql`, SqlResult, {
        body: { query },
      })
      const text = answer.results.map(({ columns, rows, command: tag, row_count }) =>
        columns.length === 0 ? `${tag ?? ''} ${row_count ?? ''}`.trim() : table(columns, rows),
      )
      context.output(command).result(answer, text.join('\n\n'))
    })
  directCommands(db, context)
  convertDumpCommand(db, context)
}

/** `20260101_todos.sql` is version `20260101`, name `todos`; a file without digits in front is its own version. */
export function migrationName(file: string): { version: string; name: string } {
  const base = basename(file).replace(/\.sql$/i, '')
  const match = /^(\d+)[_-](.+)$/.exec(base)
  return match ? { version: match[1] ?? base, name: match[2] ?? base } : { version: base, name: base }
}

function readSql(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => {
    throw new Failure(EXIT.usage, 'file-not-found', `${file} cannot be read`)
  })
}
