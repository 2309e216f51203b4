// The least that reads our event streams: id and data lines, comments and retry left out.

export class SseParser {
  #rest = ''

  /** Messages that are complete by now. */
  push(text: string): { id: string; data: string }[] {
    const blocks = (this.#rest + text).split('\n\n')
    this.#rest = blocks.pop() ?? ''
    return blocks.flatMap((block) => {
      const field = (name: string): string[] =>
        block.split('\n').flatMap((line) => (line.startsWith(`${name}: `) ? [line.slice(name.length + 2)] : []))
      const data = field('data')
      if (data.length === 0) return []
      if (data.length > 1 || field('id').length !== 1) throw new Error(`no message of ours: ${block}`)
      return [{ id: field('id')[0], data: data[0] }]
    })
  }
}
