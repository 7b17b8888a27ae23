/** `cascata projects settings REF`: the live settings of its APIs, shown or changed. */
import { type ChangeSettings, ProjectSettings, SettingsChange } from '@cascata/shared/contract/projects'
import { RestSettings } from '@cascata/shared/project-document'
import type { Command } from 'commander'
import { type Context, path } from '../context.ts'
import { usage } from '../failure.ts'
import { follow } from '../follow.ts'
import { list } from '../output.ts'

type Options = { set: string[]; wait?: true }

const gather = (text: string, before: string[]): string[] => [...before, text]

export function settingsCommand(projects: Command, context: Context): void {
  projects
    .command('settings <ref>')
    .description('show the settings of its REST API, or change them, live')
    .option('--set <name=value>', 'change one; may be given again', gather, [])
    .option('--wait', 'return when it is so')
    .action(async (ref: string, options: Options, command: Command) => {
      const [client, output] = [await context.client(), context.output(command)]
      const place = path`/v1/projects/${ref}/settings`
      const response = await client.open(place)
      const settings = ProjectSettings.parse(await response.json())
      if (options.set.length === 0) {
        output.result(settings, list(settings.rest))
        return
      }
      const changed = await client.send('PATCH', place, SettingsChange, {
        body: { rest: changeOf(options.set) } satisfies ChangeSettings,
        headers: { 'if-match': response.headers.get('etag') ?? '' },
      })
      if (options.wait) await follow(client, output, changed.operation.id)
      output.result(changed, list(changed.rest))
    })
}

/** `maxRows=100`, `schemas=public,api`, `preRequest=null`: what a name takes decides how its value is read. */
export function changeOf(pairs: readonly string[]): NonNullable<ChangeSettings['rest']> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=')
      const name = pair.slice(0, Math.max(at, 0))
      const field = Object.entries(RestSettings.shape).find(([known]) => known === name)?.[1]
      if (!field)
        throw usage(
          `"${pair}" sets nothing that is known`,
          `Known: ${Object.keys(RestSettings.shape).join(', ')}`,
        )
      const text = pair.slice(at + 1)
      const found = readings(text)
        .map((value) => field.safeParse(value))
        .find(({ success }) => success)
      if (!found) throw usage(`"${text}" is no value of ${name}`)
      return [name, found.data]
    }),
  )
}

function readings(text: string): unknown[] {
  const split = text.split(',').map((piece) => piece.trim())
  try {
    return [JSON.parse(text), text, split]
  } catch {
    return [text, split]
  }
}
