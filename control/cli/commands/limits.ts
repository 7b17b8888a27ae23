/** `cascata projects limits REF`: what a project may use, shown or changed. */
import { type ChangeLimits, Project } from '@cascata/shared/contract/projects'
import type { Command } from 'commander'
import { type Context, path } from '../context.ts'
import { usage } from '../failure.ts'
import { list } from '../output.ts'
import { Accepted, finish } from '../project-view.ts'

type Options = {
  memory?: number
  cpus?: number
  pids?: number
  dbMemory?: number
  dbCpus?: number
  dbPids?: number
  bodyBytes?: number
  wait?: true
}

const number = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw usage(`"${text}" is not a number`)
  return value
}

export function limitsCommand(projects: Command, context: Context): void {
  projects
    .command('limits <ref>')
    .description('show what its containers may use, or change it')
    .option('--memory <mib>', "the runtime's memory", number)
    .option('--cpus <cpus>', "the runtime's processors", number)
    .option('--pids <count>', "the runtime's processes", number)
    .option('--db-memory <mib>', "the database's memory", number)
    .option('--db-cpus <cpus>', "the database's processors", number)
    .option('--db-pids <count>', "the database's processes", number)
    .option('--body-bytes <bytes>', 'largest body of a request', number)
    .option('--wait', 'return when it is so')
    .action(async (ref: string, options: Options, command: Command) => {
      const [client, output] = [await context.client(), context.output(command)]
      const body = changeOf(options)
      if (Object.keys(body).length === 0) {
        const { limits } = await client.get(path`/v1/projects/${ref}`, Project)
        output.result(limits, list(limits))
        return
      }
      const accepted = await client.send('PATCH', path`/v1/projects/${ref}/limits`, Accepted, { body })
      await finish(client, output, { accepted, wait: options.wait === true })
    })
}

/** Only what was named: the rest stays as it is. */
export function changeOf(options: Options): ChangeLimits {
  const { memory, cpus, pids, dbMemory, dbCpus, dbPids, bodyBytes } = options
  const runtime = named({ memory_mb: memory, cpus, pids })
  const db = named({ memory_mb: dbMemory, cpus: dbCpus, pids: dbPids })
  return {
    ...(Object.keys(runtime).length > 0 && { runtime }),
    ...(Object.keys(db).length > 0 && { db }),
    ...(bodyBytes !== undefined && { body_bytes_max: bodyBytes }),
  }
}

const named = (values: Record<string, number | undefined>): Record<string, number> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
