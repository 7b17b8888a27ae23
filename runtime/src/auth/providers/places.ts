/** Where a provider is: at its usual place, unless the settings say otherwise. */
import type { Definition, Endpoints } from './definition.ts'

type Places = Parameters<Definition['endpoints']>[0]

export const trimmed = (url: string): string => url.replace(/\/+$/, '')

export const at =
  (usual: string, more: (base: string, isUsual: boolean) => Omit<Endpoints, 'issuer'> = () => ({})) =>
  ({ url, issuer }: Places): Endpoints => {
    const base = trimmed(url ?? issuer ?? usual)
    return { issuer: base, ...more(base, base === usual) }
  }
