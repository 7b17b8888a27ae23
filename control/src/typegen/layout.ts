/** How TypeScript is laid out: lines, two spaces in for each level, quotes only where a name needs them. */

const IDENTIFIER = /^[A-Za-z_$][A-Za-z0-9_$]*$/

export const quote = (text: string): string => JSON.stringify(text)
export const key = (name: string): string => (IDENTIFIER.test(name) ? name : quote(name))

export const indent = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`)

/** `head {`, the lines further in, `}` and what follows. */
export const block = (head: string, lines: readonly string[], tail = ''): string[] =>
  lines.length === 0 ? [`${head}{}${tail}`] : [`${head}{`, ...indent(lines), `}${tail}`]

/** What a mapped type without members looks like: an object type that no name is a key of. */
export const NONE = ['[_ in never]: never']

export const orNone = (lines: readonly string[]): readonly string[] => (lines.length === 0 ? NONE : lines)

// Without a locale the order would be that of the machine.
const collator = new Intl.Collator('en')
export const byText = (a: string, b: string): number => collator.compare(a, b)
export const byName = (a: { name: string }, b: { name: string }): number => byText(a.name, b.name)
