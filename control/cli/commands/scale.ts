/** `cascata projects scale REF [MIN..MAX]`: how many runtimes answer for a project, shown or changed. */
import { SettingsChange } from '@cascata/shared/contract/projects'
import { REPLICAS_MAX, ReplicaSettings } from '@cascata/shared/contract/replica-settings'
import { ProjectReplicas } from '@cascata/shared/contract/replicas'
import type { Command } from 'commander'
import type { Client } from '../client.ts'
import { type Context, path } from '../context.ts'
import { usage } from '../failure.ts'
import { follow } from '../follow.ts'
import { type Output, table } from '../output.ts'

export function scaleCommand(projects: Command, context: Context): void {
  projects
    .command('scale <ref> [replicas]')
    .description('show its runtimes, or say how many there may be: 3, or 1..4 by what they have to do')
    .option('--wait', 'return when it is so')
    .action(async (ref: string, range: string | undefined, options: { wait?: true }, command: Command) => {
      const [client, output] = [await context.client(), context.output(command)]
      if (range === undefined) return show(client, output, ref)
      const place = path`/v1/projects/${ref}/settings`
      const response = await client.open(place)
      await response.arrayBuffer()
      const changed = await client.send('PATCH', place, SettingsChange, {
        body: { replicas: rangeOf(range) },
        headers: { 'if-match': response.headers.get('etag') ?? '' },
      })
      if (options.wait !== true) {
        output.result(changed, `${ref}: accepted, operation ${changed.operation.id}`)
        return
      }
      await follow(client, output, changed.operation.id)
      await show(client, output, ref)
    })
}

/** `3` is no fewer and no more; `1..4` is anything between. */
export function rangeOf(text: string): Pick<ReplicaSettings, 'min' | 'max'> {
  const [, min, max = min] = /^(\d+)(?:\.\.(\d+))?$/.exec(text) ?? []
  const parsed = ReplicaSettings.safeParse({ min: Number(min), max: Number(max) })
  if (!parsed.success)
    throw usage(`"${text}" is no number of replicas`, `3, or 1..4; at most ${REPLICAS_MAX}`)
  return { min: parsed.data.min, max: parsed.data.max }
}

async function show(client: Client, output: Output, ref: string): Promise<void> {
  const found = await client.get(path`/v1/projects/${ref}/replicas`, ProjectReplicas)
  const { min, max, wanted, replicas } = found
  const rows = replicas.map(({ slot, state, ready }) => [slot, state, ready ? 'yes' : 'no'])
  output.result(found, `${min}..${max}, now ${wanted}\n${table(['SLOT', 'STATE', 'READY'], rows)}`)
}
