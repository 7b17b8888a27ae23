/** Containers through the daemon: listed by label, changed by name, each change safe to ask for twice. */
import { setTimeout as sleep } from 'node:timers/promises'
import { ContainerConflict, EngineUnavailable, ImageMissing } from '@cascata/shared/problems/engine'
import type Docker from 'dockerode'
import type { Container, ContainerSpec, ContainerState, Engine } from '../engine.ts'
import { specHash } from '../spec.ts'
import { call, statusOf } from './call.ts'
import type { ControlGroups } from './control-groups.ts'
import { createOptions } from './create-options.ts'
import { INSTANCE, isRole, PROJECT, ROLE, SPEC } from './labels.ts'

const NOT_MODIFIED = 304
const NOT_FOUND = 404
const CONFLICT = 409

/** The least weight there is, and the usual one. */
const LEAST_SHARES = 2
const USUAL_SHARES = 1024

/** How often a create looks again while the name's old container is still being removed. */
const NAME_FREE_TRIES = 40
const NAME_FREE_EVERY_MS = 50

type Containers = Pick<
  Engine,
  | 'list'
  | 'create'
  | 'start'
  | 'stop'
  | 'kill'
  | 'remove'
  | 'signal'
  | 'memoryBytes'
  | 'cpuNs'
  | 'cpuset'
  | 'setCpuset'
  | 'findImage'
>

export function containers(docker: Docker, instance: string, groups: ControlGroups): Containers {
  // Of names seen: a group is called by the container's id.
  const ids = new Map<string, string>()
  return {
    list: (project) => list({ docker, instance, ids }, project),
    create: (spec) => create(docker, instance, spec),
    async start(name) {
      await call(`start ${name}`, (abortSignal) => docker.getContainer(name).start({ abortSignal }), {
        fine: [NOT_MODIFIED],
      })
    },
    async stop(name) {
      const container = docker.getContainer(name)
      // The container's own stop timeout holds; after it the daemon kills.
      await call(`stop ${name}`, (abortSignal) => container.stop({ abortSignal }), {
        fine: [NOT_MODIFIED, NOT_FOUND],
        timeoutMs: 120_000,
      })
    },
    async kill(name) {
      const container = docker.getContainer(name)
      // The daemon answers once its processes are gone, stopped ones too. 409: it does not run.
      await call(`kill ${name}`, (abortSignal) => container.kill({ signal: 'SIGKILL', abortSignal }), {
        fine: [NOT_FOUND, CONFLICT],
      })
    },
    async remove(name) {
      const container = docker.getContainer(name)
      await call(`remove ${name}`, () => container.remove({ force: true, v: true }), {
        // 409: another removal is under way; its end is what was asked for.
        fine: [NOT_FOUND, CONFLICT],
      })
      await call(
        `see ${name} removed`,
        (abortSignal) => container.wait({ condition: 'removed', abortSignal }),
        {
          fine: [NOT_FOUND],
        },
      )
    },
    async signal(name, signal) {
      await call(`signal ${name}`, (abortSignal) => docker.getContainer(name).kill({ signal, abortSignal }))
    },
    memoryBytes: (name) => memoryBytes(docker, name),
    async cpuNs(name) {
      const id = ids.get(name)
      const read = id === undefined ? undefined : await groups.cpuNs(id)
      if (read !== undefined) return read
      const stats = await call(
        `measure ${name}`,
        () => docker.getContainer(name).stats({ stream: false, 'one-shot': true }),
        { fine: [NOT_FOUND] },
      )
      return stats?.cpu_stats?.cpu_usage?.total_usage ?? 0
    },
    async cpuset(name) {
      const info = await call(`look at ${name}`, () => docker.getContainer(name).inspect(), {
        fine: [NOT_FOUND],
      })
      return info?.HostConfig.CpusetCpus ?? ''
    },
    async setCpuset(name, processors, { yields }) {
      const id = ids.get(name)
      // A group that is idle takes no other weight.
      if (id !== undefined) await groups.setIdle(id, false)
      const shares = yields ? LEAST_SHARES : USUAL_SHARES
      await call(
        `keep ${name} to processors ${processors}`,
        () => docker.getContainer(name).update({ CpusetCpus: processors, CpuShares: shares }),
        { fine: [NOT_FOUND] },
      )
      if (id !== undefined && yields) await groups.setIdle(id, true)
    },
    async findImage(tag) {
      const found = await call(`look for image ${tag}`, () => docker.getImage(tag).inspect(), {
        fine: [NOT_FOUND],
      })
      return found && { labels: found.Config.Labels ?? {}, env: found.Config.Env ?? [] }
    },
  }
}

type Listed = { docker: Docker; instance: string; ids: Map<string, string> }

async function list({ docker, instance, ids }: Listed, project?: string): Promise<Container[]> {
  const label = [`${INSTANCE}=${instance}`, ...(project === undefined ? [] : [`${PROJECT}=${project}`])]
  const found = await call('list containers', (abortSignal) =>
    docker.listContainers({ all: true, filters: { label }, abortSignal }),
  )
  if (project === undefined) ids.clear()
  return (found ?? []).flatMap((info) => {
    const role = info.Labels[ROLE]
    const name = info.Names[0]?.replace(/^\//, '')
    if (!isRole(role) || name === undefined) return []
    ids.set(name, info.Id)
    const exit = /^Exited \((\d+)\)/.exec(info.Status)
    return [
      {
        name,
        project: info.Labels[PROJECT] ?? '',
        role,
        state: stateOf(info.State),
        health: healthOf(info.Status),
        spec: info.Labels[SPEC] ?? '',
        image: info.Image,
        networks: bridgesOf(info.NetworkSettings.Networks),
        exitCode: exit ? Number(exit[1]) : null,
      },
    ]
  })
}

/** Without what stands for none. */
const bridgesOf = (networks: object): string[] => Object.keys(networks).filter((name) => name !== 'none')

const STATES: Record<string, ContainerState> = {
  created: 'created',
  running: 'running',
  paused: 'paused',
  restarting: 'restarting',
  exited: 'exited',
}

/** `removing` counts as dead: there is nothing left to do with it but to see it gone. */
const stateOf = (state: string): ContainerState => STATES[state] ?? 'dead'

function healthOf(status: string): Container['health'] {
  if (status.includes('(unhealthy)')) return 'unhealthy'
  if (status.includes('(healthy)')) return 'healthy'
  return status.includes('(health: starting)') ? 'starting' : 'none'
}

async function create(docker: Docker, instance: string, spec: ContainerSpec): Promise<void> {
  const what = `create ${spec.name}`
  for (let left = NAME_FREE_TRIES; left > 0; left--) {
    const done = await call(what, async (abortSignal) => {
      try {
        await docker.createContainer({ ...createOptions(instance, spec), abortSignal })
        return 'created'
      } catch (error) {
        if (statusOf(error) === NOT_FOUND) throw ImageMissing(spec.image).because(error)
        if (statusOf(error) !== CONFLICT) throw error
        return nameTaken(docker, instance, spec)
      }
    })
    if (done !== 'removing') return
    await sleep(NAME_FREE_EVERY_MS)
  }
  throw EngineUnavailable(what).because(new Error('the container of that name is still being removed'))
}

async function nameTaken(
  docker: Docker,
  instance: string,
  spec: ContainerSpec,
): Promise<'same' | 'removing'> {
  const info = await docker
    .getContainer(spec.name)
    .inspect()
    .catch((error: unknown) => {
      if (statusOf(error) === NOT_FOUND) return undefined
      throw error
    })
  if (!info || info.State.Status === 'removing' || info.State.Dead) return 'removing'
  const labels = info.Config.Labels
  if (labels[INSTANCE] === instance && labels[SPEC] === specHash(spec)) return 'same'
  throw ContainerConflict(spec.name)
}

async function memoryBytes(docker: Docker, name: string): Promise<number> {
  const stats = await call(`measure ${name}`, () =>
    docker.getContainer(name).stats({ stream: false, 'one-shot': true }),
  )
  const memory = stats?.memory_stats
  if (memory?.usage === undefined) return 0
  // cgroup v1 counts children under `total_`, v2 has only the plain name.
  const detail: Record<string, number | undefined> = { ...memory.stats }
  const droppable = detail.total_inactive_file ?? detail.inactive_file ?? 0
  return Math.max(0, memory.usage - droppable)
}
