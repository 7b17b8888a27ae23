/**
 * A QR code as SVG. Drawn here and not by the library: auth-js puts `data:image/svg+xml;utf-8,` before it as it is, so
 * it must hold no `#` or `%`, with which an address would end or change.
 */

/** Modules around it that stay white: readers need them (ISO 18004). */
const QUIET_ZONE = 4

export async function qrCodeSvg(text: string): Promise<string> {
  // Loaded with the first enrolment: most runtimes never draw one.
  const { encode } = await import('uqr')
  const { data, size } = encode(text, { ecc: 'M', border: QUIET_ZONE })
  const box = `viewBox="0 0 ${size} ${size}" width="${size * 4}" height="${size * 4}"`
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" ${box} shape-rendering="crispEdges">` +
    `<rect width="${size}" height="${size}" fill="white"/><path d="${data.map(rowPath).join('')}" fill="black"/></svg>`
  )
}

/** One rectangle for each run of black modules. */
function rowPath(row: readonly boolean[], y: number): string {
  const starts = row.flatMap((isBlack, x) => (isBlack && !row[x - 1] ? [x] : []))
  return starts
    .map((x) => {
      const end = row.indexOf(false, x)
      const length = (end < 0 ? row.length : end) - x
      return `M${x} ${y}h${length}v1h-${length}z`
    })
    .join('')
}
