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
  urlBytes?: number
  statementTimeout?: number
  embedDepth?: number
  embeds?: number
  planCost?: number | 'off'
  disk?: number | 'off'
  wait?: true
}

const number = (text: string): number => {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value)) throw usage(`"${text}" is not a number`)
  return value
}

/** Not null yet: commander takes that for an option without a value. */
const numberOrOff = (text: string): number | 'off' => (text === 'off' ? text : number(text))

export function limitsCommand(projects: Command, context: Context): void {
  projects
    .command('limits <ref>')
    .description('show what its containers may use and its requests may ask for, or change it')
    .option('--memory <mib>', "the runtime's memory", number)
    .option('--cpus <cpus>', "the runtime's processors", number)
    .option('--pids <count>', "the runtime's processes", number)
    .option('--db-memory <mib>', "the database's memory", number)
    .option('--db-cpus <cpus>', "the database's processors", number)
    .option('--db-pids <count>', "the database's processes", number)
    .option('--body-bytes <bytes>', 'largest body of a request', number)
    .option('--url-bytes <bytes>', 'longest URL of a request', number)
    .option('--statement-timeout <ms>', 'longest run of a statement', number)
    .option('--embed-depth <levels>', 'deepest nesting of embeds in a select', number)
    .option('--embeds <count>', 'most embeds in a select', number)
    .option(
      '--plan-cost <cost>',
      'greatest cost of a statement in the planner\'s units, or "off"',
      numberOrOff,
    )
    .option('--disk <mib>', 'disk for its files and its database, or "off"', numberOrOff)
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
  const { memory, cpus, pids, dbMemory, dbCpus, dbPids } = options
  const runtime = named({ memory_mb: memory, cpus, pids })
  const db = named({ memory_mb: dbMemory, cpus: dbCpus, pids: dbPids })
  const requests = named({
    body_bytes_max: options.bodyBytes,
    url_bytes_max: options.urlBytes,
    statement_timeout_ms: options.statementTimeout,
    embed_depth_max: options.embedDepth,
    embeds_max: options.embeds,
    plan_cost_max: options.planCost === 'off' ? null : options.planCost,
    disk_mb: options.disk === 'off' ? null : options.disk,
  })
  return {
    ...(Object.keys(runtime).length > 0 && { runtime }),
    ...(Object.keys(db).length > 0 && { db }),
    ...requests,
  }
}

const named = <Value>(values: Record<string, Value | undefined>): Record<string, Value> =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  )
