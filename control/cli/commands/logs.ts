/** `cascata logs REF` */
import type { Command } from 'commander'
import { z } from 'zod'
import { type Context, path } from '../context.ts'
import { eventData } from '../events.ts'
import { usage } from '../failure.ts'

type Options = { role: string; tail: string; follow?: true }

export function logsCommand(program: Command, context: Context): void {
  program
    .command('logs <ref>')
    .description("a project's log lines")
    .option('--role <runtime|db>', 'of which container', 'runtime')
    .option('--tail <lines>', 'how many of the last lines', '100')
    .option('--follow', 'go on until interrupted')
    .action(async (ref: string, options: Options, command: Command) => {
      const output = context.output(command)
      const json = command.optsWithGlobals().json === true
      if (options.follow && json)
        throw usage('--follow and --json exclude each other: one document has an end')
      const client = await context.client()
      const base = `${path`/v1/projects/${ref}/logs`}?${new URLSearchParams({ role: options.role, tail: options.tail })}`
      if (!options.follow) {
        const { lines } = await client.get(base, z.object({ lines: z.array(z.string()) }))
        output.result({ ref, role: options.role, lines }, lines.join('\n'))
        return
      }
      const response = await client.open(`${base}&follow=true`, { headers: { accept: 'text/event-stream' } })
      if (!response.body) return
      for await (const line of eventData(response.body)) process.stdout.write(`${line}\n`)
    })
}
