/** `cascata projects upgrade`: one project or all of them to another release. */
import { UpgradeStarted } from '@cascata/shared/contract/upgrade'
import type { Command } from 'commander'
import { type Context, path } from '../context.ts'
import { usage } from '../failure.ts'
import { follow } from '../follow.ts'
import { Accepted, finish } from '../project-view.ts'

type Options = { to?: string; all?: true; wave?: number; wait?: true }

const count = (text: string): number => {
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1) throw usage(`"${text}" is no number of projects`)
  return value
}

export function upgradeCommand(projects: Command, context: Context): void {
  projects
    .command('upgrade [ref]')
    .description('move it to another release; what does not come up is undone, data and all')
    .option('--to <tag>', "tag of the release's images; the instance's own when absent")
    .option('--all', 'every project that is at another release, in waves')
    .option('--wave <projects>', 'with --all: so many before it is seen whether all is well (1)', count)
    .option('--wait', 'return when it is done')
    .action(async (ref: string | undefined, options: Options, command: Command) => {
      if ((ref === undefined) !== (options.all === true)) throw usage('name one project, or say --all')
      if (options.wave !== undefined && !options.all) throw usage('--wave goes with --all')
      const [client, output] = [await context.client(), context.output(command)]
      const to = options.to === undefined ? {} : { image_tag: options.to }
      if (ref !== undefined) {
        const accepted = await client.send('POST', path`/v1/projects/${ref}/upgrade`, Accepted, { body: to })
        await finish(client, output, { accepted, wait: options.wait === true })
        return
      }
      const body = { ...to, ...(options.wave === undefined ? {} : { wave: options.wave }) }
      const { operation } = await client.send('POST', '/v1/projects/upgrade', UpgradeStarted, { body })
      if (!options.wait) {
        output.result({ operation }, `accepted, operation ${operation.id}`)
        return
      }
      const ended = await follow(client, output, operation.id)
      const upgraded = ended.steps.filter(({ status }) => status === 'done').map(({ name }) => name)
      output.result(ended, upgraded.length === 0 ? 'none was behind' : `upgraded: ${upgraded.join(', ')}`)
    })
}
