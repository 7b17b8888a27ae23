/** What every part of control is built from: made once at the start, known before the store is open. */
import type { Clock } from '@cascata/shared/clock'
import type { Templates } from '@cascata/templates'
import type { Logger } from 'pino'
import type { InstancePlace } from '../adapters/instance-place.ts'
import type { NameServers } from '../adapters/name-records.ts'
import type { Seal } from '../adapters/seal.ts'
import type { Config, urlsOf } from '../config.ts'
import type { Engine } from '../engine/engine.ts'
import type { Site } from '../engine/spec.ts'
import type { Paths } from '../paths.ts'
import type { CertificatePairs } from '../reconcile/certificates/pairs.ts'
import type { Usages } from '../reconcile/disk/usages.ts'
import type { Effects } from '../reconcile/effects.ts'
import type { Pulses } from '../reconcile/pulse/pulses.ts'
import type { Targets } from '../reconcile/scale/targets.ts'

export type Parts = {
  config: Config
  log: Logger
  paths: Paths
  site: Site
  urls: ReturnType<typeof urlsOf>
  clock: Clock
  effects: Effects
  engine: Engine
  seal: Seal
  templates: Templates
  names: NameServers
  place: InstancePlace
  targets: Targets
  pulses: Pulses
  usages: Usages
  pairs: CertificatePairs
}
