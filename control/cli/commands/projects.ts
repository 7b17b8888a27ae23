/** `cascata projects ...` */
import { Project, ProjectKeys } from '@cascata/shared/contract/projects'
import type { Command } from 'commander'
import { type Context, path } from '../context.ts'
import { usage } from '../failure.ts'
import { follow } from '../follow.ts'
import { list, table } from '../output.ts'
import { listAll } from '../pages.ts'
import { Accepted, finish, showWithKeys } from '../project-view.ts'
import { importCommand } from './import.ts'
import { limitsCommand } from './limits.ts'
import { restartCommand } from './restart.ts'
import { scaleCommand } from './scale.ts'
import { settingsCommand } from './settings.ts'
import { upgradeCommand } from './upgrade.ts'

export function projectCommands(program: Command, context: Context): void {
  const projects = program.command('projects').description('make, list and steer projects')
  createCommand(projects, context)
  importCommand(projects, context)
  readCommands(projects, context)
  for (const [verb, what] of [
    ['pause', 'stop both containers, keep the data'],
    ['resume', 'start a paused project'],
    ['sleep', 'stop both containers until a request comes'],
    ['wake', 'start a sleeping project'],
  ] as const) {
    lifecycleCommand(projects, context, { verb, what, action: verb })
  }
  lifecycleCommand(projects, context, {
    verb: 'restore',
    what: 'bring back a deleted project (within 7 days)',
    action: 'undelete',
  })
  restartCommand(projects, context)
  deleteCommand(projects, context)
  limitsCommand(projects, context)
  settingsCommand(projects, context)
  scaleCommand(projects, context)
  upgradeCommand(projects, context)
}

function createCommand(projects: Command, context: Context): void {
  projects
    .command('create <name>')
    .description('make a project')
    .option('--ref <ref>', 'its subdomain; made from the name when absent')
    .option('--template <template>', 'starter to fill it with', 'empty')
    .option('--wait', 'return when it answers')
    .action(
      async (name: string, options: { ref?: string; template: string; wait?: true }, command: Command) => {
        const [client, output] = [await context.client(), context.output(command)]
        const body = {
          name,
          template: options.template,
          ...(options.ref === undefined ? {} : { ref: options.ref }),
        }
        const accepted = await client.send('POST', '/v1/projects', Accepted, { body })
        if (options.wait) await follow(client, output, accepted.operation.id)
        await showWithKeys(client, output, accepted.ref, options.wait ? undefined : accepted.operation.id)
      },
    )
}

function readCommands(projects: Command, context: Context): void {
  projects
    .command('list')
    .description('all projects')
    .action(async (_options: unknown, command: Command) => {
      const client = await context.client()
      const items = await listAll(client, '/v1/projects', Project)
      const rows = items.map((project) => [
        project.ref,
        project.name,
        project.status,
        project.behind ? `${project.image_tag} (behind)` : project.image_tag,
        project.url,
        project.created_at,
        project.last_active_at,
      ])
      context
        .output(command)
        .result(items, table(['REF', 'NAME', 'STATUS', 'RELEASE', 'URL', 'CREATED', 'LAST ACTIVE'], rows))
    })
  projects
    .command('get <ref>')
    .description('one project')
    .action(async (ref: string, _options: unknown, command: Command) => {
      const project = await (await context.client()).get(path`/v1/projects/${ref}`, Project)
      context.output(command).result(project, list(project))
    })
  projects
    .command('keys <ref>')
    .description('its API keys')
    .option('--rotate', 'make new ones first; the old ones stop working')
    .action(async (ref: string, options: { rotate?: true }, command: Command) => {
      const [client, output] = [await context.client(), context.output(command)]
      if (options.rotate) {
        const accepted = await client.send('POST', path`/v1/projects/${ref}/rotate-keys`, Accepted)
        await follow(client, output, accepted.operation.id)
      }
      const keys = await client.get(path`/v1/projects/${ref}/keys`, ProjectKeys)
      output.result(keys, list(keys))
    })
}

type Lifecycle = { verb: string; what: string; action: string }

function lifecycleCommand(projects: Command, context: Context, { verb, what, action }: Lifecycle): void {
  projects
    .command(`${verb} <ref>`)
    .description(what)
    .option('--wait', 'return when it is done')
    .action(async (ref: string, options: { wait?: true }, command: Command) => {
      const [client, output] = [await context.client(), context.output(command)]
      const accepted = await client.send('POST', `${path`/v1/projects/${ref}`}/${action}`, Accepted)
      await finish(client, output, { accepted, wait: options.wait === true })
    })
}

function deleteCommand(projects: Command, context: Context): void {
  projects
    .command('delete <ref>')
    .description('stop it and delete it in 7 days; "restore" undoes that')
    .option('--yes', 'do it without asking')
    .option('--wait', 'return when it has stopped')
    .action(async (ref: string, options: { yes?: true; wait?: true }, command: Command) => {
      if (!options.yes)
        throw usage(
          `"projects delete ${ref}" needs --yes`,
          'The data is kept for 7 days: "projects restore" undoes it.',
        )
      const [client, output] = [await context.client(), context.output(command)]
      const accepted = await client.send('DELETE', path`/v1/projects/${ref}`, Accepted)
      await finish(client, output, { accepted, wait: options.wait === true })
    })
}
