/** What can go wrong with the engine that runs the containers. */
import { problem } from '../problem.ts'

export const EngineUnavailable = problem('engine-unavailable', {
  status: 503,
  title: 'Container engine did not do it',
  detail: (what: string) => `The container engine failed to ${what}.`,
  hint: 'See whether the Docker daemon runs and has disk and memory left; the next pass tries again by itself.',
})

export const ContainerConflict = problem('container-conflict', {
  status: 409,
  title: 'Container name is taken',
  detail: (name: string) => `A container named ${name} exists and was made from something else.`,
  hint: 'Remove it if it is not of this instance; a container of this instance is replaced by the next pass.',
})

export const ImageMissing = problem('image-missing', {
  status: 503,
  title: 'Image is missing',
  detail: (image: string) => `The image ${image} is not on this machine.`,
  hint: 'Run the setup again: it makes every image.',
})
