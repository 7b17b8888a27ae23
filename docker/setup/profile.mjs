/** The profile of the `cascata` command: where the instance answers, and an owner's token. For its user's eyes alone. */
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { ApiFailed, controlApi } from './api.mjs'
import { config } from './config.mjs'
import { newClaim, readClaim } from './control.mjs'

/** Resolves to `{token, changed}`: the profile's own token where it is good, else one for the terminal's link. */
export async function ensureOwner(report) {
  const profile = await readProfile()
  if (profile?.token && (await isGood(profile.token))) return { token: profile.token, changed: false }
  const token = await claim(report)
  // The edge on this machine: the domain need not resolve here, nor its certificate be known.
  const { edge_url } = await controlApi(token).status()
  await writeProfile({ control_url: edge_url, token })
  return { token, changed: true }
}

const isGood = (token) =>
  controlApi(token)
    .status()
    .then(() => true)
    .catch((error) => {
      // Unclaimed: the profile is of an instance that was removed, and this one is new.
      if (error instanceof ApiFailed && (error.status < 500 || error.code === 'instance-unclaimed'))
        return false
      throw error
    })

/**
 * Trades the printed one-time token for an API token. Where that was used or has run out, control is asked for a
 * fresh one: also for a profile that was lost, since whoever may do that is root on this machine.
 */
async function claim(report) {
  const first = await redeem(await readClaim())
  if (first) return first
  report('asking control for a fresh one-time link')
  const second = await redeem(await newClaim())
  if (second) return second
  throw new Error('Control does not take the one-time link that it has just made.')
}

const redeem = async (oneTime) => {
  if (!oneTime) return undefined
  return controlApi()
    .claim(oneTime)
    .catch((error) => {
      if (error instanceof ApiFailed && error.status < 500) return undefined
      throw error
    })
}

async function readProfile() {
  try {
    return JSON.parse(await readFile(config.profile, 'utf8'))
  } catch (error) {
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return undefined
    throw error
  }
}

async function writeProfile(profile) {
  await mkdir(dirname(config.profile), { recursive: true, mode: 0o700 })
  const fresh = `${config.profile}.${process.pid}`
  await writeFile(fresh, `${JSON.stringify(profile, null, 2)}\n`, { mode: 0o600 })
  await rename(fresh, config.profile)
}
