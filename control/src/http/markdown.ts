/** As much Markdown as the pages of problems use: headings, paragraphs, lists, fenced code, `code`. Pure. */
const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' }

const escaped = (text: string): string => text.replaceAll(/[&<>]/g, (char) => ESCAPES[char] ?? char)

const inline = (text: string): string => escaped(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>')

export function markdownToHtml(text: string): string {
  // A fence may hold empty lines: what is fenced is one block, everything else ends at an empty line.
  const blocks = text.matchAll(/^```[^\n]*\n(?<code>[\s\S]*?)^```$|(?<block>(?:^.+$\n?)+)/gm)
  return [...blocks].map(({ groups }) => blockToHtml(groups ?? {})).join('\n')
}

function blockToHtml({ code, block = '' }: Record<string, string | undefined>): string {
  if (code !== undefined) return `<pre><code>${escaped(code.trimEnd())}</code></pre>`
  const heading = /^(#{1,3}) +(.+)$/.exec(block.trim())
  if (!heading) return block.startsWith('- ') ? listToHtml(block) : `<p>${inline(block.trim())}</p>`
  const level = heading[1]?.length
  return `<h${level}>${inline(heading[2] ?? '')}</h${level}>`
}

const listToHtml = (block: string): string => {
  const items = block.trim().slice(2).split(/\n- /)
  return `<ul>${items.map((item) => `<li>${inline(item)}</li>`).join('')}</ul>`
}
