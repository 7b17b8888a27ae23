/** What the environment says to the tests; nothing else here reads it. */
export function simulatorSeed(): number | undefined {
  const text = process.env.CASCATA_SEED
  return text === undefined ? undefined : Number(text)
}

/** Tag of the images under test. */
export const imageTag = (): string => process.env.CASCATA_IMAGE_TAG ?? '0.1.0'
