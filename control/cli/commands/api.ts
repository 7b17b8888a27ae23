/** `cascata api ...`: a project's REST API as commands to copy. */
import type { Command } from 'commander'
import { z } from 'zod'
import { type Context, path } from '../context.ts'
import { EXIT, Failure } from '../failure.ts'

/** As much of the document as is shown. */
const Document = z.object({
  paths: z.record(
    z.string(),
    z.record(
      z.string(),
      z.object({
        operationId: z.string(),
        summary: z.string(),
        'x-codeSamples': z.array(z.object({ lang: z.string(), source: z.string() })),
      }),
    ),
  ),
})

type CurlOptions = { role: string; schema?: string }

export function apiCommands(program: Command, context: Context): void {
  program
    .command('api')
    .description("a project's REST API")
    .command('curl <ref> [operation]')
    .description('one curl command for each operation, to copy or to import; put in a key yourself')
    .option('--role <anon|service_role>', 'whose operations', 'anon')
    .option('--schema <name>', 'of which exposed schema')
    .action(
      async (ref: string, wanted: string | undefined, { role, schema }: CurlOptions, command: Command) => {
        const [client, output] = [await context.client(), context.output(command)]
        const query = new URLSearchParams({ role, ...(schema === undefined ? {} : { schema }) })
        const { paths } = await client.get(`${path`/v1/projects/${ref}/openapi`}?${query}`, Document)
        const all = Object.values(paths)
          .flatMap((item) => Object.values(item))
          .map(({ operationId, summary, 'x-codeSamples': samples }) => ({
            operation: operationId,
            summary,
            curl: samples.find(({ lang }) => lang === 'Shell')?.source ?? '',
          }))
        if (wanted === undefined) {
          const lines = all.map(({ operation, summary, curl }) => `# ${operation}: ${summary}\n${curl}`)
          output.result(all, lines.join('\n\n'))
          return
        }
        const one = all.find(({ operation }) => operation === wanted)
        if (one === undefined) throw unknownOperation(ref, wanted)
        output.result(one, one.curl)
      },
    )
}

const unknownOperation = (ref: string, wanted: string): Failure =>
  new Failure(
    EXIT.notFound,
    'operation-unknown',
    `the API of ${ref} offers this role no operation ${wanted}`,
    {
      hint: `"cascata api curl ${ref}" lists those there are; another --role may see more.`,
    },
  )
