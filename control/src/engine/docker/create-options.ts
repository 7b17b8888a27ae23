/** A spec in the daemon's words. Every container gets the same hardening here, and none can opt out. */
import type { ContainerCreateOptions } from 'dockerode'
import type { ContainerSpec, Mount } from '../engine.ts'
import { labelsOf } from './labels.ts'

export function createOptions(instance: string, spec: ContainerSpec): ContainerCreateOptions {
  const ports = spec.publish ?? []
  return {
    name: spec.name,
    Image: spec.image,
    ...(spec.command ? { Cmd: [...spec.command] } : {}),
    Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
    User: `${spec.uid}:${spec.gid}`,
    Labels: labelsOf(instance, spec),
    StopSignal: spec.stopSignal,
    StopTimeout: spec.stopTimeoutS,
    ExposedPorts: Object.fromEntries(ports.map((port) => [portOf(port), {}])),
    ...(spec.healthcheck ? { Healthcheck: healthcheck(spec.healthcheck) } : {}),
    HostConfig: {
      ReadonlyRootfs: true,
      CapDrop: ['ALL'],
      CapAdd: [...(spec.capabilities ?? [])],
      SecurityOpt: ['no-new-privileges'],
      Privileged: false,
      IpcMode: 'private',
      Init: true,
      // The reconciler is the only one that restarts: two restarters would race.
      RestartPolicy: { Name: 'no' },
      GroupAdd: (spec.groups ?? []).map(String),
      Mounts: spec.mounts.filter((mount) => mount.kind === 'bind').map(bind),
      Tmpfs: Object.fromEntries(spec.mounts.filter((mount) => mount.kind === 'tmpfs').map(tmpfs)),
      NetworkMode: spec.network === 'none' ? 'none' : spec.network.bridge,
      PortBindings: Object.fromEntries(
        [...Map.groupBy(ports, portOf)].map(([port, at]) => [
          port,
          at.map(({ hostIp, hostPort }) => ({ HostIp: hostIp, HostPort: String(hostPort) })),
        ]),
      ),
      Memory: spec.limits.memoryBytes,
      // Equal to Memory: no swap.
      MemorySwap: spec.limits.memoryBytes,
      NanoCpus: Math.round(spec.limits.cpus * 1e9),
      PidsLimit: spec.limits.pids,
      ...(spec.limits.cpuShares === undefined ? {} : { CpuShares: spec.limits.cpuShares }),
      ...(spec.limits.shmBytes === undefined ? {} : { ShmSize: spec.limits.shmBytes }),
      LogConfig: { Type: 'json-file', Config: { 'max-size': '10m', 'max-file': '2' } },
    },
  }
}

const portOf = ({ port, protocol = 'tcp' }: { port: number; protocol?: string }) => `${port}/${protocol}`

const bind = ({ source, target, readOnly }: Extract<Mount, { kind: 'bind' }>) => ({
  Type: 'bind' as const,
  Source: source,
  Target: target,
  ReadOnly: readOnly,
})

const tmpfs = ({ target, bytes }: Extract<Mount, { kind: 'tmpfs' }>): [string, string] => [
  target,
  `rw,noexec,nosuid,nodev,mode=1777,size=${bytes}`,
]

const healthcheck = (check: NonNullable<ContainerSpec['healthcheck']>) => ({
  Test: ['CMD', ...check.argv],
  Interval: check.intervalMs * 1e6,
  Timeout: check.timeoutMs * 1e6,
  Retries: check.retries,
})
