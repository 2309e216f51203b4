// A terminal that remembers what it was told.

export function listener() {
  const said = { out: '', err: '' }
  const terminal = {
    out: (text: string) => void (said.out += text),
    err: (text: string) => void (said.err += text),
    interactive: false,
  }
  return { said, terminal }
}
