/** A name people typed, as DNS has it: one spelling for every way to write the same name. */
import { domainToASCII, domainToUnicode } from 'node:url'
import { z } from 'zod'
import { Domain } from './domain.ts'

/** Files are called after a name, and a name may be put before it. */
const LENGTH_MAX = 200

/** What no name holds: it would be read as something else than a name, or dropped. */
const FOREIGN = /[\s/\\?#@:%[\]<>^|"'`{}$;*_]/

/** Why a text is no host name of one's own; undefined when it is one. */
function faultOf(typed: string, ascii: string): string | undefined {
  if (typed === '') return 'it is empty'
  if (FOREIGN.test(typed)) return 'give the name alone, as in shop.example: no scheme, port, path or wildcard'
  if (ascii === '' || ascii.length > LENGTH_MAX || !Domain.safeParse(ascii).success)
    return 'labels are made of letters, digits and "-", at most 63 characters each and 200 in all'
  if (!ascii.includes('.')) return 'it has one label: nobody can have it as their own'
  if (/(?:^|\.)[0-9]+$/.test(ascii)) return 'it is an address, or ends like one'
  return undefined
}

/** IDN in its ASCII form, lower case, without the dot at the end. */
export const HostName = z
  .string()
  .max(1_000)
  .transform((text, context) => {
    const typed = text.trim().replace(/[.\u3002\uff0e\uff61]$/, '')
    const ascii = domainToASCII(typed)
    const fault = faultOf(typed, ascii)
    if (fault === undefined) return Domain.parse(ascii)
    context.addIssue({ code: 'custom', message: `no host name: ${fault}` })
    return z.NEVER
  })

/** As people read it. */
export const readableName = (name: string): string => domainToUnicode(name) || name
