/** nginx's blocks as text. */

export const server = (lines: readonly string[]): string => `server {\n${indented(lines.join('\n'))}\n}`

export const indented = (text: string): string => text.replaceAll(/^(?=.)/gm, '  ')

/** A quoted word of nginx. Of variables only those named are left: `$` has no escape there, so no other may be in it. */
export const quoted = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`
