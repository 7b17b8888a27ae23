/** What is really there, asked of the Docker engine itself (argv, no library of the product's). */
import { z } from 'zod'
import { askEngine } from './engine-api.ts'
import { output, run } from './run.ts'

export type Seen = { name: string; id: string; state: string; role: string; project: string }

const Listed = z.array(
  z.object({
    Names: z.array(z.string()),
    Id: z.string(),
    State: z.string(),
    Labels: z.record(z.string(), z.string()),
  }),
)

/** Containers of one instance, running or not. */
export async function containersOf(instance: string): Promise<Seen[]> {
  const filters = encodeURIComponent(JSON.stringify({ label: [`dev.cascata.instance=${instance}`] }))
  const { text } = await askEngine('GET', `/containers/json?all=true&filters=${filters}`)
  return Listed.parse(JSON.parse(text)).map(({ Names, Id, State, Labels }) => ({
    name: Names[0]?.replace(/^\//, '') ?? '',
    id: Id,
    state: State,
    role: Labels['dev.cascata.role'] ?? '',
    project: Labels['dev.cascata.project'] ?? '',
  }))
}

export async function projectContainers(instance: string, ref: string): Promise<Seen[]> {
  return (await containersOf(instance))
    .filter(({ project }) => project === ref)
    .sort((a, b) => a.name.localeCompare(b.name))
}

/** Runs a command inside a container, as the container's own user. */
export async function inside(
  container: string,
  ...argv: string[]
): Promise<{ code: number; stdout: string; stderr: string }> {
  const ran = await run('docker', ['exec', container, ...argv], { timeoutMs: 30_000 })
  return { code: ran.code, stdout: ran.stdout.toString(), stderr: ran.stderr }
}

export type EngineEvent = { action: string; name: string }

/** Mutating events of the instance's containers in the seconds past: health checks and execs are none. */
export async function mutationsSince(instance: string, sinceS: number): Promise<EngineEvent[]> {
  // To the millisecond: cut to whole seconds it would leave out what has just happened.
  const until = (Date.now() / 1000).toFixed(3)
  const argv = [
    'events',
    '--since',
    String(sinceS),
    '--until',
    until,
    '--filter',
    `label=dev.cascata.instance=${instance}`,
  ]
  const text = await output('docker', [
    ...argv,
    '--format',
    '{{.Action}}\t{{index .Actor.Attributes "name"}}',
  ])
  const mutating = /^(create|start|stop|kill|die|destroy|restart|rename|update|pause|unpause)$/
  return text
    .split('\n')
    .map((line) => line.split('\t'))
    .map(([action = '', name = '']) => ({ action, name }))
    .filter(({ action }) => mutating.test(action))
}
