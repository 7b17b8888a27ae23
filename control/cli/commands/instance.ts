/** `cascata login | link | status | doctor`: the instance as a whole. */
import { Status } from '@cascata/shared/contract/status'
import type { Command } from 'commander'
import { z } from 'zod'
import { createClient } from '../client.ts'
import type { Context } from '../context.ts'
import { EXIT, Failure, usage } from '../failure.ts'
import { list, table } from '../output.ts'
import { profileMode, writeProfile } from '../profile.ts'

export function instanceCommands(program: Command, context: Context): void {
  loginCommand(program, context)
  program
    .command('link')
    .description('make a one-time admin link (15 minutes)')
    .action(async (_options: unknown, command: Command) => {
      const made = await (await context.client()).send(
        'POST',
        '/v1/claims',
        z.object({ link: z.string(), expires_at: z.string() }),
      )
      context.output(command).result(made, made.link)
    })
  program
    .command('status')
    .description('is it up, where, and what runs')
    .action(async (_options: unknown, command: Command) => {
      const status = await (await context.client()).get('/v1/status', Status)
      const { system, projects, ...facts } = status
      const parts = table(
        ['SYSTEM', 'STATE', 'HEALTH'],
        system.map((part) => [part.role, part.state, part.health]),
      )
      context.output(command).result(status, `${list({ ...facts, ...projects })}\n\n${parts}`)
    })
  doctorCommand(program, context)
}

function loginCommand(program: Command, context: Context): void {
  program
    .command('login <link>')
    .description('claim a one-time admin link and keep the token in the profile')
    .action(async (link: string, _options: unknown, command: Command) => {
      const url = URL.canParse(link) ? new URL(link) : undefined
      const claim = url?.hash.slice(1)
      if (!url || !claim) throw usage('this is no admin link: it looks like http://HOST/claim#TOKEN')
      const stranger = createClient({ control_url: url.origin, token: 'none' })
      const { token } = await stranger.send('POST', '/v1/claim', z.object({ token: z.string() }), {
        body: { token: claim },
      })
      await writeProfile(context.config, { control_url: url.origin, token })
      context
        .output(command)
        .result(
          { control_url: url.origin, profile: context.config.profilePath },
          `signed in to ${url.origin}`,
        )
    })
}

type Check = { check: string; ok: boolean; detail: string; hint: string | null }

function doctorCommand(program: Command, context: Context): void {
  program
    .command('doctor')
    .description('look for what is wrong and say how to mend it')
    .action(async (_options: unknown, command: Command) => {
      const checks = [await checkProfile(context), ...(await checkInstance(context))]
      const rows = checks.map(({ check, ok, detail, hint }) => [
        ok ? 'ok' : 'BAD',
        check,
        detail,
        ok ? '' : hint,
      ])
      context
        .output(command)
        .result(
          { ok: checks.every(({ ok }) => ok), checks },
          table(['', 'CHECK', 'FOUND', 'HOW TO MEND IT'], rows),
        )
      if (checks.some(({ ok }) => !ok)) process.exitCode = EXIT.failed
    })
}

async function checkProfile({ config }: Context): Promise<Check> {
  const mode = await profileMode(config)
  const fromEnv = config.controlUrl !== undefined && config.token !== undefined
  const ok = fromEnv || (mode !== undefined && (mode & 0o077) === 0)
  const detail = fromEnv
    ? 'from the environment'
    : mode === undefined
      ? 'missing'
      : `mode ${mode.toString(8)}`
  return {
    check: 'profile',
    ok,
    detail,
    hint: `Sign in with "cascata login LINK"; then chmod 600 ${config.profilePath}`,
  }
}

async function checkInstance(context: Context): Promise<Check[]> {
  try {
    const status = await (await context.client()).get('/v1/status', Status)
    const system = status.system.map(({ role, state, health }) => ({
      check: role,
      ok: state === 'running' && health !== 'unhealthy',
      detail: `${state}, ${health}`,
      hint: `docker logs of the ${role} container tell why; control starts it again by itself.`,
    }))
    const { failing } = status.projects
    const projects = {
      check: 'projects',
      ok: failing === 0,
      detail: `${failing} failing`,
      hint: 'cascata projects list, then get REF shows last_problem.',
    }
    return [
      { check: 'control', ok: true, detail: `${status.control_url}, version ${status.version}`, hint: null },
      ...system,
      projects,
    ]
  } catch (error) {
    if (!(error instanceof Failure)) throw error
    return [{ check: 'control', ok: false, detail: error.message, hint: error.hint ?? null }]
  }
}
