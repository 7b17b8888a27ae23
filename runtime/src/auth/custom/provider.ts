/** What the rest of auth knows of a provider that it found by name. */
import type { Provider } from '../providers/provider.ts'

export type Found = {
  provider: Provider
  /** Lets in people of whom it names no address. */
  emailOptional: boolean
}

export type CustomProviders = { find(name: string): Promise<Found | undefined> }
