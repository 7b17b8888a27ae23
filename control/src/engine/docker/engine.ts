/** The engine that is Docker on this machine. The only importer of dockerode, with its neighbours here. */
import Docker from 'dockerode'
import { z } from 'zod'
import type { Engine } from '../engine.ts'
import { call } from './call.ts'
import { containers } from './containers.ts'
import { controlGroups } from './control-groups.ts'
import { events } from './events.ts'
import { exec } from './exec.ts'
import { INSTANCE } from './labels.ts'
import { logs } from './logs.ts'

const NOT_FOUND = 404
const CONFLICT = 409

const Inspected = z.object({
  IPAM: z.object({ Config: z.array(z.object({ Gateway: z.string().optional() })) }),
})

/** `cgroups`: where the machine's control groups are mounted, if they are. */
export function dockerEngine(options: { socket: string; instance: string; cgroups?: string }): Engine {
  const docker = new Docker({ socketPath: options.socket })
  return {
    ...containers(docker, options.instance, controlGroups(options.cgroups)),
    ensureEgressNetwork: (name) => ensureEgressNetwork(docker, options.instance, name),
    connect: async (name, bridge) => {
      if (!(await isJoined(docker, name, bridge)))
        await call(`join ${name} to ${bridge}`, () => docker.getNetwork(bridge).connect({ Container: name }))
    },
    disconnect: async (name, bridge) => {
      if (!(await isJoined(docker, name, bridge))) return
      const what = `take ${name} off ${bridge}`
      await call(what, () => docker.getNetwork(bridge).disconnect({ Container: name }), { fine: [NOT_FOUND] })
    },
    networkGateway: (name) => networkGateway(docker, name),
    exec: (name, argv, { timeoutMs } = {}) => exec(docker, name, argv, timeoutMs),
    logs: (name, how) => logs(docker, name, how),
    events: (signal) => events(docker, options.instance, signal),
  }
}

async function ensureEgressNetwork(docker: Docker, instance: string, name: string): Promise<void> {
  const found = await call('list networks', () => docker.listNetworks({ filters: { name: [name] } }))
  // The filter matches parts of names.
  if (found?.some((network) => network.Name === name)) return
  const settings = {
    Name: name,
    Driver: 'bridge',
    CheckDuplicate: true,
    Options: { 'com.docker.network.bridge.enable_icc': 'false' },
    Labels: { [INSTANCE]: instance },
  }
  await call(`create network ${name}`, () => docker.createNetwork(settings), { fine: [CONFLICT] })
}

/** Asked first: what the engine answers to a second join or parting differs from version to version. */
async function isJoined(docker: Docker, name: string, bridge: string): Promise<boolean> {
  const found = await call(`look at ${name}`, () => docker.getContainer(name).inspect(), {
    fine: [NOT_FOUND],
  })
  return found !== undefined && bridge in found.NetworkSettings.Networks
}

async function networkGateway(docker: Docker, name: string): Promise<string | null> {
  const found = await call(`look at network ${name}`, () => docker.getNetwork(name).inspect(), {
    fine: [NOT_FOUND],
  })
  const read = Inspected.safeParse(found)
  return read.success ? (read.data.IPAM.Config.find(({ Gateway }) => Gateway)?.Gateway ?? null) : null
}
