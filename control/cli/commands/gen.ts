/** `cascata gen ...`: a project's schema as code. */
import { writeFile } from 'node:fs/promises'
import { TypesResult } from '@cascata/shared/contract/descriptions'
import type { Command } from 'commander'
import { type Context, path } from '../context.ts'
import { EXIT, Failure } from '../failure.ts'

type TypesOptions = { schema: string[]; output?: string }

export function genCommands(program: Command, context: Context): void {
  program
    .command('gen')
    .description("write code of a project's schema")
    .command('types <ref>')
    .description('TypeScript types for supabase-js: createClient<Database>()')
    .option(
      '--schema <name>',
      'a schema to write; may be repeated (public when none is named)',
      (name, all: string[]) => [...all, ...name.split(',')],
      [],
    )
    .option('--output <file>', 'write to this file, replacing what is there')
    .action(async (ref: string, { schema, output: file }: TypesOptions, command: Command) => {
      const [client, output] = [await context.client(), context.output(command)]
      const names = schema.length > 0 ? schema : ['public']
      const query = new URLSearchParams({ included_schemas: names.join(',') })
      const { types } = await client.get(
        `${path`/v1/projects/${ref}/types/typescript`}?${query}`,
        TypesResult,
      )
      if (file === undefined) {
        // The text's own last newline would make two.
        output.result({ types }, types.trimEnd())
        return
      }
      await writeFile(file, types).catch((error: NodeJS.ErrnoException) => {
        throw new Failure(EXIT.usage, 'file-not-written', `${file} cannot be written: ${error.code}`)
      })
      output.result({ output: file, schemas: names }, `${file}: types of ${names.join(', ')}`)
    })
}
