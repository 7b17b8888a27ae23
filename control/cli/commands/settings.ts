/** `cascata projects settings REF`: the live settings of a project, shown or changed. */
import { ChangeSettings, ProjectSettings, SettingsChange } from '@cascata/shared/contract/projects'
import type { Command } from 'commander'
import type { z } from 'zod'
import { type Context, path } from '../context.ts'
import { usage } from '../failure.ts'
import { follow } from '../follow.ts'
import { list } from '../output.ts'

type Options = { set: string[]; wait?: true }

/** The section of a name that names none. */
const USUAL = 'rest'

const gather = (text: string, before: string[]): string[] => [...before, text]

export function settingsCommand(projects: Command, context: Context): void {
  projects
    .command('settings <ref>')
    .description('show its settings, or change them, live')
    .option('--set <name=value>', 'change one; may be given again', gather, [])
    .option('--wait', 'return when it is so')
    .action(async (ref: string, options: Options, command: Command) => {
      const [client, output] = [await context.client(), context.output(command)]
      const place = path`/v1/projects/${ref}/settings`
      const response = await client.open(place)
      const settings = ProjectSettings.parse(await response.json())
      if (options.set.length === 0) {
        output.result(settings, list(flat(settings)))
        return
      }
      const changed = await client.send('PATCH', place, SettingsChange, {
        body: changeOf(options.set),
        headers: { 'if-match': response.headers.get('etag') ?? '' },
      })
      if (options.wait) await follow(client, output, changed.operation.id)
      output.result(changed, list(flat(changed)))
    })
}

const nameIn = (section: string, name: string): string => (section === USUAL ? name : `${section}.${name}`)

/** The fields of each section, by name. */
const FIELDS: ReadonlyMap<string, z.ZodType> = new Map(
  Object.entries(ChangeSettings.shape).flatMap(([section, fields]) =>
    Object.entries(fields.unwrap().shape).map(([name, field]) => [nameIn(section, name), field as z.ZodType]),
  ),
)

/** As `--set` names them. */
const flat = (settings: ProjectSettings): Record<string, unknown> =>
  Object.fromEntries(
    Object.keys(ChangeSettings.shape).flatMap((section) =>
      Object.entries(settings[section as keyof ProjectSettings]).map(([name, value]) => [
        nameIn(section, name),
        value,
      ]),
    ),
  )

/** `maxRows=100`, `schemas=public,api`, `edge.httpsOnly=true`: what a name takes decides how its value is read. */
export function changeOf(pairs: readonly string[]): ChangeSettings {
  const change: Record<string, Record<string, unknown>> = {}
  for (const pair of pairs) {
    const at = Math.max(pair.indexOf('='), 0)
    const field = FIELDS.get(pair.slice(0, at))
    if (!field) throw usage(`"${pair}" sets nothing that is known`, `Known: ${[...FIELDS.keys()].join(', ')}`)
    const text = pair.slice(at + 1)
    const found = readings(text)
      .map((value) => field.safeParse(value))
      .find(({ success }) => success)
    if (!found) throw usage(`"${text}" is no value of ${pair.slice(0, at)}`)
    const words = pair.slice(0, at).split('.')
    const [section = '', name = ''] = words.length > 1 ? words : [USUAL, ...words]
    change[section] = { ...change[section], [name]: found.data }
  }
  return change as ChangeSettings
}

function readings(text: string): unknown[] {
  const split = text.split(',').map((piece) => piece.trim())
  try {
    return [JSON.parse(text), text, split]
  } catch {
    return [text, split]
  }
}
